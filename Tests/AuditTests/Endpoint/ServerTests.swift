// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAudit
@testable import DriftProofAuditEndpoint
import DriftProofCore
import Foundation
import TestSupport
import Testing

/// The client and the servers that it starts, over real connections. Skipped without Python.
@Suite(.serialized, .enabled(if: ScriptedServer.isThere, "needs python3"))
struct ServerTests {
  private let simulation: Simulation
  private let folder: TemporaryFolder
  private let client = HTTPClient(usesProxies: false)

  init() throws {
    simulation = try Simulation {
      $0.mode = .quick
      $0.subject = .local
    }
    folder = try TemporaryFolder()
  }

  private func ask(
    _ server: ScriptedServer, _ file: String, reference: Transcript? = nil, questions: Int = 95, apiKey: String? = nil,
    plan: AuditPlan? = nil
  ) throws -> AskReport {
    let plan = plan ?? simulation.plan
    var options = AskOptions(questions: questions, tool: "driftproof/test") { "2026-03-01T12:30:00Z" }
    options.pace = 0.001
    let access = EndpointAccess(
      plan: plan, address: EndpointAddress(origin: "local", path: "/v1"), actualOrigin: server.origin,
      modelName: plan.modelName, apiKey: apiKey, client: client)
    return try Asker(
      plan: plan, key: simulation.key, prompts: nil, access: access,
      reference: try reference.map { try ReferenceAnswers(plan: plan, transcript: $0) }, options: options
    ).run(file: folder.file(file))
  }

  /// The same model behind every shape, spelling and habit of servers is the same model.
  @Test(arguments: [
    [], ["old"], ["spelled=byteLevel"], ["spelled=sentencePiece"], ["old", "spelled=byteLevel"], ["storm"],
    ["truncate"],
    ["drop"],
  ])
  func theSameModelHearsSame(_ behaviour: [String]) throws {
    let reference = try ask(ScriptedServer(), "ref")
    let server = try ScriptedServer.make(behaviour)
    let report = try ask(server, "cand", reference: reference.transcript)
    #expect(report.decision?.verdict == .same)
    let rows = try AuditResult(
      plan: simulation.plan, key: simulation.key, prompts: nil, reference: reference.transcript,
      candidate: report.transcript
    ).rows
    #expect(rows.allSatisfy { $0.score == RequestScore(low: 0, high: 0) })
  }

  @Test func chatsAreAskedInTheirOwnShape() throws {
    var plan = simulation.plan
    plan.isChat = true
    let reference = try ask(ScriptedServer(), "ref", plan: plan)
    let server = try ScriptedServer()
    #expect(try ask(server, "cand", reference: reference.transcript, plan: plan).decision?.verdict == .same)
    #expect(server.log.contains("/v1/chat/completions"))
  }

  /// Cut lists, values of -9999, lost answers: no accusation, and no acquittal either.
  @Test(arguments: [["top=1"], ["top=3"], ["lose=9"]]) func whatIsUnknownDecidesNothing(_ behaviour: [String]) throws {
    let reference = try ask(ScriptedServer(), "ref")
    let report = try ask(try ScriptedServer.make(behaviour), "cand", reference: reference.transcript)
    #expect(report.decision?.verdict == .undecided)
    #expect(report.decision?.far == 0)
  }

  @Test(arguments: [["other"], ["sampled"], ["shift=300000"], ["first=3"], ["mixture=2"]])
  func otherModelsHearDifferent(_ behaviour: [String]) throws {
    let reference = try ask(ScriptedServer(), "ref")
    let report = try ask(try ScriptedServer.make(behaviour), "cand", reference: reference.transcript)
    #expect(report.decision?.verdict == .different)
  }

  @Test func valuesOfNoProbabilityAreRead() throws {
    let reference = try ask(ScriptedServer("tail"), "ref")
    let report = try ask(ScriptedServer("tail"), "cand", reference: reference.transcript)
    #expect(report.decision?.verdict == .same)
  }

