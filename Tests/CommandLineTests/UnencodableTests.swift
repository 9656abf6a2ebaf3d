// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A base with a weight that no integer stands for: all commands go on, only a clause on that tensor is refused.
@Suite(.serialized) struct UnencodableTests {
  @Test(arguments: [Float.nan, .infinity, 1e30]) func onlyAClauseIsRefused(_ weight: Float) throws {
    let fixture = try RemedyFixture()
    let base = try fixture.model("base.safetensors", entry: weight)
    let tuned = try fixture.model("tuned.safetensors", drift: 0.01, entry: weight)
    let name = RemedyFixture.projections[1]
    let identity = fixture.folder.file("identity.json")
    let identified = try Tool.run("identify", base, "-o", identity, "--json")
    #expect(identified.exitCode == 0 && identified.errors.contains("entry 5 is NaN, infinite or beyond 2^41"))
    #expect(try identified.json()["tensorsWithoutNorm"] as? Int == 1)

    let clauses = try fixture.policy(RemedyFixture.norm("*"))
    for given in [[], ["--identity", identity]] {
      let run = try Tool.run(
        [
          "prove", "-q", "--base", base, "--tuned", tuned, "--policy", clauses, "--out", "/dev/null", "--opening",
          fixture.folder.file("none"),
        ] + given)
      #expect(run.exitCode == 13 && run.errors.contains(name) && run.errors.contains("entry 5"), "\(run.errors)")
      #expect(run.errors.split(separator: "\n").count == 2, "\(run.errors)")
    }
    let explained = try Tool.run("policy", "explain", clauses, "--base", identity, "-q")
    #expect(explained.exitCode == 0 && explained.output.contains("PROBLEMS") && explained.output.contains("entry 5"))
    #expect(try Tool.run("inspect", base, tuned, "-q").exitCode == 0)

    let allowed = try fixture.policy(
      #"{"tensors": "\#(name)", "allow": "any"}"#, RemedyFixture.norm("*.0.*proj*"),
      #"{"tensors": "*", "allow": "any"}"#)
    let proof = try fixture.prove(base: base, tuned: tuned, policy: allowed)
    #expect(proof.exitCode == 0, "\(proof.errors)")
    let verified = try Tool.run(
      "verify", fixture.folder.file("c.drift"), "--base-identity", identity, "--policy", allowed, "-q")
    #expect(verified.exitCode == 0, "\(verified.errors)")
  }

  @Test func frozenWithNaN() throws {
    let fixture = try RemedyFixture()
    let base = try fixture.model("base.safetensors", entry: .nan)
    let run = try fixture.prove(base: base, tuned: base, policy: fixture.policy(RemedyFixture.frozenRest))
    #expect(run.exitCode == 0, "\(run.errors)")
  }

  @Test func onlyTheTunedModelHasIt() throws {
    let fixture = try RemedyFixture()
    let base = try fixture.model("base.safetensors")
    let tuned = try fixture.model("tuned.safetensors", entry: .nan)
    let run = try fixture.prove(base: base, tuned: tuned, policy: fixture.policy(RemedyFixture.norm("*")))
    #expect(run.exitCode == 13 && run.errors.contains("of the tuned model: entry 5 is NaN"), "\(run.errors)")
  }

  /// A preset freezes it by name.
  @Test func presetsFreezeIt() throws {
    let fixture = try RemedyFixture()
    let base = try fixture.model("base.safetensors", entry: .nan)
    let policy = fixture.folder.file("init.json")
    #expect(try Tool.run("policy", "init", "--preset", "llama-lora", "--base", base, "-o", policy, "-q").exitCode == 0)
    let explained = try Tool.run("policy", "explain", policy, "--base", base, "--json", "-q")
    #expect(try explained.json()["resolves"] as? Bool == true, "\(explained.output)")
  }
}
