// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAudit
import DriftProofCore
import Foundation
import TestSupport
import Testing

@Suite struct ChallengeTests {
  private static func challenge(_ seed: UInt8 = 0) -> Challenge {
    (AuditKey(bytes: [UInt8](repeating: seed, count: 32)) ?? AuditKey()).challenge(planDigest: [seed], beacon: [])
  }

  @Test func theWordsAreManyAndDistinct() {
    #expect(Vocabulary.words.count >= 2048)
    #expect(Set(Vocabulary.words).count == Vocabulary.words.count)
    #expect(Vocabulary.words.allSatisfy { $0.utf8.count >= 3 && $0.utf8.allSatisfy { (0x61...0x7A).contains($0) } })
  }

  /// The questions of a plan may not change under anybody: these digests are in plans. New sentences or words need a new
  /// version, and the old ones kept beside it.
  @Test func sentencesAndWordsAreThoseOfPlans() {
    #expect(PromptFamily.digest == "0757b9f1e25241711c8168baa6cac1dfa28db7b0f1cf4e7000f6255c61a7ed11")
    #expect(Vocabulary.digest == "f2a5e6116f5f8596ebb45d4046656d366a2733f151ce419d39c31eaec17db647")
    #expect(Self.challenge().drawn(0).text == "What is 193881587 plus 900656797 minus 715571519? The answer is")
  }

  @Test func everySentenceHasEnoughChoice() {
    for family in PromptFamily.allCases {
      #expect(family.templates.count >= 7)
      for template in family.templates {
        var stream = KeyedStream(seed: [UInt8](repeating: 7, count: 32))
        let text = template.filled(&stream)
        #expect(stream.bits >= 64, "\(stream.bits) bits: \(text)")
        #expect(!text.contains("«") && !text.contains("»"))
        // Gateways trim what ends in white space.
        #expect(text.last?.isWhitespace == false)
      }
    }
  }

  /// `DRIFTPROOF_AUDIT_PROMPTS=1000000` looks at more.
  @Test func noPromptComesTwice() {
    let count = Int(ProcessInfo.processInfo.environment["DRIFTPROOF_AUDIT_PROMPTS"] ?? "") ?? 4000
    var seen: Set<String> = []
    var families: [PromptFamily: Int] = [:]
    for index in 0..<count {
      let drawn = Self.challenge(UInt8(index % 16)).drawn(index / 16)
      #expect(seen.insert(drawn.text).inserted)
      #expect(drawn.bits >= 64)
      families[drawn.family, default: 0] += 1
    }
    // A fifth each, within six standard deviations.
    let slack = 6 * (Double(count) * 0.16).squareRoot()
    for family in PromptFamily.allCases { #expect(abs(Double(families[family] ?? 0) - Double(count) / 5) < slack) }
  }

  @Test func streamsAreUniform() {
    var stream = KeyedStream(seed: [UInt8](repeating: 3, count: 32))
    var counts = [Int](repeating: 0, count: 7)
    for _ in 0..<14_000 { counts[stream.below(7)] += 1 }
    #expect(counts.allSatisfy { abs($0 - 2000) < 250 })
    #expect(stream.below(1) == 0)
    var wide = KeyedStream(seed: [UInt8](repeating: 4, count: 32))
    #expect((0..<100).allSatisfy { _ in (0..<900_000_000).contains(wide.below(900_000_000)) })
  }

  @Test func otherKeysAskOtherQuestions() {
    let (one, other) = (Self.challenge(1), Self.challenge(2))
    #expect(one.drawn(0).text != other.drawn(0).text)
    #expect(one.drawn(0) == one.drawn(0))
    // The questions that find out how an endpoint answers are none of the audit's.
    let asked = Set((0..<500).map { one.drawn($0).text })
    #expect((0..<8).allSatisfy { !asked.contains(one.preflight($0).text) })
  }

  @Test func filesAreShuffledByTheKeyAndUsedOnce() throws {
    let file = try PromptFile(Array("one\r\ntwo\n\n  \nthree\ntwo\nfour".utf8))
    #expect(file.lines == ["one", "two", "three", "four"])
    let source = PromptSource(challenge: Self.challenge(), file: file)
    #expect(Set((0..<4).compactMap { source.prompt($0) }) == Set(file.lines))
    #expect(source.prompt(4) == nil)
    #expect(source.family(0) == nil)
    let orders = Set((0..<20).map { Self.challenge($0).order(4) })
    #expect(orders.count > 8)
    #expect(Self.challenge().order(1) == [0])
  }

  @Test func badFilesAreRefusedByName() {
    #expect(throws: PromptFileError.empty) { try PromptFile([0x0A, 0x20, 0x0A]) }
    #expect(throws: PromptFileError.notText(number: 2)) { try PromptFile([0x61, 0x0A, 0xFF]) }
    #expect(throws: PromptFileError.longLine(number: 1, bytes: 65_537)) {
      try PromptFile([UInt8](repeating: 0x61, count: 65_537))
    }
    let marks = "a" + String(repeating: "\u{301}", count: 40)
    #expect(throws: PromptFileError.notText(number: 1)) { try PromptFile(Array(marks.utf8)) }
  }

  @Test func saltsDifferInEveryField() {
    let key = AuditKey(bytes: [UInt8](repeating: 1, count: 32)) ?? AuditKey()
    let salts = [
      key.salt(side: 0, kind: 0, index: 0, attempt: 0), key.salt(side: 1, kind: 0, index: 0, attempt: 0),
      key.salt(side: 0, kind: 1, index: 0, attempt: 0), key.salt(side: 0, kind: 0, index: 1, attempt: 0),
      key.salt(side: 0, kind: 0, index: 0, attempt: 1),
    ]
    #expect(Set(salts).count == salts.count)
  }
}
