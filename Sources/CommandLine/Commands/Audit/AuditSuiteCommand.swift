// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import DriftProofAuditEndpoint
import DriftProofCore
import DriftProofReport
import Foundation

/// `driftproof audit suite`: which substitutions audits of one margin find, and after how many requests.
enum AuditSuiteCommand: Command {
  static let description = CommandDescription(
    name: "audit suite",
    summary: "measure which substitutions audits find, by servers of your own",
    details: [
      "Starts the reference's server, the same once more, servers that you accept (--honest-serve) and such as a cheat would use "
        + "(--candidate-serve), one after the other, never two at once: models may fill the memory. Each is asked the same questions "
        + "once. Then many audits are drawn from these answers, each in an order of its own.",
      "The table says for each server how many audits end in SAME and DIFFERENT, after how many requests, and how many were wrong, "
        + "with intervals at 95 percent. Beside the servers it has what may happen on the way: log probabilities of two decimals, "
        + "short lists, renamed tokens, lost answers; and for the first candidate mixtures and an honest beginning.",
      "Use it to choose --margin and --mode before an audit that counts. Figures are of these answers: more --queries make them "
        + "of more.",
    ],
    positionals: [],
    ownOptions: [
      .required("reference-serve", "COMMAND", "the reference's server; {port} is a free port"),
      .repeatable("candidate-serve", "[NAME=]COMMAND", "a server that audits should tell apart; may be given again"),
      .repeatable("honest-serve", "[NAME=]COMMAND", "a server that you accept; may be given again"),
      .required("out", short: "o", "SUITE.json", "where the table is written"),
      .optional("page", "FILE", "also write it as a page for people"),
      .optional("mode", "{quick,audit,extended}", "how sure (quick)"),
      .optional("model-name", "NAME", "what requests call the model (model)"),
      .optional("queries", "N", "questions that each server is asked (1.5 times the mode's budget)"),
      .optional("audits", "N", "audits that are drawn for each condition (300)"),
      ParsedArguments.concurrency,
    ] + ParsedArguments.planOptions)

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    let output = try arguments.required("out")
    if output != OutputPlace.standardOutput { try AtomicFile.checkFolder(of: output) }
    if let page = arguments.values["page"] { try AtomicFile.checkFolder(of: page) }
    let suite = try AuditSuite(arguments, console)
    let table = try suite.run()
    let json = AuditSuiteText.json(table, output: output)
    let file = json.rendered() + "\n"
    if let page = arguments.values["page"] {
      let html = SuitePage(table: table, madeAt: Timestamp(secondsSince1970: time(nil))).html
      try AtomicFile.write(Array(html.utf8), to: page)
    }
    if output == OutputPlace.standardOutput { return CommandResult(text: file, json: .null) }
    try AtomicFile.write(Array(file.utf8), to: output)
    return CommandResult(text: AuditSuiteText.lines(table).joined(separator: "\n") + "\n", json: json)
  }
}

/// The servers of one suite, asked one after the other.
private struct AuditSuite {
  private let arguments: ParsedArguments
  private let console: Console
  private let key = AuditKey()
  private let plan: AuditPlan
  private let questions: Int
  private let audits: Int
  private let options: AskOptions
  private let client = HTTPClient(usesProxies: false)

  private struct Subject {
    let name: String
    let command: String
  }

  init(_ arguments: ParsedArguments, _ console: Console) throws(CommandFailure) {
    self.arguments = arguments
    self.console = console
    plan = try arguments.newPlan(.local, key: key, mode: .quick, modelName: "model")
    questions = try arguments.number("queries", in: 1...100_000, default: plan.mode.budget * 3 / 2)
    audits = try arguments.number("audits", in: 1...100_000, default: 300)
    var options = try arguments.askOptions(questions)
    options.asksAll = true
    self.options = options
  }

