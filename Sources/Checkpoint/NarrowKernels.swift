// SPDX-License-Identifier: Apache-2.0

/// Loops over blocks of words in single precision, for integers below 2^22: what weights and their drift are unless they
/// are extreme. A block with an entry beyond is reported as a whole; `EncodingKernels` looks at it again in doubles.
///
/// Scaling a single by a power of two is exact (results below 2^-126 round to 0 either way), so the one rounding is that
/// of `roundingConstant`'s addition: the same q as in doubles.
enum NarrowKernels<Code: SingleCode> {
  /// 1.5·2^23: adding it to x, |x| < 2^22, leaves round-half-even(x) in the low mantissa bits.
  private static var roundingConstant: Float { 12_582_912 }
  /// Integers from -2^22 to 2^22 - 1 are exact.
  private static var limit: Int32 { 1 << 22 }

  /// q when -2^22 <= q < 2^22, otherwise (also for NaN and infinities) some integer outside that range: patterns of
  /// singles of either sign other than those in [2^23, 2^24) are more than 2^22 away from the constant's.
  @inline(__always)
  private static func quantize(_ word: Code.Word, _ scale: Float) -> Int32 {
    let shifted = Code.single(word) * scale + roundingConstant
    return Int32(bitPattern: shifted.bitPattern &- roundingConstant.bitPattern)
  }

  /// Non-zero bits above the 23 low ones when q is outside.
  @inline(__always)
  private static func excess(_ q: Int32) -> Int32 { (q &+ limit) & ~(2 &* limit &- 1) }

  /// results[start + i] = q(tuned[i]) - q(base[i]) and the union of all bits of the results; nil when an entry may not
  /// be exact. `results` must have room, `base` and `tuned` are equally long.
  static func drift(
    base: Span<Code.Word>, tuned: Span<Code.Word>, scale: Float, into results: inout MutableSpan<Int32>, at start: Int
  ) -> Int32? {
    let count = base.count
    precondition(count == tuned.count && start >= 0 && count <= results.count - start, "blocks differ in length")
    var suspicious: Int32 = 0
    var seen: Int32 = 0
    for i in 0..<count {
      let before = quantize(base[unchecked: i], scale)
      let after = quantize(tuned[unchecked: i], scale)
      suspicious |= excess(before) | excess(after)
      let difference = after &- before
      seen |= difference
      results[unchecked: start &+ i] = difference
    }
    return suspicious == 0 ? seen : nil
  }

  /// Σ (q(tuned) - q(base))² and a bound of |q(tuned) - q(base)| that is a power of two less 1; nil when an entry may
  /// not be exact. At most 2^16 entries: 2^16·(2^23)² = 2^62.
  static func driftSquares(
    base: Span<Code.Word>, tuned: Span<Code.Word>, scale: Float
  ) -> (sum: UInt64, reach: UInt32)? {
    let count = base.count
    precondition(count == tuned.count && count <= 1 << 16, "blocks differ in length")
    var suspicious: Int32 = 0
    var reach: UInt32 = 0
    var sum: UInt64 = 0
    for i in 0..<count {
      let before = quantize(base[unchecked: i], scale)
      let after = quantize(tuned[unchecked: i], scale)
      suspicious |= excess(before) | excess(after)
      let magnitude = (after &- before).magnitude
      reach |= magnitude
      sum &+= UInt64(magnitude) &* UInt64(magnitude)
    }
    guard suspicious == 0 else { return nil }
    return (sum, reach == 0 ? 0 : UInt32.max >> UInt32(reach.leadingZeroBitCount))
  }

  /// Σ q²; nil when an entry may not be exact. At most 2^16 entries.
  static func squares(_ words: Span<Code.Word>, scale: Float) -> UInt64? {
    precondition(words.count <= 1 << 16, "the block is too long")
    var suspicious: Int32 = 0
    var sum: UInt64 = 0
    for i in 0..<words.count {
      let q = quantize(words[unchecked: i], scale)
      suspicious |= excess(q)
      let magnitude = q.magnitude
      sum &+= UInt64(magnitude) &* UInt64(magnitude)
    }
    return suspicious == 0 ? sum : nil
  }
}
