// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// attest, and verify with an attestation, as programs on one small certificate.
@Suite(.serialized)
struct AttestTests {
  /// One certificate with everything that belongs to it, proved once.
  private final class Case: Sendable {
    static let shared = Result { try Case() }
    static let keys = Repository.fixture("attestation")

    let folder: TemporaryFolder
    let base, tuned, certificate, opening, identity, policy: String

    init() throws {
      folder = try TemporaryFolder()
      let weights = (0..<64).map { Float($0) / 64 }
      for name in ["base", "tuned", "other", "reshaped"] {
        try FileManager.default.createDirectory(atPath: folder.file(name), withIntermediateDirectories: true)
        let drift: Float = name == "base" ? 0 : name == "tuned" ? 0.125 : 0.0625
        let shape = name == "reshaped" ? [4, 16] : [8, 8]
        _ = try folder.checkpoint("\(name)/model.safetensors", [("a.weight", shape, weights.map { $0 + drift })])
        try Data("{}".utf8).write(to: URL(fileURLWithPath: folder.file("\(name)/config.json")))
      }
      (base, tuned) = (folder.file("base"), folder.file("tuned"))
      (certificate, opening) = (folder.file("tuned.drift"), folder.file("tuned.secret"))
      (identity, policy) = (folder.file("base.json"), folder.file("policy.json"))
      try Data(
        """
        {"driftPolicy": 1, "name": "small", "securityBits": 128, "rules": [
          {"tensors": "*", "allow": {"norm": {"absolute": 2}}}]}
        """.utf8
      ).write(to: URL(fileURLWithPath: policy))
      #expect(try Tool.run("identify", base, "-o", identity).exitCode == 0)
      let proved = try Tool.run(
        "prove", "--base", base, "--tuned", tuned, "--policy", policy, "--out", certificate, "--opening", opening)
      #expect(proved.exitCode == 0, "\(proved.errors)")
    }

    func key(_ name: String) -> String { Self.keys.appendingPathComponent(name).path }

    func attest(_ output: String, key name: String = "ed25519", _ more: String...) throws -> Run {
      try Tool.run(["attest", certificate, "--key", key(name + ".pem"), "--out", folder.file(output)] + more)
    }

    func verify(_ attestation: String, key name: String = "ed25519", _ more: String...) throws -> Run {
      try Tool.run(
        [
          "verify", certificate, "--base-identity", identity, "--policy", policy, "--attestation",
          folder.file(attestation), "--public-key", key(name + ".pub.pem"), "--json",
        ] + more)
    }

    /// The signed statement.
    func statement(_ attestation: String) throws -> [String: Any] {
      let line = try Data(contentsOf: URL(fileURLWithPath: folder.file(attestation)))
      let envelope = try JSONSerialization.jsonObject(with: line) as? [String: Any]
      let text = try #require(envelope?["payload"] as? String)
      let payload = try #require(Data(base64Encoded: text))
      let object = try JSONSerialization.jsonObject(with: payload)
      return try #require(object as? [String: Any])
    }

    /// The statement's subject's digests.
    func subject(_ attestation: String) throws -> [String: String] {
      let subjects = try statement(attestation)["subject"] as? [[String: Any]]
      return try #require(subjects?.first?["digest"] as? [String: String])
    }
  }

  @Test(arguments: ["ed25519", "p256"])
  func attestsAndVerifies(_ name: String) throws {
    let pair = try Case.shared.get()
    let output = "\(name).intoto.jsonl"
    let run = try pair.attest(
      output, key: name, "--tuned", pair.tuned, "--relation", "merge", "--base-uri", "pkg:huggingface/org/base@1",
      "--prover", "ci", "--proved-at", "2026-03-01T12:30:00Z", "--base-identity", pair.identity, "--json")
    #expect(run.exitCode == 0, "\(run.errors)")
    let digest = try #require(try Tool.run("digest", pair.tuned, "--json").json()["modelDigest"] as? String)
    #expect(try pair.subject(output)["sha256"] == digest)

    let verified = try pair.verify(output, key: name, "--tuned", pair.tuned)
    #expect(verified.exitCode == 0, "\(verified.errors)")
    let object = try verified.json()
    #expect(object["verified"] as? Bool == true)
    let report = try #require(object["attestation"] as? [String: Any])
    #expect(report["subject"] as? String == "tuned" && report["modelDigest"] as? String == digest)
    #expect(report["relation"] as? String == "merge" && report["prover"] as? String == "ci")
    #expect(report["provedAt"] as? String == "2026-03-01T12:30:00Z")
    #expect(report["baseURI"] as? String == "pkg:huggingface/org/base@1")
    #expect(report["subjectBinding"] as? String == "declared")
    #expect(object["tunedCommitment"] as? String == (try pair.subject(output)["driftCommitment"]))

    let stranger = try pair.verify(output, key: name == "p256" ? "ed25519" : "p256")
    #expect(stranger.exitCode == 11)
    #expect(try stranger.json()["verified"] as? Bool == false)
    #expect(try pair.verify(output, key: name, "--tuned", pair.base).exitCode == 12)
  }

