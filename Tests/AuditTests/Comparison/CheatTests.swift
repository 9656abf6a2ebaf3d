// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAudit
import DriftProofCore
import TestSupport
import Testing

/// Auditors that cheat, and what each is refused by.
@Suite struct CheatTests {
  private func fails(
    _ simulation: Simulation, _ reference: [UInt8], _ candidate: [UInt8], _ location: SourceLocation = #_sourceLocation,
    _ isExpected: (AuditRejection) -> Bool
  ) throws {
    do {
      let result = try simulation.compare(reference, candidate)
      Issue.record("accepted: \(result.verdict)", sourceLocation: location)
    } catch let error as AuditRejection {
      #expect(isExpected(error), "\(error)", sourceLocation: location)
    } catch let error as TranscriptError {
      #expect(isExpected(.transcript(.candidate, error)), "\(error)", sourceLocation: location)
    }
  }

  private func cheat(
    count: Int = 12, reference change: (inout [TranscriptLine]) -> Void = { _ in },
    candidate: (inout [TranscriptLine]) -> Void, location: SourceLocation = #_sourceLocation,
    refusal isExpected: (AuditRejection) -> Bool
  ) throws {
    let simulation = try Simulation()
    let reference = try simulation.reference(count)
    let honest = try simulation.candidate(reference)
    let digest = simulation.plan.digest
    try fails(
      simulation, try Forgery.relinked(reference, digest, change), try Forgery.relinked(honest, digest, candidate),
      location, isExpected)
  }

  private func editAnswer(
    _ lines: inout [TranscriptLine], _ index: Int, _ edit: (inout TranscriptLine.Answered) -> Void
  ) {
    for place in lines.indices {
      if case .answer(var answered) = lines[place], answered.index == index {
        edit(&answered)
        lines[place] = .answer(answered)
      }
    }
  }

  private func editEnd(_ lines: inout [TranscriptLine], _ edit: (inout TranscriptLine.End) -> Void) {
    guard case .end(var end)? = lines.last else { return }
    edit(&end)
    lines[lines.count - 1] = .end(end)
  }

  @Test func aForgeryByItselfIsAccepted() throws {
    let simulation = try Simulation()
    let reference = try simulation.reference(12)
    let honest = try simulation.candidate(reference)
    #expect(try Forgery.relinked(honest, simulation.plan.digest) { _ in } == honest)
  }

