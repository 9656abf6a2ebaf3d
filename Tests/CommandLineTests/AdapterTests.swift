// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The commands with an unmerged adapter, on the repository's real one.
@Suite struct AdapterCommandTests {
  private let folder: TemporaryFolder
  private let identity: String
  private static let example = Repository.example("mlp-lora").path

  init() throws {
    folder = try TemporaryFolder()
    identity = folder.file("base.identity.json")
    #expect(try Tool.run("identify", Self.example + "/base", "--out", identity, "--quiet").exitCode == 0)
  }

  private var policy: String { Self.example + "/policy.json" }
  private var adapter: String { Self.example + "/adapter" }

  @Test func fromProofToCheck() throws {
    let (certificate, opening) = (folder.file("adapter.drift"), folder.file("adapter.secret"))
    let forecast = try Tool.run(
      "prove", "--dry-run", "--adapter", adapter, "--identity", identity, "--policy", policy, "--json", "--quiet")
    #expect(forecast.exitCode == 0)
    // No base at all: the identity is enough.
    let proof = try Tool.run(
      "prove", "--adapter", adapter, "--identity", identity, "--policy", policy, "--out", certificate, "--opening",
      opening, "--quiet")
    #expect(proof.exitCode == 0 && proof.output.contains("adapter           6 modules, rank 8\n"), "\(proof.errors)")
    let predicted = try #require(try forecast.json()["proofBytes"] as? Int)
    let verified = try Tool.run(
      "verify", certificate, "--base-identity", identity, "--policy", policy, "--json", "--quiet")
    let json = try verified.json()
    let summary = try #require(json["adapter"] as? [String: Any])
    #expect(verified.exitCode == 0 && summary["modules"] as? Int == 6 && summary["largestRank"] as? Int == 8)
    let bytes = try #require(json["proofBytes"] as? Int)
    #expect(abs(Double(predicted) / Double(bytes) - 1) < 0.08, "\(predicted) for \(bytes)")
    for base in [["--identity", identity], ["--base", Self.example + "/base"]] {
      let checked = try Tool.run(
        ["check", certificate, "--adapter", adapter, "--opening", opening, "--quiet"] + base)
      #expect(checked.exitCode == 0 && checked.output.contains("this base and this adapter"), "\(checked.errors)")
    }
    // The merged model is another thing than the adapter.
    let merged = try Tool.run(
      "check", certificate, "--base", Self.example + "/base", "--tuned", Self.example + "/tuned", "--opening", opening,
      "--quiet")
    #expect(merged.exitCode == 12 && merged.errors.contains("--adapter"))
  }

  @Test func wholeModelsHaveNoAdapter() throws {
    let base = Self.example + "/base"
    let proof = try Tool.run(
      "prove", "--base", base, "--tuned", base, "--policy", policy, "--out", folder.file("whole.drift"), "--opening",
      folder.file("whole.secret"), "--quiet", "--json")
    let json = try proof.json()
    #expect(proof.exitCode == 0 && json["adapter"] is NSNull)
  }

  /// The figures from which a norm clause is written: a proof holds right above them and fails right below.
  @Test func inspection() throws {
    let run = try Tool.run("inspect", Self.example + "/base", adapter, "--json", "--quiet")
    let products = try #require(try run.json()["products"] as? [[String: Any]])
    #expect(run.exitCode == 0 && products.count == 6 && products.allSatisfy { $0["rank"] as? Int == 8 })
    let largest = try #require(products.compactMap { $0["relativeNorm"] as? Double }.max())
    for (slack, exitCode) in [(1.001, 0), (0.999, 10)] {
      let policy = folder.file("norm.json")
      try """
      {"driftPolicy": 1, "name": "norm", "securityBits": 128, "rules": [{"tensors": "fc.*.weight",
      "allow": {"norm": {"relative": \((largest * slack * 1e6).rounded() / 1e6)}}}, {"tensors": "*", "allow": "frozen"}]}
      """.write(toFile: policy, atomically: true, encoding: .utf8)
      let proof = try Tool.run(
        "prove", "--adapter", adapter, "--identity", identity, "--policy", policy, "--out", folder.file("n\(exitCode)"),
        "--opening", folder.file("o\(exitCode)"), "--quiet")
      #expect(proof.exitCode == Int32(exitCode), "\(proof.errors)")
    }
    let text = try Tool.run("inspect", Self.example + "/base", adapter, "--quiet")
    #expect(text.exitCode == 0 && text.output.contains("6 products, of a norm of"))
  }

  @Test func usage() throws {
    let rest = ["--policy", policy, "--out", folder.file("c"), "--opening", folder.file("o")]
    let cases: [(arguments: [String], text: String)] = [
      (["--base", Self.example + "/base"], "--tuned TUNED is missing, or --adapter ADAPTER"),
      (["--tuned", Self.example + "/tuned"], "--base BASE is missing"),
      (["--adapter", adapter], "--base BASE is missing, or --identity FILE"),
      (["--adapter", adapter, "--tuned", adapter, "--base", adapter], "exclude each other"),
    ]
    for (arguments, text) in cases {
      let run = try Tool.run(["prove"] + arguments + rest)
      #expect(run.exitCode == 2 && run.errors.contains(text), "\(arguments): \(run.errors)")
      let check = try Tool.run(["check", policy, "--opening", policy] + arguments)
      #expect(check.exitCode == 2 && check.errors.contains(text), "\(arguments): \(check.errors)")
    }
    let link = try Tool.run(["prove", "--adapter", adapter, "--identity", identity, "--parent", policy] + rest)
    #expect(link.exitCode == 2 && link.errors.contains("--adapter and --parent exclude each other"))
  }

  @Test func refusals() throws {
    func run(_ adapter: String, _ policy: String) throws -> Run {
      try Tool.run(
        "prove", "--adapter", adapter, "--identity", identity, "--policy", policy, "--out", folder.file("c"),
        "--opening",
        folder.file("o"), "--quiet", "--json")
    }
    let tight = folder.file("tight.json")
    try String(contentsOfFile: policy, encoding: .utf8).replacingOccurrences(of: "\"rank\": 8", with: "\"rank\": 7")
      .write(toFile: tight, atomically: true, encoding: .utf8)
    let violated = try run(adapter, tight)
    #expect(violated.exitCode == 10 && violated.output.contains("allowed rank 7, the adapter adds a product of rank 8"))
    let dora = folder.file("dora")
    try FileManager.default.copyItem(atPath: adapter, toPath: dora)
    try String(contentsOfFile: dora + "/adapter_config.json", encoding: .utf8)
      .replacingOccurrences(of: "\"use_dora\": false", with: "\"use_dora\": true")
      .write(toFile: dora + "/adapter_config.json", atomically: true, encoding: .utf8)
    let refused = try run(dora, policy)
    #expect(refused.exitCode == 1 && refused.output.contains("merge the adapter and prove the merged model"))
    #expect(try run(Self.example + "/tuned", policy).exitCode == 1)
    #expect(!FileManager.default.fileExists(atPath: folder.file("c")))
    #expect(!FileManager.default.fileExists(atPath: folder.file("o")))
  }
}
