// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import TestSupport
import Testing

@Suite struct LogProbabilityTests {
  @Test(arguments: [
    ("0", 0), ("-0.0", 0), ("-1", -1_000_000), ("-0.0000005", -1), ("-0.00000049999", 0), ("-1.2345675", -1_234_568),
    ("-1.23456749", -1_234_567), ("-9999.0", -100_000_000), ("-100", -100_000_000), ("-99.9999999", -100_000_000),
    ("-99.9999994", -99_999_999), ("-1e-7", 0), ("-6E-7", -1), ("-1.5e1", -15_000_000), ("-1e+2", -100_000_000),
    ("-1e9999", -100_000_000), ("-1e-9999", 0), ("-0e9999", 0), ("0.3", 0), ("-0.00001234e4", -123_400),
    ("-123.4e-2", -1_234_000),
  ])
  func decimalsAreReadExactly(_ text: String, _ value: Int) {
    #expect(LogProbability.micronats(Array(text.utf8)) == value)
  }

  @Test(arguments: [
    "", "-", "null", "NaN", "-Infinity", "01", "1.", ".5", "-1e", "-1e12345", "1 ", "+1", "-1e1e1", "0x1",
  ])
  func whatIsNoNumberIsNotListed(_ text: String) {
    #expect(LogProbability.micronats(Array(text.utf8)) == nil)
  }

  @Test func longNumbersCostNothing() {
    let text = "-" + String(repeating: "9", count: 1_000_000) + "." + String(repeating: "1", count: 1_000_000)
    #expect(LogProbability.micronats(Array(text.utf8)) == -100_000_000)
    #expect(LogProbability.micronats(Array(("-0." + String(repeating: "0", count: 1_000_000) + "1").utf8)) == 0)
  }
}

@Suite struct SpellingTests {
  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  @Test func oneTokenHasOneMeaningInEverySpelling() {
    #expect(TokenSpelling.plain.bytes(of: bytes(" the")) == bytes(" the"))
    #expect(TokenSpelling.byteLevel.bytes(of: bytes("Ġthe")) == bytes(" the"))
    #expect(TokenSpelling.sentencePiece.bytes(of: bytes("▁the")) == bytes(" the"))
    #expect(TokenSpelling.sentencePiece.bytes(of: bytes("<0x0A>")) == [0x0A])
    #expect(TokenSpelling.byteLevel.bytes(of: bytes("Ċ")) == [0x0A])
    #expect(TokenSpelling.byteLevel.bytes(of: bytes("Ã©")) == bytes("é"))
    // A blank is no character of byte-level BPE, so plain text is not taken for it.
    #expect(TokenSpelling.byteLevel.bytes(of: bytes(" the")) == nil)
    #expect(TokenSpelling.byteLevel.bytes(of: [0xFF]) == nil)
  }

  @Test func everyByteHasItsCharacter() {
    var found: Set<UInt8> = []
    for scalar in UInt32(0)..<0x180 {
      guard let scalar = Unicode.Scalar(scalar) else { continue }
      if let read = TokenSpelling.byteLevel.bytes(of: Array(String(scalar).utf8)) { found.formUnion(read) }
    }
    #expect(found.count == 256)
  }

  @Test func tokensJoinToTheText() {
    #expect(TokenSpelling.joined([bytes(" a"), bytes(" b")], bytes(" a b")) == 2)
    #expect(TokenSpelling.joined([bytes(" a"), bytes(" b")], bytes("a b")) == 2)
    #expect(TokenSpelling.joined([bytes(" a"), bytes("</s>")], bytes("a")) == 1)
    #expect(TokenSpelling.joined([bytes(" a"), bytes("</s>")], bytes("b")) == nil)
    #expect(TokenSpelling.joined([bytes("Ġa")], bytes(" a")) == nil)
    #expect(TokenSpelling.joined([], bytes("a")) == nil)
    // The last token of an answer is often a part of a character.
    #expect(TokenSpelling.joined([bytes("a"), [0xC3]], bytes("a")) == 2)
    #expect(TokenSpelling.joined([bytes("a"), [0xC3]], bytes("a\u{FFFD}")) == 2)
    #expect(TokenSpelling.joined([bytes("a"), [0xC6, 0x20, 0x62]], bytes("a\u{FFFD} b")) == 2)
    #expect(TokenSpelling.joined([[0xF0, 0x9F], [0x98, 0x80]], bytes("😀")) == 2)
  }
}

@Suite struct DistanceTests {
  typealias Entry = AnswerToken.Entry

  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  private func answer(_ places: [(String, Int, [(String, Int)])], finish: String = "length", text: String? = nil)
    -> Answer
  {
    Answer(
      text: bytes(text ?? places.map(\.0).joined()),
      tokens: places.map { token, value, top in
        AnswerToken(token: bytes(token), value: value, top: top.map { Entry(token: bytes($0.0), value: $0.1) })
      }, finish: finish)
  }

