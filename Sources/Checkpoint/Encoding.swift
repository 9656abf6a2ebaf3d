// SPDX-License-Identifier: Apache-2.0

/// The encoding of floating-point weights to integers (docs/protocol.md section 2): q = round-half-even(w·2^f).
///
/// f is fixed by the *base* tensor so that its largest weight fills 21 bits; q of base and tuned weights obeys
/// |q| <= 2^40, hence |q' - q| <= 2^41.
package enum Encoding {
  /// Bits of the largest base weight: max|q| of a base tensor is at most 2^21.
  package static let baseMagnitudeBits = 21
  /// Tensors with smaller weights are encoded as if their largest weight were 1/8.
  package static let smallestScale = 0.125
  /// Limit for |q|.
  package static let maxMagnitude: Int64 = 1 << 40
  /// Values of f that are accepted; the upper end is reached at `smallestScale`.
  package static let fractionBitsRange = -20...24

  /// The largest |w| for which an accepted f exists.
  package static let largestWeight = Double(sign: .plus, exponent: 41, significand: 1)

  /// f = 21 - ceil(log2 max(maxAbs, 1/8)), exact also at powers of two. `maxAbs` must be finite and not negative.
  ///
  /// At most 24; values below -20 are returned as they are, for the caller to reject.
  package static func fractionBits(maxAbs: Double) -> Int {
    let scale = max(maxAbs, smallestScale)
    guard scale.isFinite else { return Int.min }
    let ceilingOfLog = Int(scale.exponent) + (scale.significand == 1 ? 0 : 1)
    return baseMagnitudeBits - ceilingOfLog
  }

  /// 2^fractionBits.
  static func scale(_ fractionBits: Int) -> Double {
    Double(sign: .plus, exponent: fractionBits, significand: 1)
  }
}

/// A floating dtype's bit pattern and its exact value as a double.
protocol FloatCode {
  associatedtype Word: FixedWidthInteger & UnsignedInteger & BitwiseCopyable
  /// Patterns without their sign bit that are at least this are infinite or NaN; below it they order as magnitudes.
  static var infinity: Word { get }
  /// Bits of the significand that a pattern holds.
  static var significandBits: Int { get }
  /// The value; infinities and NaN map to infinities and NaN.
  static func value(_ word: Word) -> Double
}

extension FloatCode {
  /// Everything but the sign bit.
  @inline(__always)
  static var magnitudeMask: Word { Word.max >> 1 }
}

/// A dtype whose values are IEEE singles exactly.
protocol SingleCode: FloatCode {
  static func single(_ word: Word) -> Float
}

extension SingleCode {
  @inline(__always)
  static func value(_ word: Word) -> Double { Double(single(word)) }
}

/// Google's brain float: the upper half of an IEEE single.
enum BFloat16Code: SingleCode {
  static var infinity: UInt16 { 0x7F80 }
  static var significandBits: Int { 7 }
  @inline(__always)
  static func single(_ word: UInt16) -> Float { Float(bitPattern: UInt32(word) << 16) }
}

/// IEEE binary16, decoded without branches or tables so that loops over it vectorize.
enum Float16Code: SingleCode {
  static var infinity: UInt16 { 0x7C00 }
  static var significandBits: Int { 10 }
  @inline(__always)
  static func single(_ word: UInt16) -> Float {
    let bits = UInt32(word)
    let exponent = bits & 0x7C00
    // Exponent rebiased from 15 to 127; once more by 112 for infinity and NaN.
    let rebias: UInt32 = exponent == 0x7C00 ? 224 << 23 : 112 << 23
    let normal = Float(bitPattern: (bits & 0x7FFF) << 13 &+ rebias)
    // A subnormal m·2^-24 is (1 + m/1024)·2^-14 - 2^-14, exact in single precision.
    let subnormal = Float(bitPattern: (bits & 0x03FF) << 13 | 113 << 23) - Float(bitPattern: 113 << 23)
    let magnitude = exponent == 0 ? subnormal : normal
    return Float(bitPattern: magnitude.bitPattern | (bits & 0x8000) << 16)
  }
}

/// IEEE binary32.
enum Float32Code: SingleCode {
  static var infinity: UInt32 { 0x7F80_0000 }
  static var significandBits: Int { 23 }
  @inline(__always)
  static func single(_ word: UInt32) -> Float { Float(bitPattern: word) }
}

/// IEEE binary64.
enum Float64Code: FloatCode {
  static var infinity: UInt64 { 0x7FF0_0000_0000_0000 }
  static var significandBits: Int { 52 }
  @inline(__always)
  static func value(_ word: UInt64) -> Double { Double(bitPattern: word) }
}
