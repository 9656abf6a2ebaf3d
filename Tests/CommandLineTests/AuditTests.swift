// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `audit` as people use it, against the scripted server of Tests/Audit. Skipped without Python.
@Suite(.serialized, .enabled(if: AuditSession.hasPython, "needs python3"))
struct AuditTests {
  private let session: AuditSession

  init() throws { session = try AuditSession() }

  @Test func aSessionFromPlanToVerdict() throws {
    let plan = try session.plan("--margin", "0.02")
    #expect(plan.exitCode == 0)
    #expect(plan.output.contains("SAME means  mean distance below 0.02 nats (a request counts at most 0.133)"))
    #expect(plan.output.contains("88 for SAME, at most 120"))
    let mode = try FileManager.default.attributesOfItem(atPath: session.key)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    let recorded = try session.record()
    #expect(recorded.exitCode == 0)
    #expect(recorded.output.contains("RECORDED 120 answers"))

    let dry = try session.run("--dry-run", "--price-in", "0.5", "--price-out", "1.5", out: nil)
    #expect(dry.exitCode == 0)
    #expect(dry.output.contains("DRY RUN: nothing was sent") && dry.output.contains("price       at most about"))

    let same = try session.run("--serve", session.server(), out: "same")
    #expect(same.exitCode == 0)
    #expect(same.output.hasPrefix("SAME after 88 requests\n"))
    #expect(same.output.contains("wrong with probability at most 2.5 %"))
    let different = try session.run("--serve", session.server("other"), out: "other")
    #expect(different.exitCode == 20)
    #expect(different.output.hasPrefix("DIFFERENT after 2 requests"))
    let undecided = try session.run("--serve", session.server("lose=30"), out: "lossy")
    #expect(undecided.exitCode == 21)
    #expect(undecided.output.contains("--max-queries"))

    for (file, code, verdict) in [("same", 0, "SAME"), ("other", 20, "DIFFERENT"), ("lossy", 21, "UNDECIDED")] {
      let compared = try session.compare(file)
      #expect(compared.exitCode == Int32(code))
      #expect(try compared.json()["verdict"] as? String == verdict)
      #expect(try compared.json()["exitCode"] as? Int == code)
    }
    // A verdict stands.
    #expect(try session.run("--serve", session.server(), out: "other").exitCode == 1)
  }

  @Test func whatDoesNotHoldTogetherIsRefused() throws {
    _ = try session.plan()
    _ = try session.record("--queries", "20")
    #expect(try session.run("--serve", session.server(), out: "cand").exitCode == 21)
    let text = try String(contentsOfFile: session.file("cand"), encoding: .utf8)
    func compare(_ changed: String) throws -> Run {
      try changed.write(toFile: session.file("changed"), atomically: true, encoding: .utf8)
      return try session.compare("changed")
    }
    #expect(try compare(text.replacing("\"attempt\":1", with: "\"attempt\":2", maxReplacements: 1)).exitCode == 11)
    #expect(try compare(String(text.dropLast(30))).exitCode == 11)
    #expect(try compare(text.split(separator: "\n").dropLast().joined(separator: "\n") + "\n").exitCode == 11)
    #expect(try compare("").exitCode == 11)
    // Another plan, another key.
    let other = try AuditSession()
    _ = try other.plan()
    let run = try Tool.run(
      "audit", "compare", other.planPath, "--key", other.key, session.file("ref"), session.file("cand"))
    #expect(run.exitCode == 12)
    let key = try Tool.run(
      "audit", "compare", session.planPath, "--key", other.key, session.file("ref"), session.file("cand"))
    #expect(key.exitCode == 12)
    #expect(key.errors.contains("another key"))
    // The two files swapped.
    let swapped = try Tool.run(
      "audit", "compare", session.planPath, "--key", session.key, session.file("cand"), session.file("ref"))
    #expect(swapped.exitCode == 12 || swapped.exitCode == 11)
  }

  @Test func commandLinesAreChecked() throws {
    #expect(try session.plan("--margin", "zero").exitCode == 2)
    #expect(try session.plan("--margin", "2").exitCode == 2)
    #expect(try session.plan("--score", "text", "--top", "5").exitCode == 2)
    #expect(!FileManager.default.fileExists(atPath: session.key))
    #expect(try session.plan().exitCode == 0)
    // Neither plan nor key is ever replaced.
    let again = try session.plan()
    #expect(again.exitCode == 1)
    #expect(again.errors.contains("exists already"))
    #expect(try session.record("--endpoint", "http://127.0.0.1:1/v1").exitCode == 2)
    #expect(try session.record("--beacon", "xyz").exitCode == 2)
    for url in ["http://api.example.com/v1", "https://user:pass@api.example.com/v1", "https://a.example/v1?key=1"] {
      let run = try Tool.run(
        "audit", "plan", "--mode", "quick", "--endpoint", url, "--model-name", "m", "-o", session.file("p"), "--key",
        session.file("k"))
      #expect(run.exitCode == 2)
    }
    let missing = try session.record("--api-key-env", "NO_SUCH_VARIABLE_HERE")
    #expect(missing.exitCode == 1)
    #expect(try session.record("--queries", "0").exitCode == 2)
  }

  /// An endpoint that cannot be read is no deviation.
  @Test(arguments: ["refuse=401", "refuse=404", "plain-text", "redirect=http://127.0.0.1:1/", "top=2"])
  func whatCannotBeReadIsNoVerdict(_ behaviour: String) throws {
    _ = try session.plan()
    let refused = try session.record(behaviour: behaviour)
    #expect(refused.exitCode == 1, "\(refused.errors)")
    _ = try session.record("--queries", "20")
    let run = try session.run("--serve", session.server(behaviour), out: "cand")
    // Short lists can be read, and decide nothing.
    #expect(run.exitCode == (behaviour == "top=2" ? 21 : 1), "\(run.errors)")
  }

