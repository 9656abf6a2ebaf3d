// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCurve

/// A natural number below 2^256: bounds and sums of squares. Four words, lowest first.
package struct CurveBound: Hashable, Sendable, Comparable {
  package let words: [UInt64]

  private init(checked words: [UInt64]) { self.words = words }

  package init(_ value: UInt64) { words = [value, 0, 0, 0] }

  package init(_ value: UInt128) {
    words = [UInt64(truncatingIfNeeded: value), UInt64(truncatingIfNeeded: value >> 64), 0, 0]
  }

  /// From words, lowest first; nil where the number is 2^256 or more.
  package init?(words: [UInt64]) {
    guard words.dropFirst(4).allSatisfy({ $0 == 0 }) else { return nil }
    self.words = (0..<4).map { $0 < words.count ? words[$0] : 0 }
  }

  /// 2^exponent - 1, for an exponent up to 256.
  package init(ones exponent: Int) {
    words = (0..<4).map { word in
      let bits = max(0, min(64, exponent - 64 * word))
      return bits == 64 ? .max : 1 << UInt64(bits) - 1
    }
  }

  package static let zero = CurveBound(0 as UInt64)

  /// The least number of bits that hold it.
  package var bitCount: Int {
    guard let top = words.lastIndex(where: { $0 != 0 }) else { return 0 }
    return 64 * top + 64 - words[top].leadingZeroBitCount
  }

  /// Bit `index` from the lowest, below 256.
  package func bit(_ index: Int) -> Int { Int(words[index / 64] >> UInt64(index % 64) & 1) }

  /// Of a number below r; its residue otherwise.
  package var scalar: Fr {
    let radix = Fr(1 << 32) * Fr(1 << 32)
    return words.reversed().reduce(.zero) { sum, word in
      sum * radix + Fr(Int64(word >> 32)) * Fr(1 << 32) + Fr(Int64(word & 0xFFFF_FFFF))
    }
  }

  /// 32 bytes, lowest first.
  package var littleEndianBytes: [UInt8] {
    var bytes: [UInt8] = []
    for word in words { bytes.append(littleEndian: word) }
    return bytes
  }

  package static func < (a: CurveBound, b: CurveBound) -> Bool {
    for word in (0..<4).reversed() where a.words[word] != b.words[word] { return a.words[word] < b.words[word] }
    return false
  }

  /// The sum; nil from 2^256 on.
  package func adding(_ other: CurveBound) -> CurveBound? {
    var (result, carry) = ([UInt64](), UInt128(0))
    for word in 0..<4 {
      carry += UInt128(words[word]) + UInt128(other.words[word])
      result.append(UInt64(truncatingIfNeeded: carry))
      carry >>= 64
    }
    return carry == 0 ? CurveBound(checked: result) : nil
  }

  /// The difference; nil where it would be negative.
  package func subtracting(_ other: CurveBound) -> CurveBound? {
    guard self >= other else { return nil }
    var (result, borrow) = ([UInt64](), false)
    for word in 0..<4 {
      let (first, under) = words[word].subtractingReportingOverflow(other.words[word])
      let (second, again) = first.subtractingReportingOverflow(borrow ? 1 : 0)
      result.append(second)
      borrow = under || again
    }
    return CurveBound(checked: result)
  }

  /// Times 2^count; nil from 2^256 on.
  package func shiftedLeft(_ count: Int) -> CurveBound? {
    guard bitCount == 0 || bitCount + count <= 256 else { return nil }
    let (skip, shift) = count.quotientAndRemainder(dividingBy: 64)
    return CurveBound(
      checked: (0..<4).map { word in
        guard word >= skip else { return 0 }
        let high = words[word - skip] << UInt64(shift)
        let low = shift > 0 && word > skip ? words[word - skip - 1] >> UInt64(64 - shift) : 0
        return high | low
      })
  }
}
