// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Links and chains as a user makes and verifies them.
@Suite(.serialized)
struct ChainTests {
  /// Models M0, M1, M2 of two tensors, the identity of M0, and two policies.
  private struct Case {
    let folder: TemporaryFolder
    let models: [String]
    let identity: String

    init() throws {
      let folder = try TemporaryFolder()
      let weights = (0..<64).map { Float($0) / 64 }
      let bias = [1, 2, 3, 4] as [Float]
      models = try [(0.0, 0.0), (0.125, 0), (0.25, 0.5)].enumerated().map { index, step in
        try folder.checkpoint(
          "m\(index).safetensors",
          [
            ("a.bias", [4], bias.map { $0 + Float(step.1) }), ("a.weight", [8, 8], weights.map { $0 + Float(step.0) }),
          ])
      }
      self.folder = folder
      identity = folder.file("m0.identity.json")
      #expect(try Tool.run("identify", models[0], "-o", identity, "--quiet").exitCode == 0)
      try policy("one", weight: 2, bias: "\"frozen\"")
      try policy("two", weight: 1.5, bias: "{\"norm\": {\"absolute\": 1}}")
      try policy("sum", weight: 3.51, bias: "{\"norm\": {\"absolute\": 1.01}}")
      try policy("less", weight: 3.49, bias: "{\"norm\": {\"absolute\": 1.01}}")
    }

    func policy(_ name: String, weight: Double, bias: String) throws {
      try write(
        """
        {"driftPolicy": 1, "name": "\(name)", "securityBits": 128, "rules": [
          {"tensors": "*.weight", "allow": {"norm": {"absolute": \(weight)}}}, {"tensors": "*", "allow": \(bias)}]}
        """, to: file("\(name).json"))
    }

    func write(_ text: String, to path: String) throws { try Data(text.utf8).write(to: URL(fileURLWithPath: path)) }

    func file(_ name: String) -> String { folder.file(name) }

    func prove(_ link: Int, _ more: [String] = []) throws -> Run {
      try Tool.run(
        [
          "prove", "--base", models[link - 1], "--tuned", models[link], "--policy",
          file(link == 1 ? "one.json" : "two.json"), "--out", file("\(link).drift"), "--opening",
          file("\(link).secret"),
        ] + more)
    }

    func proveBoth() throws {
      #expect(try prove(1).exitCode == 0)
      let run = try prove(2, ["--parent", file("1.drift"), "--identity", identity])
      #expect(run.exitCode == 0 && run.output.hasPrefix("PROVED"), "\(run.errors)")
      #expect(run.output.contains("RELATIVE TO A PARENT") && run.output.contains("NOT FROM THE BASE"))
    }

    func verify(_ more: [String] = [], files: [String] = ["2.drift", "1.drift"]) throws -> Run {
      try Tool.run(["chain", "verify"] + files.map(file) + ["--base-identity", identity] + more)
    }
  }

  @Test func aChain() throws {
    let chain = try Case()
    try chain.proveBoth()
    let open = try chain.verify()
    #expect(open.exitCode == 0, "\(open.errors)")
    #expect(open.output.contains("2 links") && open.output.contains("NOT GIVEN") && open.output.contains("NOT LIMITED"))
    // Policies in the order of the certificates, by one option or several.
    let (one, two) = (chain.file("one.json"), chain.file("two.json"))
    let run = try chain.verify(["--policy", two, one, "--json"])
    #expect(run.exitCode == 0, "\(run.errors)")
    let json = try run.json()
    let links = try #require(json["links"] as? [[String: Any]])
    #expect(json["verified"] as? Bool == true && links.count == 2)
    #expect(links.map { $0["certificate"] as? String } == [chain.file("1.drift"), chain.file("2.drift")])
    #expect(links[1]["parent"] as? String == links[0]["tunedCommitment"] as? String)
    #expect(links[0]["parent"] is NSNull && links.allSatisfy { $0["policyGiven"] as? Bool == true })
    #expect((links[1]["driftFromBase"] as? Double).map { $0 > 3.6 && $0 < 3.7 } == true)
    #expect(((links[1]["report"] as? [String: Any])?["policyName"] as? String) == "two")
    #expect(try chain.verify(["--policy", two, "--policy=\(one)"]).exitCode == 0)
    #expect(try chain.verify(["--policy", one, two]).exitCode == 12)
    #expect(try chain.verify(["--policy", one]).exitCode == 12)
    let three = try chain.verify(["--policy", one, two, two])
    #expect(three.exitCode == 2 && three.errors.contains("3 policies for 2 certificates"))
  }

