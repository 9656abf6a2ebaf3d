// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The releases of Examples/digits: a chain on a page for people, and an adapter, which is no link of one.
@Suite(.serialized)
struct ReleaseLineTests {
  private static let digits = Repository.example("digits").path

  private let folder: TemporaryFolder
  private let identity: String
  private let policy: String

  init() throws {
    folder = try TemporaryFolder()
    identity = folder.file("base.identity.json")
    policy = folder.file("policy.json")
    try #"""
    {"driftPolicy": 1, "name": "digits", "securityBits": 128, "rules": [
      {"tensors": "fc.*.weight", "allow": [{"norm": {"relative": 0.75}}, {"rank": 4, "residual": {"relative": 0.0041}}]},
      {"tensors": "*", "allow": "frozen"}]}
    """#.write(toFile: policy, atomically: true, encoding: .utf8)
    #expect(try Tool.run("identify", Self.digits + "/base", "-o", identity, "--quiet").exitCode == 0)
  }

  private func prove(_ name: String, _ arguments: String...) throws -> Run {
    try Tool.run(
      ["prove", "--quiet", "--policy", policy, "--out", folder.file(name), "--opening", folder.file(name + ".secret")]
        + arguments)
  }

  private func report(_ certificates: String...) throws -> (run: Run, page: String) {
    let page = folder.file("report.html")
    let run = try Tool.run(
      ["report"] + certificates.map(folder.file) + [
        "--base-identity", identity, "--policy", policy, "--out", page, "--json",
      ])
    return (run, try String(contentsOfFile: page, encoding: .utf8))
  }

  @Test func reportOfAChain() throws {
    #expect(
      try prove("1.drift", "--base", Self.digits + "/base", "--tuned", Self.digits + "/release-1").exitCode == 0)
    let second = try prove(
      "2.drift", "--base", Self.digits + "/release-1", "--tuned", Self.digits + "/release-2", "--parent",
      folder.file("1.drift"), "--identity", identity)
    #expect(second.exitCode == 0)

    let (both, page) = try report("2.drift", "1.drift")
    #expect(both.exitCode == 0)
    let links = try #require(try both.json()["certificates"] as? [[String: Any]])
    #expect(links.map { $0["verdict"] as? String } == ["Verified as a link", "Verified"])
    let chain = try #require(links.first?["chain"] as? [String: Any])
    #expect(chain["path"] as? [String] == ["1.drift", "2.drift"])
    // Two links of 75 % of every norm, and a little for precision.
    let (drift, norm) = (try #require(chain["driftFromBase"] as? Double), try #require(chain["baseNorm"] as? Double))
    #expect(drift > 1.49 * norm && drift < 1.51 * norm)
    #expect(links.last?["chain"] is NSNull)
    #expect(page.contains("differs from the model of “1.drift” only as the policy below allows"))
    // What a link leaves alone is its parent's.
    #expect(page.contains("the same as in the model that it continues") && page.contains("the same as in the base"))
    #expect(page.contains("The fine-tuned model is the model that it continues plus a change"))
    #expect(page.contains("driftproof chain verify 1.drift 2.drift --base-identity base.identity.json"))

    // Alone a link says nothing about the base.
    let (alone, warning) = try report("2.drift")
    #expect(alone.exitCode == 12)
    #expect(warning.contains("Not verified: a link without its chain"))
    #expect(!warning.contains("What was proved"))

    // A parent that fails takes the link with it.
    var damaged = try Data(contentsOf: URL(fileURLWithPath: folder.file("1.drift")))
    damaged[damaged.count - 1] ^= 1
    try damaged.write(to: URL(fileURLWithPath: folder.file("1.drift")))
    let (broken, _) = try report("1.drift", "2.drift")
    #expect(broken.exitCode == 11)
    let verdicts = try #require(try broken.json()["certificates"] as? [[String: Any]])
    #expect(
      verdicts.map { $0["verdict"] as? String } == ["Not verified: invalid", "Not verified: a link without its chain"])
  }

  @Test func adaptersAreNoLinks() throws {
    let adapter = ["--adapter", Self.digits + "/release-1-adapter", "--identity", identity]
    #expect(try prove("a.drift", adapter[0], adapter[1], adapter[2], adapter[3]).exitCode == 0)
    #expect(
      try Tool.run("verify", folder.file("a.drift"), "--base-identity", identity, "--policy", policy).exitCode == 0)
    let check = try Tool.run(
      ["check", folder.file("a.drift"), "--opening", folder.file("a.drift.secret")] + adapter)
    #expect(check.exitCode == 0 && check.output.contains("this base and this adapter"))
    let (page, _) = try report("a.drift")
    #expect(page.exitCode == 0)

    let link = try prove(
      "2.drift", "--base", Self.digits + "/release-1", "--tuned", Self.digits + "/release-2", "--parent",
      folder.file("a.drift"), "--identity", identity)
    #expect(link.exitCode == 1 && link.errors.contains("is about an unmerged adapter, whose model no checkpoint is"))
    let chain = try Tool.run("chain", "verify", folder.file("a.drift"), "--base-identity", identity)
    #expect(chain.exitCode == 1)
    #expect((chain.output + chain.errors).contains("an unmerged adapter, which is no link of a chain"))
  }

  @Test func referenceRunsThatAreNotWhatTheyAreSaidToBe() throws {
    func calibrate(_ runs: [String]) throws -> Run {
      try Tool.run(["calibrate", "--json", "--base", Self.digits + "/base"] + runs.flatMap { ["--runs", $0] })
    }
    let (first, second) = (Self.digits + "/runs/1", Self.digits + "/runs/2")
    // A copy counts nothing.
    try FileManager.default.copyItem(atPath: first, toPath: folder.file("copy"))
    let copied = try calibrate([first, folder.file("copy")])
    #expect(copied.exitCode != 0 && copied.output.contains("changed the base exactly as another run did"))
    // One that was tampered with raises the rank of all.
    let mixed = try calibrate([first, second, Self.digits + "/backdoored"])
    let warnings = try #require(try mixed.json()["warnings"] as? [[String: Any]])
    #expect(
      warnings.contains {
        $0["kind"] as? String == "mixedRuns" && ($0["message"] as? String)?.contains("/backdoored") == true
      })
    let honest = try calibrate([first, second])
    let calm = try #require(try honest.json()["warnings"] as? [[String: Any]])
    #expect(!calm.contains { $0["kind"] as? String == "mixedRuns" })
  }

  /// The second release moved so little that rounding is several per cent of its drift.
  @Test(arguments: [("base", "release-1"), ("release-1", "release-2")])
  func inspectSeesTheRankBehindTheRounding(_ before: String, _ after: String) throws {
    let run = try Tool.run("inspect", Self.digits + "/" + before, Self.digits + "/" + after, "--json")
    let tensors = try #require(try run.json()["tensors"] as? [[String: Any]])
    let ranks = tensors.filter { ($0["name"] as? String)?.hasSuffix("weight") == true }.map { $0["rank"] as? Int }
    #expect(ranks == [4, 4, 4, 4])
  }
}