  /// The key of the API: in no byte that is written, printed, or given to the server that is started.
  @Test func theKeyOfTheAPIIsNowhere() throws {
    let secret = "sk-very-secret-0123456789"
    _ = try session.plan()
    for behaviour in ["refuse=401", ""] {
      let run = try session.record("--api-key-env", "AUDIT_TEST_KEY", "--json", behaviour: behaviour, key: secret)
      #expect(!run.output.contains(secret) && !run.errors.contains(secret))
    }
    for name in try FileManager.default.contentsOfDirectory(atPath: session.folder.path) where !name.hasSuffix(".log") {
      let bytes = try Data(contentsOf: URL(fileURLWithPath: session.file(name)))
      #expect(bytes.range(of: Data(secret.utf8)) == nil, "\(name)")
    }
    // The server got it where it belongs.
    let log = try String(contentsOfFile: session.file("requests.log"), encoding: .utf8)
    #expect(log.contains("Bearer \(secret)"))
  }

  /// Killed at any moment, the same command goes on, asks nothing twice that has its answer, and ends in the same verdict.
  @Test func aKilledAuditGoesOn() throws {
    let server = Process()
    let portFile = session.file("port")
    server.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    server.arguments = ["python3", AuditSession.script, "0", "--port-file", portFile, "slow=0.01"]
    try server.run()
    // Killed, as a child of this thread may have other signals blocked.
    defer { kill(server.processIdentifier, SIGKILL) }
    for _ in 0..<600 where !FileManager.default.fileExists(atPath: portFile) { Thread.sleep(forTimeInterval: 0.05) }
    let address = "http://127.0.0.1:\(try String(contentsOfFile: portFile, encoding: .utf8))/v1"
    #expect(try session.plan(endpoint: address).exitCode == 0)
    let recorded = try Tool.run(
      "audit", "record", session.planPath, "--key", session.key, "--model-name", "m", "-o", session.file("ref"),
      "--endpoint", address)
    #expect(recorded.exitCode == 0, "\(recorded.errors)")
    for turn in 0..<6 {
      let process = Process()
      process.executableURL = try Tool.program()
      process.arguments = session.runArguments([], out: "killed\(turn)")
      process.standardError = FileHandle.nullDevice
      process.standardOutput = FileHandle.nullDevice
      try process.run()
      Thread.sleep(forTimeInterval: 0.1 + 0.07 * Double(turn))
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      let run = try session.run(out: "killed\(turn)")
      #expect(run.exitCode == 0, "\(run.errors)")
      #expect(try session.compare("killed\(turn)").exitCode == 0)
    }
  }

  @Test func questionsOfOnesOwn() throws {
    let lines = (0..<200).map { "question \($0) of a user, with words of its own\n" }.joined()
    try lines.write(toFile: session.file("prompts.txt"), atomically: true, encoding: .utf8)
    let prompts = ["--prompts", session.file("prompts.txt")]
    let plan = try session.plan("--score", "text", "--margin", "0.1", prompts[0], prompts[1])
    #expect(plan.exitCode == 0)
    #expect(plan.errors.contains("less than ten times"))
    #expect(try session.record().exitCode == 12)
    #expect(try session.record(prompts[0], prompts[1]).exitCode == 0)
    #expect(try session.run("--serve", session.server(), prompts[0], prompts[1], out: "cand").exitCode == 0)
    #expect(try session.compare("cand", prompts).exitCode == 0)
    #expect(try session.compare("cand").exitCode == 12)
  }
}

/// A folder with the files of one audit.
struct AuditSession {
  static let hasPython = ["/usr/bin/python3", "/usr/local/bin/python3"].contains {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  static let script = Repository.root.appendingPathComponent("Tests/Audit/scripted_server.py").path

  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  func file(_ name: String) -> String { folder.file(name) }
  var planPath: String { file("plan.json") }
  var key: String { file("plan.key.secret") }

  func server(_ behaviour: String = "") -> String {
    "python3 \"\(Self.script)\" {port} --log \"\(file("requests.log"))\" \(behaviour)"
  }

  func plan(_ options: String..., endpoint: String = "local") throws -> Run { try plan(options, endpoint: endpoint) }

  func plan(_ options: [String], endpoint: String = "local") throws -> Run {
    try Tool.run(
      ["audit", "plan", "--mode", "quick", "--endpoint", endpoint, "--model-name", "m", "-o", planPath, "--key", key]
        + options)
  }

  func record(_ options: String..., behaviour: String = "", key secret: String = "") throws -> Run {
    let server = options.contains("--endpoint") ? [] : ["--serve", server(behaviour)]
    let both = options.contains("--endpoint") ? ["--serve", self.server()] : []
    return try Tool.run(
      executable: Tool.program(),
      ["audit", "record", planPath, "--key", key, "--model-name", "m", "-o", file("ref")] + server + both + options,
      environment: ["AUDIT_TEST_KEY": secret])
  }

  func runArguments(_ options: [String], out: String?) -> [String] {
    ["audit", "run", planPath, "--key", key, "--reference", file("ref")] + (out.map { ["-o", file($0)] } ?? [])
      + options
  }

  func run(_ options: String..., out: String?) throws -> Run { try Tool.run(runArguments(options, out: out)) }

  func compare(_ candidate: String, _ options: [String] = []) throws -> Run {
    try Tool.run(
      ["audit", "compare", planPath, "--key", key, file("ref"), file(candidate), "--json"] + options)
  }
}
