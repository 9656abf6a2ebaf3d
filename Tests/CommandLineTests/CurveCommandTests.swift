// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The curve backend as people use it: a setup, an identity with rows, a certificate, and what is refused.
@Suite(.serialized) struct CurveCommandTests {
  /// Its commitments have no leaves, so no bands.
  @Test func bandsAreRefused() throws {
    let run = try Tool.run(
      "prove", "--backend", "kzg", "--base", "a", "--tuned", "b", "--policy", "c", "--out", "d", "--opening", "e",
      "--bands", "4")
    #expect(run.exitCode == 14 && run.errors.contains("does not prove this yet: --bands"), "\(run.errors)")
  }

  @Test func fromASetupToAVerifiedCertificate() throws {
    let fixture = try RemedyFixture()
    func file(_ name: String) -> String { fixture.folder.file(name) }
    let made = try Tool.run("setup", "new", "--log-powers", "8", "-o", file("setup"), "--json")
    #expect(try made.exitCode == 0 && made.json()["insecure"] as? Bool == true, "\(made.errors)")
    let setup = try #require(try made.json()["setup"] as? String)
    let checked = try Tool.run("setup", "verify", file("setup"))
    #expect(checked.exitCode == 0 && checked.output.contains("INSECURE SETUP: whoever made it can forge"))
    var bytes = try Data(contentsOf: URL(fileURLWithPath: file("setup")))
    bytes[252 + 96 * 9 + 40] ^= 1
    try bytes.write(to: URL(fileURLWithPath: file("broken")))
    let broken = try Tool.run("setup", "verify", file("broken"))
    #expect(broken.exitCode == 11 && broken.errors.contains("power 9 is invalid"), "\(broken.errors)")

    // Two powers changed places: the id is right, and nothing is committed under it.
    bytes = try Data(contentsOf: URL(fileURLWithPath: file("setup")))
    let (low, high) = (bytes[252 + 96 * 9..<252 + 96 * 10], bytes[252 + 96 * 10..<252 + 96 * 11])
    bytes.replaceSubrange(252 + 96 * 9..<252 + 96 * 11, with: high + low)
    try bytes.write(to: URL(fileURLWithPath: file("swapped")))
    let swapped = try Tool.run(
      "identify", try fixture.model("b.safetensors"), "--commit", "--backend", "kzg", "--setup", file("swapped"), "-o",
      file("none.json"))
    #expect(swapped.exitCode == 11 && swapped.errors.contains("not those of one τ"), "\(swapped.errors)")
    // What the file says of itself is not repeated before it was checked.
    let info = try Tool.run("setup", "info", file("swapped"))
    #expect(info.exitCode == 0 && info.output.contains("NOT CHECKED"))
    let given = try Tool.run("setup", "contribute", file("setup"), "-o", file("given"), "--json", "-q")
    let mine = try #require((try given.json()["contributions"] as? [String])?.first)
    #expect(try Tool.run("setup", "verify", file("given"), "--json").json()["insecure"] as? Bool == true)
    #expect(
      try Tool.run("setup", "verify", file("given"), "--mine", mine, "--json").json()["insecure"] as? Bool == false)

