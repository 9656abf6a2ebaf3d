// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import DriftProofCore
import TestSupport
import Testing

/// Tokens in fewer words than arrays have, and the same.
@Suite struct TokenBytesTests {
  private static func random(_ generator: inout SeededGenerator) -> [UInt8] {
    // Zeros and equal beginnings among them, and lengths around the longest that stands in the value.
    (0..<Int.random(in: 0...18, using: &generator)).map { _ in [0, 1, 0xFF].randomElement(using: &generator) ?? 0 }
  }

  @Test func theyAreTheirBytes() {
    var generator = SeededGenerator(seed: 21)
    for _ in 0..<3000 {
      let (a, b) = (Self.random(&generator), Self.random(&generator))
      let (first, second) = (TokenBytes(a), TokenBytes(b))
      #expect(first.bytes == a && first.count == a.count)
      #expect((first == second) == (a == b))
      #expect((first < second) == a.lexicographicallyPrecedes(b))
      let text = Array(Base64.encode(a).utf8)
      #expect(TokenBytes(base64: text.span) == first)
    }
  }

  /// What the reader of any base64 refuses, this one does, too.
  @Test func othersSpellingsAreRefused() {
    var generator = SeededGenerator(seed: 22)
    let alphabet = Array("ABQZagz059+/-_=%".utf8)
    var accepted = 0
    for _ in 0..<20_000 {
      let text = (0..<Int.random(in: 0...24, using: &generator)).map { _ -> UInt8 in
        // Mostly letters, so that some are well-formed.
        alphabet[Int.random(in: 0..<(Bool.random(using: &generator) ? 9 : alphabet.count), using: &generator)]
      }
      let bytes = Base64.decode(text.span, isURLSafeAllowed: false)
      #expect(TokenBytes(base64: text.span)?.bytes == bytes)
      accepted += bytes == nil ? 0 : 1
    }
    #expect(accepted > 100)
  }
}
