// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Bundles of audits as people make, send and check them. Skipped without Python.
@Suite(.serialized, .enabled(if: AuditSession.hasPython, "needs python3"))
struct AuditBundleTests {
  private let session: AuditSession
  private let keys = Repository.fixture("attestation")

  init() throws { session = try AuditSession() }

  private func key(_ name: String) -> String { keys.appendingPathComponent(name).path }

  private func bundle(_ output: String, candidate: String = "cand", _ options: String...) throws -> Run {
    try Tool.run(
      [
        "audit", "bundle", session.planPath, "--key", session.key, session.file("ref"), session.file(candidate),
        "--sign",
        key("ed25519.pem"), "-o", session.file(output), "--json",
      ] + options)
  }

  private func verify(_ bundle: String, _ options: String..., signer: String = "ed25519") throws -> Run {
    try Tool.run(
      ["audit", "verify", session.file(bundle), "--public-key", key(signer + ".pub.pem"), "--json"] + options)
  }

  private func audit(_ behaviour: String, _ plan: [String] = [], queries: String = "90") throws {
    let planned = try Tool.run(
      [
        "audit", "plan", "--mode", "quick", "--endpoint", "local", "--model-name", "m", "-o", session.planPath, "--key",
        session.key,
      ] + plan)
    #expect(planned.exitCode == 0, "\(planned.errors)")
    #expect(try session.record("--queries", queries).exitCode == 0)
    _ = try session.run("--serve", session.server(behaviour), out: "cand")
  }

