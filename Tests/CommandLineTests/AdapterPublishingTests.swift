// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Adapters where models are given otherwise: calibrate, attest, report, and other tools' files.
@Suite(.serialized) struct AdapterPublishingTests {
  /// One certificate of the repository's real adapter, proved once.
  private final class Case: Sendable {
    static let shared = Result { try Case() }
    static let example = Repository.example("mlp-lora").path
    static let key = Repository.fixture("attestation").appendingPathComponent("ed25519.pem").path
    static let publicKey = Repository.fixture("attestation").appendingPathComponent("ed25519.pub.pem").path

    let folder: TemporaryFolder
    let identity, certificate, opening, policy: String

    init() throws {
      folder = try TemporaryFolder()
      (identity, certificate) = (folder.file("base.json"), folder.file("adapter.drift"))
      (opening, policy) = (folder.file("adapter.secret"), folder.file("calibrated.json"))
      #expect(try Tool.run("identify", Self.example + "/base", "--out", identity, "--quiet").exitCode == 0)
      let calibrated = try Tool.run(
        "calibrate", "--base", Self.example + "/base", "--runs", Self.example + "/adapter", "--out", policy, "--json",
        "-q")
      #expect(calibrated.exitCode == 0, "\(calibrated.errors)")
      let groups = try #require(try calibrated.json()["groups"] as? [[String: Any]])
      #expect(groups.allSatisfy { $0["form"] as? String == "product" })
      // The policy from the adapter accepts the adapter.
      let proof = try Tool.run(
        "prove", "--adapter", Self.example + "/adapter", "--identity", identity, "--policy", policy, "--out",
        certificate,
        "--opening", opening, "--json", "--quiet")
      #expect(proof.exitCode == 0, "\(proof.errors)")
      let names = try #require(try proof.json()["adapterNames"] as? [String: Any])
      #expect(names["scheme"] as? String == "PEFT")
    }

    func attest(_ output: String, _ more: String...) throws -> Run {
      try Tool.run(
        ["attest", certificate, "--key", Self.key, "--out", folder.file(output), "--quiet", "--json"] + more)
    }
  }

  @Test func attestations() throws {
    let own = try Case.shared.get()
    let adapter = Case.example + "/adapter"
    let declared = try own.attest("declared", "--tuned", adapter)
    var report = try #require(try declared.json()["attestation"] as? [String: Any])
    #expect(declared.exitCode == 0 && report["subjectBinding"] as? String == "declared", "\(declared.errors)")
    #expect(report["relation"] as? String == "adapter" && report["modelDigest"] is String)
    let checked = try own.attest(
      "checked", "--tuned", adapter, "--base", Case.example + "/base", "--opening", own.opening)
    report = try #require(try checked.json()["attestation"] as? [String: Any])
    #expect(checked.exitCode == 0 && report["subjectBinding"] as? String == "checked", "\(checked.errors)")
    let verified = try Tool.run(
      "verify", own.certificate, "--base-identity", own.identity, "--policy", own.policy, "--attestation",
      own.folder.file("checked"), "--public-key", Case.publicKey, "--tuned", adapter, "--quiet")
    #expect(verified.exitCode == 0, "\(verified.errors)")
    // A merged model is no adapter, and the weights of another adapter are found with the opening.
    #expect(try own.attest("merged", "--tuned", Case.example + "/tuned").exitCode == 12)
    let copy = own.folder.file("copy")
    try FileManager.default.copyItem(atPath: adapter, toPath: copy)
    let weights = URL(fileURLWithPath: copy + "/adapter_model.safetensors")
    var bytes = try Data(contentsOf: weights)
    bytes[bytes.count - 2] ^= 1
    try bytes.write(to: weights)
    let other = try own.attest("other", "--tuned", copy, "--base", Case.example + "/base", "--opening", own.opening)
    #expect(other.exitCode == 12, "\(other.errors)")
    // Its digest must cover what was compared.
    let ignored = try own.attest("ignored", "--tuned", adapter, "--ignore", "adapter_config.json")
    #expect(ignored.exitCode == 2 && ignored.errors.contains("adapter_config.json"))
    // Files left out are never checked ones.
    try Data([1]).write(to: URL(fileURLWithPath: copy + "/extra.bin"))
    let left = try own.attest("left", "--tuned", copy, "--leave-out", "extra.bin")
    report = try #require(try left.json()["attestation"] as? [String: Any])
    #expect(report["filesLeftOut"] as? [String] == ["extra.bin"])
  }