  @Test func whatBreaksAChain() throws {
    let chain = try Case()
    try chain.proveBoth()
    let alone = try chain.verify(files: ["2.drift"])
    #expect(alone.exitCode == 12 && alone.errors.contains("is not among those given"))
    #expect(try chain.verify(files: ["1.drift", "2.drift", "2.drift"]).exitCode == 2)
    #expect(try Tool.run("chain", "verify", "--base-identity", chain.identity).exitCode == 2)
    #expect(try Tool.run("chain").exitCode == 2)

    let sum = try chain.verify(["--cumulative", chain.file("sum.json")])
    #expect(sum.exitCode == 0 && sum.output.contains("holds at every link"), "\(sum.errors)")
    let less = try chain.verify(["--cumulative", chain.file("less.json"), "--json"])
    #expect(less.exitCode == 10 && less.errors.contains("add up to a norm of 3.5"))
    let json = try less.json()
    #expect(json["exitCode"] as? Int == 10 && (json["links"] as? [Any])?.count == 2)
    #expect((json["failures"] as? [String])?.first?.hasPrefix(chain.file("2.drift")) == true)

    let commitment = try #require(
      (try chain.verify(["--json"]).json()["links"] as? [[String: Any]])?.first?["tunedCommitment"] as? String)
    let list = chain.file("revoked.json")
    try chain.write(
      """
      {"driftRevocations": 1, "revoked": [
        {"commitment": "\(commitment)", "reason": "poisoned data", "date": "2026-03-01T12:30:00Z"}]}
      """, to: list)
    let revoked = try chain.verify(["--revoked", list])
    #expect(revoked.exitCode == 15 && revoked.errors.contains("poisoned data"))
    #expect(revoked.errors.contains("from which it descends"))
    try chain.write("{\"driftRevocations\": 1, \"revoked\": [{}]}", to: list)
    let broken = try chain.verify(["--revoked", list])
    #expect(broken.exitCode == 1 && broken.errors.contains("$.revoked[0]"))

    var bytes = try Data(contentsOf: URL(fileURLWithPath: chain.file("1.drift")))
    bytes[bytes.count / 2] ^= 1
    try bytes.write(to: URL(fileURLWithPath: chain.file("1.drift")))
    let damaged = try chain.verify()
    #expect(damaged.exitCode == 11 && damaged.errors.contains("2 of 2 links"))
    // Nor is it a parent any more.
    let refused = try chain.prove(2, ["--parent", chain.file("1.drift"), "--identity", chain.identity])
    #expect(refused.exitCode == 11 && refused.errors.contains("1.drift"))
  }

  @Test func aLinkByItself() throws {
    let chain = try Case()
    try chain.proveBoth()
    func verify(_ more: String...) throws -> Run {
      try Tool.run(
        ["verify", chain.file("2.drift"), "--base-identity", chain.identity, "--policy", chain.file("two.json")] + more)
    }
    let bare = try verify()
    #expect(bare.exitCode == 12 && bare.errors.contains("is a link of a chain"))
    let byFile = try verify("--parent", chain.file("1.drift"))
    #expect(byFile.exitCode == 0 && byFile.output.contains("RELATIVE TO A PARENT"), "\(byFile.errors)")
    let parent = try #require(try verify("--parent", chain.file("1.drift"), "--json").json()["parent"] as? String)
    #expect(try verify("--parent", parent).exitCode == 0)
    #expect(try verify("--parent", String(repeating: "0", count: 64)).exitCode == 12)
    #expect(try verify("--parent", chain.file("one.json")).exitCode == 11)
    #expect(try verify("--parent", chain.file("nothing")).exitCode == 1)

    let arguments = [
      "check", chain.file("2.drift"), "--base", chain.models[1], "--tuned", chain.models[2], "--opening",
      chain.file("2.secret"), "--quiet",
    ]
    #expect(try Tool.run(arguments).exitCode == 12)
    let checked = try Tool.run(arguments + ["--identity", chain.identity])
    #expect(
      checked.exitCode == 0 && checked.output.contains("a check of the parent's certificate"), "\(checked.errors)")

    let missing = try chain.prove(2, ["--parent", chain.file("1.drift")])
    #expect(missing.exitCode == 2 && missing.errors.contains("--parent needs --identity"))
    let forecast = try chain.prove(
      2, ["--parent", chain.file("1.drift"), "--identity", chain.identity, "--dry-run", "--json"])
    #expect(try forecast.exitCode == 0 && forecast.json()["certifiedParameters"] as? Int == 68)
  }

  /// The statement about a link; its files are checked with the identity of the chain's base.
  @Test func attestsALink() throws {
    let chain = try Case()
    try chain.proveBoth()
    let key = Repository.fixture("attestation")
    let attest = [
      "attest", chain.file("2.drift"), "--key", key.appendingPathComponent("ed25519.pem").path, "-o",
      chain.file("a.jsonl"), "--tuned", chain.models[2], "--base", chain.models[1], "--opening",
      chain.file("2.secret"),
    ]
    #expect(try Tool.run(attest).exitCode == 12)
    let run = try Tool.run(attest + ["--base-identity", chain.identity])
    #expect(run.exitCode == 0 && run.output.contains("relative to the parent"), "\(run.errors)")
    let verified = try Tool.run(
      "verify", chain.file("2.drift"), "--base-identity", chain.identity, "--policy", chain.file("two.json"),
      "--parent", chain.file("1.drift"), "--attestation", chain.file("a.jsonl"), "--public-key",
      key.appendingPathComponent("ed25519.pub.pem").path)
    #expect(verified.exitCode == 0 && verified.output.contains("relative to the parent"), "\(verified.errors)")
  }
}