    let base = try fixture.model("base.safetensors")
    let tuned = try fixture.model("tuned.safetensors", drift: 0.01)
    let identified = try Tool.run(
      "identify", base, "--commit", "--backend", "kzg", "--setup", file("setup"), "-o", file("id.json"), "--json", "-q")
    #expect(identified.exitCode == 0, "\(identified.errors)")
    #expect(try identified.json()["setup"] as? String == setup)
    let policy = try fixture.policy(RemedyFixture.norm("*"))
    let permitting = file("permitting.json")
    try String(contentsOfFile: policy, encoding: .utf8)
      .replacingOccurrences(of: #""rules""#, with: #""assume": "bls12-381", "rules""#)
      .write(toFile: permitting, atomically: true, encoding: .utf8)
    let arguments = [
      "prove", "-q", "--backend", "kzg", "--setup", file("setup"), "--identity", file("id.json"), "--base", base,
      "--policy", policy, "--out", file("c.drift"),
    ]
    let alone = try Tool.run(arguments + ["--tuned", tuned, "--opening", file("o.secret")])
    #expect(alone.exitCode == 12 && alone.errors.contains("\"assume\": \"bls12-381\""), "\(alone.errors)")
    let misspelled = try Tool.run(arguments + ["--tuned", tuned, "--opening", file("o.secret"), "--assume", "bn254"])
    #expect(misspelled.exitCode == 2 && misspelled.errors.contains("--assume is bls12-381"), "\(misspelled.errors)")
    let assume = ["--assume", "bls12-381"]
    let proved = try Tool.run(arguments + assume + ["--tuned", tuned, "--opening", file("o.secret"), "--json"])
    #expect(proved.exitCode == 0, "\(proved.errors)")
    #expect(try proved.json()["certificateBytes"] as? Int ?? 9999 < 8000)

    // Both backends side by side, whichever is asked for; nothing is written.
    let dry = try Tool.run(
      "prove", "--dry-run", "-q", "--base", base, "--tuned", tuned, "--policy", policy, "--identity", file("id.json"))
    #expect(dry.exitCode == 0, "\(dry.errors)")
    for text in ["BACKENDS", "SHA-256 as a random oracle", "NO: the policy has no \"assume\"", "2^8 powers of tau"] {
      #expect(dry.output.contains(text), "\(dry.output)")
    }
    #expect(!dry.output.contains("REFUSED"))
    let dryCurve = try Tool.run(
      "prove", "--dry-run", "-q", "--base", base, "--tuned", tuned, "--policy", policy, "--identity", file("id.json"),
      "--backend", "kzg", "--assume", "bls12-381", "--json")
    let columns = try #require(try dryCurve.json()["backends"] as? [[String: Any]])
    #expect(columns.map { $0["backend"] as? String } == ["hash", "kzg"])
    #expect(columns[1]["certificateBytes"] as? Int == (try proved.json()["certificateBytes"] as? Int))
    #expect(columns.allSatisfy { $0["refusal"] is NSNull && $0["permitted"] as? Bool == true })
    #expect(columns[0]["certificateBytes"] as? Int ?? 0 > 20_000)

    let verify = ["verify", file("c.drift"), "--base-identity", file("id.json"), "--policy", policy, "-q"]
    let verified = try Tool.run(verify + ["--setup", setup, "--assume", "bls12-381"])
    #expect(verified.exitCode == 0, "\(verified.errors)")
    for text in [
      "VERIFIED", "bits statistical; then, by assumption:", "BLS12-381, at least 2^8 powers of tau", "quantum",
    ] {
      #expect(verified.output.contains(text))
    }
    let unknown = try Tool.run(verify + ["--assume", "bls12-381"])
    #expect(unknown.exitCode == 12 && unknown.errors.contains("--setup"), "\(unknown.errors)")
    let unpermitted = try Tool.run(verify + ["--setup", file("setup")])
    #expect(unpermitted.exitCode == 12 && unpermitted.errors.contains("--assume bls12-381"), "\(unpermitted.errors)")

    // By the policy's own word, to prover and verifier; it is another policy than the one without.
    let byPolicy = try Tool.run(
      arguments.map { $0 == policy ? permitting : $0 == file("c.drift") ? file("d.drift") : $0 }
        + ["--tuned", tuned, "--opening", file("r.secret")])
    #expect(byPolicy.exitCode == 0, "\(byPolicy.errors)")
    let consented = ["verify", file("d.drift"), "--base-identity", file("id.json"), "-q", "--setup", setup, "--policy"]
    #expect(try Tool.run(consented + [permitting]).exitCode == 0)
    let other = try Tool.run(consented + [policy] + assume)
    #expect(other.exitCode == 12 && other.errors.contains("another policy"), "\(other.errors)")

    try Self.linksAreChecked(fixture, base: base, tuned: tuned, policy: permitting, setup: setup)

    let large = try Tool.run(
      arguments + assume + ["--tuned", try fixture.model("large.safetensors", drift: 9), "--opening", file("p.secret")])
    #expect(large.exitCode == 10 && large.errors.contains("allowed a norm of at most"), "\(large.errors)")
    let again = try Tool.run(arguments + assume + ["--tuned", tuned, "--opening", file("o.secret")])
    #expect(again.exitCode == 1 && again.errors.contains("exists already"), "\(again.errors)")
    try
      #"{"driftPolicy": 1, "name": "p", "securityBits": 128, "rules": [{"tensors": "*", "allow": {"entrywise": {"absolute": 1}}}]}"#
      .write(toFile: policy, atomically: true, encoding: .utf8)
    let entries = try Tool.run(arguments + assume + ["--tuned", tuned, "--opening", file("q.secret")])
    #expect(entries.exitCode == 14 && entries.errors.contains("hash backend"), "\(entries.errors)")
    try #"{"driftPolicy": 1, "name": "p", "securityBits": 128, "rules": [{"tensors": "*", "allow": "any"}]}"#
      .write(toFile: policy, atomically: true, encoding: .utf8)
    let refused = try Tool.run("prove", "--dry-run", "-q", "--base", base, "--tuned", tuned, "--policy", policy)
    #expect(refused.exitCode == 0 && refused.output.contains("kzg REFUSED because the kzg backend does not prove this"))
  }

