// SPDX-License-Identifier: Apache-2.0

/// A time as in RFC 3339, such as `2026-03-01T12:30:00Z`.
public struct Timestamp: Hashable, Sendable {
  /// As in RFC 3339, in capital letters.
  public let text: String

  /// Nil unless `text` is a `date-time` of RFC 3339 with capital letters; leap seconds are allowed where they can be.
  public init?(_ text: String) {
    let bytes = Array(text.utf8)
    guard bytes.count >= 20, Self.matches(bytes.prefix(19), "dddd-dd-ddTdd:dd:dd") else { return nil }
    func number(_ range: Range<Int>) -> Int { bytes[range].reduce(0) { $0 * 10 + Int($1) - 0x30 } }
    let (year, month, day) = (number(0..<4), number(5..<7), number(8..<10))
    guard (1...12).contains(month), (1...Self.days(of: month, year)).contains(day), number(11..<13) <= 23,
      number(14..<16) <= 59, number(17..<19) <= 60
    else { return nil }
    var rest = bytes.dropFirst(19)
    if rest.first == UInt8(ascii: ".") {
      let digits = rest.dropFirst().prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      guard (1...9).contains(digits.count) else { return nil }
      rest = rest.dropFirst(1 + digits.count)
    }
    if !rest.elementsEqual([UInt8(ascii: "Z")]) {
      guard Self.matches(rest, "+dd:dd") || Self.matches(rest, "-dd:dd") else { return nil }
      let offset = rest.startIndex
      guard number(offset + 1..<offset + 3) <= 23, number(offset + 4..<offset + 6) <= 59 else { return nil }
    }
    self.text = text
  }

  /// In UTC.
  /// - Parameter seconds: since 1970-01-01T00:00:00Z, up to the year 9999; what is outside is taken as its nearest.
  public init(secondsSince1970 seconds: Int) {
    let clamped = min(max(0, seconds), 253_402_300_799)
    let (days, second) = clamped.quotientAndRemainder(dividingBy: 86400)
    // Counted in years that begin in March, so that the leap day is the last one; 719468 days before 1970-01-01.
    let era = (days + 719468).quotientAndRemainder(dividingBy: 146097)
    let dayOfEra = era.remainder
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    let year = era.quotient * 400 + yearOfEra + (month <= 2 ? 1 : 0)
    func padded(_ value: Int, _ width: Int = 2) -> String {
      let digits = String(value)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    text =
      "\(padded(year, 4))-\(padded(month))-\(padded(dayOfYear - (153 * shifted + 2) / 5 + 1))"
      + "T\(padded(second / 3600)):\(padded(second / 60 % 60)):\(padded(second % 60))Z"
  }

  /// `d` stands for a digit, everything else for itself.
  private static func matches(_ bytes: some Collection<UInt8>, _ form: String) -> Bool {
    bytes.count == form.utf8.count
      && zip(bytes, form.utf8).allSatisfy { byte, sign in
        sign == UInt8(ascii: "d") ? (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) : byte == sign
      }
  }

  private static func days(of month: Int, _ year: Int) -> Int {
    let isLeap = year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400))
    return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
  }
}