  @Test func failuresAreToldApart() throws {
    func reply(_ behaviour: String, seconds: Double = 5) throws -> HTTPReply {
      let server = try ScriptedServer(behaviour)
      return client.ask(
        server.origin + "/v1/completions", body: EndpointRequest(plan: simulation.plan, modelName: "m").body("a"),
        apiKey: nil, seconds: seconds)
    }
    #expect(try reply("huge") == .tooLarge)
    #expect(try reply("slow=3", seconds: 0.5) == .timedOut)
    // A byte now and then keeps no connection open for ever.
    #expect(try reply("drip", seconds: 1) == .timedOut)
    #expect(try reply("redirect=http://localhost:1/v1/completions") == .redirected(status: 307))
    for behaviour in ["truncate", "drop"] {
      guard case .broken = try reply(behaviour) else {
        Issue.record("\(behaviour)")
        continue
      }
    }
    guard case .answered(status: 401, body: _, retryAfter: nil) = try reply("refuse=401") else {
      Issue.record("401")
      return
    }
    guard
      case .broken = client.ask("http://127.0.0.1:1/v1", body: [], apiKey: nil, seconds: 5)
    else {
      Issue.record("nothing listens there")
      return
    }
  }

  /// The key goes to the endpoint, and nowhere else: not along with a redirection, not through a proxy that the environment
  /// names, not into the environment of a server that is started, not into a file or message.
  @Test func theKeyGoesToTheEndpointOnly() throws {
    let secret = "sk-0123456789abcdef-secret"
    setenv("PROVIDER_KEY_OF_TEST", secret, 1)
    defer { unsetenv("PROVIDER_KEY_OF_TEST") }
    let thief = try ScriptedServer()
    setenv("http_proxy", thief.origin, 1)
    setenv("ALL_PROXY", thief.origin, 1)
    let client = HTTPClient(usesProxies: false)
    let server = try ScriptedServer()
    let body = EndpointRequest(plan: simulation.plan, modelName: "m").body("a")
    _ = client.ask(server.origin + "/v1/completions", body: body, apiKey: secret, seconds: 5)
    #expect(server.log.contains("Bearer \(secret)"))
    // No word about the program that asks.
    #expect(!server.log.lowercased().contains("driftproof"))
    let redirecting = try ScriptedServer(
      "redirect=\(thief.origin.replacing("127.0.0.1", with: "localhost"))/v1/completions")
    let reply = client.ask(redirecting.origin + "/v1/completions", body: body, apiKey: secret, seconds: 5)
    #expect(reply == .redirected(status: 307))
    #expect(thief.log.isEmpty)
    // A body that repeats the key is nowhere repeated.
    do {
      _ = try ask(ScriptedServer("refuse=401"), "refused", apiKey: secret)
    } catch {
      #expect(!"\(error)".contains(secret))
    }
    _ = try ask(ScriptedServer(), "ref", questions: 5, apiKey: secret)
    #expect(try !String(contentsOfFile: folder.file("ref"), encoding: .utf8).contains(secret))
    let child = try ModelServer(
      command: "sh -c \"env > \(folder.file("env")); exec sleep 60 # {port}\"", hiding: ["PROVIDER_KEY_OF_TEST"],
      log: folder.file("child"))
    defer { child.end() }
    var text = ""
    for _ in 0..<100 where !text.contains("PATH=") {
      Thread.sleep(forTimeInterval: 0.05)
      text = (try? String(contentsOfFile: folder.file("env"), encoding: .utf8)) ?? ""
    }
    #expect(text.contains("PATH="))
    #expect(!text.contains(secret))
  }

  // MARK: Servers that are started