  /// A link of the certificate `d.drift`, and what people do with both.
  private static func linksAreChecked(
    _ fixture: RemedyFixture, base: String, tuned: String, policy: String, setup: String
  ) throws {
    func file(_ name: String) -> String { fixture.folder.file(name) }
    let next = try fixture.model("next.safetensors", drift: 0.02)
    let common = [
      "--backend", "kzg", "--setup", file("setup"), "--identity", file("id.json"), "--policy", policy, "-q",
    ]
    func link(_ name: String, _ from: String, _ to: String, _ more: [String]) throws -> Run {
      try Tool.run(
        ["prove"] + common + ["--base", from, "--tuned", to, "--out", file("\(name).drift"), "--opening"]
          + [file("\(name).secret")] + more)
    }
    let second = try link("e", tuned, next, ["--parent", file("d.drift")])
    #expect(second.exitCode == 0 && second.output.contains("parent "), "\(second.errors)")
    let orphan = try link("f", next, tuned, ["--parent", file("e.drift")])
    #expect(orphan.exitCode == 12 && orphan.errors.contains("--ancestor"), "\(orphan.errors)")
    let third = try link("f", next, tuned, ["--parent", file("e.drift"), "--ancestor", file("d.drift"), "--json"])
    #expect(third.exitCode == 0, "\(third.errors)")

    let trust = ["--base-identity", file("id.json"), "--setup", setup, "-q"]
    let alone = try Tool.run(["verify", file("e.drift"), "--policy", policy] + trust)
    #expect(alone.exitCode == 12 && alone.errors.contains("chain verify"), "\(alone.errors)")
    let chain = ["chain", "verify", file("f.drift"), file("d.drift"), file("e.drift")]
    let verified = try Tool.run(chain + ["--policy", policy] + trust)
    #expect(verified.exitCode == 0 && verified.output.contains("CHAIN VERIFIED"), "\(verified.errors)")
    #expect(verified.output.contains("link 3 from link 2") && verified.output.contains("best known attacks"))
    let json = try Tool.run(chain + ["--policy", policy, "--json"] + trust).json()
    #expect((json["links"] as? [[String: Any]])?.compactMap { $0["depth"] as? Int } == [1, 2, 3])
    // The policies inside permit nothing.
    let own = try Tool.run(chain + trust)
    #expect(own.exitCode == 12 && own.errors.contains("permits no assumption"), "\(own.errors)")
    #expect(try Tool.run(chain + trust + ["--assume", "bls12-381"]).exitCode == 0)
    let cumulative = try Tool.run(chain + ["--policy", policy, "--cumulative", policy] + trust)
    #expect(cumulative.exitCode == 10 && cumulative.errors.contains("add up to"), "\(cumulative.errors)")
    let missing = try Tool.run(["chain", "verify", file("d.drift"), file("f.drift"), "--policy", policy] + trust)
    #expect(missing.exitCode == 12 && missing.errors.contains("not among those given"), "\(missing.errors)")

    let check = ["check", file("d.drift"), "--setup", file("setup"), "--identity", file("id.json"), "-q"]
    let checked = try Tool.run(check + ["--base", base, "--tuned", tuned, "--opening", file("r.secret")])
    #expect(checked.exitCode == 0 && checked.output.contains("exactly these two checkpoints"), "\(checked.errors)")
    let another = try Tool.run(check + ["--base", base, "--tuned", next, "--opening", file("r.secret")])
    #expect(another.exitCode == 12 && another.errors.contains("another tuned model"), "\(another.errors)")
    let stranger = try Tool.run(check + ["--base", base, "--tuned", tuned, "--opening", file("e.secret")])
    #expect(stranger.exitCode == 12 && stranger.errors.contains("belongs to another certificate"))
    let ofLink = try Tool.run(
      ["check", file("f.drift"), "--setup", file("setup"), "--identity", file("id.json"), "-q", "--base", next]
        + ["--tuned", tuned, "--opening", file("f.secret"), "--parent", file("e.drift"), "--ancestor", file("d.drift")])
    #expect(ofLink.exitCode == 0 && ofLink.output.contains("exactly the change between"), "\(ofLink.errors)")

    let page = ["report", file("d.drift"), "-o", file("page.html")] + trust
    #expect(try Tool.run(page + ["--policy", policy]).exitCode == 0)
    let html = try String(contentsOfFile: file("page.html"), encoding: .utf8)
    for words in [
      "Verified, by assumption", "q-DLOG in the algebraic group model", "by the policy.", "Who knows its secret",
    ] {
      #expect(html.contains(words), "\(words)")
    }
    // The page of a certificate's own policy needs the reader's word, and says why there is none.
    #expect(try Tool.run(page).exitCode == 12)
    #expect(try String(contentsOfFile: file("page.html"), encoding: .utf8).contains("permits no assumption"))
  }
}
