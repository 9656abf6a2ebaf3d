// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Where results go: standard output, files that exist, full disks.
@Suite(.serialized) struct ResultPlaceTests {
  private let fixture: RemedyFixture
  private let base: String
  private let tuned: String

  init() throws {
    fixture = try RemedyFixture()
    base = try fixture.model("base.safetensors")
    tuned = try fixture.model("tuned.safetensors", drift: 0.01)
  }

  @Test func dashIsStandardOutputForTexts() throws {
    let identity = try Tool.run("identify", base, "-o", "-", "-q")
    #expect(identity.exitCode == 0 && identity.output.hasPrefix(#"{"driftIdentity": 1"#))
    let policy = try Tool.run("calibrate", "--base", base, "--runs", tuned, "-o", "-", "-q")
    #expect(policy.exitCode == 0 && policy.output.contains(#""driftPolicy": 1"#) && !policy.output.contains("‖Δ‖"))
    let preset = try Tool.run("policy", "init", "--preset", "mlp", "--base", base, "--out=-", "-q")
    #expect(preset.exitCode == 0 && preset.output.contains(#""driftPolicy": 1"#))
    let both = try Tool.run("identify", base, "-o", "-", "--json")
    #expect(both.exitCode == 2 && both.errors.contains("both want standard output"))
  }

  @Test func dashIsRefusedForCertificatesAndSecrets() throws {
    let policy = try fixture.policy(RemedyFixture.norm("*"))
    let proof = ["prove", "--base", base, "--tuned", tuned, "--policy", policy]
    let out = try Tool.run(proof + ["--out", "-", "--opening", fixture.folder.file("o.secret")])
    #expect(out.exitCode == 2 && out.errors.contains("--out - is not standard output here"), "\(out.errors)")
    let opening = try Tool.run(proof + ["--out", fixture.folder.file("c.drift"), "--opening", "-"])
    #expect(opening.exitCode == 2 && opening.errors.contains("--opening - is no place to keep a secret"))
  }

  @Test func policiesAreReplacedWithForceOnly() throws {
    let path = fixture.folder.file("policy.json")
    try "mine".write(toFile: path, atomically: true, encoding: .utf8)
    for command in [
      ["calibrate", "--base", base, "--runs", tuned], ["policy", "init", "--preset", "mlp", "--base", base],
    ] {
      let refused = try Tool.run(command + ["-o", path, "-q"])
      #expect(refused.exitCode == 1 && refused.errors.contains("--force"), "\(refused.errors)")
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "mine")
    }
    #expect(try Tool.run("calibrate", "--base", base, "--runs", tuned, "-o", path, "--force", "-q").exitCode == 0)
    #expect(try String(contentsOfFile: path, encoding: .utf8).contains("driftPolicy"))
  }

  /// No write gets through: an error that says so, and no opening that would be in the way of the next try.
  @Test func fullDisksLeaveNothingBehind() throws {
    let policy = try fixture.policy(RemedyFixture.norm("*.0.*proj*"), #"{"tensors": "*", "allow": "any"}"#)
    let arguments = [
      "prove", "-q", "--base", base, "--tuned", tuned, "--policy", policy, "--out", fixture.folder.file("c.drift"),
      "--opening", fixture.folder.file("o.secret"),
    ]
    let output = try RemedyFixture.limited("ulimit -f 0", arguments)
    #expect(output.hasSuffix("exit 1\n") && output.contains("o.secret: cannot be written"), "\(output)")
    let left = try FileManager.default.contentsOfDirectory(atPath: fixture.folder.path).sorted()
    #expect(left == ["base.safetensors", "policy.json", "tuned.safetensors"])
    let identity = try RemedyFixture.limited("ulimit -f 0", ["identify", base, "-o", fixture.folder.file("i.json")])
    #expect(identity.hasSuffix("exit 1\n") && identity.contains("cannot be written"), "\(identity)")
    #expect(!FileManager.default.fileExists(atPath: fixture.folder.file("i.json")))
  }
}
