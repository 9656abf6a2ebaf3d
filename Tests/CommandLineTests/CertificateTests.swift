// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// prove, verify and check as programs, on a pair of a few tensors; serial, because each test proves.
@Suite(.serialized)
struct CertificateTests {
  /// Everything that one certificate needs, by path.
  private struct Case {
    let folder: TemporaryFolder
    let base: String
    let tuned: String
    let policy: String
    let identity: String
    let certificate: String
    let opening: String

    init(bound: Double = 2) throws {
      folder = try TemporaryFolder()
      let weights = (0..<64).map { Float($0) / 64 }
      let bias = (name: "a.bias", shape: [4], values: [1, 2, 3, 4] as [Float])
      let drifted = weights.map { $0 + 0.125 }
      base = try folder.checkpoint("base.safetensors", [bias, ("a.weight", [8, 8], weights)])
      tuned = try folder.checkpoint("tuned.safetensors", [bias, ("a.weight", [8, 8], drifted)])
      policy = folder.file("policy.json")
      identity = folder.file("base.identity.json")
      certificate = folder.file("tuned.drift")
      opening = folder.file("tuned.secret")
      try write(
        """
        {"driftPolicy": 1, "name": "small", "securityBits": 128, "rules": [
          {"tensors": "*.weight", "allow": {"norm": {"absolute": \(bound)}}}, {"tensors": "*", "allow": "frozen"}]}
        """, to: policy)
    }

    func write(_ text: String, to path: String) throws { try Data(text.utf8).write(to: URL(fileURLWithPath: path)) }

    func prove(_ more: String...) throws -> Run {
      try Tool.run(
        ["prove", "--base", base, "--tuned", tuned, "--policy", policy, "--out", certificate, "--opening", opening]
          + more)
    }

    func verify(_ more: String...) throws -> Run {
      try Tool.run(["verify", certificate, "--base-identity", identity, "--policy=\(policy)"] + more)
    }

    func identify(_ checkpoint: String) throws {
      #expect(try Tool.run("identify", checkpoint, "-o", identity, "--quiet").exitCode == 0)
    }

    func check(tuned other: String, _ more: String...) throws -> Run {
      try Tool.run(["check", certificate, "--base", base, "--tuned", other, "--opening", opening] + more)
    }
  }

