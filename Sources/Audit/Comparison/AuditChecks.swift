// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// The steps of ``AuditResult``: what must hold before scores mean anything.
package enum AuditChecks {
  /// The candidate is whom the plan names, and both were asked in the plan's way.
  package static func checkSubject(
    _ plan: AuditPlan, reference: TranscriptLine.Header, candidate: TranscriptLine.Header
  ) throws(AuditRejection) {
    let suffix = EndpointRequest.suffix(isChat: plan.isChat)
    let (origin, path) =
      switch plan.subject {
      case .local: ("local", "/v1" + suffix)
      case .endpoint(let address): (address.origin, address.path + suffix)
      }
    guard candidate.origin == origin else { throw .otherOrigin(stated: candidate.origin, expected: origin) }
    guard candidate.path == path else { throw .otherPath(.candidate, stated: candidate.path, expected: path) }
    guard candidate.model == plan.modelName else {
      throw .otherModel(stated: candidate.model, expected: plan.modelName)
    }
    // The reference may be anywhere, but is asked in the same way.
    guard reference.path.hasSuffix(suffix), plan.isChat || !reference.path.hasSuffix("/chat" + suffix) else {
      throw .otherPath(.reference, stated: reference.path, expected: "…" + suffix)
    }
  }

  /// Everything that was sent is the plan's question of its number, with the salt of the key.
  static func checkQuestions(
    _ plan: AuditPlan, _ key: AuditKey, _ source: PromptSource, _ transcript: Transcript, model: String
  ) throws(AuditRejection) {
    let side = transcript.side
    let request = EndpointRequest(plan: plan, modelName: model)
    for (line, sent) in transcript.sent {
      guard let prompt = source.prompt(sent.index) else { throw .noSuchPrompt(side, index: sent.index) }
      guard SHA256.hash(request.body(prompt)).hexadecimal == sent.request else {
        throw .otherRequest(side, line: line, index: sent.index)
      }
      guard sent.salt == Self.salt(key, side, .sent, sent.index, sent.attempt) else {
        throw .otherSalt(side, index: sent.index)
      }
    }
    for (index, question) in transcript.questions {
      guard case .answered(let answered) = question.state else { continue }
      guard answered.salt == Self.salt(key, side, .answer, index, answered.attempt) else {
        throw .otherSalt(side, index: index)
      }
    }
  }

  private static func salt(
    _ key: AuditKey, _ side: AuditSide, _ kind: SaltedLine, _ index: Int, _ attempt: Int
  ) -> String {
    key.salt(side: side, kind: kind, index: index, attempt: attempt).hexadecimal
  }

  /// Every session names a state of the reference, which had settled what is asked in that session: nobody could choose a
  /// reference after seeing the candidate's answers.
  static func checkSessions(_ candidate: Transcript, _ reference: ReferenceAnswers) throws(AuditRejection) {
    let limits = try SessionLimits(candidate.sessions, endings: reference.endings)
    for (number, sent) in candidate.sent {
      guard reference.isSettled(sent.index, within: limits.lines(at: number)), reference.answer(sent.index) != nil
      else {
        throw .noReferenceAnswer(index: sent.index, line: number)
      }
    }
  }

  /// Every end on the way says what the rule says of the answers before it.
  static func checkEndings(
    _ plan: AuditPlan, _ candidate: Transcript, _ reference: ReferenceAnswers, spelling: TokenSpelling
  ) throws(AuditRejection) -> Scoring {
    var scoring = Scoring(plan: plan, reference: reference, spelling: spelling)
    let settled = candidate.questions.filter(\.value.isResolved).sorted { $0.value.resolvedAt < $1.value.resolvedAt }
    let unscored = scoring
    let rows = Parallel.map(settled.count) { place -> (index: Int, at: Int, row: Scoring.Row?) in
      let (index, question) = settled[place]
      guard case .answered(let answered) = question.state else {
        return (index, question.resolvedAt, unscored.row(index, nil))
      }
      if case .scored(let row) = answered.kept { return (index, question.resolvedAt, row) }
      return (index, question.resolvedAt, unscored.row(index, answered.answer))
    }
    var rest = rows[...]
    for ending in candidate.endings {
      while let (index, at, row) = rest.first, at < ending.number {
        rest = rest.dropFirst()
        scoring.take(index, row: row)
      }
      guard let outcome = ending.end.outcome else { continue }
      let computed = TranscriptLine.Outcome(scoring.decision)
      guard outcome.verdict == computed.verdict else {
        throw .wrongVerdict(line: ending.number, stated: outcome.verdict, computed: computed.verdict)
      }
      guard ending.end.count == scoring.decision.count else {
        throw .wrongCount(line: ending.number, stated: ending.end.count, computed: scoring.decision.count)
      }
      guard outcome == computed else { throw .wrongEvidence(line: ending.number) }
    }
    return scoring
  }
}

/// Kinds of lines that have a salt.
package enum SaltedLine: UInt8, Sendable {
  case sent = 0
  case answer = 1
}

extension AuditKey {
  /// The salt of one line.
  package func salt(side: AuditSide, kind: SaltedLine, index: Int, attempt: Int) -> [UInt8] {
    salt(side: side.code, kind: kind.rawValue, index: index, attempt: attempt)
  }
}
