// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAudit
@testable import DriftProofAuditBundle
import DriftProofCore
import TestSupport
import Testing

/// Signers who withhold answers and lie about them, and what each lie is refused by.
@Suite struct WithheldTests {
  private func fails(
    _ tar: [UInt8], _ location: SourceLocation = #_sourceLocation, _ isExpected: (BundleRejection) -> Bool
  ) throws {
    do {
      let report = try BundleForge.verify(tar)
      Issue.record("accepted: \(report.verdict)", sourceLocation: location)
    } catch let error as BundleRejection {
      #expect(isExpected(error), "\(error)", sourceLocation: location)
    }
  }

  private func isRefused(
    _ forge: BundleForge, by expected: WithheldError, location: SourceLocation = #_sourceLocation,
    edit: (inout AuditSummary) -> Void
  ) throws {
    try fails(try forge.forged(withheld: true, summary: edit), location) { $0 == .withheld(expected) }
  }

  /// Lines: header, session, then request and answer of each question.
  @Test func everyScoreIsTiedToLinesOfItsOwn() throws {
    let forge = try BundleForge(count: 6)
    #expect(try forge.summary().scores.map(\.candidateLine) == [4, 6, 8, 10, 12, 14])
    func moved(_ place: Int, index: Int? = nil, reference: Int? = nil, candidate: Int? = nil) -> (inout AuditSummary) ->
      Void
    {
      { summary in
        let old = summary.scores[place]
        summary.scores[place] = .init(
          index: index ?? old.index, score: old.score, referenceLine: reference ?? old.referenceLine,
          candidateLine: candidate ?? old.candidateLine)
      }
    }
    try isRefused(forge, by: .order(index: 0), edit: moved(1, index: 0))
    try isRefused(forge, by: .line(.reference, index: 1, line: 2), edit: moved(1, reference: 2))
    try isRefused(forge, by: .line(.reference, index: 1, line: 99), edit: moved(1, reference: 99))
    try isRefused(forge, by: .line(.candidate, index: 1, line: 2), edit: moved(1, candidate: 2))
    try isRefused(forge, by: .line(.candidate, index: 1, line: 15), edit: moved(1, candidate: 15))
    try isRefused(forge, by: .sameLine(.reference, index: 1, line: 4), edit: moved(1, reference: 4))
    try isRefused(forge, by: .sameLine(.candidate, index: 1, line: 4), edit: moved(1, candidate: 4))
  }

  @Test func theDecisionFollowsFromTheScores() throws {
    let forge = try BundleForge(count: 12, shift: 500_000)
    // Scores that would be SAME's, under an end that says DIFFERENT.
    try fails(
      try forge.forged(withheld: true) { summary in
        summary.scores = summary.scores.map {
          .init(
            index: $0.index, score: .init(low: 0, high: 0), referenceLine: $0.referenceLine,
            candidateLine: $0.candidateLine)
        }
      }
    ) {
      if case .audit(.wrongVerdict(line: _, stated: .different, computed: .undecided)) = $0 { true } else { false }
    }
    // One less, or other ones that end in the same verdict.
    try fails(try forge.forged(withheld: true) { $0.scores.removeLast() }) {
      if case .audit(.wrongVerdict) = $0 { true } else { false }
    }
    try fails(
      try forge.forged(withheld: true) { summary in
        let last = summary.scores[1]
        summary.scores[1] = .init(
          index: 1, score: .init(low: 999, high: 1000), referenceLine: last.referenceLine,
          candidateLine: last.candidateLine)
      }
    ) {
      if case .audit(.wrongEvidence) = $0 { true } else { false }
    }
    let open = try BundleForge(count: 12)
    try fails(try open.forged(withheld: true) { $0.scores.removeLast() }) {
      if case .audit(.wrongCount(line: _, stated: 12, computed: 11)) = $0 { true } else { false }
    }
    for (member, change) in [
      ("verdict", { $0.verdict = .same }), ("missing", { $0.missing = 1 }),
      ("intervals", { $0.intervals = Intervals(meanAbove: 0, meanBelow: 9, tailAbove: 0, tailBelow: 9) }),
      ("plan", { $0.plan = String(repeating: "0", count: 64) }),
    ] as [(String, (inout AuditSummary) -> Void)] {
      try fails(try open.forged(withheld: true, summary: change)) { $0 == .result(member: member) }
    }
    try fails(try forge.forged(withheld: true) { $0.skipped = 3 }) { $0 == .result(member: "skipped") }
  }

