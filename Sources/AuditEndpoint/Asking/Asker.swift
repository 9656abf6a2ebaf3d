// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import DriftProofCore
import Foundation
import Synchronization

/// Asks one side its questions and writes its transcript: a reference all of them, a candidate until there is a verdict.
///
/// Every attempt is on disk before it goes out, so that a crash asks only what has no answer, and an answer is never asked
/// for again.
package struct Asker: Sendable {
  private let plan: AuditPlan
  private let key: AuditKey
  private let source: PromptSource
  private let side: AuditSide
  private let access: EndpointAccess
  private let reference: ReferenceAnswers?
  private let options: AskOptions
  private let challenge: Challenge

  /// - Parameter reference: nil to record one.
  /// - Throws: a key or file of prompts that is not the plan's.
  package init(
    plan: AuditPlan, key: AuditKey, prompts: PromptFile?, access: EndpointAccess, reference: ReferenceAnswers?,
    options: AskOptions
  ) throws(AuditPlanError) {
    self.plan = plan
    self.key = key
    source = try plan.questions(key: key, beacon: options.beacon, file: prompts)
    challenge = key.challenge(planDigest: plan.digest, beacon: options.beacon)
    side = reference == nil ? .reference : .candidate
    self.access = access
    self.reference = reference
    self.options = options
  }

  /// Asks on from where the file is, and ends it.
  package func run(file path: String) throws(AskError) -> AskReport {
    var file = try TranscriptFile.open(path: path, side: side, planDigest: plan.digest)
    let removedBytes = file.removedBytes
    if let count = source.count, count < options.questions { throw .noMorePrompts(count: count) }
    if let verdict = file.transcript.endings.last?.end.outcome?.verdict, verdict != .undecided {
      throw .hasVerdict(verdict)
    }
    var preflight: Preflight?
    if let header = file.transcript.header {
      try check(header)
    } else {
      let found = try self.preflight()
      try file.append(.header(header(found.spelling)), waits: true)
      preflight = found
    }
    try file.append(
      .session(
        .init(at: options.clock(), concurrency: options.concurrency, reference: reference?.currentRoot)), waits: true)
    let run = Mutex(
      try AskState(
        file: file, plan: plan, reference: reference, limit: options.questions, asksAll: options.asksAll))
    let started = Date()
    work { while let index = run.withLock({ $0.takeNext() }) { ask(index, run, started) } }
    let isRepeatable = preflight == nil ? nil : repeatsItself(run)
    return try run.withLock { (state) throws(AskError) -> AskReport in
      defer { state.unlock() }
      if let failure = state.failure { throw failure }
      try state.end()
      return AskReport(
        preflight: preflight, transcript: state.transcript, decision: state.decision, removedBytes: removedBytes,
        isRepeatable: isRepeatable)
    }
  }

  private func header(_ spelling: TokenSpelling) -> TranscriptLine.Header {
    TranscriptLine.Header(
      side: side, plan: plan.digest.hexadecimal, origin: access.origin, path: access.path, model: access.modelName,
      spelling: spelling, beacon: options.beacon.isEmpty ? nil : options.beacon.hexadecimal, tool: options.tool,
      started: options.clock())
  }

  /// What was begun goes on with the same endpoint.
  private func check(_ header: TranscriptLine.Header) throws(AskError) {
    let beacon = options.beacon.isEmpty ? nil : options.beacon.hexadecimal
    for (field, stated, expected) in [
      ("origin", header.origin, access.origin), ("path", header.path, access.path),
      ("model", header.model, access.modelName), ("beacon", header.beacon ?? "none", beacon ?? "none"),
    ] where stated != expected {
      throw .otherHeader(field: field, stated: stated, expected: expected)
    }
  }

  /// As many threads as requests at once: each waits for its answer.
  private func work(_ body: @escaping @Sendable () -> Void) {
    let group = DispatchGroup()
    for _ in 0..<options.concurrency {
      group.enter()
      let thread = Thread {
        body()
        group.leave()
      }
      thread.start()
    }
    group.wait()
  }

  // MARK: Preflight

  private func preflight() throws(AskError) -> Preflight {
    let request = EndpointRequest(plan: plan, modelName: access.modelName)
    var responses: [EndpointResponse] = []
    for index in 0..<Preflight.questions {
      responses.append(try answer(request, challenge.preflight(index).text, index, hasAnswers: index > 0))
    }
    return try Preflight(responses, plan: plan, side: side)
  }

  private func answer(
    _ request: EndpointRequest, _ prompt: String, _ index: Int, hasAnswers: Bool
  ) throws(AskError) -> EndpointResponse {
    var last = ""
    for failures in 1...FailureRule.attempts {
      switch access.ask(request, prompt, plan: plan) {
      case .answer(let response, body: _): return response
      case .failure(let reason, let status, let retryAfter, let words):
        if let error = FailureRule.fatal(reason, status, hasAnswers: hasAnswers) { throw error }
        last = words ?? Self.words(reason)
        guard failures < FailureRule.attempts, FailureRule.isRepeatable(reason, status) else { continue }
        let jitter = challenge.jitter(index, attempt: failures)
        pause(FailureRule.wait(failures: failures, retryAfter: retryAfter, jitter: jitter)) { false }
      }
    }
    throw .unreadable(last: last)
  }

  /// Whether a question has the same answer twice.
  private func repeatsItself(_ run: borrowing Mutex<AskState>) -> Bool? {
    guard run.withLock({ $0.failure == nil }) else { return nil }
    let request = EndpointRequest(plan: plan, modelName: access.modelName)
    let answers = (0..<2).compactMap { _ -> [UInt8]? in
      guard case .answer(let response, body: _) = access.ask(request, challenge.preflight(0).text, plan: plan) else {
        return nil
      }
      return response.answer.text
    }
    return answers.count == 2 ? answers[0] == answers[1] : nil
  }

  // MARK: Questions

  /// Asks one question until it has its answer or is given up.
  private func ask(_ index: Int, _ run: borrowing Mutex<AskState>, _ started: Date) {
    waitForTurn(index, run, started)
    let request = EndpointRequest(plan: plan, modelName: access.modelName)
    guard let prompt = source.prompt(index) else { return }
    let digest = SHA256.hash(request.body(prompt)).hexadecimal
    while true {
      let attempt = run.withLock { state -> Int? in
        state.send(index) { attempt in
          TranscriptLine.Sent(
            index: index, attempt: attempt, request: digest, salt: salt(.sent, index, attempt), at: options.clock())
        }
      }
      guard let attempt else { return }
      let outcome = access.ask(request, prompt, plan: plan)
      let wait = run.withLock { state -> Double? in
        let wait = settle(index, attempt, outcome, &state)
        if wait == nil { options.progress(state.progress) }
        return wait
      }
      guard let wait else { return }
      pause(wait) { run.withLock { $0.isStopped } }
    }
  }

  private func salt(_ kind: SaltedLine, _ index: Int, _ attempt: Int) -> String {
    key.salt(side: side, kind: kind, index: index, attempt: attempt).hexadecimal
  }

  /// Writes down what came.
  /// - Returns: seconds until the next attempt; nil where there is none.
  private func settle(
    _ index: Int, _ attempt: Int, _ outcome: EndpointAccess.Outcome, _ state: inout AskState
  ) -> Double? {
    switch outcome {
    case .answer(let response, let body):
      state.answer(
        TranscriptLine.Answered(
          index: index, attempt: attempt, body: SHA256.hash(body).hexadecimal, response: response,
          salt: salt(.answer, index, attempt)))
      return nil
    case .failure(let reason, let status, let retryAfter, let words):
      let failures = state.fail(
        .init(
          index: index, attempt: attempt, reason: reason, status: status,
          retryAfter: retryAfter.map { min($0, 1_000_000) }))
      if let error = FailureRule.fatal(reason, status, hasAnswers: state.hasAnswers) {
        state.stop(error)
        return nil
      }
      guard failures < FailureRule.attempts, FailureRule.isRepeatable(reason, status) else {
        state.giveUp(index, last: words ?? Self.words(reason))
        return nil
      }
      return FailureRule.wait(
        failures: failures, retryAfter: retryAfter, jitter: challenge.jitter(index, attempt: failures))
    }
  }

  private static func words(_ reason: FailureReason) -> String {
    switch reason {
    case .status: "a status other than 200"
    case .timeout: "no answer within \(Int(EndpointAccess.timeout)) seconds"
    case .connection: "no connection, or connections that break"
    case .malformed: "bodies that are no answers of this API, or are cut off"
    case .tooLarge: "bodies that are too large"
    case .redirect: "redirections"
    }
  }

  // MARK: Time

  private func waitForTurn(_ index: Int, _ run: borrowing Mutex<AskState>, _ started: Date) {
    guard options.spread > 0 else { return }
    let place = (Double(index) + Double(challenge.jitter(index, attempt: 1)) / 1000) / Double(max(1, options.questions))
    let due = options.spread * place - Date().timeIntervalSince(started)
    pause(due) { run.withLock { $0.isStopped } }
  }

  private func pause(_ seconds: Double, unless isStopped: () -> Bool) {
    let end = Date().addingTimeInterval(seconds * options.pace)
    while Date() < end, !isStopped() { Thread.sleep(forTimeInterval: min(0.05, max(0, end.timeIntervalSinceNow))) }
  }
}