  @Test func reports() throws {
    let own = try Case.shared.get()
    let page = own.folder.file("page.html")
    func report(_ tuned: String, _ more: String...) throws -> Run {
      try Tool.run(
        [
          "report", own.certificate, "--base-identity", own.identity, "--base", Case.example + "/base", "--tuned",
          tuned,
          "--out", page, "--json", "--quiet",
        ] + more)
    }
    let copy = own.folder.file("reported")
    try FileManager.default.copyItem(atPath: Case.example + "/adapter", toPath: copy)
    try Data([1]).write(to: URL(fileURLWithPath: copy + "/extra.bin"))
    let run = try report(copy, "--leave-out", "extra.bin")
    #expect(run.exitCode == 0, "\(run.errors)")
    let certificates = try #require(try run.json()["certificates"] as? [[String: Any]])
    let measured = try #require(certificates.first?["measured"] as? [String: Any])
    #expect((measured["doubts"] as? [String])?.isEmpty == true)
    let html = try String(contentsOfFile: page, encoding: .utf8).replacingOccurrences(of: "<wbr/>", with: "")
    #expect(html.contains("unmerged adapter: of its products") && html.contains("Files were left out"))
    #expect(html.contains("extra.bin") && !html.contains(copy))
    #expect(
      try !String(contentsOfFile: page, encoding: .utf8).isEmpty && report(Case.example + "/adapter").exitCode == 0)
    #expect(try !String(contentsOfFile: page, encoding: .utf8).contains("Files were left out"))
    // A merged model is not what the certificate is about.
    let merged = try report(Case.example + "/tuned")
    #expect(merged.exitCode == 12 && merged.errors.contains("unmerged adapter"))
  }

  /// A file of another kind in a list is named with the remedy.
  @Test func listsOfFiles() throws {
    let own = try Case.shared.get()
    let page = own.folder.file("none.html")
    let report = try Tool.run("report", own.policy, "--base-identity", own.identity, "--out", page, "-q")
    #expect(report.exitCode == 11 && report.errors.contains("a drift policy, not a certificate"), "\(report.errors)")
    let chain = try Tool.run("chain", "verify", own.certificate, own.identity, "--base-identity", own.identity, "-q")
    #expect(chain.exitCode == 11 && chain.errors.contains("a base identity, not a certificate"), "\(chain.errors)")
    let policies = try Tool.run(
      "chain", "verify", own.certificate, "--base-identity", own.identity, "--policy", own.identity, "-q")
    #expect(policies.exitCode == 1 && policies.errors.contains("a base identity, not a policy"), "\(policies.errors)")
    let base = try Tool.run("policy", "init", "--preset", "llama-lora", "--base", own.policy, "-q")
    #expect(base.errors.contains("a drift policy, not a base identity"), "\(base.errors)")
  }

  /// One file in another tool's names, from identity to check.
  @Test func kohyaFile() throws {
    let own = try Case.shared.get()
    let base = try own.folder.checkpoint(
      "unet.safetensors", [("down.0.proj.weight", [8, 6], (0..<48).map { Float($0) / 48 })])
    let lora = try own.folder.checkpoint(
      "lora.safetensors",
      [
        ("lora_unet_down_0_proj.lora_down.weight", [2, 6], (0..<12).map { Float($0) / 100 }),
        ("lora_unet_down_0_proj.lora_up.weight", [8, 2], (0..<16).map { Float($0) / 100 }),
        ("lora_unet_down_0_proj.alpha", [], [1]),
      ])
    let inspected = try Tool.run("inspect", base, lora, "--json", "-q")
    #expect(try (inspected.json()["products"] as? [[String: Any]])?.first?["scale"] as? Double == 0.5)
    let policy = try own.folder.write(
      "kohya.json",
      Array(
        #"{"driftPolicy": 1, "name": "k", "securityBits": 128, "rules": [{"tensors": "*", "allow": {"rank": 2}}]}"#.utf8
      ))
    let (certificate, opening) = (own.folder.file("kohya.drift"), own.folder.file("kohya.secret"))
    let proof = try Tool.run(
      "prove", "--adapter", lora, "--base", base, "--policy", policy, "--out", certificate, "--opening", opening, "-q")
    #expect(proof.exitCode == 0 && proof.output.contains("adapter names     kohya\n"), "\(proof.errors)\(proof.output)")
    let check = try Tool.run("check", certificate, "--adapter", lora, "--base", base, "--opening", opening, "-q")
    #expect(check.exitCode == 0, "\(check.errors)")
  }
}
