// SPDX-License-Identifier: Apache-2.0

/// Seven fixed bets against "given everything before, the expected score is at most the margin".
///
/// A bet of f multiplies its wealth by 1 + f·(z - m)/m ≥ 0, whose conditional mean is at most 1 while the margin is kept. So
/// the weighted mean of the seven starts at one, is a nonnegative supermartingale, and ever reaches 1/α with probability at
/// most α (Ville's inequality): one may look after every request.
package struct Bets: Equatable, Sendable {
  /// In 32nds of the largest possible bet.
  package static let fractions = [1, 2, 4, 8, 16, 24, 30]
  package static let weights = [1, 1, 1, 1, 2, 3, 3]
  package static let totalWeight = 12

  private let margin: Int
  package private(set) var wealths: [Wealth]

  /// - Parameter margin: m, from 1 to 1000 where scores are thousandths, 1 where they are multiples of it.
  package init(margin: Int) {
    self.margin = margin
    wealths = Self.fractions.map { _ in .one }
  }

  /// Takes one score, from 0 to 1000.
  package mutating func add(_ score: Int) {
    // 1 + (a/32)(z - m)/m as one fraction.
    for (place, fraction) in Self.fractions.enumerated() {
      wealths[place] = wealths[place].times(margin * (32 - fraction) + fraction * score, over: 32 * margin)
    }
  }

  /// Adds the weighted wealths to a sum.
  package func contribute(to sum: inout WealthSum) {
    for (wealth, weight) in zip(wealths, Self.weights) { sum.add(wealth, weight: weight) }
  }

  /// Whether these bets alone refute the margin at α: their weighted mean is at least 1/α.
  package func refute(inverseAlpha: Int) -> Bool {
    var sum = WealthSum()
    contribute(to: &sum)
    return sum.isAtLeast(Self.totalWeight * inverseAlpha)
  }
}
