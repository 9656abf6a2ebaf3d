// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `driftproof identify --commit`.
@Suite struct LinkedIdentityTests {
  private let folder: TemporaryFolder
  private let base: String

  init() throws {
    folder = try TemporaryFolder()
    base = Repository.example("digits").appendingPathComponent("base").path
  }

  @Test func commitsAndVerifiesAsBefore() throws {
    let base = Repository.example("mlp-lora").appendingPathComponent("base").path
    let (plain, linked) = (folder.file("plain.json"), folder.file("linked.json"))
    let first = try Tool.run("identify", base, "-o", plain, "--json", "-q").json()
    let second = try Tool.run(
      "identify", base, "--commit", "--cache", folder.file("cache"), "-o", linked, "--json", "-q")
    let json = try second.json()
    #expect(second.exitCode == 0 && json["baseIdentity"] as? String == first["baseIdentity"] as? String)
    #expect(first["linkedRoot"] is NSNull && (json["linkedRoot"] as? String)?.count == 64)
    let root = try #require(json["linkedRoot"] as? String)
    let text = try String(contentsOfFile: linked, encoding: .utf8)
    #expect(text.hasPrefix("{\"driftIdentity\": 3,") && text.contains(root))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file("cache")).contains("leaves-of-base-0"))
    // Whoever verifies without linked clauses may have either file.
    let (certificate, opening) = (folder.file("c"), folder.file("o"))
    let policy = Repository.example("mlp-lora").appendingPathComponent("policy.json").path
    let tuned = Repository.example("mlp-lora").appendingPathComponent("tuned").path
    let proof = try Tool.run(
      "prove", "--base", base, "--tuned", tuned, "--identity", linked, "--policy", policy, "--out", certificate,
      "--opening", opening, "-q")
    #expect(proof.exitCode == 0, "\(proof.errors)")
    for identity in [plain, linked] {
      #expect(try Tool.run("verify", certificate, "--base-identity", identity, "--policy", policy, "-q").exitCode == 0)
    }
  }

  @Test func whatCannotBeCommittedTo() throws {
    let run = try Tool.run("identify", base, "--cache", folder.file("cache"), "-o", folder.file("i"), "-q")
    #expect(run.exitCode == 2 && run.errors.contains("--commit"))
    let single = try folder.checkpoint("f32.safetensors", [("w", [2, 2], [1, 2, 3, 4])])
    let refused = try Tool.run("identify", single, "--commit", "-o", folder.file("i"), "-q")
    #expect(refused.exitCode == 1 && refused.errors.contains("no tensor of F16 or BF16"), "\(refused.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.file("i")))
  }

  /// Refused before any weight is read, with what to type.
  @Test func roundingBoundsNeedIt() throws {
    let example = Repository.example("mlp-lora")
    let policy = folder.file("policy.json")
    try Data(
      #"""
      { "driftPolicy": 1, "name": "p", "securityBits": 128,
        "rules": [ { "tensors": "*", "allow": { "rank": 8, "rounding": { "halfUlps": 1.01 } } } ] }
      """#.utf8
    ).write(to: URL(fileURLWithPath: policy))
    for option in [["--dry-run"], ["--out", folder.file("c"), "--opening", folder.file("o")]] {
      let run = try Tool.run(
        ["prove", "--base", example.appendingPathComponent("base").path, "--tuned"]
          + [example.appendingPathComponent("tuned").path, "--policy", policy, "-q"] + option)
      #expect(run.exitCode == 13 && run.errors.contains("identify BASE --commit"), "\(run.errors)")
    }
    #expect(!FileManager.default.fileExists(atPath: folder.file("c")))
  }
}
