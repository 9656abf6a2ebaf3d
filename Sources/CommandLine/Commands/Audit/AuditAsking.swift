// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import DriftProofAuditEndpoint
import DriftProofCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What `record` and `run` have in common: whom to ask, and asking.
struct AuditAsking {
  let plan: AuditPlan
  let key: AuditKey
  let prompts: PromptFile?
  let arguments: ParsedArguments
  let console: Console

  init(_ arguments: ParsedArguments, _ console: Console) throws(CommandFailure) {
    plan = try arguments.auditPlan()
    key = try arguments.auditKeyFile()
    prompts = try arguments.promptFile()
    self.arguments = arguments
    self.console = console
  }

  /// Asks, starting and ending a server where the command line has one.
  /// - Parameters:
  ///   - address: of an endpoint elsewhere; nil for a server that is started.
  ///   - modelName: what requests call the model.
  func ask(
    _ address: EndpointAddress?, modelName: String, reference: ReferenceAnswers?, questions: Int, beacon: [UInt8],
    output: String
  ) throws(CommandFailure) -> AskReport {
    let apiKey = try arguments.apiKey()
    var options = try arguments.askOptions(questions)
    options.spread = try arguments.duration("spread")
    options.beacon = beacon
    let console = console
    let mode = plan.mode
    options.progress = {
      console.progress(Self.label($0, mode), fraction: Double($0.settled) / Double(max(1, $0.total)))
    }
    let client = HTTPClient(usesProxies: arguments.has("proxy"))
    let server = try start(client, log: output)
    defer { server?.end() }
    let access = EndpointAccess(
      plan: plan, address: address ?? EndpointAddress(origin: "local", path: "/v1"), actualOrigin: server?.origin,
      modelName: modelName, apiKey: apiKey, client: client)
    let asker: Asker
    do throws(AuditPlanError) {
      asker = try Asker(
        plan: plan, key: key, prompts: prompts, access: access, reference: reference, options: options)
    } catch {
      throw CommandFailure(error, path: try arguments.required("PLAN"))
    }
    console.phase("asking \(reference == nil ? "the reference" : "the endpoint")")
    do throws(AskError) {
      var report = try asker.run(file: output)
      console.clearBar()
      server?.end()
      report.serverPeak = server?.peakMemory
      return report
    } catch {
      console.clearBar()
      throw CommandFailure(error, path: output)
    }
  }

  private func start(_ client: HTTPClient, log: String) throws(CommandFailure) -> ModelServer? {
    guard let command = arguments.values["serve"] else { return nil }
    do throws(ModelServerError) {
      let hidden = arguments.values["api-key-env"].map { [$0] } ?? []
      console.phase("waiting for the server")
      return try ModelServer.ready(
        command: command, hiding: hidden, log: "\(log).\(getpid()).server.log", client: client, seconds: 600)
    } catch {
      throw CommandFailure(error)
    }
  }

  /// How far it is, and what is left as far as one can tell.
  private static func label(_ progress: AskProgress, _ mode: AuditMode) -> String {
    guard let decision = progress.decision else { return "\(progress.settled) of \(progress.total) questions" }
    let left = max(0, decision.fewestForSame - decision.count)
    return
      "\(decision.count) requests, evidence \(AuditText.evidence(decision)) of \(mode.inverseAlpha), SAME in \(left)"
  }

  /// What the first questions found out.
  static func lines(_ report: AskReport) -> [String] {
    var lines: [String] = []
    if let preflight = report.preflight {
      var parts: [String] = []
      if let listed = preflight.listed {
        parts.append(
          "lists \(listed) tokens a place, to \(preflight.decimals) decimals, spelled \(preflight.spelling.rawValue)")
      }
      if !preflight.models.isEmpty {
        parts.append("calls itself \(preflight.models.map(Quoting.plain).joined(separator: ", "))")
      }
      if parts.isEmpty { parts.append("answers with texts") }
      lines.append("endpoint    " + parts.joined(separator: "; "))
    }
    if let peak = report.serverPeak {
      lines.append("server      had at most \(Format.byteCount(peak, digits: 3)) of memory, and has ended")
    }
    if report.isRepeatable == false {
      lines.append("repeats     the same question had two answers: decoding is not greedy, or not exact")
    }
    return lines
  }
}
