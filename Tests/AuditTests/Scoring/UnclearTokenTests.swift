// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAudit
import DriftProofCore
import Testing

/// Parts of characters, which one shape of answers lists by their bytes, and the older one under a text that all of them share.
@Suite struct UnclearTokenTests {
  /// " a", then C3, A4 and "b" in its list; C3 is the emitted token of the second place.
  private static let newer = """
    {"choices":[{"text":" a\u{FFFD}","logprobs":{"content":[
    {"token":" a","logprob":-0.5,"bytes":[32,97],"top_logprobs":[{"token":" a","logprob":-0.5,"bytes":[32,97]},
    {"token":"\u{FFFD}","logprob":-1.0,"bytes":[195]},{"token":"\u{FFFD}","logprob":-1.5,"bytes":[164]},
    {"token":"b","logprob":-4.0,"bytes":[98]}]},
    {"token":"\u{FFFD}","logprob":-0.25,"bytes":[195],"top_logprobs":[{"token":"\u{FFFD}","logprob":-0.25,"bytes":[195]},
    {"token":"b","logprob":-2.0,"bytes":[98]}]}]}}]}
    """

  /// The same answer by text. Some servers keep the last value of a text, some the first, some write all.
  private static func older(_ unclear: String) -> String {
    """
    {"choices":[{"text":" a\u{FFFD}","logprobs":{"tokens":[" a","\u{FFFD}"],"token_logprobs":[-0.5,-0.25],
    "top_logprobs":[{" a":-0.5,\(unclear),"b":-4.0},{"\u{FFFD}":-0.25,"b":-2.0}]}}]}
    """
  }

  private func read(_ body: String) throws -> ReadAnswer {
    let response = try EndpointResponse(body: Array(body.utf8), tokens: 8, wantsLogProbabilities: true)
    return try #require(ReadAnswer(response.answer, spelling: .plain))
  }

  private func distance(_ reference: ReadAnswer, _ candidate: ReadAnswer) -> Distance {
    Distance(reference: reference, candidate: candidate, listed: 8)
  }

  @Test(arguments: ["\"\u{FFFD}\":-1.5", "\"\u{FFFD}\":-1.0", "\"\u{FFFD}\":-1.0,\"\u{FFFD}\":-1.5"])
  func aModelIsAtNoDistanceFromItselfInEitherShape(unclear: String) throws {
    let (newer, older) = (try read(Self.newer), try read(Self.older(unclear)))
    for (reference, candidate) in [(newer, older), (older, newer), (newer, newer), (older, older)] {
      #expect(distance(reference, candidate).low == 0)
    }
    // What cannot be seen is no help either: three parts of characters.
    #expect(distance(newer, older).high == 3_000_000)
    #expect(distance(newer, newer).high == 0)
  }

  /// Other servers leave out what is no character: then a part shares the text of a blank, or of nothing.
  @Test func aModelIsAtNoDistanceFromItselfWherePartsAreLeftOut() throws {
    let newer = """
      {"choices":[{"text":" a","logprobs":{"content":[{"token":" a","logprob":-0.5,"bytes":[32,97],"top_logprobs":[
      {"token":" a","logprob":-0.5,"bytes":[32,97]},{"token":"","logprob":-1.0,"bytes":[195]},
      {"token":" ","logprob":-1.5,"bytes":[32]},{"token":" ","logprob":-3.5,"bytes":[32,226]},
      {"token":"b","logprob":-4.0,"bytes":[98]}]}]}}]}
      """
    let older = """
      {"choices":[{"text":" a","logprobs":{"tokens":[" a"],"token_logprobs":[-0.5],
      "top_logprobs":[{" a":-0.5,"":-1.0," ":-3.5,"b":-4.0}]}}]}
      """
    let (first, second) = (try read(newer), try read(older))
    #expect(distance(first, second) == Distance(low: 0, high: 3_000_000, count: 4))
    #expect(distance(second, first).low == 0)
    // A blank is evidence where both list the same parts, and so is any other text beside a part.
    let moved = newer.replacing("\" \",\"logprob\":-1.5", with: "\" \",\"logprob\":-2.25")
    #expect(distance(first, try read(moved)).low == 750_000)
    let other = older.replacing("\" a\":-0.5", with: "\" a\":-0.25").replacing("[-0.5]", with: "[-0.25]")
    #expect(distance(first, try read(other)).low == 250_000)
  }

  @Test func whatHasATextIsEvidenceBesideThem() throws {
    let reference = try read(Self.newer)
    // A list that hides "b" behind U+FFFD shows that "b" is below all that it lists.
    let other = Self.older("\"\u{FFFD}\":-1.5,\"c\":-3.5").replacing(",\"b\":-4.0", with: "")
    #expect(distance(reference, try read(other)).low == 0)
    let likely = Self.newer.replacing("\"b\",\"logprob\":-4.0", with: "\"b\",\"logprob\":-2.5")
    #expect(distance(try read(likely), try read(other)).low == 1_000_000)
  }

  @Test func aPartOfACharacterIsEvidenceWhereBytesAreListed() throws {
    let reference = try read(Self.newer)
    let without = Self.newer.replacing("{\"token\":\"\u{FFFD}\",\"logprob\":-1.5,\"bytes\":[164]},", with: "")
    #expect(without != Self.newer)
    // -1.5 against at most -4 counts 1.
    #expect(distance(reference, try read(without)).low == 1_000_000)
    let short = without.replacing("\"b\",\"logprob\":-4.0", with: "\"b\",\"logprob\":-1.75")
    // -1.5 against at most -1.75, and -4 against -1.75 counts 1.
    #expect(distance(reference, try read(short)).low == 250_000 + 1_000_000)
  }

  /// Another model gains nothing by U+FFFD in its lists, nor by invented parts of characters beside its tokens.
  @Test func anotherModelIsFoundBehindUnclearLists() throws {
    func hidden(_ answer: Answer) -> Answer {
      let tokens = answer.tokens.map { token in
        let parts = token.top.map { AnswerToken.Entry(token: $0.token + [0xE2], value: -6_000_000) }
        return AnswerToken(
          token: token.token, value: token.value,
          top: token.top + [.init(token: Array("\u{FFFD}".utf8), value: -5_000_000)] + parts)
      }
      return Answer(text: answer.text, tokens: tokens, finish: answer.finish)
    }
    let simulation = try Simulation()
    let reference = try simulation.reference(20)
    for (prefix, shift) in [("x", 0), ("", 300_000)] {
      let candidate = try simulation.candidate(reference) { prompt, _ in
        hidden(Simulation.answer(prefix + prompt, shift: shift))
      }
      let result = try simulation.compare(reference, candidate)
      #expect(result.verdict == .different)
      #expect(result.decision.count <= 5)
    }
  }
}