  @Test func aBundleIsVerifiedByWhoHasOnlyItAndTheKey() throws {
    try audit("other", ["--beacon-source", "drand round 1"])
    let made = try bundle("audit.tar")
    #expect(made.exitCode == 0, "\(made.errors)")
    #expect(made.errors.contains("reveals the key"))
    let run = try verify("audit.tar")
    #expect(run.exitCode == 20, "\(run.errors)")
    let object = try run.json()
    #expect(object["verdict"] as? String == "DIFFERENT" && object["recomputed"] as? Bool == true)
    #expect(object["binding"] as? String == "recorded" && object["exitCode"] as? Int == 20)
    #expect((object["audit"] as? [String: Any])?["verdict"] as? String == "DIFFERENT")
    // A gate that wants this verdict, and ones that want others.
    #expect(try verify("audit.tar", "--expect", "DIFFERENT").exitCode == 0)
    #expect(try verify("audit.tar", "--expect", "SAME").exitCode == 20)
    #expect(try verify("audit.tar", "--expect", "maybe").exitCode == 2)
    #expect(try verify("audit.tar", signer: "p256").exitCode == 11)
    // The plan that was published.
    let digest = try #require(object["plan"] as? String)
    #expect(try verify("audit.tar", "--plan", digest).exitCode == 20)
    #expect(try verify("audit.tar", "--plan", session.planPath).exitCode == 20)
    #expect(try verify("audit.tar", "--plan", String(repeating: "0", count: 64)).exitCode == 12)
    // What the plan does not name.
    #expect(try verify("audit.tar", "--certificate", session.planPath).exitCode == 12)
    #expect(try verify("audit.tar", "--model", session.folder.path).exitCode == 12)
    #expect(try verify("audit.tar", "--base-identity", session.planPath).exitCode == 12)
    let words = try Tool.run(
      "audit", "verify", session.file("audit.tar"), "--public-key", key("ed25519.pub.pem"))
    #expect(words.output.hasPrefix("VERIFIED    recomputed"))
    #expect(words.output.contains("NO BEACON") && words.output.contains("recorded, whatever answered"))
    // Other tools read it.
    let list = try Tool.run(
      executable: URL(fileURLWithPath: "/usr/bin/env"),
      ["python3", "-c", "import tarfile,sys;print(tarfile.open(sys.argv[1]).getnames())", session.file("audit.tar")])
    #expect(
      list.output
        == "['plan.json', 'reference.ndjson', 'candidate.ndjson', 'result.json', 'attestation.intoto.jsonl']\n")
    var bytes = try Data(contentsOf: URL(fileURLWithPath: session.file("audit.tar")))
    bytes[bytes.count / 2] ^= 1
    try bytes.write(to: URL(fileURLWithPath: session.file("changed.tar")))
    #expect(try verify("changed.tar").exitCode == 11)
    #expect(try verify("ref").exitCode == 11)
  }

  @Test func aReportIsMadeOfABundle() throws {
    try audit("other", queries: "20")
    #expect(try bundle("audit.tar").exitCode == 0)
    func report(_ bundle: String, _ options: String...) throws -> Run {
      try Tool.run(["report", session.file(bundle), "--out", session.file("page.html"), "--json"] + options)
    }
    let run = try report("audit.tar", "--public-key", key("ed25519.pub.pem"))
    #expect(run.exitCode == 0, "\(run.errors)")
    #expect(try run.json()["verdict"] as? String == "DIFFERENT" && run.json()["verified"] as? Bool == true)
    let page = try String(contentsOfFile: session.file("page.html"), encoding: .utf8)
    #expect(page.contains("What DIFFERENT means") && page.contains("default-src &#39;none&#39;"))
    let stranger = try report("audit.tar", "--public-key", key("p256.pub.pem"))
    #expect(stranger.exitCode == 11)
    #expect(try stranger.json()["verified"] as? Bool == false)
    let failed = try String(contentsOfFile: session.file("page.html"), encoding: .utf8)
    #expect(failed.contains("Not verified") && !failed.contains("DIFFERENT"))
    #expect(try report("audit.tar").exitCode == 2)
    #expect(try report("audit.tar", "--base-identity", session.planPath).exitCode == 2)
    #expect(
      try report("audit.tar", "--public-key", key("ed25519.pub.pem"), "--policy", session.planPath).exitCode == 2)
    // Certificates need their base's identity as before.
    let missing = try report("ref")
    #expect(missing.exitCode == 2 && missing.errors.contains("--base-identity FILE is missing"))
  }

  @Test func aMarginIsCalibrated() throws {
    try audit("", ["--margin", "0.5"])
    func calibrate(_ honest: String, _ output: String = "calibration.json") throws -> Run {
      try Tool.run(
        "audit", "calibrate", "--plan", session.planPath, "--reference", session.file("ref"), "--honest",
        session.file(honest), session.file(honest), "-o", session.file(output), "--json")
    }
    let run = try calibrate("cand")
    #expect(run.exitCode == 0, "\(run.errors)")
    #expect(try run.json()["margin"] as? Double == 0.002)
    #expect(try calibrate("cand").exitCode == 1)
    #expect(try calibrate("ref", "other.json").exitCode == 12 || calibrate("ref", "other.json").exitCode == 11)
    let folder = try AuditSession()
    func plan(_ options: String...) throws -> Run {
      try folder.plan(["--calibration", session.file("calibration.json")] + options)
    }
    #expect(try plan("--margin", "0.1").exitCode == 2)
    #expect(try plan("--score", "text").exitCode == 12)
    let planned = try plan()
    #expect(planned.exitCode == 0 && planned.output.contains("mean distance below 0.002 nats"), "\(planned.errors)")
    _ = try session.run("--serve", session.server("other"), out: "far")
    let far = try calibrate("far", "far.json")
    #expect(far.exitCode == 1 && far.errors.contains("wide margin"))
  }

  @Test func whatIsWithheldIsNotRecomputed() throws {
    try audit("")
    try proves()
    #expect(try bundle("audit.tar", candidate: "cand", "--withhold").exitCode == 0)
    let run = try verify("audit.tar")
    #expect(run.exitCode == 21)
    #expect(try run.json()["recomputed"] as? Bool == false)
    #expect(try verify("audit.tar", "--accept-withheld").exitCode == 0)
    #expect(try verify("audit.tar", "--expect", "SAME").exitCode == 21)
    #expect(try verify("audit.tar", "--accept-withheld", "--expect", "SAME").exitCode == 0)
    // SAME where DIFFERENT was demanded is no success.
    #expect(try verify("audit.tar", "--accept-withheld", "--expect", "DIFFERENT").exitCode == 12)
    func open(_ records: String) throws -> Run {
      try Tool.run(
        "audit", "open", session.planPath, "--key", session.key, session.file("ref"), session.file("cand"), "--records",
        records, "-o", session.file("opened.json"))
    }
    #expect(try open("3,17,40").exitCode == 0)
    let opened = try verify("audit.tar", "--opened", session.file("opened.json"), "--records", "17,3")
    #expect(opened.exitCode == 21)
    #expect(try opened.json()["opened"] as? [Int] == [3, 17, 40])
    let lacking = try verify("audit.tar", "--opened", session.file("opened.json"), "--records", "4")
    #expect(lacking.exitCode == 11 && lacking.errors.contains("record 4, which was asked for"))
    let text = try String(contentsOfFile: session.file("opened.json"), encoding: .utf8)
    try text.replacing("\"i\":17", with: "\"i\":18").write(
      toFile: session.file("moved.json"), atomically: true, encoding: .utf8)
    #expect(try verify("audit.tar", "--opened", session.file("moved.json")).exitCode == 11)
    #expect(try open("3,x").exitCode == 2)
    #expect(try open("9000").exitCode == 1)
    #expect(try verify("audit.tar", "--records", "3").exitCode == 2)
  }

  /// From a certificate to the audit of the model that it is about.
  @Test func theCertificateOfThePlanIsChecked() throws {
    let folder = session.folder
    let weights = (0..<64).map { Float($0) / 64 }
    for name in ["base", "tuned", "other"] {
      try FileManager.default.createDirectory(atPath: folder.file(name), withIntermediateDirectories: true)
      let drift: Float = name == "base" ? 0 : name == "tuned" ? 0.125 : 0.0625
      let shape = name == "other" ? [4, 16] : [8, 8]
      _ = try folder.checkpoint("\(name)/model.safetensors", [("a.weight", shape, weights.map { $0 + drift })])
    }
    try Data(
      """
      {"driftPolicy": 1, "name": "small", "securityBits": 128, "rules": [
        {"tensors": "*", "allow": {"norm": {"absolute": 2}}}]}
      """.utf8
    ).write(to: URL(fileURLWithPath: folder.file("policy.json")))
    let (certificate, identity) = (folder.file("tuned.drift"), folder.file("base.json"))
    #expect(try Tool.run("identify", folder.file("base"), "-o", identity).exitCode == 0)
    #expect(
      try Tool.run(
        "prove", "--base", folder.file("base"), "--tuned", folder.file("tuned"), "--policy", folder.file("policy.json"),
        "--out", certificate, "--opening", folder.file("secret")
      ).exitCode == 0)
    func plan(_ options: String...) throws -> Run { try session.plan(options) }
    // No certificate, and one of another model's shapes.
    #expect(try plan("--certificate", folder.file("policy.json")).exitCode == 11)
    #expect(try plan("--certificate", certificate, "--model", folder.file("other")).exitCode == 12)
    try audit("", ["--certificate", certificate, "--model", folder.file("tuned")])

    #expect(try bundle("none.tar").exitCode == 2)
    #expect(try bundle("none.tar", candidate: "cand", "--certificate", folder.file("policy.json")).exitCode == 12)
    #expect(
      try bundle("none.tar", candidate: "cand", "--certificate", certificate, "--model", folder.file("base")).exitCode
        == 12)
    let declared = try bundle("declared.tar", candidate: "cand", "--certificate", certificate)
    #expect(declared.exitCode == 0, "\(declared.errors)")
    #expect(try verify("declared.tar").json()["binding"] as? String == "declared")
    #expect(try verify("declared.tar").json()["certificateVerified"] as? Bool == false)
    let checked = try bundle(
      "checked.tar", candidate: "cand", "--certificate", certificate, "--model", folder.file("tuned"), "--base",
      folder.file("base"), "--opening", folder.file("secret"), "--base-identity", identity, "--policy",
      folder.file("policy.json"))
    #expect(checked.exitCode == 0, "\(checked.errors)")
    let run = try verify(
      "checked.tar", "--certificate", certificate, "--base-identity", identity, "--policy", folder.file("policy.json"),
      "--model", folder.file("tuned"))
    #expect(run.exitCode == 0, "\(run.errors)")
    #expect(try run.json()["binding"] as? String == "checked")
    #expect(try run.json()["certificateVerified"] as? Bool == true)
    #expect(try verify("checked.tar", "--model", folder.file("base")).exitCode == 12)
    #expect(try verify("checked.tar", "--certificate", identity).exitCode == 12)
    // Another base's identity.
    #expect(try Tool.run("identify", folder.file("tuned"), "-o", folder.file("tuned.json")).exitCode == 0)
    #expect(try verify("declared.tar", "--base-identity", folder.file("tuned.json")).exitCode == 12)
    #expect(
      try bundle(
        "none.tar", candidate: "cand", "--certificate", certificate, "--base-identity", folder.file("tuned.json")
      ).exitCode == 12)
  }

  /// The same audit without its scores, and a bundle that confirms it later.
  private func proves() throws {
    func prove(_ candidate: String, _ output: String) throws -> Run {
      try Tool.run(
        "audit", "prove", session.planPath, "--key", session.key, session.file("ref"), session.file(candidate),
        "--sign",
        key("ed25519.pem"), "-o", session.file(output), "--json")
    }
    let made = try prove("cand", "audit.decision")
    #expect(made.exitCode == 0, "\(made.errors)")
    let facts = try made.json()
    #expect(facts["verdict"] as? String == "SAME" && facts["requests"] as? Int == 88 && facts["far"] as? Int == 0)
    let run = try verify("audit.decision", "--zero-knowledge")
    #expect(run.exitCode == 0, "\(run.errors)")
    let object = try run.json()
    #expect(object["scores"] as? String == facts["scores"] as? String && object["verified"] as? Bool == true)
    #expect((object["securityBits"] as? Double ?? 0) >= 128)
    #expect(try verify("audit.decision", "--zero-knowledge", "--plan", session.planPath).exitCode == 0)
    #expect(
      try verify("audit.decision", "--zero-knowledge", "--plan", String(repeating: "0", count: 64)).exitCode == 12)
    #expect(try verify("audit.decision", "--zero-knowledge", "--expect", "DIFFERENT").exitCode == 12)
    #expect(try verify("audit.decision", "--zero-knowledge", signer: "p256").exitCode == 11)
    #expect(try verify("audit.decision").exitCode == 11)
    #expect(try verify("ref", "--zero-knowledge").exitCode == 11)
    for option in ["--accept-withheld", "--model=x", "--decision=x"] {
      #expect(try verify("audit.decision", "--zero-knowledge", option).exitCode == 2)
    }
    #expect(try verify("audit.decision", "--soundness").exitCode == 2)
    let words = try Tool.run(
      "audit", "verify", session.file("audit.decision"), "--public-key", key("ed25519.pub.pem"), "--zero-knowledge",
      "--soundness")
    #expect(words.output.hasPrefix("VERIFIED    SAME, in zero knowledge") && words.output.contains("bits  projections"))
    #expect(words.output.contains("on the word of whoever signed"))
    try forecastsAndReports(facts)
    // The bundle that reveals the key.
    #expect(try bundle("open.tar").exitCode == 0)
    let confirmed = try verify("open.tar", "--decision", session.file("audit.decision"))
    #expect(confirmed.exitCode == 0, "\(confirmed.errors)")
    #expect(try confirmed.json()["decision"] as? String == facts["scores"] as? String)
    // An audit that says something else.
    _ = try session.run("--serve", session.server("other"), out: "far")
    #expect(try prove("far", "far.decision").exitCode == 20)
    #expect(!FileManager.default.fileExists(atPath: session.file("far.decision")))
    #expect(try forecast("far").exitCode == 20)
  }

  private func forecast(_ candidate: String) throws -> Run {
    try Tool.run(
      "audit", "prove", session.planPath, "--key", session.key, session.file("ref"), session.file(candidate),
      "--dry-run", "--json")
  }

  /// What it would cost, without a key that signs; and the page about what was made.
  private func forecastsAndReports(_ made: [String: Any]) throws {
    let run = try forecast("cand")
    let found = try run.json()
    #expect(run.exitCode == 0 && found["dryRun"] as? Bool == true, "\(run.errors)")
    #expect(found["requests"] as? Int == 88 && found["far"] as? Int == 0 && found["below"] as? Int == 500)
    let (predicted, actual) = (found["bytes"] as? Int ?? 0, made["bytes"] as? Int ?? 0)
    // So few positions in so small trees that paths share more than the estimate takes for granted.
    #expect(predicted * 10 > 9 * actual && predicted * 100 < 130 * actual, "\(predicted) \(actual)")
    #expect((found["seconds"] as? Double ?? 0) > 0 && (found["peakMemoryBytes"] as? Int ?? 0) > 10 << 20)
    let page = session.file("decision.html")
    func report(_ signer: String) throws -> Run {
      try Tool.run(
        "report", session.file("audit.decision"), "--public-key", key(signer + ".pub.pem"), "-o", page, "--json")
    }
    let reported = try report("ed25519")
    #expect(reported.exitCode == 0, "\(reported.errors)")
    #expect(try reported.json()["scores"] as? String == made["scores"] as? String)
    #expect(try String(contentsOfFile: page, encoding: .utf8).contains("SAME, in zero knowledge"))
    #expect(try report("p256").exitCode == 11)
    #expect(try String(contentsOfFile: page, encoding: .utf8).contains("Not verified"))
    #expect(try Tool.run("report", session.file("audit.decision"), "-o", page).exitCode == 2)
  }
}
