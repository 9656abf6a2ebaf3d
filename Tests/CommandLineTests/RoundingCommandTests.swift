// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// What `prove`, `verify` and `check` say of rounding bounds, in text and as JSON.
@Suite struct RoundingCommandTests {
  private let folder: TemporaryFolder
  private let base: String
  private let adapter: String
  private let policy: String

  init() throws {
    folder = try TemporaryFolder()
    base = Repository.example("mlp-lora/base").path
    adapter = Repository.example("mlp-lora/adapter").path
    policy = folder.file("policy.json")
    try Data(
      #"""
      { "driftPolicy": 1, "name": "roundings", "securityBits": 128,
        "rules": [
          { "tensors": "fc.0.weight", "allow": [ { "norm": { "relative": 0.6 } }, { "rank": 8, "rounding": { "halfUlps": 1.01 } } ] },
          { "tensors": "fc.5.weight",
            "allow": { "rank": 8, "rounding": { "roundoffs": 1, "of": [ "tuned", "update" ] } } },
          { "tensors": "*", "allow": "any" } ] }
      """#.utf8
    ).write(to: URL(fileURLWithPath: policy))
  }

  private func prove(_ merged: String, _ identity: String, _ more: String...) throws -> Run {
    try Tool.run(
      ["prove", "--base", base, "--tuned", merged, "--identity", identity, "--policy", policy]
        + ["--out", folder.file("c"), "--opening", folder.file("o"), "-q"] + more)
  }

  @Test func linesAndMembers() throws {
    let (merged, identity, cache) = (folder.file("merged"), folder.file("identity.json"), folder.file("cache"))
    #expect(try Tool.run("merge", base, adapter, "--out", merged, "-q").exitCode == 0)
    let linked = try Tool.run("identify", base, "--commit", "--cache", cache, "-o", identity, "--json", "-q")
    let root = try #require(try linked.json()["linkedRoot"] as? String)

    // The base's trees are in the forecast, and cost nothing but their opening where their leaves are kept.
    let dry = try ["", cache].map { cache in
      try Tool.run(
        [
          "prove", "--base", base, "--tuned", merged, "--identity", identity, "--policy", policy, "--dry-run", "--json",
          "-q",
        ]
          + (cache.isEmpty ? [] : ["--cache", cache])
      ).json()
    }
    #expect(dry.allSatisfy { $0["baseRows"] as? Int ?? 0 > 0 })
    // Beside what it costs in both, as each run measures the machine anew.
    let share = dry.map { json -> Double in
      let phases = json["phases"] as? [String: Double] ?? [:]
      return (phases["commitment"] ?? 0) / (phases["opening"] ?? 1)
    }
    #expect(share[1] > 0 && share[1] < share[0], "\(share)")

    // Without the adapter's factors some entries are left, and the refusal says how many, how far and what to do.
    let refused = try prove(merged, identity)
    #expect(refused.exitCode == 10, "\(refused.errors)")
    #expect(refused.errors.contains("tensor fc.0.weight: allowed rank 8") && refused.errors.contains("half-ulps"))
    #expect(refused.errors.contains("prove with the adapter beside the merged model"), "\(refused.errors)")

    let proof = try prove(merged, identity, "--adapter", adapter, "--cache", cache, "--json")
    #expect(proof.exitCode == 0, "\(proof.errors)")
    let proved = try proof.json()
    let bytes = try #require(proved["proofBytes"] as? Int)
    let forecast = try #require(dry[0]["proofBytes"] as? Int)
    // Of random positions in small trees: see `forecastsCountTheBasesTrees`.
    #expect(abs(Double(forecast) / Double(bytes) - 1) < 0.08, "\(forecast) for \(bytes)")
    #expect(proved["baseIdentity"] as? String == root)
    let verify = ["verify", folder.file("c"), "--base-identity", identity, "--policy", policy]
    let verified = try Tool.run(verify + ["--json", "-q"]).json()
    for json in [proved, verified] {
      let rounded = try #require(json["rounded"] as? [[String: Any]])
      #expect(rounded.map { $0["name"] as? String } == ["fc.0.weight", "fc.5.weight"])
      let classes = try #require(rounded[0]["halfUlps"] as? [Double])
      // Falling, from what the floor hides down to the policy's number.
      #expect(classes.count > 3 && zip(classes, classes.dropFirst()).allSatisfy { $0 > $1 })
      #expect(classes[0] > 1.2 && (1.01..<1.02).contains(classes.last ?? 0))
      #expect(rounded[0]["roundoffs"] is NSNull)
      #expect((rounded[1]["halfUlps"] as? [Double])?.isEmpty == true && rounded[1]["roundoffs"] as? Double == 1)
      for tensor in rounded {
        #expect((tensor["floor"] as? Double ?? 0) > 0 && (0..<0.2).contains(tensor["shareBelowFloor"] as? Double ?? 1))
      }
      #expect(json["baseIdentity"] as? String == root && (json["soundness"] as? [[String: Any]])?.count ?? 0 > 10)
    }

    let text = try Tool.run(verify)
    #expect(text.exitCode == 0 && text.output.contains("base identity     \(root)"), "\(text.errors)")
    let lines = text.output.split(separator: "\n").map(String.init)
    let first = try #require(lines.firstIndex { $0.hasPrefix("rounding          2 tensors; half-ulps by size") })
    #expect(
      lines[first + 1].contains("fc.0.weight: 1.") && lines[first + 1].contains("% of the base's weights below it"))
    #expect(lines[first + 2].contains("fc.5.weight: 1 roundoffs; floor "))
    #expect(text.output.contains("NOT COVERED"))

    // The plain identity is another base for this certificate.
    let plain = folder.file("plain.json")
    #expect(try Tool.run("identify", base, "-o", plain, "-q").exitCode == 0)
    let other = try Tool.run("verify", folder.file("c"), "--base-identity", plain, "--policy", policy, "-q")
    #expect(other.exitCode == 13 && other.errors.contains("identify BASE --commit"), "\(other.errors)")
    let check = try Tool.run(
      "check", folder.file("c"), "--base", base, "--tuned", merged, "--opening", folder.file("o"), "-q")
    #expect(check.exitCode == 0 && check.output.contains("rounding          2 tensors"), "\(check.errors)")
  }

  /// calibrate writes the clause where it holds, and says what it needs.
  @Test func calibratedRoundings() throws {
    let (merged, identity, plain) = (folder.file("merged"), folder.file("identity.json"), folder.file("plain.json"))
    #expect(try Tool.run("merge", base, adapter, "--out", merged, "-q").exitCode == 0)
    #expect(try Tool.run("identify", base, "--commit", "-o", identity, "-q").exitCode == 0)
    #expect(try Tool.run("identify", base, "-o", plain, "-q").exitCode == 0)
    let call = ["calibrate", "--base", base, "--runs", merged, "-q"]
    for (more, words) in [
      (["--merged", adapter], "give --identity"), (["--identity", plain], "identify BASE --commit"),
      (["--identity", identity, "--merged", adapter, adapter], "2 adapters for 1 run"),
    ] {
      let run = try Tool.run(call + more)
      #expect(run.exitCode == 2 && run.errors.contains(words), "\(run.errors)")
    }
    let out = folder.file("calibrated.json")
    let run = try Tool.run(call + ["--identity", identity, "--merged", adapter, "--out", out])
    #expect(run.exitCode == 0 && run.output.contains("1.01 half-ulps"), "\(run.errors)")
    let text = try String(contentsOfFile: out, encoding: .utf8)
    #expect(text.contains("\"rounding\": { \"halfUlps\": 1.01 }") && !text.contains("entrywise"))
    let json = try Tool.run(call + ["--entrywise", "--json"]).json()
    let rules = try #require((json["policy"] as? [String: Any])?["rules"] as? [[String: Any]])
    let clauses = rules.compactMap { $0["allow"] as? [[String: Any]] }.flatMap { $0 }
    #expect(clauses.contains { $0["entrywise"] != nil && $0["rank"] != nil })
  }

  /// inspect says which fraction of each weight a change needs.
  @Test func shareOfWeights() throws {
    let tuned = Repository.example("mlp-lora/tuned").path
    let json = try Tool.run("inspect", base, tuned, "--json", "-q").json()
    let tensors = try #require(json["tensors"] as? [[String: Any]])
    let shares = tensors.map { $0["maxShareOfWeight"] as? Double }
    // Of an unchanged tensor 0; of a changed one more than the largest change beside the largest weight.
    for (tensor, share) in zip(tensors, shares) {
      let share = try #require(share)
      let (drift, norm) = (tensor["driftNorm"] as? Double ?? 0, tensor["baseNorm"] as? Double ?? 0)
      #expect(drift == 0 ? share == 0 : share > drift / norm)
    }
  }
}
