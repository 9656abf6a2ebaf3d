// SPDX-License-Identifier: Apache-2.0

/// Log probabilities in millionths of a nat, read from decimal text without floating point.
package enum LogProbability {
  /// 100 nat: what is less likely, such as the -9999 that some servers write, counts as this.
  package static let least = -100_000_000

  /// The number, rounded half away from zero, clamped to -100 nat … 0. Nil for what is no JSON number, or has an exponent of
  /// more than four digits.
  package static func micronats(_ text: some Collection<UInt8>) -> Int? {
    guard let number = DecimalText(text) else { return nil }
    guard number.isNegative else { return 0 }
    return -min(number.millionths(limit: -least), -least)
  }
}

/// A JSON number taken apart.
private struct DecimalText {
  let isNegative: Bool
  /// Values 0 to 9, whole and fractional part, one after the other.
  private let digits: [UInt8]
  /// How many of them stand before the decimal point, the exponent taken into account.
  private let wholeDigits: Int

  init?(_ text: some Collection<UInt8>) {
    var rest = Array(text)[...]
    isNegative = rest.first == UInt8(ascii: "-")
    if isNegative { rest = rest.dropFirst() }
    let whole = Self.takeDigits(&rest)
    guard !whole.isEmpty, whole.count == 1 || whole[0] != 0 else { return nil }
    var fraction: [UInt8] = []
    if rest.first == UInt8(ascii: ".") {
      rest = rest.dropFirst()
      fraction = Self.takeDigits(&rest)
      guard !fraction.isEmpty else { return nil }
    }
    var exponent = 0
    if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
      rest = rest.dropFirst()
      let sign = rest.first
      if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { rest = rest.dropFirst() }
      let written = Self.takeDigits(&rest)
      guard (1...4).contains(written.count) else { return nil }
      exponent = written.reduce(0) { 10 * $0 + Int($1) } * (sign == UInt8(ascii: "-") ? -1 : 1)
    }
    guard rest.isEmpty else { return nil }
    digits = whole + fraction
    wholeDigits = whole.count + exponent
  }

  private static func takeDigits(_ rest: inout ArraySlice<UInt8>) -> [UInt8] {
    let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    rest = rest.dropFirst(digits.count)
    return digits.map { $0 - UInt8(ascii: "0") }
  }

  /// The magnitude times 10^6, rounded half away from zero; `limit` for anything above.
  func millionths(limit: Int) -> Int {
    var value = 0
    let kept = wholeDigits + 6
    for place in 0..<max(0, kept) {
      value = 10 * value + (place < digits.count ? Int(digits[place]) : 0)
      if value > limit { return limit }
      // Only zeros follow, and nothing stands before them.
      if value == 0, place >= digits.count { return 0 }
    }
    guard kept >= 0, kept < digits.count, digits[kept] >= 5 else { return value }
    return min(limit, value + 1)
  }
}