  /// The shortest command line names no files.
  @Test func attestsTheCommitmentAlone() throws {
    let pair = try Case.shared.get()
    let run = try pair.attest("bare.intoto.jsonl")
    #expect(run.exitCode == 0 && run.output.contains("the subject is the tuned commitment"), "\(run.errors)")
    #expect(try pair.subject("bare.intoto.jsonl").keys.sorted() == ["driftCommitment"])
    #expect(try pair.verify("bare.intoto.jsonl").exitCode == 0)
    let compared = try pair.verify("bare.intoto.jsonl", "--tuned", pair.tuned)
    #expect(compared.exitCode == 12 && compared.errors.contains("no digest of the model's files"))
  }

  @Test func checksTheFilesBeforeSigning() throws {
    let pair = try Case.shared.get()
    func attest(_ output: String, _ tuned: String) throws -> Run {
      try pair.attest(
        output, "--tuned", pair.folder.file(tuned), "--base", pair.base, "--opening", pair.opening, "--json")
    }
    let run = try attest("checked.intoto.jsonl", "tuned")
    #expect(run.exitCode == 0, "\(run.errors)")
    let predicate = try pair.statement("checked.intoto.jsonl")["predicate"] as? [String: Any]
    #expect(predicate?["subjectBinding"] as? String == "checked")
    #expect(try attest("wrong.intoto.jsonl", "other").exitCode == 12)
    // Without base and opening only names, types and shapes can be compared.
    #expect(try pair.attest("declared.intoto.jsonl", "--tuned", pair.folder.file("other")).exitCode == 0)
    #expect(try pair.attest("wrong.intoto.jsonl", "--tuned", pair.folder.file("reshaped")).exitCode == 12)
    #expect(!FileManager.default.fileExists(atPath: pair.folder.file("wrong.intoto.jsonl")))
  }

  @Test func signsNothingThatDoesNotVerify() throws {
    let pair = try Case.shared.get()
    let other = pair.folder.file("other.json")
    #expect(try Tool.run("identify", pair.folder.file("other"), "-o", other).exitCode == 0)
    #expect(try pair.attest("none.jsonl", "--base-identity", other).exitCode == 12)

    var bytes = try Data(contentsOf: URL(fileURLWithPath: pair.certificate))
    bytes[bytes.count - 100] ^= 1
    let damaged = pair.folder.file("damaged.drift")
    try bytes.write(to: URL(fileURLWithPath: damaged))
    let key = pair.key("ed25519.pem")
    let output = pair.folder.file("none.jsonl")
    let run = try Tool.run("attest", damaged, "--key", key, "-o", output, "--base-identity", pair.identity)
    #expect(run.exitCode == 11)
    let policy = try Tool.run("attest", pair.policy, "--key", key, "-o", output)
    #expect(policy.exitCode == 11)
    #expect(!FileManager.default.fileExists(atPath: output))

    // Signed without being verified: the verifier finds out, though signature and digests are right.
    #expect(try Tool.run("attest", damaged, "--key", key, "-o", output).exitCode == 0)
    let verified = try Tool.run(
      "verify", damaged, "--base-identity", pair.identity, "--policy", pair.policy, "--attestation", output,
      "--public-key", pair.key("ed25519.pub.pem"))
    #expect(verified.exitCode == 11 && verified.errors.contains("the certificate is invalid"))
    // And that it is about another certificate.
    #expect(try pair.verify("none.jsonl").exitCode == 12)
  }

