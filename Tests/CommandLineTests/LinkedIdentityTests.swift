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

  /// A tableau that hides the weights, its opening, and what is typed wrongly about them.
  @Test func hidesTheBase() throws {
    let values = (0..<64).map { Float($0 % 7 + 1) / 8 }
    let base = try folder.checkpoint("half.safetensors", [("w", [8, 8], values)], isHalf: true)
    let tuned = try folder.checkpoint("tuned.safetensors", [("w", [8, 8], values.map { $0 * 1.015625 })], isHalf: true)
    let (identity, secret, policy) = (folder.file("i.json"), folder.file("base.secret"), folder.file("policy.json"))
    for (wrong, words) in [
      (["--hiding", "--opening", secret], "--commit"), (["--commit", "--hiding"], "--opening"),
      (["--commit", "--opening", secret], "--hiding"), (["--commit", "--proofs", "3"], "--hiding"),
      (["--commit", "--hiding", "--opening", identity], "same file"),
      (["--commit", "--hiding", "--opening", secret, "--proofs", "none"], "--proofs"),
    ] {
      let run = try Tool.run(["identify", base, "-o", identity, "-q"] + wrong)
      #expect(run.exitCode == 2 && run.errors.contains(words), "\(run.errors)")
    }
    let much = try Tool.run(
      "identify", base, "--commit", "--hiding", "--opening", secret, "--proofs", "1000", "-o", identity, "-q")
    #expect(much.exitCode == 1 && much.errors.contains("ask for fewer"), "\(much.errors)")
    #expect(!FileManager.default.fileExists(atPath: secret) && !FileManager.default.fileExists(atPath: identity))
    let made = try Tool.run(
      "identify", base, "--commit", "--hiding", "--opening", secret, "--proofs", "1", "-o", identity, "--json", "-q")
    let json = try made.json()
    #expect(made.exitCode == 0 && json["proofsAllowed"] as? Int == 1 && json["opening"] as? String == secret)
    try Data(
      #"""
      { "driftPolicy": 1, "name": "p", "securityBits": 128,
        "rules": [ { "tensors": "*", "allow": { "entrywise": { "ofWeight": 0.05 } } } ] }
      """#.utf8
    ).write(to: URL(fileURLWithPath: policy))
    func prove(_ name: String, _ more: [String]) throws -> Run {
      try Tool.run(
        [
          "prove", "--base", base, "--tuned", tuned, "--policy", policy, "--out", folder.file("\(name).drift"),
          "--opening", folder.file("\(name).secret"), "--json", "-q",
        ] + more)
    }
    let without = try prove("a", ["--identity", identity])
    #expect(without.exitCode == 2 && without.errors.contains("--base-opening"), "\(without.errors)")
    let alone = try prove("a", ["--base-opening", secret])
    #expect(alone.exitCode == 2 && alone.errors.contains("--identity"), "\(alone.errors)")
    let proof = try prove("a", ["--identity", identity, "--base-opening", secret])
    #expect(try proof.exitCode == 0 && proof.json()["baseProofsLeft"] as? Int == 0, "\(proof.errors)")
    let spent = try prove("b", ["--identity", identity, "--base-opening", secret])
    #expect(spent.exitCode == 1 && spent.errors.contains("commit to the base anew"), "\(spent.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.file("b.secret")))
    let check = [
      "check", folder.file("a.drift"), "--base", base, "--tuned", tuned, "--opening", folder.file("a.secret"),
      "--identity", identity, "-q",
    ]
    #expect(try Tool.run(check).exitCode == 2)
    #expect(try Tool.run(check + ["--base-opening", secret]).exitCode == 0)
    let beside = try Tool.run(
      "commit", tuned, "--identity", identity, "-o", folder.file("t.json"), "--opening", folder.file("t.secret"), "-q")
    #expect(beside.exitCode == 0, "\(beside.errors)")
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