  /// A signer who counts on after the first crossing, in an end and scores that fit each other.
  @Test func noScoreStandsBehindTheVerdict() throws {
    var forge = try BundleForge(count: 12, shift: 500_000)
    var writer = Writer(side: .candidate, plan: forge.simulation.plan)
    let root = try forge.simulation.read(forge.reference, .reference).endings.last?.end.root
    try writer.add(.header(forge.simulation.header(.candidate)), forge.simulation.session(reference: root))
    var decision = Decision(mode: .audit)
    var summary = try forge.summary(withheld: true)
    summary.scores = []
    for index in 0..<4 {
      try forge.simulation.ask(.candidate, index, { prompt, _ in Simulation.answer(prompt, shift: 500_000) }, &writer)
      decision.add(.init(low: 1000, high: 1000))
      summary.scores.append(
        .init(
          index: index, score: .init(low: 1000, high: 1000), referenceLine: 4 + 2 * index, candidateLine: 4 + 2 * index)
      )
    }
    try writer.end(count: 4, outcome: .init(decision))
    forge.candidate = writer.file
    summary.intervals = Intervals(scores: summary.scores.map(\.score), mode: .audit)
    try fails(try forge.sign(summary, withheld: true)) { $0 == .withheld(.afterVerdict(index: 2)) }
  }

  @Test func aMissingAnswerScoresAsOne() throws {
    var forge = try BundleForge(count: 6)
    forge.candidate = try forge.simulation.candidate(forge.reference) { prompt, index in
      index == 3 ? nil : Simulation.answer(prompt, shift: 0)
    }
    let report = try BundleForge.verify(try forge.bundle(withheld: true))
    #expect(report.summary.missing == 1)
    try isRefused(forge, by: .scoredMissing(index: 3)) { summary in
      let old = summary.scores[3]
      summary.scores[3] = .init(
        index: 3, score: .init(low: 0, high: 0), referenceLine: old.referenceLine, candidateLine: old.candidateLine)
    }
    // The line of its request is no answer.
    try isRefused(forge, by: .line(.candidate, index: 3, line: 9)) { summary in
      let old = summary.scores[3]
      summary.scores[3] = .init(
        index: 3, score: .init(low: 0, high: 0), referenceLine: old.referenceLine, candidateLine: 9)
    }
  }

  /// The reference's answers were there before the candidate was asked.
  @Test func noReferenceIsYoungerThanItsSession() throws {
    var forge = try BundleForge(count: 4)
    let short = forge.reference
    // The reference goes on after the candidate was asked about its first four.
    var writer = Writer(side: .reference, plan: forge.simulation.plan)
    for line in short.split(separator: 0x0A) { try writer.add(try TranscriptLine.read(Array(line)).line) }
    try writer.add(forge.simulation.session(reference: nil))
    for index in 4..<6 { try forge.simulation.ask(.reference, index, Simulation.model, &writer) }
    try writer.end(count: 6, outcome: nil)
    forge.reference = writer.file
    let summary = try forge.summary(withheld: true)
    #expect(try BundleForge.verify(try forge.sign(summary, withheld: true)).verdict == .undecided)
    var late = summary
    let last = summary.scores[3]
    // The fifth answer of the reference, line 13 of it, for the fourth question.
    late.scores[3] = .init(index: 3, score: last.score, referenceLine: 14, candidateLine: last.candidateLine)
    try fails(try forge.sign(late, withheld: true)) { $0 == .withheld(.lateReference(index: 3, line: 14)) }
  }

