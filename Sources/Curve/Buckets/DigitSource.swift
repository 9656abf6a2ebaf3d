// SPDX-License-Identifier: Apache-2.0

/// Numbers from which digits are cut.
protocol DigitSource: Sendable {
  associatedtype Prepared: DigitSource
  /// Ready for a plan.
  func prepared(_ plan: DigitPlan) -> Prepared
  /// The digits of some numbers at a position, the first of them first.
  func fill(_ digits: inout [Int32], position: Int, range: Range<Int>)
}

/// Of integers with magnitudes below 2^63.
struct IntegerDigits: DigitSource {
  let integers: [Int64]
  private var plan = DigitPlan.windows(width: 1, count: 1, top: 1)
  private var offset: UInt64 = 0

  init(integers: [Int64]) { self.integers = integers }

  func prepared(_ plan: DigitPlan) -> IntegerDigits {
    var result = self
    result.plan = plan
    // Below 2^63, so that the sum with a magnitude fits.
    result.offset = plan.offset(words: 1)[0]
    return result
  }

  func fill(_ digits: inout [Int32], position: Int, range: Range<Int>) {
    switch plan {
    case .windows(let width, let count, _):
      let isTop = position == count - 1
      let mask: UInt64 = isTop ? .max : 1 << UInt64(width) - 1
      let half: Int64 = isTop ? 0 : 1 << (width - 1)
      for (index, integer) in integers[range].enumerated() {
        let digit = Int64((integer.magnitude &+ offset) >> UInt64(width * position) & mask) - half
        digits[index] = Int32(integer < 0 ? -digit : digit)
      }
    case .patterns(let width, _):
      for (index, integer) in integers[range].enumerated() {
        let magnitude = integer.magnitude
        let exponent = max(0, 64 - width - magnitude.leadingZeroBitCount)
        let digit = Int32(exponent << (width - 1)) + Int32(magnitude >> UInt64(exponent))
        digits[index] = integer < 0 ? -digit : digit
      }
    }
  }
}

/// Of scalars.
struct ScalarDigits: DigitSource {
  /// Four words each: the canonical number, with the offset once prepared.
  private var words: [UInt64]
  private var plan = DigitPlan.windows(width: 1, count: 1, top: 1)

  init(scalars: [Fr]) {
    words = []
    words.reserveCapacity(4 * scalars.count)
    for scalar in scalars { words += scalar.canonicalWords }
  }

  func prepared(_ plan: DigitPlan) -> ScalarDigits {
    var result = self
    result.plan = plan
    // Below 2^255, as the numbers are: the sum fits.
    let offset = plan.offset(words: 4)
    for first in stride(from: 0, to: words.count, by: 4) {
      var carry: UInt64 = 0
      for word in 0..<4 {
        result.words[first + word] = WideArithmetic.add(words[first + word], offset[word], &carry)
      }
    }
    return result
  }

  func fill(_ digits: inout [Int32], position: Int, range: Range<Int>) {
    guard case .windows(let width, let count, _) = plan else { preconditionFailure("scalars have no patterns") }
    let isTop = position == count - 1
    let (word, shift) = (width * position).quotientAndRemainder(dividingBy: 64)
    let mask: UInt64 = isTop ? .max : 1 << UInt64(width) - 1
    let half: Int64 = isTop ? 0 : 1 << (width - 1)
    for (index, number) in range.enumerated() {
      var bits = words[4 * number + word] >> UInt64(shift)
      if shift > 0, word < 3 { bits |= words[4 * number + word + 1] << UInt64(64 - shift) }
      digits[index] = Int32(Int64(bits & mask) - half)
    }
  }
}
