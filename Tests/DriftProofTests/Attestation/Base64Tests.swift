// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
@testable import DriftProofCertificate
@testable import DriftProofAttestation
import Foundation
import TestSupport
import Testing

struct Base64Tests {
  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
    ("foobar", "Zm9vYmFy"),
  ])
  func agreesWithRFC4648(_ plain: String, _ text: String) {
    #expect(Base64.encode(Array(plain.utf8)) == text)
    #expect(Base64.decode(Array(text.utf8)) == Array(plain.utf8))
  }

  @Test func agreesWithFoundation() {
    var random = SeededGenerator(seed: 3)
    for count in 0..<200 {
      let bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      let text = Base64.encode(bytes)
      #expect(text == Data(bytes).base64EncodedString())
      #expect(Base64.decode(Array(text.utf8)) == bytes)
      let urlSafe = text.replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
      #expect(Base64.decode(Array(urlSafe.utf8)) == bytes)
    }
  }

  @Test(arguments: [
    "Zg", "Zg=", "Zg===", "Z===", "====", "=", "Zh==", "Zm9=", "Zm8", "Zm9v\n", " Zm9v", "Zm 9", "Zm9v====", "Zg==Zm9v",
    "Zm8=Zm8=", "+_+_", "/-AA", "Zm9\u{0}", "Zm9*", "Zg=A", "=m9v",
  ])
  func rejects(_ text: String) { #expect(Base64.decode(Array(text.utf8)) == nil) }
}

struct TimestampTests {
  @Test(arguments: [
    (0, "1970-01-01T00:00:00Z"), (951_782_399, "2000-02-28T23:59:59Z"), (951_782_400, "2000-02-29T00:00:00Z"),
    (951_868_800, "2000-03-01T00:00:00Z"), (1_709_210_096, "2024-02-29T12:34:56Z"),
    (4_107_542_400, "2100-03-01T00:00:00Z"), (253_402_300_799, "9999-12-31T23:59:59Z"),
    (-1, "1970-01-01T00:00:00Z"), (Int.max, "9999-12-31T23:59:59Z"),
  ])
  func writes(_ seconds: Int, _ text: String) {
    #expect(Timestamp(secondsSince1970: seconds).text == text)
    #expect(Timestamp(text)?.text == text)
  }

  @Test func writesEveryDayAsFoundation() {
    let formatter = ISO8601DateFormatter()
    for day in stride(from: 0, to: 60_000, by: 7) {
      let seconds = day * 86400 + day % 86400
      let expected = formatter.string(from: Date(timeIntervalSince1970: Double(seconds)))
      #expect(Timestamp(secondsSince1970: seconds).text == expected)
    }
  }

  @Test(arguments: [
    "2026-03-01T12:30:00Z", "2026-03-01T12:30:00.5Z", "2026-03-01T12:30:00.123456789+05:30", "2016-12-31T23:59:60Z",
    "2024-02-29T00:00:00-23:59",
  ])
  func reads(_ text: String) { #expect(Timestamp(text)?.text == text) }

  @Test(arguments: [
    "", "2026-03-01", "2026-03-01T12:30:00", "2026-03-01 12:30:00Z", "2026-03-01T12:30:00z", "2026-13-01T12:30:00Z",
    "2026-00-01T12:30:00Z", "2026-02-29T12:30:00Z", "2100-02-29T12:30:00Z", "2026-04-31T12:30:00Z",
    "2026-03-00T12:30:00Z", "2026-03-01T24:30:00Z", "2026-03-01T12:60:00Z", "2026-03-01T12:30:61Z",
    "2026-03-01T12:30:00.Z", "2026-03-01T12:30:00.1234567890Z", "2026-03-01T12:30:00+24:00",
    "2026-03-01T12:30:00+0530", "2026-03-01T12:30:00Z ", "2026-03-01T12:30:00+05:30Z", "２026-03-01T12:30:00Z",
  ])
  func rejects(_ text: String) { #expect(Timestamp(text) == nil) }
}