  /// The frame: lines shown, links broken, ends that say something else.
  @Test func theFrameIsChecked() throws {
    let forge = try BundleForge(count: 4)
    let plan = forge.simulation.plan
    let hidden = WithheldTranscript.file(withholding: forge.candidate)
    func read(_ file: [UInt8], side: AuditSide = .candidate) throws -> WithheldTranscript {
      try WithheldTranscript(file: file, side: side, planDigest: plan.digest)
    }
    let honest = try read(hidden)
    #expect(honest.hidden == Set(3...10) && honest.endings.count == 1)
    #expect(honest.root == (try forge.simulation.read(forge.candidate, .candidate)).root)
    #expect(throws: TranscriptError.visible(number: 3)) { try read(forge.candidate) }
    #expect(throws: TranscriptError.wrongSide(expected: .reference)) { try read(hidden, side: .reference) }
    #expect(throws: TranscriptError.empty) { try read([]) }
    #expect(throws: TranscriptError.unfinishedLine(number: 11)) { try read(Array(hidden.dropLast())) }
    var lines = hidden.split(separator: 0x0A).map { Array($0) }
    let end = lines.removeLast()
    func joined(_ lines: [[UInt8]]) -> [UInt8] { Array(lines.joined(separator: [0x0A])) + [0x0A] }
    #expect(throws: TranscriptError.noEnd) { try read(joined(lines)) }
    #expect(throws: TranscriptError.brokenChain(number: 10)) { try read(joined(lines.dropLast() + [end])) }
    // Two digests in each other's place: only the root sees it.
    var swapped = lines
    swapped.swapAt(3, 5)
    #expect(throws: TranscriptError.wrongRoot(number: 11)) { try read(joined(swapped + [end])) }
    #expect(throws: TranscriptError.noHeader) { try read(joined(Array(lines[2...]) + [end])) }
    var unsigned = lines
    unsigned.remove(at: 1)
    #expect(throws: TranscriptError.noSession(number: 2)) { try read(joined(unsigned + [end])) }
    #expect(throws: TranscriptError.otherPlan(stated: plan.digest.hexadecimal)) {
      try WithheldTranscript(file: hidden, side: .candidate, planDigest: [UInt8](repeating: 0, count: 32))
    }
  }

  // MARK: Opened records

  /// What withheld scores may hide, and opened records show: one that does not follow.
  @Test func aLieIsFoundByOpeningIt() throws {
    var forge = try BundleForge(count: 12)
    // The endpoint was far off at questions 3 and 7; the signer writes an end and scores as if it had not been.
    let honest = forge.candidate
    let digest = forge.simulation.plan.digest
    forge.candidate = try Forgery.relinked(honest, digest) { lines in
      for place in lines.indices {
        guard case .answer(let answered) = lines[place], [3, 7].contains(answered.index) else { continue }
        let far = Simulation.answer("another model \(answered.index)", shift: 0)
        lines[place] = forge.simulation.answered(.candidate, answered.index, far)
      }
    }
    let summary: AuditSummary = try {
      var honestForge = forge
      honestForge.candidate = honest
      return try honestForge.summary(withheld: true)
    }()
    let tar = try forge.sign(summary, withheld: true)
    var report = try BundleForge.verify(tar)
    #expect(report.isWithheld && report.verdict == .undecided)
    let records = try opened(forge, [0, 3, 5])
    #expect(
      throws: OpenedError.otherScore(index: 3, stated: .init(low: 0, high: 0), computed: .init(low: 1000, high: 1000))
    ) {
      try report.open(records.file)
    }
    try report.open(try opened(forge, [0, 5]).file, wanted: [5])
    #expect(report.opened == [0, 5])
    #expect(throws: OpenedError.notOpened(index: 3)) {
      try report.open(try opened(forge, [0, 5]).file, wanted: [3, 5])
    }
  }

  /// Records of transcripts that do not fit their end, which the honest maker of records refuses.
  private func opened(_ forge: BundleForge, _ indices: Set<Int>) throws -> OpenedRecords {
    let lines = { (file: [UInt8]) in file.split(separator: 0x0A).map { Array($0) } }
    let (truth, found) = (lines(forge.reference), lines(forge.candidate))
    func exchange(_ lines: [[UInt8]], _ index: Int) -> OpenedRecords.Exchange {
      let paths = LinePaths(lines.map { SHA256.hash($0) })
      func line(_ number: Int) -> OpenedRecords.Line {
        .init(number: number, bytes: lines[number - 1], path: paths.path(of: number))
      }
      return .init(sent: line(3 + 2 * index), settled: line(4 + 2 * index))
    }
    return OpenedRecords(
      plan: forge.simulation.plan.digest.hexadecimal,
      records: try indices.sorted().map { index in
        .init(
          index: index, prompt: try forge.simulation.questions().prompt(index) ?? "",
          reference: exchange(truth, index), candidate: exchange(found, index))
      })
  }

  @Test func openedRecordsMustBeThoseThatWereSigned() throws {
    var forge = try BundleForge(count: 6, shift: 3_000)
    forge.candidate = try forge.simulation.candidate(forge.reference) { prompt, index in
      index == 4 ? nil : Simulation.answer(prompt, shift: 3_000)
    }
    let report = try BundleForge.verify(try forge.bundle(withheld: true))
    let honest = try forge.opened([1, 2, 4])
    #expect(try OpenedRecords(file: honest.file) == honest)
    var copy = report
    try copy.open(honest.file)
    #expect(copy.opened == [1, 2, 4])
    // In the bundle itself, too.
    let inside = try forge.bundle(withheld: true) { $0.opened = honest.file }
    #expect(try BundleForge.verify(inside).opened == [1, 2, 4])

    func fails(
      _ expected: OpenedError, _ location: SourceLocation = #_sourceLocation,
      _ edit: (inout OpenedRecords) throws -> Void
    ) throws {
      var changed = honest
      try edit(&changed)
      var copy = report
      #expect(throws: expected, sourceLocation: location) { try copy.open(changed.file) }
    }
    let zeros = String(repeating: "0", count: 64)
    try fails(.otherPlan(stated: zeros, expected: forge.simulation.plan.digest.hexadecimal)) { $0.plan = zeros }
    try fails(.order(index: 1)) { $0.records.swapAt(0, 1) }
    try fails(.order(index: 1)) { $0.records.insert($0.records[0], at: 0) }
    try fails(.noSuchRecord(index: 7)) { $0.records[2].index = 7 }
    // Another answer, under its own digest.
    try fails(.notInTranscript(.candidate, index: 1, line: 6)) {
      let bytes = String(decoding: $0.records[0].candidate.settled.bytes, as: UTF8.self)
      $0.records[0].candidate.settled.bytes = Array(bytes.replacing("\"attempt\":1", with: "\"attempt\":2").utf8)
    }
    try fails(.notInTranscript(.reference, index: 1, line: 6)) { $0.records[0].reference.settled.path.removeLast() }
    try fails(.notInTranscript(.reference, index: 1, line: 5)) {
      $0.records[0].reference.sent.path.append([UInt8](repeating: 0, count: 32))
    }
    try fails(.notInTranscript(.reference, index: 1, line: 8)) { $0.records[0].reference.settled.number = 8 }
    // Lines of another question, which are in the transcript.
    try fails(.otherLine(.candidate, index: 1, stated: 8, expected: 6)) {
      $0.records[0].candidate = $0.records[1].candidate
    }
    try fails(.notThisRecord(.candidate, index: 1)) {
      $0.records[0].candidate.sent = $0.records[1].candidate.sent
    }
    // Sent before the answer, and another question.
    try fails(.notThisRecord(.candidate, index: 2)) {
      $0.records[1].candidate.sent = $0.records[0].candidate.sent
    }
    try fails(.notThisRecord(.candidate, index: 1)) {
      $0.records[0].candidate.sent = $0.records[0].candidate.settled
    }
    try fails(.otherPrompt(.reference, index: 1)) { $0.records[0].prompt += "!" }
    for bytes in [[], Array("{}\n".utf8), Array(honest.file.dropLast()), honest.file + honest.file] as [[UInt8]] {
      var copy = report
      do {
        try copy.open(bytes)
        Issue.record("opened")
      } catch {
        guard case .malformed = error else { throw error }
      }
    }
    #expect(throws: OpenedError.noSuchRecord(index: 6)) { try forge.opened([6]) }
    #expect(throws: OpenedError.tooMany(count: 10_001)) { try forge.opened(Set(0...10_000)) }
  }

  /// Two answers to one question under one signature: the score says which line it is of.
  @Test func aSecondAnswerIsNoWayOut() throws {
    var forge = try BundleForge(count: 4)
    let summary = try forge.summary(withheld: true)
    let index = 2
    let far = Simulation.answer("another model", shift: 0)
    // The far answer where the score points, a harmless one behind it.
    forge.candidate = try Forgery.relinked(forge.candidate, forge.simulation.plan.digest) { lines in
      let harmless = lines[7]
      lines[7] = forge.simulation.answered(.candidate, index, far)
      lines.insert(harmless, at: 10)
    }
    let report = try BundleForge.verify(try forge.sign(summary, withheld: true))
    var records = try opened(forge, [index])
    var copy = report
    do {
      try copy.open(records.file)
      Issue.record("the far answer was accepted")
    } catch {
      guard case .otherScore(index: index, _, _) = error else { throw error }
    }
    let lines = forge.candidate.split(separator: 0x0A).map { Array($0) }
    records.records[0].candidate.settled = .init(
      number: 11, bytes: lines[10], path: LinePaths(lines.map { SHA256.hash($0) }).path(of: 11))
    #expect(throws: OpenedError.otherLine(.candidate, index: index, stated: 11, expected: 8)) {
      try copy.open(records.file)
    }
  }

  @Test func pathsAreThoseOfTheTree() throws {
    for count in 1...33 {
      let digests = (0..<count).map { SHA256.hash([UInt8($0)]) }
      var tree = LineTree()
      for digest in digests { tree.append(digest) }
      let paths = LinePaths(digests)
      for number in 1...count {
        let path = paths.path(of: number)
        #expect(LinePaths.root(digest: digests[number - 1], number: number, count: count, path: path) == tree.root)
        #expect(LinePaths.root(digest: digests[number - 1], number: number, count: count, path: path + [[0]]) == nil)
        #expect(
          LinePaths.root(digest: digests[number - 1], number: number, count: count, path: Array(path.dropLast()))
            != tree.root || path.isEmpty)
        let other = number % count + 1
        #expect(
          other == number
            || LinePaths.root(digest: digests[number - 1], number: other, count: count, path: path) != tree.root)
      }
      #expect(LinePaths.root(digest: digests[0], number: 0, count: count, path: []) == nil)
      #expect(LinePaths.root(digest: digests[0], number: count + 1, count: count, path: []) == nil)
    }
  }
}
