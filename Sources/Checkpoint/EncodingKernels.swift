// SPDX-License-Identifier: Apache-2.0

/// Loops over blocks of words. They do not branch on the data; a block with a suspicious entry is reported as a whole
/// and looked at again, entry by entry, by `firstRejected`.
enum EncodingKernels<Code: FloatCode> {
  /// Entries per block: at most 64 KiB of words, inside the second-level cache together with the results.
  static var blockCount: Int { 8192 }

  /// 1.5·2^52: adding it to x, |x| < 2^51, leaves round-half-even(x) in the low mantissa bits, because doubles in
  /// [2^52, 2^53) are the integers and the addition rounds to nearest, ties to even.
  private static var roundingConstant: Double { 6_755_399_441_055_744 }

  /// q when |q| <= 2^40 and otherwise (also for NaN and infinities) some integer with |q| > 2^40.
  ///
  /// The distance between bit patterns grows with the value and does not come back: patterns of doubles of either sign
  /// other than those in [2^52, 2^53) are more than 2^51 away from the constant's.
  @inline(__always)
  private static func quantize(_ word: Code.Word, _ scale: Double) -> Int64 {
    let shifted = Code.value(word) * scale + roundingConstant
    return Int64(bitPattern: shifted.bitPattern &- roundingConstant.bitPattern)
  }

  /// Non-zero when q is not in -2^40 ..< 2^40 (the legal 2^40 itself takes the slow path).
  @inline(__always)
  private static func excess(_ q: Int64) -> Int64 {
    (q &+ Encoding.maxMagnitude) & ~(2 &* Encoding.maxMagnitude &- 1)
  }

  /// results[start + i] = q(words[i]); true when an entry may be out of range. `results` must have room.
  static func encode(
    _ words: Span<Code.Word>, scale: Double, into results: inout MutableSpan<Int64>, at start: Int
  ) -> Bool {
    var suspicious: Int64 = 0
    for i in words.indices {
      let q = quantize(words[i], scale)
      suspicious |= excess(q)
      results[start &+ i] = q
    }
    return suspicious != 0
  }

  /// results[start + i] = q(tuned[i]) - q(base[i]); true when an entry may be out of range.
  ///
  /// `base` and `tuned` are equally long; `results` must have room.
  static func drift(
    base: Span<Code.Word>, tuned: Span<Code.Word>, scale: Double, into results: inout MutableSpan<Int64>, at start: Int
  ) -> Bool {
    var suspicious: Int64 = 0
    for i in base.indices {
      let before = quantize(base[i], scale)
      let after = quantize(tuned[i], scale)
      suspicious |= excess(before) | excess(after)
      results[start &+ i] = after &- before
    }
    return suspicious != 0
  }

  /// The largest magnitude as a bit pattern without sign; at least `Code.infinity` when an entry is not finite.
  static func maxMagnitude(_ words: Span<Code.Word>) -> Code.Word {
    var largest: Code.Word = 0
    for i in words.indices { largest = max(largest, words[i] & Code.magnitudeMask) }
    return largest
  }

  /// Σ q² of at most 2^20 base entries: exact, since |q| <= 2^21 by the choice of f.
  static func sumOfSquares(_ words: Span<Code.Word>, scale: Double) -> UInt64 {
    var sum: UInt64 = 0
    for i in words.indices {
      let q = quantize(words[i], scale)
      sum &+= UInt64(bitPattern: q &* q)
    }
    return sum
  }

  /// Index of the first entry that is not finite or whose |q| exceeds 2^40.
  static func firstRejected(_ words: Span<Code.Word>, scale: Double) -> Int? {
    for i in words.indices {
      let scaled = Code.value(words[i]) * scale
      guard scaled.rounded(.toNearestOrEven).magnitude <= Double(Encoding.maxMagnitude) else { return i }
    }
    return nil
  }
}
