// SPDX-License-Identifier: Apache-2.0

/// What is printed beside a verdict: bounds for the mean score and the share of far requests, in thousandths.
///
/// Lower bounds say "at some request it was above", upper bounds "the average is below", each at α. They enclose one number
/// only where nothing changes over time.
package struct Intervals: Equatable, Sendable {
  /// At some request the expected score was above this; zero where nothing is shown.
  package let meanAbove: Int
  /// The average of the expected scores is below this; nil where nothing is shown.
  package let meanBelow: Int?
  /// The same of the probability that a request is far off.
  package let tailAbove: Int
  package let tailBelow: Int?

  package init(meanAbove: Int, meanBelow: Int?, tailAbove: Int, tailBelow: Int?) {
    self.meanAbove = meanAbove
    self.meanBelow = meanBelow
    self.tailAbove = tailAbove
    self.tailBelow = tailBelow
  }

  package init(scores: [RequestScore], mode: AuditMode) {
    var clauses = SameClauses()
    for score in scores { clauses.add(score.high, isFar: score.high >= mode.tailScore) }
    meanAbove = Self.largestRefuted(scores.map(\.low), mode)
    tailAbove = Self.largestRefuted(scores.map { $0.low >= mode.tailScore ? 1000 : 0 }, mode)
    meanBelow = Self.least { clauses.meanIsBelow($0, mode) }
    tailBelow = Self.least { clauses.tailIsBelow($0, over: 1000, mode) }
  }

  /// The largest margin that the bets ever refuted. What refutes one refutes every smaller one, but for rounding.
  private static func largestRefuted(_ scores: [Int], _ mode: AuditMode) -> Int {
    var (refuted, open) = (0, 1000)
    while open - refuted > 1 {
      let margin = (refuted + open) / 2
      if isEverRefuted(margin, scores, mode) { refuted = margin } else { open = margin }
    }
    return refuted
  }

  private static func isEverRefuted(_ margin: Int, _ scores: [Int], _ mode: AuditMode) -> Bool {
    var bets = Bets(margin: margin)
    for score in scores {
      bets.add(score)
      if bets.refute(inverseAlpha: mode.inverseAlpha) { return true }
    }
    return false
  }

  private static func least(_ isBelow: (Int) -> Bool) -> Int? {
    guard isBelow(1000) else { return nil }
    var (open, shown) = (0, 1000)
    while shown - open > 1 {
      let margin = (open + shown) / 2
      if isBelow(margin) { shown = margin } else { open = margin }
    }
    return shown
  }
}
