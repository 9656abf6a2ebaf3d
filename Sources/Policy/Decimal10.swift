// SPDX-License-Identifier: Apache-2.0

/// An exact non-negative decimal, `mantissa * 10^exponent`.
///
/// Bounds are kept this way, never as a `Double`, so that prover and verifier compute the same integer from them on
/// every machine. The form is normalised: the mantissa has no trailing decimal zero, and zero is `0 * 10^0`. Two equal
/// numbers therefore have equal fields, however they were spelled.
public struct Decimal10: Hashable, Sendable, CustomStringConvertible {
  /// The most significant digits a number may have after leading and trailing zeros are dropped.
  public static let maximumDigits = 18
  /// The exponents a normalised number may have.
  public static let exponentRange = -40...40

  /// The digits, below 10^18 and not a multiple of ten unless zero.
  public let mantissa: UInt64
  /// The power of ten, within `exponentRange`.
  public let exponent: Int

  /// Why a text is not a decimal that can be kept exactly.
  public enum Failure: Error, Equatable, Sendable {
    /// The text is not spelled as JSON spells a number.
    case notANumber
    /// There is a minus sign, be it before a zero.
    case negative
    /// More than `maximumDigits` significant digits.
    case tooManyDigits
    /// The normalised exponent lies outside `exponentRange`.
    case exponentOutOfRange
  }

  /// Reads a JSON number such as `8`, `0.50` or `5e-1`.
  /// - Throws: `Failure`; `.notANumber` takes precedence over the others.
  public init(_ text: String) throws(Failure) {
    var scanner = DecimalScanner(bytes: Array(text.utf8))
    try scanner.scan()
    guard !scanner.isNegative else { throw .negative }
    guard scanner.digits <= Decimal10.maximumDigits else { throw .tooManyDigits }
    guard scanner.mantissa != 0 else {
      self.mantissa = 0
      self.exponent = 0
      return
    }
    guard Decimal10.exponentRange.contains(scanner.exponent) else { throw .exponentOutOfRange }
    self.mantissa = scanner.mantissa
    self.exponent = scanner.exponent
  }

  /// Whether the number is zero.
  public var isZero: Bool { mantissa == 0 }

  /// The nearest `Double`, for display only: no check may depend on it.
  public var doubleValue: Double {
    Double("\(mantissa)e\(exponent)") ?? .infinity
  }

  /// The number as an `Int`, nil if it has a fraction or does not fit.
  public var integerValue: Int? {
    guard exponent >= 0 else { return nil }
    var value = Int(mantissa)
    for _ in 0..<exponent {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      guard !overflow else { return nil }
      value = product
    }
    return value
  }

  /// The number as JSON spells it; reading it back gives the same number.
  public var description: String {
    let digits = String(mantissa)
    if exponent >= 0 {
      return exponent <= 9 ? digits + String(repeating: "0", count: exponent) : "\(digits)e\(exponent)"
    }
    let places = -exponent
    guard places <= digits.count + 9 else { return "\(digits)e\(exponent)" }
    let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
    return padded.dropLast(places) + "." + padded.suffix(places)
  }
}

/// Reads the digits of a JSON number in one pass, in bounded space, whatever its length.
private struct DecimalScanner {
  /// Exponents are held at this magnitude: far outside every accepted range, far inside `Int`.
  static let exponentCap = 1_000_000_000

  let bytes: [UInt8]
  var position = 0
  var isNegative = false
  var mantissa: UInt64 = 0
  /// Significant digits so far, trailing zeros not counted; `mantissa` is only right while this is at most 18.
  var digits = 0
  var exponent = 0
  private var pendingZeros = 0

  init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  mutating func scan() throws(Decimal10.Failure) {
    isNegative = skip(UInt8(ascii: "-"))
    let startsWithZero = digit == 0
    let whole = readDigits()
    guard whole == 1 || (whole > 1 && !startsWithZero) else { throw .notANumber }
    var places = 0
    if skip(UInt8(ascii: ".")) {
      places = readDigits()
      guard places > 0 else { throw .notANumber }
    }
    let scale = try readExponent()
    guard position == bytes.count else { throw .notANumber }
    exponent = scale + pendingZeros - places
  }

  private var digit: UInt8? {
    guard position < bytes.count, (0x30...0x39).contains(bytes[position]) else { return nil }
    return bytes[position] - 0x30
  }

  private mutating func skip(_ byte: UInt8) -> Bool {
    guard position < bytes.count, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  /// Takes digits into the mantissa; zeros wait until a later digit shows that they are not trailing.
  private mutating func readDigits() -> Int {
    let start = position
    while let value = digit {
      position += 1
      if value == 0 {
        if digits > 0 { pendingZeros += 1 }
        continue
      }
      digits += pendingZeros + 1
      if digits <= Decimal10.maximumDigits {
        for _ in 0...pendingZeros { mantissa *= 10 }
        mantissa += UInt64(value)
      }
      pendingZeros = 0
    }
    return position - start
  }

  private mutating func readExponent() throws(Decimal10.Failure) -> Int {
    guard skip(UInt8(ascii: "e")) || skip(UInt8(ascii: "E")) else { return 0 }
    let isNegativeExponent = skip(UInt8(ascii: "-"))
    if !isNegativeExponent { _ = skip(UInt8(ascii: "+")) }
    guard digit != nil else { throw .notANumber }
    var magnitude = 0
    while let value = digit {
      position += 1
      magnitude = min(DecimalScanner.exponentCap, magnitude * 10 + Int(value))
    }
    return isNegativeExponent ? -magnitude : magnitude
  }
}
