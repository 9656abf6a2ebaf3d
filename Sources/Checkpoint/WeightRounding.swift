// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// Floating numbers as weights of a checkpoint's types, rounded once, to the nearest and of two equally near ones to the even.
package enum WeightRounding {
  /// A value that is NaN, or that rounds beyond the type's largest number.
  package struct Unrepresentable: Error, Equatable, Sendable {
    /// Of the value.
    package let index: Int
    package let value: Double
  }

  /// Little-endian bytes of the weights.
  /// - Parameter type: a floating one.
  /// - Throws: the first value that has no finite weight.
  package static func encode(_ values: [Double], as type: DataType) throws(Unrepresentable) -> [UInt8] {
    switch type {
    case .bf16:
      try encode(values) { Small.bf16.round($0).map { UInt16(truncatingIfNeeded: Float($0).bitPattern >> 16) } }
    case .f16: try encode(values) { Small.f16.round($0).map(float16) }
    case .f32: try encode(values) { value in Float(value).isFinite ? Float(value).bitPattern : nil }
    case .f64: try encode(values) { $0.isFinite ? $0.bitPattern : nil }
    default: preconditionFailure("\(type) is no floating type")
    }
  }

  private static func encode<Word: FixedWidthInteger>(
    _ values: [Double], _ word: (Double) -> Word?
  ) throws(Unrepresentable) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(values.count * Word.bitWidth / 8)
    for (index, value) in values.enumerated() {
      guard let word = word(value) else { throw Unrepresentable(index: index, value: value) }
      bytes.append(littleEndian: word)
    }
    return bytes
  }

  /// A type of 16 bits.
  private struct Small {
    /// With the leading one.
    let significandBits: Int
    let leastExponent: Int
    let largest: Double

    static let bf16 = Small(significandBits: 8, leastExponent: -126, largest: 0x1.FEp127)
    static let f16 = Small(significandBits: 11, leastExponent: -14, largest: 65504)

    /// The nearest number of the type, nil beyond its largest.
    ///
    /// Adding 1.5·2^52 units, and taking them away again, leaves whole units: the sum has a unit as its last place, and |x| is
    /// below 2^11 units.
    func round(_ value: Double) -> Double? {
      guard value.isFinite else { return nil }
      guard value != 0 else { return value }
      let unit = max(Int(value.exponent), leastExponent) - (significandBits - 1)
      let shift = 1.5 * Double(sign: .plus, exponent: 52 + unit, significand: 1)
      let whole = (value.magnitude + shift) - shift
      guard whole <= largest else { return nil }
      return value < 0 ? -whole : whole
    }
  }

  /// The code of a number that binary16 has.
  private static func float16(_ value: Double) -> UInt16 {
    let sign: UInt16 = value.sign == .minus ? 0x8000 : 0
    let magnitude = value.magnitude
    guard magnitude >= 0x1p-14 else { return sign | UInt16(magnitude * 0x1p24) }
    let bits = magnitude.bitPattern
    return sign | UInt16(Int(bits >> 52) - 1023 + 15) << 10 | UInt16(bits >> 42 & 0x3FF)
  }
}