  @Test func dryRunPredictsAndWritesNothing() throws {
    let pair = try Case()
    try pair.identify(pair.base)
    let before = try FileManager.default.contentsOfDirectory(atPath: pair.folder.path).sorted()
    for more in [[], ["--identity", pair.identity]] {
      let run = try Tool.run(
        ["prove", "--base", pair.base, "--tuned", pair.tuned, "--policy", pair.policy, "--dry-run", "--json"] + more)
      #expect(run.exitCode == 0, "\(run.errors)")
      let json = try run.json()
      #expect((json["proofBytes"] as? Int ?? 0) > 10_000 && (json["peakMemoryBytes"] as? Int ?? 0) > 1 << 20)
      #expect(json["certifiedParameters"] as? Int == 64 && json["frozenParameters"] as? Int == 4)
      #expect(json["identityGiven"] as? Bool == !more.isEmpty)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: pair.folder.path).sorted() == before)
    // Without the flag the two files must be named.
    let missing = try Tool.run("prove", "--base", pair.base, "--tuned", pair.tuned, "--policy", pair.policy)
    #expect(missing.exitCode == 2)
  }

  /// Every 8 × 8 matrix has rank 8; what the clause does not say stands beside the verdict.
  @Test func warnsOfRanksThatRestrictNothing() throws {
    let pair = try Case()
    try pair.identify(pair.base)
    try pair.write(
      """
      {"driftPolicy": 1, "name": "vacuous", "securityBits": 128, "rules": [
        {"tensors": "*.weight", "allow": {"rank": 8, "residual": {"absolute": 0.01}}}, {"tensors": "*", "allow": "frozen"}]}
      """, to: pair.policy)
    for run in [try pair.prove("--json"), try pair.verify("--json")] {
      #expect(run.exitCode == 0, "\(run.errors)")
      let warnings = try run.json()["warnings"] as? [String] ?? []
      #expect(warnings.count == 1 && warnings.allSatisfy { $0.hasPrefix("rank 8 in $.rules[0] restricts nothing in ") })
      #expect(run.errors.contains("WARNING: rank 8 in $.rules[0] restricts nothing"))
    }
  }

  @Test func takesAnIdentityAndAFolderToResume() throws {
    let pair = try Case()
    try pair.identify(pair.base)
    let state = pair.folder.file("state")
    let proved = try pair.prove("--identity", pair.identity, "--resume", state)
    #expect(proved.exitCode == 0, "\(proved.errors)")
    #expect(proved.errors.contains("driftproof: stage A") && !FileManager.default.fileExists(atPath: state))
    #expect(try pair.verify().exitCode == 0)
    // The identity of another base; a folder that others may enter.
    try pair.identify(pair.tuned)
    let mismatch = try pair.prove("--identity", pair.identity)
    #expect(mismatch.exitCode == 12)
    try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: false)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: state)
    let open = try pair.prove("--resume", state, "--quiet")
    #expect(open.exitCode == 1 && open.errors.contains("chmod 700"))
  }

  @Test func provesVerifiesAndChecks() throws {
    let pair = try Case()
    try pair.identify(pair.base)
    let proved = try pair.prove("--json")
    #expect(proved.exitCode == 0, "\(proved.errors)")
    let facts = try proved.json()
    #expect((facts["seconds"] as? [String: Double])?.isEmpty == false)
    #expect((facts["peakMemoryBytes"] as? Int ?? 0) > 0)

    let verified = try pair.verify("--json")
    #expect(verified.exitCode == 0, "\(verified.errors)")
    let object = try verified.json()
    #expect(object["verified"] as? Bool == true)
    #expect(object["policyName"] as? String == "small" && (object["warnings"] as? [String]) == [])
    #expect((object["securityBits"] as? Double ?? 0) >= 128)
    #expect((object["soundness"] as? [[String: Any]])?.isEmpty == false)
    let counts = [
      "frozen": 1, "norm": 1, "rank": 0, "kronecker": 0, "circulant": 0, "sparse": 0, "entrywise": 0, "pattern": 0,
      "composed": 0,
      "excluded": 0,
    ]
    #expect(object["tensors"] as? [String: Int] == counts)
    #expect((object["coverage"] as? [String: [String]])?["excluded"] == [])
    #expect(object["parameters"] as? Int == 68)
    for key in ["policyDigest", "baseIdentity", "tunedCommitment"] {
      #expect((object[key] as? String)?.count == 64)
      #expect(facts[key] as? String == object[key] as? String)
    }
    for key in ["proofBytes", "certificateBytes", "verifySeconds"] { #expect((object[key] as? Double ?? 0) > 0) }

    #expect(try pair.check(tuned: pair.tuned, "--json").json()["verified"] as? Bool == true)
    let other = try pair.check(tuned: pair.base, "--json")
    #expect(other.exitCode == 12)
    #expect(try other.json()["verified"] as? Bool == false)

    try pair.identify(pair.tuned)
    #expect(try pair.verify().exitCode == 12)
    try pair.identify(pair.base)

    var bytes = try Data(contentsOf: URL(fileURLWithPath: pair.certificate))
    bytes[bytes.count / 2] ^= 1
    try bytes.write(to: URL(fileURLWithPath: pair.certificate))
    let rejected = try pair.verify("--json")
    #expect(rejected.exitCode == 11)
    #expect(try rejected.json()["verified"] as? Bool == false)
    #expect(!rejected.errors.isEmpty)
  }

  @Test func theVerdictHasOneLineOfSoundness() throws {
    let pair = try Case()
    try pair.identify(pair.base)
    func terms(_ run: Run) -> [String] {
      run.output.split(separator: "\n").map(String.init).filter { $0.hasPrefix("  ") && $0.contains(" bits  ") }
    }
    let proved = try pair.prove()
    #expect(proved.exitCode == 0 && terms(proved).isEmpty, "\(proved.output)")
    let verified = try pair.verify()
    let line = try #require(verified.output.split(separator: "\n").first { $0.hasPrefix("soundness") })
    #expect(line.contains(" bits proven, the least of ") && line.hasSuffix(": queries"), "\(line)")
    #expect(terms(verified).isEmpty)
    let all = try pair.verify("--soundness")
    let facts = try #require(try pair.verify("--json").json()["soundness"] as? [[String: Any]])
    #expect(facts.count > 8 && terms(all).count == facts.count, "\(all.output)")
    #expect(terms(try pair.check(tuned: pair.tuned)).isEmpty)
    #expect(terms(try pair.check(tuned: pair.tuned, "--soundness")).count == facts.count)
  }

  @Test func refusesADriftOutsideThePolicy() throws {
    // ‖Δ‖ is exactly 1.
    let pair = try Case(bound: 0.999)
    let run = try pair.prove("--json")
    #expect(run.exitCode == 10)
    let violations = try #require(try run.json()["violations"] as? [String])
    #expect(violations.count == 1)
    #expect(violations.first?.contains("a.weight") == true)
    for path in [pair.certificate, pair.opening] { #expect(!FileManager.default.fileExists(atPath: path)) }
  }

  @Test func refusesARuleThatMatchesNothing() throws {
    let pair = try Case()
    try pair.write(
      """
      {"driftPolicy": 1, "name": "small", "securityBits": 128, "rules": [
        {"tensors": "nothing", "allow": {"rank": 1}}, {"tensors": "*", "allow": "any"}]}
      """, to: pair.policy)
    let run = try pair.prove()
    #expect(run.exitCode == 13)
    #expect(run.errors.contains("nothing"))
  }

  @Test func refusesABrokenPolicy() throws {
    let pair = try Case()
    try pair.write("{\"driftPolicy\": 1, \"nme\": \"x\"}", to: pair.policy)
    let run = try pair.prove()
    #expect(run.exitCode == 1)
    #expect(run.errors.contains("policy.json: "))
    #expect(run.errors.contains("nme"))
  }

  @Test func looksForTheOutputFolderBeforeProving() throws {
    let pair = try Case()
    let run = try Tool.run(
      "prove", "--base", pair.base, "--tuned", pair.tuned, "--policy", pair.policy, "--opening", pair.opening,
      "--out", pair.folder.file("no/where.drift"))
    #expect(run.exitCode == 1)
    #expect(run.errors.contains("cannot be written"))
    #expect(!FileManager.default.fileExists(atPath: pair.opening))
  }
}
