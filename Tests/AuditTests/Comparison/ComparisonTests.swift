// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAudit
import DriftProofCore
import TestSupport
import Testing

@Suite struct ComparisonTests {
  @Test func theSameModelHearsSame() throws {
    let simulation = try Simulation()
    let reference = try simulation.reference(270)
    let result = try simulation.compare(reference, try simulation.candidate(reference))
    #expect(result.verdict == .same)
    #expect(result.decision.count == 265)
    #expect(result.rows.allSatisfy { $0.score == RequestScore(low: 0, high: 0) })
    #expect(result.remarks.agreeing == 265)
    #expect(result.remarks.sentences.isEmpty)
  }

  @Test func anotherModelHearsDifferent() throws {
    let simulation = try Simulation()
    let reference = try simulation.reference(20)
    let candidate = try simulation.candidate(reference) { prompt, _ in Simulation.answer("x" + prompt, shift: 0) }
    let result = try simulation.compare(reference, candidate)
    #expect(result.verdict == .different)
    #expect(result.decision.count <= 5)
    // A distance of 30 % above the margin is seen, too, later.
    let near = try simulation.candidate(try simulation.reference(120)) { prompt, _ in
      Simulation.answer(prompt, shift: 40_000)
    }
    #expect(try simulation.compare(try simulation.reference(120), near).verdict == .different)
  }

  @Test func missingAnswersDecideNothing() throws {
    let simulation = try Simulation()
    let reference = try simulation.reference(300)
    let candidate = try simulation.candidate(reference) { prompt, index in
      index % 20 == 3 ? nil : Simulation.model(prompt, index)
    }
    let result = try simulation.compare(reference, candidate)
    #expect(result.verdict == .undecided)
    #expect(result.missing == 15)
    #expect(result.remarks.unanswered == 15)
  }

  @Test func questionsThatTheReferenceMissesAreSkipped() throws {
    let simulation = try Simulation()
    let reference = try simulation.reference(280) { prompt, index in
      index % 50 == 7 ? nil : Simulation.model(prompt, index)
    }
    let result = try simulation.compare(reference, try simulation.candidate(reference))
    #expect(result.verdict == .same)
    #expect(result.skipped == 6)
  }

  @Test func textsAloneAreCompared() throws {
    let simulation = try Simulation {
      $0.score = .text
      $0.margin = 100_000
      $0.isChat = true
    }
    let reference = try simulation.reference(270)
    #expect(try simulation.compare(reference, try simulation.candidate(reference)).verdict == .same)
    let other = try simulation.candidate(reference) { prompt, _ in Simulation.answer("x" + prompt, shift: 0) }
    #expect(try simulation.compare(reference, other).verdict == .different)
  }

  /// A server that answers from an earlier audit's transcript: a new plan has new questions.
  @Test func answersOfAnEarlierAuditAreFar() throws {
    let (old, new) = (try Simulation(), try Simulation { $0.run = 2 })
    var cache: [Int: Answer] = [:]
    for index in 0..<20 { cache[index] = Simulation.model(try old.questions().prompt(index) ?? "", index) }
    let reference = try new.reference(20)
    let result = try new.compare(reference, try new.candidate(reference) { _, index in cache[index] })
    #expect(result.verdict == .different)
  }

  @Test func honestAtFirstIsNeverSame() throws {
    let simulation = try Simulation()
    let reference = try simulation.reference(300)
    let candidate = try simulation.candidate(reference) { prompt, index in
      Simulation.answer(index < 50 ? prompt : "x" + prompt, shift: 0)
    }
    #expect(try simulation.compare(reference, candidate).verdict == .different)
  }

  @Test func anAuditIsExtended() throws {
    let simulation = try Simulation()
    let short = try simulation.reference(100)
    let first = try simulation.candidate(short)
    #expect(try simulation.compare(short, first).verdict == .undecided)
    // The reference goes on after its end, and so does the candidate.
    var reference = Writer(side: .reference, plan: simulation.plan)
    reference.transcript = try simulation.read(short, .reference)
    reference.file = short
    try reference.add(simulation.session(reference: nil))
    for index in 100..<270 { try simulation.ask(.reference, index, Simulation.model, &reference) }
    try reference.end(count: 270, outcome: nil)
    let answers = try ReferenceAnswers(plan: simulation.plan, transcript: reference.transcript)
    var candidate = Writer(side: .candidate, plan: simulation.plan)
    candidate.transcript = try simulation.read(first, .candidate)
    candidate.file = first
    try candidate.add(simulation.session(reference: answers.currentRoot))
    var scoring = Scoring(plan: simulation.plan, reference: answers, spelling: .plain)
    for index in 0..<265 {
      if index >= 100 { try simulation.ask(.candidate, index, Simulation.model, &candidate) }
      scoring.take(index, Simulation.model(try simulation.questions().prompt(index) ?? "", index))
    }
    try candidate.end(count: scoring.decision.count, outcome: .init(scoring.decision))
    #expect(try simulation.compare(reference.file, candidate.file).verdict == .same)
    // The longer reference still stands behind the first part.
    #expect(try simulation.compare(reference.file, first).verdict == .undecided)
  }

  @Test func orderOfAnswersDoesNotMatter() throws {
    let simulation = try Simulation()
    let reference = try simulation.reference(30)
    let answers = try ReferenceAnswers(plan: simulation.plan, transcript: try simulation.read(reference, .reference))
    let endpoint: Simulation.Endpoint = { prompt, index in
      Simulation.answer(index % 3 == 0 ? "x" + prompt : prompt, shift: 0)
    }
    func decide(_ order: [Int]) throws -> Decision {
      var scoring = Scoring(plan: simulation.plan, reference: answers, spelling: .plain)
      for index in order { scoring.take(index, endpoint(try simulation.questions().prompt(index) ?? "", index)) }
      return scoring.decision
    }
    #expect(try decide(Array(0..<30)) == decide([3, 1, 0, 2, 5, 4] + Array(6..<30).reversed()))
  }

  @Test func aSamplingReferenceIsNone() throws {
    let simulation = try Simulation()
    let reference = try simulation.reference(3) { prompt, index in
      guard index == 1, let answer = Simulation.model(prompt, index) else { return Simulation.model(prompt, index) }
      let first = AnswerToken(
        token: answer.tokens[0].top[3].token, value: answer.tokens[0].top[3].value, top: answer.tokens[0].top)
      let tokens = [first] + answer.tokens.dropFirst()
      return Answer(text: Array(tokens.map(\.token).joined()), tokens: tokens, finish: "length")
    }
    #expect(throws: AuditRejection.referenceSamples(index: 1)) {
      try ReferenceAnswers(plan: simulation.plan, transcript: try simulation.read(reference, .reference))
    }
  }
}