  @Test func aServerIsWaitedForAndEndsWithItsGroup() throws {
    let server = try ScriptedServer("slow-start=1")
    guard
      case .answered(status: 200, body: _, retryAfter: _) = client.ask(
        server.origin + "/health", body: nil, apiKey: nil, seconds: 5)
    else {
      Issue.record("not ready")
      return
    }
    let mark = folder.file("alive")
    let group = try ModelServer(
      command: "sh -c \"(while true; do date > \(mark); sleep 0.1; done) & wait # {port}\"", hiding: [],
      log: folder.file("group"))
    Thread.sleep(forTimeInterval: 0.5)
    #expect(FileManager.default.fileExists(atPath: mark))
    group.end()
    Thread.sleep(forTimeInterval: 0.3)
    try FileManager.default.removeItem(atPath: mark)
    Thread.sleep(forTimeInterval: 0.5)
    #expect(!FileManager.default.fileExists(atPath: mark))
  }

  @Test func aServerThatEndsSaysWhy() throws {
    let server = try ModelServer(
      command: "sh -c 'echo out of memory; exit 3 # {port}'", hiding: [], log: folder.file("log"))
    #expect(throws: ModelServerError.ended(lastLines: ["out of memory"])) {
      try server.waitUntilReady(client, seconds: 5)
    }
    let silent = try ModelServer(command: "sleep 60{port}", hiding: [], log: folder.file("silent"))
    #expect(throws: ModelServerError.notReady(seconds: 1, lastLines: [])) {
      try silent.waitUntilReady(client, seconds: 1)
    }
  }

  /// A port that somebody else took first is no reason to give up: the server gets another.
  @Test func aServerThatLostItsPortGetsAnother() throws {
    let (first, start) = (folder.file("first"), folder.file("start"))
    let script = """
      [ -e "\(first)" ] && exec python3 "\(ScriptedServer.script)" $1
      echo $1 > "\(first)"
      echo "OSError: [Errno 98] Address already in use"
      exit 1
      """
    try script.write(toFile: start, atomically: true, encoding: .utf8)
    let server = try ModelServer.ready(
      command: "sh \"\(start)\" {port}", hiding: [], log: folder.file("taken"), client: client, seconds: 20)
    defer { server.end() }
    let taken = try String(contentsOfFile: first, encoding: .utf8).filter(\.isNumber)
    #expect(!taken.isEmpty && !server.origin.hasSuffix(":\(taken)"))
    let port = try #require(UInt16(server.origin.split(separator: ":").last ?? ""))
    #expect(!LocalPort.isFree(port))
    // What ends for another reason is not started again.
    let count = folder.file("count")
    #expect(throws: ModelServerError.ended(lastLines: [])) {
      try ModelServer.ready(
        command: "sh -c 'echo >> \"\(count)\"; exit 1 # {port}'", hiding: [], log: folder.file("ends"), client: client,
        seconds: 20)
    }
    #expect(try Data(contentsOf: URL(fileURLWithPath: count)).count == 1)
  }

  @Test func commandsAreSplitWithoutAShell() throws {
    #expect(try ModelServer.words("a  'b c' d\"e f\"g ''") == ["a", "b c", "de fg", ""])
    #expect(try ModelServer.words("a $(b) | c > d") == ["a", "$(b)", "|", "c", ">", "d"])
    #expect(throws: ModelServerError.openQuote) { try ModelServer.words("a 'b") }
    #expect(throws: ModelServerError.noCommand) { try ModelServer.words("  ") }
    #expect(throws: ModelServerError.noPort) {
      try ModelServer(command: "true", hiding: [], log: folder.file("x"))
    }
    #expect(throws: ModelServerError.notStarted(command: "/no/such", SystemError(code: ENOENT))) {
      try ModelServer(command: "/no/such {port}", hiding: [], log: folder.file("x"))
    }
  }
}

extension ScriptedServer {
  static func make(_ behaviour: [String]) throws -> ScriptedServer {
    switch behaviour.count {
    case 0: try ScriptedServer()
    case 1: try ScriptedServer(behaviour[0])
    default: try ScriptedServer(behaviour[0], behaviour[1])
    }
  }
}
