// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `audit suite`, `audit static` and `audit quote` as people use them. Skipped without Python.
@Suite(.serialized, .enabled(if: AuditSession.hasPython, "needs python3"))
struct AuditSuiteTests {
  private let session: AuditSession

  init() throws { session = try AuditSession() }

  /// A table of what is told apart, from servers of which no two ever run at once: each holds a lock, and ends where another
  /// has it.
  @Test func aSuiteTellsServersApartOneAfterTheOther() throws {
    let alone = "alone=\(session.file("lock"))"
    func server(_ behaviour: String) -> String { session.server("\(alone) \(behaviour)") }
    let run = try Tool.run(
      "audit", "suite", "--reference-serve", server("memory=60"), "--honest-serve", "slower=\(server("shift=2000"))",
      "--candidate-serve", "other=\(server("other memory=90"))", "--candidate-serve", server("plain-text"), "--margin",
      "0.02", "--queries", "110", "--audits", "50", "-o", session.file("suite.json"), "--page",
      session.file("suite.html"))
    #expect(run.exitCode == 0, "\(run.errors)")
    #expect(run.output.contains("candidate 2") && run.output.contains("unreadable: candidate 2: "))
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: session.file("suite.json"))))
        as? [String: Any])
    let conditions = try #require(json["conditions"] as? [[String: Any]])
    func condition(_ name: String) throws -> [String: Any] {
      try #require(conditions.first { $0["name"] as? String == name })
    }
    for name in ["the same server again", "slower", "log probabilities of two decimals"] {
      #expect(try condition(name)["same"] as? Int == 50, "\(name)")
    }
    let other = try condition("other")
    #expect(other["different"] as? Int == 50 && (other["meanRequests"] as? Double ?? 99) <= 3)
    #expect(try condition("50 % of requests: other")["different"] as? Int == 50)
    #expect(try condition("after 50 requests: other")["same"] as? Int == 0)
    #expect(try condition("5 % of answers lost")["different"] as? Int == 0)
    #expect(try condition("30 % of token texts renamed")["same"] as? Int == 0)
    // At the margin's own share of far requests an audit may hear SAME, with probability 2.5 %.
    let atMargin = "5 % of requests: other"
    #expect(conditions.allSatisfy { $0["wrong"] as? Int == 0 || $0["name"] as? String == atMargin })
    // What each server had, by itself.
    let servers = try #require(json["servers"] as? [[String: Any]])
    #expect(servers.map { $0["name"] as? String } == ["reference", "the same server again", "slower", "other"])
    let peaks = servers.compactMap { $0["peakBytes"] as? Int }
    #expect(
      peaks.count == 4 && peaks[0] > 60 << 20 && peaks[2] < 60 << 20 && peaks[3] > 90 << 20 && peaks[3] < 150 << 20)
    let page = try String(contentsOfFile: session.file("suite.html"), encoding: .utf8)
    #expect(page.contains("50 % of requests: other") && !page.contains("<script"))
    #expect(
      try Tool.run("audit", "suite", "--reference-serve", "x {port}", "-o", session.file("none")).exitCode == 2)
  }

  @Test func foldersAreComparedWithoutRunningThem() throws {
    let pair = Repository.root.appendingPathComponent("Examples/mlp-lora").path
    let run = try Tool.run("audit", "static", pair + "/base", pair + "/tuned", "--json")
    #expect(run.exitCode == 0, "\(run.errors)")
    let json = try run.json()
    #expect(json["sameFiles"] as? Bool == false && json["sameConfiguration"] as? Bool == true)
    let distance = try #require(json["sketchDistance"] as? Double)
    #expect((0.03...0.15).contains(distance))
    #expect(
      try Tool.run("audit", "static", pair + "/base", pair + "/base").output.contains(
        "weights     sketches differ in 0 of their bits"))
    // A plan names its model, and another one is refused.
    let planned = try session.plan("--model", pair + "/base")
    #expect(planned.exitCode == 0)
    #expect(try Tool.run("audit", "static", pair + "/base", pair + "/tuned", "--plan", session.planPath).exitCode == 0)
    #expect(try Tool.run("audit", "static", pair + "/tuned", pair + "/base", "--plan", session.planPath).exitCode == 12)
  }

  @Test func quotesAreReadOrRefused() throws {
    _ = try session.plan()
    let key = session.file("key.pem")
    for arguments in [
      ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key],
      ["pkey", "-in", key, "-pubout", "-out", session.file("key.pub")],
      ["req", "-x509", "-new", "-key", key, "-subj", "/CN=root", "-out", session.file("root.pem")],
    ] {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      process.arguments = ["openssl"] + arguments
      process.standardError = FileHandle.nullDevice
      try process.run()
      process.waitUntilExit()
    }
    try Data([1, 2, 3]).write(to: URL(fileURLWithPath: session.file("quote")))
    let measurement = String(repeating: "07", count: 48)
    func quote(_ kind: String, _ options: String...) throws -> Int32 {
      try Tool.run(
        [
          "audit", "quote", session.file("quote"), "--kind", kind, "--plan", session.planPath, "--trust-root",
          session.file("root.pem"), "--public-key", session.file("key.pub"),
        ] + options
      ).exitCode
    }
    #expect(try quote("nitro", "--measurement", measurement) == 11)
    #expect(try quote("sev-snp", "--measurement", measurement, "--chain", session.file("root.pem")) == 11)
    #expect(try quote("sgx", "--measurement", measurement) == 11)
    #expect(try quote("nitro") == 2)
    #expect(try quote("nitro", "--measurement", "07") == 2)
    #expect(try quote("sev-snp", "--measurement", measurement) == 2)
    #expect(try quote("nitro", "--measurement", measurement, "--transcript", session.planPath) == 2)
  }
}