  @Test func refusesKeysAndFiles() throws {
    let pair = try Case.shared.get()
    for name in ["rejected/rsa", "rejected/encrypted", "rejected/sec1", "ed25519.pub"] {
      let run = try pair.attest("none2.jsonl", key: name)
      #expect(run.exitCode == 1 && run.errors.contains(name), "\(run.errors)")
    }
    #expect(!FileManager.default.fileExists(atPath: pair.folder.file("none2.jsonl")))
    #expect(try pair.attest("some.jsonl").exitCode == 0)
    #expect(try pair.verify("some.jsonl", key: "rejected/compressed").exitCode == 1)
    #expect(try pair.verify("policy.json").exitCode == 11)
    #expect(try pair.verify("missing.jsonl").exitCode == 1)
    #expect(try pair.attest("no/where.jsonl").exitCode == 1)
  }

  @Test func explainsWrongValues() throws {
    let pair = try Case.shared.get()
    for (arguments, message) in [
      (["--relation", "copy"], "expected one of finetune, adapter, merge, quantized"),
      (["--proved-at", "today"], "expected a time"), (["--base-uri", "org/base"], "expected a URI"),
      (["--base-uri", "pkg:a b"], "expected a URI"),
    ] {
      let run = try Tool.run(
        ["attest", pair.certificate, "--key", pair.key("p256.pem"), "-o", pair.folder.file("none3.jsonl")] + arguments)
      #expect(run.exitCode == 2 && run.errors.contains(message), "\(run.errors)")
    }
    for arguments in [["--attestation", "a"], ["--public-key", "a"], ["--tuned", "a"]] {
      let run = try Tool.run(
        ["verify", pair.certificate, "--base-identity", pair.identity, "--policy", pair.policy] + arguments)
      #expect(run.exitCode == 2, "\(run.errors)")
    }
  }

  @Test func hashesAFolder() throws {
    let pair = try Case.shared.get()
    let run = try Tool.run("digest", pair.tuned)
    #expect(run.exitCode == 0 && run.output.contains("  config.json\n"))
    let object = try Tool.run("digest", pair.tuned, "--ignore", "config.json", "--json").json()
    #expect((object["files"] as? [[String: Any]])?.map { $0["path"] as? String } == ["model.safetensors"])
    let links = pair.folder.file("links")
    try FileManager.default.createDirectory(atPath: links, withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: links + "/config.json", withDestinationPath: pair.tuned + "/config.json")
    let refused = try Tool.run("digest", links)
    #expect(refused.exitCode == 1 && refused.errors.contains("--allow-symlinks"))
    #expect(try Tool.run("digest", links, "--allow-symlinks").exitCode == 0)
  }

  /// The pipeline step of Examples/ci, with the real program.
  @Test func thePipelineStepFailsTheBuild() throws {
    let pair = try Case.shared.get()
    #expect(try pair.attest("ci.intoto.jsonl", "--tuned", pair.tuned).exitCode == 0)
    func step(_ arguments: String...) throws -> Run {
      try PipelineStep.run(arguments, program: Tool.program().path)
    }
    let attestation = [pair.folder.file("ci.intoto.jsonl"), pair.key("ed25519.pub.pem")]
    #expect(try step(pair.certificate, pair.identity, pair.policy).exitCode == 0)
    let full = try step(
      pair.certificate, pair.identity, pair.policy, attestation[0], attestation[1], pair.tuned)
    #expect(full.exitCode == 0, "\(full.errors)")
    let otherModel = try step(pair.certificate, pair.identity, pair.policy, attestation[0], attestation[1], pair.base)
    #expect(otherModel.exitCode == 12 && otherModel.errors.contains("::error"))
    #expect(try step(pair.policy, pair.identity, pair.policy).exitCode == 11)
    #expect(try step(pair.folder.file("missing"), pair.identity, pair.policy).exitCode == 1)
    #expect(try step(pair.certificate, pair.identity).exitCode == 2)
  }
}

enum PipelineStep {
  static func run(_ arguments: [String], program: String) throws -> Run {
    let script = Repository.example("ci/verify-drift")
    return try Tool.run(executable: script, arguments, environment: ["DRIFTPROOF": program])
  }
}
