// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import TestSupport
import Testing

@Suite struct UTF8OrderTests {
  private static let names = [
    "", "a", "ab", "abc", "b", "a.0", "a.10", "a.2", "ä", "a\u{308}", "z", "\u{10FFFF}", "\u{FF5E}", "\u{212A}", "K",
  ]

  @Test func ordersAsTheBytesDo() {
    for a in Self.names {
      for b in Self.names {
        #expect(UTF8Order.precedes(a, b) == Array(a.utf8).lexicographicallyPrecedes(Array(b.utf8)), "\(a) \(b)")
        #expect(UTF8Order.areEqual(a, b) == (Array(a.utf8) == Array(b.utf8)), "\(a) \(b)")
      }
    }
  }

  /// Two spellings of one name would be one key of a dictionary.
  @Test func repetition_isFound_when_UnicodeHoldsNamesForOne() {
    #expect(DistinctNames.firstRepetition(in: ["a", "a.b", "b"]) == nil)
    #expect(DistinctNames.firstRepetition(in: ["b", "a"]) == nil)
    #expect(DistinctNames.firstRepetition(in: ["a", "b", "b"]) == 2)
    #expect(DistinctNames.firstRepetition(in: ["b", "a", "b"]) == 2)
    #expect(DistinctNames.firstRepetition(in: ["a\u{308}", "ä"]) == 1)
    // An ASCII name and one that is none: the Kelvin sign is a K, the Greek question mark a semicolon.
    #expect(DistinctNames.firstRepetition(in: ["K", "\u{212A}"]) == 1)
    #expect(DistinctNames.firstRepetition(in: [";", "\u{37E}"]) == 1)
    #expect(DistinctNames.firstRepetition(in: []) == nil)
  }
}