  /// One line changed, nothing redone.
  @Test func aChangedByteBreaksTheChain() throws {
    let simulation = try Simulation()
    let reference = try simulation.reference(6)
    let candidate = try simulation.candidate(reference)
    var random = SeededGenerator(seed: 31)
    for _ in 0..<300 {
      var bytes = candidate
      let place = Int.random(in: bytes.indices, using: &random)
      bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      #expect(throws: (any Error).self) { try simulation.compare(reference, bytes) }
    }
    for _ in 0..<100 {
      var lines = candidate.split(separator: 0x0A)
      let (a, b) = (Int.random(in: lines.indices, using: &random), Int.random(in: lines.indices, using: &random))
      guard a != b else { continue }
      lines.swapAt(a, b)
      #expect(throws: TranscriptError.self) {
        try simulation.read(Array(lines.joined(separator: [0x0A])) + [0x0A], .candidate)
      }
    }
  }

  @Test func anotherMarginIsAnotherPlan() throws {
    let simulation = try Simulation()
    let reference = try simulation.reference(6)
    var other = simulation
    other.plan.margin *= 10
    #expect(throws: TranscriptError.otherPlan(stated: simulation.plan.digest.hexadecimal)) {
      try other.compare(reference, try simulation.candidate(reference))
    }
    // The whole chain made anew under the other plan: then the questions are wrong.
    let moved = try Forgery.relinked(reference, other.plan.digest) { lines in
      if case .header(var header) = lines[0] {
        header.plan = other.plan.digest.hexadecimal
        lines[0] = .header(header)
      }
    }
    let candidate = try Forgery.relinked(try simulation.candidate(reference), other.plan.digest) { lines in
      if case .header(var header) = lines[0] {
        header.plan = other.plan.digest.hexadecimal
        lines[0] = .header(header)
      }
    }
    try fails(other, moved, candidate) { $0 == .otherRequest(.reference, line: 3, index: 0) }
  }

  @Test func chosenQuestionsAreSeen() throws {
    let chosen = SHA256.hash(Array("an easy one".utf8)).hexadecimal
    try cheat { lines in
      for place in lines.indices {
        if case .sent(var sent) = lines[place], sent.index == 2 {
          sent.request = chosen
          lines[place] = .sent(sent)
        }
      }
    } refusal: {
      if case .otherRequest(.candidate, line: _, index: 2) = $0 { true } else { false }
    }
  }

  @Test func anotherKeyIsRefused() throws {
    let simulation = try Simulation()
    let reference = try simulation.reference(3)
    let candidate = try simulation.candidate(reference)
    #expect(throws: AuditRejection.plan(.otherKey)) {
      try AuditResult(
        plan: simulation.plan, key: AuditKey(), prompts: nil, reference: try simulation.read(reference, .reference),
        candidate: try simulation.read(candidate, .candidate))
    }
  }

  /// An answer replaced, and chain and root redone: evidence, counts or verdict no longer follow.
  @Test func aReplacedAnswerIsSeen() throws {
    try cheat { lines in
      editAnswer(&lines, 3) { $0.answer = Simulation.answer("other", shift: 0) }
    } refusal: {
      if case .wrongEvidence = $0 { true } else { false }
    }
    try cheat(reference: { lines in editAnswer(&lines, 3) { $0.answer = Simulation.answer("other", shift: 0) } }) { _ in
    } refusal: {
      if case .otherReference = $0 { true } else { false }
    }
  }

  @Test func scoresThatDoNotFollowAreSeen() throws {
    try cheat { lines in
      editEnd(&lines) { $0.outcome?.wealths[3] = Wealth(mantissa: 1 << 62, exponent: 0) }
    } refusal: {
      if case .wrongEvidence = $0 { true } else { false }
    }
    try cheat { lines in
      editEnd(&lines) { $0.outcome?.sum += 1 }
    } refusal: {
      if case .wrongEvidence = $0 { true } else { false }
    }
    try cheat { lines in
      editEnd(&lines) { $0.outcome?.wealths.removeLast() }
    } refusal: {
      if case .wrongEvidence = $0 { true } else { false }
    }
    try cheat { lines in
      editEnd(&lines) { $0.outcome?.verdict = .same }
    } refusal: {
      if case .wrongVerdict(line: _, stated: .same, computed: .undecided) = $0 { true } else { false }
    }
    try cheat { lines in
      editEnd(&lines) { $0.count += 1 }
    } refusal: {
      if case .wrongCount(line: _, stated: 13, computed: 12) = $0 { true } else { false }
    }
  }

  /// Whoever records may drop the end of a transcript, or invent all of it, and no check can see it: the verdict is then that
  /// of what is left. A signature says who vouches for it.
  @Test func aTranscriptThatIsCutByItsMakerPasses() throws {
    let simulation = try Simulation()
    let reference = try simulation.reference(12)
    let cut = try simulation.candidate(reference, limit: 5)
    #expect(try simulation.compare(reference, cut).verdict == .undecided)
    #expect(try simulation.compare(reference, cut).decision.count == 5)
  }

  /// The last requests dropped, the end kept: it counts more than there are.
  @Test func droppedRequestsWithoutANewEndAreSeen() throws {
    try cheat { lines in
      lines.removeSubrange(lines.count - 5..<lines.count - 1)
    } refusal: {
      if case .wrongCount = $0 { true } else if case .wrongEvidence = $0 { true } else { false }
    }
  }

  /// The rule ends at the first crossing: going on to a more convenient verdict is a wrong count.
  @Test func aVerdictAfterTheFirstCrossingIsSeen() throws {
    let simulation = try Simulation()
    let reference = try simulation.reference(12)
    var writer = Writer(side: .candidate, plan: simulation.plan)
    let answers = try ReferenceAnswers(plan: simulation.plan, transcript: try simulation.read(reference, .reference))
    try writer.add(.header(simulation.header(.candidate)), simulation.session(reference: answers.currentRoot))
    var decision = Decision(mode: .audit)
    for index in 0..<12 {
      try simulation.ask(
        .candidate, index,
        { prompt, index in
          Simulation.answer(index < 6 ? "x" + prompt : prompt, shift: 0)
        }, &writer)
      decision.add(index < 6 ? RequestScore(low: 1000, high: 1000) : RequestScore(low: 0, high: 0))
    }
    try writer.end(count: 12, outcome: .init(decision))
    try fails(simulation, reference, writer.file) { error in
      if case .wrongCount(line: _, stated: 12, computed: let count) = error { count < 6 } else { false }
    }
  }

  @Test func nothingFollowsAVerdict() throws {
    let simulation = try Simulation()
    let reference = try simulation.reference(12)
    let candidate = try simulation.candidate(reference) { prompt, _ in Simulation.answer("x" + prompt, shift: 0) }
    var writer = Writer(side: .candidate, plan: simulation.plan)
    writer.transcript = try simulation.read(candidate, .candidate)
    #expect(throws: TranscriptError.afterVerdict(number: writer.transcript.count + 1)) {
      try writer.add(simulation.session(reference: String(repeating: "0", count: 64)))
    }
  }

  @Test func anotherReferenceThanTheSessionsIsSeen() throws {
    let simulation = try Simulation()
    let reference = try simulation.reference(12)
    let candidate = try simulation.candidate(reference)
    let other = try simulation.reference(12) { prompt, _ in Simulation.answer(prompt, shift: 1) }
    try fails(simulation, other, candidate) { $0 == .otherReference(line: 2) }
  }

  /// Questions that the reference answered only after the candidate: whoever does that could choose the reference.
  /// Whoever writes transcripts chooses how many sessions and ends they have: a reader must not go through all for each.
  @Test(.timeLimit(.minutes(1))) func manySessionsAreReadAtOnce() throws {
    let count = 200_000
    let endings = (0..<count).map {
      Transcript.Ending(number: 2 * $0, end: .init(count: 0, outcome: nil, lines: $0, root: "\($0)"))
    }
    let sessions = (0..<count).map {
      (number: 3 * $0 + 2, session: TranscriptLine.Session(at: "", concurrency: 1, reference: "\(count - 1 - $0)"))
    }
    let limits = try SessionLimits(sessions, endings: endings)
    #expect((0..<3 * count).allSatisfy { limits.lines(at: $0) == ($0 <= 2 ? 0 : count - 1 - ($0 - 3) / 3) })
    #expect(throws: AuditRejection.otherReference(line: 2)) {
      try SessionLimits(Array(sessions.prefix(3)), endings: Array(endings.prefix(4)))
    }
  }

  @Test func aReferenceMadeAfterwardsIsSeen() throws {
    let simulation = try Simulation()
    let short = try simulation.reference(3)
    var reference = Writer(side: .reference, plan: simulation.plan)
    reference.transcript = try simulation.read(short, .reference)
    reference.file = short
    try reference.add(simulation.session(reference: nil))
    for index in 3..<6 { try simulation.ask(.reference, index, Simulation.model, &reference) }
    try reference.end(count: 6, outcome: nil)
    let long = try simulation.candidate(reference.file)
    let root = try simulation.read(short, .reference).endings.last?.end.root
    let candidate = try Forgery.relinked(long, simulation.plan.digest) { lines in
      lines[1] = simulation.session(reference: root)
    }
    try fails(simulation, reference.file, candidate) { $0 == .noReferenceAnswer(index: 3, line: 9) }
  }

  @Test func otherPartiesAreRefusedByName() throws {
    func header(_ edit: @escaping (inout TranscriptLine.Header) -> Void) -> (inout [TranscriptLine]) -> Void {
      { lines in
        if case .header(var header) = lines[0] {
          edit(&header)
          lines[0] = .header(header)
        }
      }
    }
    try cheat(
      candidate: header { $0.origin = "local" },
      refusal: { $0 == .otherOrigin(stated: "local", expected: "https://api.example.com") })
    try cheat(
      candidate: header { $0.path = "/v2/completions" },
      refusal: { $0 == .otherPath(.candidate, stated: "/v2/completions", expected: "/v1/completions") })
    try cheat(
      candidate: header { $0.model = "other" }, refusal: { $0 == .otherModel(stated: "other", expected: "org/tuned") })
    try cheat(candidate: header { $0.beacon = "ab" }, refusal: { $0 == .otherBeacon })
    // Another spelling changes what the tokens mean: here none of them can be read.
    try cheat(
      candidate: header { $0.spelling = .byteLevel }, refusal: { if case .wrongEvidence = $0 { true } else { false } })
    let simulation = try Simulation()
    let reference = try simulation.reference(3)
    let moved = try Forgery.relinked(reference, simulation.plan.digest, header { $0.path = "/v1/chat/completions" })
    let candidate = try simulation.candidate(reference)
    try fails(simulation, moved, candidate) {
      $0 == .otherPath(.reference, stated: "/v1/chat/completions", expected: "…/completions")
    }
  }

  @Test func otherSaltsAreSeen() throws {
    try cheat { lines in
      editAnswer(&lines, 4) { $0.salt = String(repeating: "0", count: 64) }
    } refusal: {
      $0 == .otherSalt(.candidate, index: 4)
    }
    try cheat { lines in
      for place in lines.indices {
        if case .sent(var sent) = lines[place], sent.index == 5 {
          sent.salt = String(repeating: "0", count: 64)
          lines[place] = .sent(sent)
        }
      }
    } refusal: {
      $0 == .otherSalt(.candidate, index: 5)
    }
  }

  @Test func aTranscriptWithoutEndHasNoVerdict() throws {
    try cheat { lines in
      lines.removeLast()
    } refusal: {
      $0 == .noEnd(.candidate)
    }
    try cheat(reference: { $0.removeLast() }) { _ in
    } refusal: {
      $0 == .noEnd(.reference)
    }
  }

  @Test func aFileOfPromptsHasAnEnd() throws {
    var simulation = try Simulation()
    let file = try PromptFile(Array("one\ntwo\n".utf8))
    simulation.plan.prompts = .file(digest: file.digest)
    let source = try simulation.plan.questions(key: simulation.key, beacon: [], file: file)
    var writer = Writer(side: .reference, plan: simulation.plan)
    try writer.add(.header(simulation.header(.reference)), simulation.session(reference: nil))
    for index in 0..<3 {
      try writer.add(
        simulation.sent(.reference, index, prompt: source.prompt(index) ?? "three"),
        simulation.answered(.reference, index, Simulation.answer("\(index)", shift: 0)))
    }
    try writer.end(count: 3, outcome: nil)
    #expect(throws: AuditRejection.noSuchPrompt(.reference, index: 2)) {
      try AuditChecks.checkQuestions(
        simulation.plan, simulation.key, source, writer.transcript, model: simulation.referenceModel)
    }
  }
}
