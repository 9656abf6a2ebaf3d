// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `commit`, and transitions on the command lines of `prove` and `verify`.
struct CommitTests {
  private static let example = Repository.example("mlp-lora").path

  @Test func twoCommitmentsAndACertificate() throws {
    let folder = try TemporaryFolder()
    func file(_ name: String) -> String { folder.file(name) }
    let (base, tuned) = (Self.example + "/base", Self.example + "/tuned")
    let identity = file("base.identity.json")
    #expect(try Tool.run("identify", base, "--commit", "-o", identity, "-q").exitCode == 0)
    let commit = try Tool.run(
      "commit", tuned, "--identity", identity, "-o", file("tableau.json"), "--opening", file("tableau.secret"), "-q")
    #expect(commit.exitCode == 0, "\(commit.errors)")
    #expect(commit.output.contains("tuned tableau"))
    let policy = file("policy.json")
    try Data(
      #"{"driftPolicy": 1, "name": "p", "securityBits": 128, "rules": [{"tensors": "*", "allow": {"norm": {"relative": 1}}}]}"#
        .utf8
    ).write(to: URL(fileURLWithPath: policy))
    let model = ["--base", base, "--tuned", tuned, "--policy", policy, "--identity", identity]
    let tableau = ["--tuned-tableau", file("tableau.json")]
    let prove = try Tool.run(
      ["prove"] + model + tableau + [
        "--tuned-opening", file("tableau.secret"), "--transition", file("t.transition"), "-o", file("c.drift"),
        "--opening", file("c.secret"), "-q", "--json",
      ])
    #expect(prove.exitCode == 0, "\(prove.errors)")
    #expect(prove.output.contains("\"transition\""))
    let facts = ["--base-identity", identity, "--policy", policy]
    let verify = try Tool.run(
      ["verify", file("c.drift")] + facts + tableau + ["--transition", file("t.transition")])
    #expect(verify.exitCode == 0, "\(verify.errors)")
    #expect(verify.output.contains("plus this drift, and nothing else"))
    // The certificate stands without them, too.
    #expect(try Tool.run(["verify", file("c.drift")] + facts).exitCode == 0)
    // A changed byte, and a missing half.
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file("t.transition"))))
    bytes[bytes.count / 2] ^= 1
    try Data(bytes).write(to: URL(fileURLWithPath: file("changed.transition")))
    let changed = try Tool.run(
      ["verify", file("c.drift")] + facts + tableau + ["--transition", file("changed.transition")])
    #expect(changed.exitCode == 11)
    #expect(try Tool.run(["verify", file("c.drift")] + facts + tableau).exitCode == 2)
    let alone = try Tool.run(["prove"] + model + tableau + ["-o", file("d.drift"), "--opening", file("d.secret")])
    #expect(alone.exitCode == 2 && alone.errors.contains("belong together"))
    // Who holds the weights is told which model the tableau holds; the page says what was proved.
    let holder = [
      "check", file("c.drift"), "--base", base, "--tuned", tuned, "--opening", file("c.secret"), "--identity", identity,
    ]
    let checked = try Tool.run(holder + tableau + ["--tuned-opening", file("tableau.secret"), "--json"])
    #expect(checked.exitCode == 0, "\(checked.errors)")
    #expect(checked.output.contains("\"tunedTableau\""))
    #expect(try Tool.run(holder + tableau).exitCode == 2)
    let reported = try Tool.run(
      ["report", file("c.drift")] + facts + tableau + ["--transition", file("t.transition"), "-o", "-"])
    #expect(reported.exitCode == 0, "\(reported.errors)")
    #expect(reported.output.contains("Transition to the tableau"))
    #expect(reported.output.contains("--tuned-tableau tableau.json --transition t.transition"))
    let damaged = try Tool.run(
      ["report", file("c.drift")] + facts + tableau + ["--transition", file("changed.transition"), "-o", "-"])
    #expect(damaged.exitCode == 11)
    #expect(!damaged.output.contains("Transition to the tableau"))
    let dry = try Tool.run(
      ["prove", "--dry-run"] + model + tableau + ["-o", file("d"), "--opening", file("e"), "--json"])
    #expect(try #require(dry.json()["transitionBytes"] as? Int) > 100_000, "\(dry.errors)")
    // Of another model.
    let other = try Tool.run(
      "commit", base, "--identity", identity, "-o", file("other.json"), "--opening", file("other.secret"), "-q")
    #expect(other.exitCode == 0)
    let mixed = try Tool.run(
      ["verify", file("c.drift")] + facts + [
        "--tuned-tableau", file("other.json"), "--transition", file("t.transition"),
      ])
    #expect(mixed.exitCode == 12 && mixed.errors.contains("is about the tableau"))
    // No transition, but the certificate, whose opening counts it, is not lost.
    let kept = try Tool.run(
      ["prove"] + model + [
        "--tuned-tableau", file("other.json"), "--tuned-opening", file("other.secret"), "--transition", file("no"),
        "-o",
        file("kept.drift"), "--opening", file("kept.secret"), "-q",
      ])
    #expect(kept.exitCode == 12 && kept.errors.contains("is not the model of the tuned tableau"), "\(kept.errors)")
    #expect(kept.errors.contains("The certificate itself was proved"))
    #expect(!FileManager.default.fileExists(atPath: file("no")))
    #expect(try Tool.run(["verify", file("kept.drift")] + facts).exitCode == 0)
  }

  @Test func identityMustCommit() throws {
    let folder = try TemporaryFolder()
    let identity = folder.file("base.identity.json")
    #expect(try Tool.run("identify", Self.example + "/base", "-o", identity, "-q").exitCode == 0)
    let run = try Tool.run(
      "commit", Self.example + "/tuned", "--identity", identity, "-o", folder.file("t.json"), "--opening",
      folder.file("t.secret"), "-q")
    #expect(run.exitCode == 13)
    #expect(run.errors.contains("driftproof identify BASE --commit makes such an identity"))
    #expect(!FileManager.default.fileExists(atPath: folder.file("t.secret")))
  }

  @Test func aNextBaseIsAnIdentity() throws {
    let folder = try TemporaryFolder()
    let (identity, next, secret) = (folder.file("base.json"), folder.file("next.json"), folder.file("next.secret"))
    #expect(try Tool.run("identify", Self.example + "/base", "--commit", "-o", identity, "-q").exitCode == 0)
    let commit = [
      "commit", Self.example + "/tuned", "--identity", identity, "-o", next, "--opening", secret, "-q", "--json",
    ]
    #expect(try Tool.run(commit + ["--proofs", "3"]).exitCode == 2)
    #expect(try Tool.run(commit + ["--as-base", "--proofs", "0"]).exitCode == 2)
    let made = try Tool.run(commit + ["--as-base", "--proofs", "3"])
    #expect(made.exitCode == 0, "\(made.errors)")
    let root = try #require(made.json()["nextBase"] as? String)
    let text = try String(contentsOfFile: next, encoding: .utf8)
    #expect(text.hasPrefix("{\"driftIdentity\": 5") && text.contains("\"linkedRoot\": \"\(root)\""))
    #expect(try String(contentsOfFile: secret, encoding: .utf8).contains(root))
    // The same opening and weights give the same identity; the base itself is another model for it.
    #expect(try Tool.run(commit + ["--as-base", "--proofs", "3"]).exitCode == 0)
    #expect(try String(contentsOfFile: next, encoding: .utf8) == text)
  }

  /// Two releases of the conformance suite, of which the second speaks of the first one's weights.
  @Test func aLineOfReleasesIsVerified() throws {
    let files = Repository.root.appendingPathComponent("Conformance/files/next_base").path + "/"
    let base = ["--base-identity", files + "base.identity.json", "--policy", files + "policy.json"]
    let tie = ["--next-identity", files + "next.identity.json", "--transition", files + "next.transition"]
    let releases = ["chain", "verify", files + "first.drift", files + "second.drift"]
    let line = try Tool.run(releases + base + tie)
    #expect(line.exitCode == 0, "\(line.errors)")
    #expect(line.output.contains("link 2 from link 1"))
    #expect(line.output.contains("speaks of         the weights of link 1"))
    #expect(line.output.contains("linked root"))
    let json = try Tool.run(releases + base + tie + ["--json"]).json()
    let links = try #require(json["links"] as? [[String: Any]])
    #expect(links[0]["nextBase"] == nil && (links[1]["nextBase"] as? String)?.count == 64)
    let untied = try Tool.run(releases + base + tie.prefix(2))
    #expect(untied.exitCode == 12 && untied.errors.contains("no transition ties"))
    let first = try Tool.run(["verify", files + "first.drift"] + base + tie)
    #expect(first.exitCode == 0 && first.output.contains("next base         "), "\(first.errors)")
    let alone = try Tool.run([
      "verify", files + "second.drift", "--base-identity", files + "next.identity.json", "--policy",
      files + "policy.json",
    ])
    #expect(alone.exitCode == 0 && alone.output.contains("NEXT BASE"), "\(alone.errors)")
    #expect(try Tool.run(["verify", files + "first.drift"] + base + tie.prefix(2)).exitCode == 2)
    #expect(
      try Tool.run(["verify", files + "first.drift"] + base + tie + ["--tuned-tableau", files + "no.json"]).exitCode
        == 2)
  }
}