  func run() throws(CommandFailure) -> SuiteTable {
    let candidates = try subjects("candidate-serve", "candidate")
    let honest = try subjects("honest-serve", "honest")
    guard !(candidates + honest).isEmpty else {
      throw arguments.usage("--candidate-serve or --honest-serve is missing: there is nothing to tell apart")
    }
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("driftproof-suite-\(UUID().uuidString)")
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw CommandFailure(.operational, "\(folder.path): \(error.localizedDescription)")
    }
    defer { try? FileManager.default.removeItem(at: folder) }
    let reference = Subject(name: "reference", command: try arguments.required("reference-serve"))
    let truth = try ask(reference, nil, folder.appendingPathComponent("reference").path)
    let answers = try answers(truth.transcript)
    var table = SuiteTable(plan: plan, audits: audits, questions: answers.count, seed: plan.digest)
    table.servers.append(.init(name: reference.name, peakMemory: truth.serverPeak))
    // The reference's own answers once more: what its noise alone is.
    let again = Subject(name: "the same server again", command: reference.command)
    let baseline = try ask(again, answers, folder.appendingPathComponent("again").path)
    table.servers.append(.init(name: again.name, peakMemory: baseline.serverPeak))
    func scores(_ name: String, _ transcript: Transcript, _ change: (Answer) -> Answer = { $0 }) -> SuiteScores {
      SuiteScores(name: name, plan: plan, reference: answers, candidate: transcript, change: change)
    }
    let own = scores(again.name, baseline.transcript)
    table.add(own, .same)
    var first: SuiteScores?
    for (group, expectation) in [(honest, SuiteTable.Expectation.same), (candidates, .different)] {
      for (place, subject) in group.enumerated() {
        let path = folder.appendingPathComponent("\(expectation.rawValue)\(place)").path
        guard let report = try readable(subject, answers, path, expectation, &table) else { continue }
        table.servers.append(.init(name: subject.name, peakMemory: report.serverPeak))
        let found = scores(subject.name, report.transcript)
        table.add(found, expectation)
        if expectation == .different { first = first ?? found }
      }
    }
    if plan.score == .logProbabilities {
      for change in SuiteChange.allCases {
        let expectation: SuiteTable.Expectation =
          switch change {
          case .twoDecimals: .same
          case .fiveListed: .notDifferent
          // Lists without the reference's tokens are another model's, as far as one can read them.
          case .renamed: .notSame
          }
        table.add(scores(change.rawValue, baseline.transcript, change.apply), expectation)
      }
    }
    table.addLosses(own)
    if let first { table.addMixtures(own, first) }
    return table
  }

  /// Nil, and a row that says why, where the server answers with nothing that an audit can read.
  private func readable(
    _ subject: Subject, _ answers: ReferenceAnswers, _ path: String, _ expectation: SuiteTable.Expectation,
    _ table: inout SuiteTable
  ) throws(CommandFailure) -> AskReport? {
    let server = try start(subject)
    defer { server.end() }
    do throws(AskError) {
      return try asked(subject, server, answers, path)
    } catch {
      switch error {
      case .noText, .noLogProbabilities, .noSpelling, .fewListed, .fewDecimals, .refused, .unreadable, .redirected:
        console.clearBar()
        table.add(unreadable: subject.name, expectation, reason: "\(error)")
        return nil
      default: throw CommandFailure(error, path: subject.name)
      }
    }
  }

  private func ask(
    _ subject: Subject, _ answers: ReferenceAnswers?, _ path: String
  ) throws(CommandFailure) -> AskReport {
    let server = try start(subject)
    defer { server.end() }
    do throws(AskError) {
      return try asked(subject, server, answers, path)
    } catch {
      throw CommandFailure(error, path: subject.name)
    }
  }

  private func start(_ subject: Subject) throws(CommandFailure) -> ModelServer {
    console.phase("waiting for \(Quoting.plain(subject.name))")
    do throws(ModelServerError) {
      return try ModelServer.ready(
        command: subject.command, hiding: [],
        log: FileManager.default.temporaryDirectory.path + "/driftproof-\(UUID())",
        client: client, seconds: 600)
    } catch {
      throw CommandFailure(error)
    }
  }

  private func asked(
    _ subject: Subject, _ server: ModelServer, _ answers: ReferenceAnswers?, _ path: String
  ) throws(AskError) -> AskReport {
    var options = options
    let console = console
    options.progress = {
      console.progress(
        "\(subject.name): \($0.settled) of \($0.total)", fraction: Double($0.settled) / Double(max(1, $0.total)))
    }
    let access = EndpointAccess(
      plan: plan, address: EndpointAddress(origin: "local", path: "/v1"), actualOrigin: server.origin,
      modelName: plan.modelName, apiKey: nil, client: client)
    console.phase("asking \(Quoting.plain(subject.name))")
    let asker: Asker
    do throws(AuditPlanError) {
      asker = try Asker(plan: plan, key: key, prompts: nil, access: access, reference: answers, options: options)
    } catch {
      throw .rejected(.plan(error))
    }
    var report = try asker.run(file: path)
    console.clearBar()
    server.end()
    report.serverPeak = server.peakMemory
    return report
  }

  private func answers(_ transcript: Transcript) throws(CommandFailure) -> ReferenceAnswers {
    do throws(AuditRejection) {
      return try ReferenceAnswers(plan: plan, transcript: transcript)
    } catch {
      throw CommandFailure(error)
    }
  }

  /// `NAME=COMMAND`, where the name has no blank, quote or slash; else numbered.
  private func subjects(_ option: String, _ word: String) throws(CommandFailure) -> [Subject] {
    var subjects: [Subject] = []
    for (place, text) in (arguments.lists[option] ?? []).enumerated() {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let hasName = parts.count == 2 && !parts[0].isEmpty && !parts[0].contains { " \t/\"'".contains($0) }
      let subject =
        hasName
        ? Subject(name: String(parts[0]), command: String(parts[1]))
        : Subject(name: "\(word) \(place + 1)", command: text)
      guard AuditPlan.isLabel(subject.name) else {
        throw arguments.usage("--\(option): a name has 1 to 200 printable ASCII characters")
      }
      subjects.append(subject)
    }
    return subjects
  }
}