  private func distance(_ reference: Answer, _ candidate: Answer, listed: Int = 4) throws -> Distance {
    Distance(
      reference: try #require(ReadAnswer(reference, spelling: .plain)),
      candidate: try #require(ReadAnswer(candidate, spelling: .plain)), listed: listed)
  }

  @Test func equalAnswersAreAtNoDistance() throws {
    let one = answer([(" a", -100, [(" a", -100), (" b", -900)]), (" c", -5, [(" c", -5), (" d", -9)])])
    let found = try distance(one, one)
    #expect(found == Distance(low: 0, high: 0, count: 4))
    #expect(found.score(scale: 100, margin: 20_000) == RequestScore(low: 0, high: 0))
  }

  @Test func theFirstDifferentTokenIsTheLastPlace() throws {
    let reference = answer([(" a", -100, [(" a", -100), (" b", -900)]), (" c", -5, [(" c", -5)])])
    let candidate = answer([(" b", -300, [(" b", -300), (" a", -400)]), (" c", -500_005, [(" c", -500_005)])])
    #expect(try distance(reference, candidate) == Distance(low: 900, high: 900, count: 2))
  }

  @Test func whatIsNotListedHasARange() throws {
    let reference = answer([("a", -100_000, [("a", -100_000), ("b", -3_000_000)])])
    let candidate = answer([("a", -100_000, [("a", -100_000), ("c", -3_500_000)])])
    // b is at most -3.5 nat there: at least half a nat away.
    #expect(try distance(reference, candidate) == Distance(low: 500_000, high: 1_000_000, count: 2))
    // A list of one says only that all others are below it: evidence for nothing, and no help either.
    let short = answer([("a", -100_000, [("a", -100_000)])])
    #expect(try distance(reference, short) == Distance(low: 0, high: 1_000_000, count: 2))
    let full = answer([("a", -2_000_000, [("a", -2_000_000)])])
    let sure = answer([("a", -100, [("a", -100), ("b", -200)])])
    #expect(try distance(sure, full) == Distance(low: 2_000_000, high: 2_000_000, count: 2))
  }

  /// A server that adds the emitted token to its list says nothing with it about what it leaves out.
  @Test func theEmittedTokenIsNoBound() throws {
    let reference = answer([("a", -700_000, [("a", -700_000), ("b", -800_000)])], finish: "length")
    let candidate = answer([("a", -740_000, [("c", -700_000), ("a", -740_000)])])
    #expect(try distance(reference, candidate) == Distance(low: 40_000, high: 1_040_000, count: 2))
  }

  /// Whatever a server says beside its list, lists are compared with lists: an answer is at no distance from itself.
  @Test func listsAreComparedWithLists() throws {
    let odd = answer([("a", -160_000, [("a", -125_000), ("b", -300_000)])])
    #expect(try distance(odd, odd) == Distance(low: 0, high: 0, count: 2))
  }

  @Test func samplingIsFarWhateverItLists() throws {
    let reference = answer([("a", -100, [("a", -100)])])
    let sampled = answer([("b", -60_200, [("a", -100), ("b", -60_200)])])
    #expect(try distance(reference, sampled) == Distance(low: 1_000_000, high: 1_000_000, count: 1))
    let read = try #require(ReadAnswer(sampled, spelling: .plain))
    #expect(!read.isGreedy)
  }

  /// Ending early hides places: nothing is shown by it, and sameness is not either.
  @Test func anEarlyEndIsNoEvidenceButNoHelp() throws {
    let place = ("a", -100, [("a", -100), ("b", -200)])
    let long = answer([place, place, place])
    let short = answer([place])
    #expect(try distance(long, short) == Distance(low: 0, high: 2_000_000, count: 4))
    #expect(try distance(short, long) == Distance(low: 0, high: 2_000_000, count: 4))
    // The same end, written out by one of them only.
    let ended = answer([place], finish: "stop")
    let written = answer([place, ("</s>", -5, [("</s>", -5)])], finish: "stop", text: "a")
    #expect(try distance(ended, written) == Distance(low: 0, high: 0, count: 2))
    #expect(try distance(written, ended) == Distance(low: 0, high: 0, count: 2))
  }

  @Test func repeatedEntriesAreDropped() throws {
    let reference = answer([("a", -100, [("a", -100), ("\u{FFFD}", -300), ("\u{FFFD}", -200)])])
    let read = try #require(ReadAnswer(reference, spelling: .plain))
    #expect(read.places[0].listed == [Entry(token: bytes("a"), value: -100)])
  }

  @Test func answersThatDoNotJoinHaveNoScore() {
    #expect(ReadAnswer(answer([("Ġa", -1, [])], text: " a"), spelling: .plain) == nil)
    #expect(ReadAnswer(answer([("Ġa", -1, [])], text: " a"), spelling: .byteLevel) != nil)
    #expect(ReadAnswer(answer([], text: "a"), spelling: .plain) == nil)
    #expect(ReadAnswer(answer([("a", -1, [])], text: ""), spelling: .plain) == nil)
  }

  @Test func textsAreComparedByTheirCommonBeginning() {
    #expect(
      Distance(reference: bytes("abcd"), candidate: bytes("abxxyyzz"))
        == Distance(low: 6_000_000, high: 6_000_000, count: 8))
    #expect(Distance(reference: [], candidate: []) == nil)
    #expect(Distance(reference: bytes("a"), candidate: []) == Distance(low: 1_000_000, high: 1_000_000, count: 1))
  }

  @Test func scoresAreRoundedAgainstWhoeverTheyServe() {
    let distance = Distance(low: 1, high: 1, count: 3)
    #expect(distance.score(scale: 100, margin: 20_000) == RequestScore(low: 0, high: 1))
    #expect(
      Distance(low: 60_000, high: 60_000, count: 3).score(scale: 100, margin: 20_000)
        == RequestScore(low: 100, high: 100))
    #expect(
      Distance(low: 3_000_000, high: 3_000_000, count: 3).score(scale: 100, margin: 1)
        == RequestScore(low: 1000, high: 1000))
  }
}
