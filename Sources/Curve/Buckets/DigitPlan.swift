// SPDX-License-Identifier: Apache-2.0

/// How numbers are cut into the digits that name buckets.
enum DigitPlan: Equatable, Sendable {
  /// Windows of `width` bits, the lowest first: digits in [-2^(width - 1), 2^(width - 1)), the topmost in [0, 2^top].
  case windows(width: Int, count: Int, top: Int)
  /// One digit for each number m·2^e with m < 2^width: m itself for e = 0, 2^(width - 1)·e + m for greater e up to `maximum`,
  /// where m ≥ 2^(width - 1).
  case patterns(width: Int, maximum: Int)

  /// What adding one bucket up costs beside an addition to a bucket; measured for lanes, about right for the others.
  private static let bucketCost = 2.5
  /// Buckets beyond these leave the caches.
  private static let maximumWidth = 16

  /// The cheapest plan for numbers below 2^bits in magnitude.
  /// - Parameters:
  ///   - bits: at least 1.
  ///   - significantBits: how many bits the widest number has without the zeros at its end.
  static func cheapest(count: Int, bits: Int, significantBits: Int) -> DigitPlan {
    var plans = (2...maximumWidth).map { width in
      let windows = max(1, (bits + width - 1) / width)
      return DigitPlan.windows(width: width, count: windows, top: bits - width * (windows - 1))
    }
    if significantBits <= 12, bits <= 63 {
      plans.append(.patterns(width: max(significantBits, 2), maximum: max(0, bits - max(significantBits, 2))))
    }
    func cost(_ plan: DigitPlan) -> Double {
      Double(count) * Double(plan.digits) + bucketCost * Double((0..<plan.digits).reduce(0) { $0 + plan.buckets($1) })
    }
    return plans.min { cost($0) < cost($1) } ?? .windows(width: 8, count: (bits + 7) / 8, top: bits % 8)
  }

  /// Digits for each number.
  var digits: Int {
    switch self {
    case .windows(_, let count, _): count
    case .patterns: 1
    }
  }

  /// The largest digit at a position.
  func buckets(_ position: Int) -> Int {
    switch self {
    case .windows(let width, let count, let top): position == count - 1 ? 1 << top : 1 << (width - 1)
    case .patterns(let width, let maximum): 1 << width + maximum << (width - 1)
    }
  }

  /// Σ 2^(width - 1)·2^(width·i) over all windows but the topmost. A number plus this, cut into windows without signs, has
  /// the signed digits plus 2^(width - 1): each digit is found without its neighbours.
  func offset(words: Int) -> [UInt64] {
    guard case .windows(let width, let count, _) = self else { return [UInt64](repeating: 0, count: words) }
    var result = [UInt64](repeating: 0, count: words)
    for window in 0..<count - 1 {
      let bit = width * window + width - 1
      result[bit / 64] |= 1 << UInt64(bit % 64)
    }
    return result
  }
}
