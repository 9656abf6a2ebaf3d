// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import DriftProofPolicy

@Suite struct DecimalTests {
  @Test(
    arguments: [
      ("0", 0, 0), ("0.000", 0, 0), ("0e999999999999999999999", 0, 0), ("1", 1, 0), ("10", 1, 1), ("0.50", 5, -1),
      ("5e-1", 5, -1), ("0.05E+1", 5, -1), ("500e-3", 5, -1), ("3.0", 3, 0), ("0.004", 4, -3), ("1024", 1024, 0),
      ("100200", 1002, 2), ("1002.00300", 1_002_003, -3), ("123456789012345678", 123_456_789_012_345_678, 0),
      ("0.000999999999999999999000", 999_999_999_999_999_999, -21), ("1e40", 1, 40), ("1e-40", 1, -40),
      ("10e39", 1, 40), ("0.1e-39", 1, -40),
    ] as [(String, UInt64, Int)])
  func normalises(text: String, mantissa: UInt64, exponent: Int) throws {
    let decimal = try Decimal10(text)
    #expect(decimal.mantissa == mantissa)
    #expect(decimal.exponent == exponent)
    #expect(try Decimal10(decimal.description) == decimal)
  }

  @Test(
    arguments: [
      ("", .notANumber), ("-", .notANumber), ("+1", .notANumber), ("01", .notANumber), ("1.", .notANumber),
      (".5", .notANumber), ("1e", .notANumber), ("1e+", .notANumber), ("1 ", .notANumber), ("NaN", .notANumber),
      ("inf", .notANumber), ("0x10", .notANumber), ("1_000", .notANumber), ("-1", .negative), ("-0", .negative),
      ("-0.0e5", .negative), ("1234567890123456789", .tooManyDigits), ("1.000000000000000001", .tooManyDigits),
      ("1e41", .exponentOutOfRange), ("1e-41", .exponentOutOfRange), ("1e99999999999999999999", .exponentOutOfRange),
      ("1e-99999999999999999999", .exponentOutOfRange),
    ] as [(String, Decimal10.Failure)])
  func rejects(text: String, failure: Decimal10.Failure) {
    #expect(throws: failure) { try Decimal10(text) }
  }

  @Test func displays() throws {
    let spelled = ["0.004", "3", "0", "20", "1e40", "1e-40", "0.5", "12.25", "1e-11"]
    for text in spelled { #expect(try Decimal10(text).description == text) }
    #expect(try Decimal10("0.004").doubleValue == 0.004)
    #expect(try Decimal10("0").isZero)
    #expect(try Decimal10("1e40").integerValue == nil)
    #expect(try Decimal10("2.50e1").integerValue == 25)
    #expect(try Decimal10("2.5").integerValue == nil)
  }

  @Test func takesNumbersOfAnyLength() throws {
    let zeros = String(repeating: "0", count: 100_000)
    #expect(try Decimal10("1\(zeros)e-100000") == Decimal10("1"))
    #expect(try Decimal10("0.\(zeros)1e100001") == Decimal10("1"))
    #expect(throws: Decimal10.Failure.exponentOutOfRange) { try Decimal10("1\(zeros)") }
    #expect(throws: Decimal10.Failure.tooManyDigits) { try Decimal10("1.\(zeros)1") }
  }
}
