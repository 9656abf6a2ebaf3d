// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Names of one side with parts that wrappers add: one line, and an option that reads the names without them.
@Suite(.serialized) struct NamePrefixTests {
  private let fixture: RemedyFixture
  private let base: String

  init() throws {
    fixture = try RemedyFixture()
    base = try fixture.model("base.safetensors")
  }

  private static func compiled(_ name: String) -> String {
    name.replacingOccurrences(of: "model.", with: "model._orig_mod.")
  }

  private static func sharded(_ name: String) -> String {
    ("_fsdp_wrapped_module." + name).replacingOccurrences(of: ".self_attn", with: "._fsdp_wrapped_module.self_attn")
  }

  @Test(arguments: ["_orig_mod.", "module.", "base_model.model.", "module._orig_mod.", "anything.at.all."])
  func oneLine(_ prefix: String) throws {
    let tuned = try fixture.model("tuned.safetensors", drift: 0.01) { prefix + $0 }
    let policy = try fixture.policy(RemedyFixture.norm("model.*proj*"), RemedyFixture.frozenRest)
    for (before, after) in [(base, tuned), (tuned, base)] {
      let run = try fixture.prove(base: before, tuned: after, policy: policy, "--json")
      #expect(run.exitCode == 13)
      #expect(run.errors.contains("--strip-prefix \(prefix)"), "\(run.errors)")
      #expect(run.errors.split(separator: "\n").count == 3, "\(run.errors)")
      #expect(try run.json()["gapsCount"] as? Int == 1)
    }
    // A policy without a last rule for all names: the prefix is the reason here, too.
    let bare = try fixture.policy(RemedyFixture.norm("model.*"))
    #expect(try fixture.prove(base: base, tuned: tuned, policy: bare).errors.contains("--strip-prefix \(prefix)"))
    let inspected = try Tool.run("inspect", base, tuned, "--quiet")
    #expect(inspected.exitCode == 13 && inspected.output.contains("--strip-prefix \(prefix)"))
    #expect(inspected.output.contains("NOTHING WAS COMPARED") && !inspected.output.contains("‖Δ‖ 0"))
    let calibrated = try Tool.run("calibrate", "--base", base, "--runs", tuned, "--quiet")
    #expect(calibrated.exitCode == 13 && calibrated.errors.split(separator: "\n").count == 2, "\(calibrated.errors)")
  }

  @Test func insideNames() throws {
    for part in ["_orig_mod.", "_fsdp_wrapped_module."] {
      let tuned = try fixture.model("tuned.safetensors", drift: 0.01) { name in
        part == "_orig_mod." ? Self.compiled(name) : Self.sharded(name)
      }
      let run = try Tool.run("inspect", base, tuned, "--quiet")
      #expect(run.exitCode == 13 && run.output.contains("--strip-prefix \(part)"), "\(run.output)")
      let read = try Tool.run("inspect", base, tuned, "--quiet", "--strip-prefix", part, "--json")
      #expect(read.exitCode == 0)
      #expect(try (read.json()["total"] as? [String: Any])?["notComparedTensors"] as? Int == 0)
    }
  }

  /// The certificate has the names that were read; check needs the option, and so does an identity.
  @Test func fromProofToCheck() throws {
    let wrapped = try fixture.model("wrapped.safetensors", drift: 0.01) { "module." + $0 }
    let plain = try fixture.model("plain.safetensors", drift: 0.01)
    let policy = try fixture.policy(RemedyFixture.norm("*.0.*proj*"), #"{"tensors": "*", "allow": "any"}"#)
    let proof = try fixture.prove(base: base, tuned: wrapped, policy: policy, "--strip-prefix", "module.")
    #expect(proof.exitCode == 0, "\(proof.errors)")
    func check(_ tuned: String, _ more: String...) throws -> Run {
      try Tool.run(
        ["check", fixture.folder.file("c.drift"), "--quiet", "--base", base, "--tuned", tuned, "--opening"]
          + [fixture.folder.file("o.secret")] + more)
    }
    #expect(try check(wrapped, "--strip-prefix", "module.").exitCode == 0)
    #expect(try check(plain).exitCode == 0)
    let without = try check(wrapped)
    #expect(without.exitCode == 12 && without.errors.contains("--strip-prefix module."), "\(without.errors)")
    let (first, second) = (fixture.folder.file("1.json"), fixture.folder.file("2.json"))
    #expect(try Tool.run("identify", wrapped, "-o", first, "--strip-prefix=module").exitCode == 0)
    #expect(try Tool.run("identify", plain, "-o", second).exitCode == 0)
    let read = try String(contentsOfFile: first, encoding: .utf8)
    #expect(try read == String(contentsOfFile: second, encoding: .utf8))
  }

  @Test func namesThatBecomeOne() throws {
    let both = try fixture.folder.checkpoint("both.safetensors", [("a", [1], [1]), ("module.a", [1], [2])])
    let run = try Tool.run("identify", both, "-o", "/dev/null", "--strip-prefix", "module.")
    #expect(run.exitCode == 1 && run.errors.contains(#"are both read as "a""#), "\(run.errors)")
  }

  /// Lists of gaps end after some lines, and say how many there are.
  @Test func longListsAreCounted() throws {
    let many = try fixture.folder.checkpoint("many.safetensors", (100..<400).map { ("a\($0)", [1], [1]) })
    let other = try fixture.folder.checkpoint("other.safetensors", (100..<400).map { ("b\($0)z", [1], [1]) })
    let run = try fixture.prove(
      base: many, tuned: other, policy: fixture.policy(RemedyFixture.frozenRest), "--json")
    #expect(run.exitCode == 13)
    #expect(run.errors.split(separator: "\n").count == 52 && run.errors.contains("and 550 more"))
    let json = try run.json()
    #expect(json["gapsCount"] as? Int == 600 && (json["gaps"] as? [String])?.count == 50)
    let inspected = try Tool.run("inspect", many, other, "--quiet")
    #expect(inspected.exitCode == 13 && inspected.output.contains("and 250 more"))
  }
}
