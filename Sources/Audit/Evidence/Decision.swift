// SPDX-License-Identifier: Apache-2.0

/// What an audit says.
package enum Verdict: String, Sendable {
  case same = "SAME"
  case different = "DIFFERENT"
  case undecided = "UNDECIDED"
}

/// The two scores of one request in thousandths, 100 % of the scale being the most that one request may count.
package struct RequestScore: Equatable, Sendable {
  /// What the request surely is away; counts for DIFFERENT.
  package let low: Int
  /// What it may be away; counts against SAME.
  package let high: Int

  package init(low: Int, high: Int) {
    self.low = low
    self.high = high
  }

  /// A request without a readable answer accuses nobody, and helps nobody.
  package static let missing = RequestScore(low: 0, high: 1000)
}

/// The rule that decides: scores in, after each a verdict. Whole numbers only.
package struct Decision: Equatable, Sendable {
  package let mode: AuditMode
  /// 1/ρ: the mode's own, or one that a calibration has picked.
  package let inverseTailShare: Int
  /// Against "the expected score is at most the margin".
  package private(set) var meanBets: Bets
  /// Against "a request is far off with at most probability ρ".
  package private(set) var tailBets: Bets
  package private(set) var clauses = SameClauses()
  /// Requests with a low score at or above the tail's.
  package private(set) var far = 0
  package private(set) var verdict = Verdict.undecided

  /// - Parameter inverseTailShare: from 1 to 1000; nil for the mode's own.
  package init(mode: AuditMode, inverseTailShare: Int? = nil) {
    self.mode = mode
    self.inverseTailShare = inverseTailShare ?? mode.inverseTailShare
    meanBets = Bets(margin: mode.margin)
    // In units of ρ a request counts 0 or 1/ρ, and the margin is 1.
    tailBets = Bets(margin: 1)
  }

  package var count: Int { clauses.count }

  /// Takes the next request. The first verdict stands: whoever went on looking for another one could choose.
  package mutating func add(_ score: RequestScore) {
    let isFar = score.low >= mode.tailScore
    if isFar { far += 1 }
    meanBets.add(score.low)
    tailBets.add(isFar ? inverseTailShare : 0)
    clauses.add(score.high, isFar: score.high >= mode.tailScore)
    guard verdict == .undecided else { return }
    // DIFFERENT first: where both fall on one request the accusation is what was shown in full.
    if isDifferent {
      verdict = .different
    } else if clauses.hold(mode, inverseTailShare: inverseTailShare) {
      verdict = .same
    }
  }

  /// The mean of both mixtures, a supermartingale too, is at least 1/α.
  private var isDifferent: Bool { evidence.isAtLeast(2 * Bets.totalWeight * mode.inverseAlpha) }

  /// Twelve times each mixture, added up.
  private var evidence: WealthSum {
    var sum = WealthSum()
    meanBets.contribute(to: &sum)
    tailBets.contribute(to: &sum)
    return sum
  }

  /// How far SAME is shown, about: 1 and more where both clauses hold.
  package var shownSameness: Double { clauses.shownProgress(mode, inverseTailShare: inverseTailShare) }

  /// Requests until SAME at best, with what was far or missing so far.
  package var fewestForSame: Int {
    var clauses = clauses
    while !clauses.hold(mode, inverseTailShare: inverseTailShare), clauses.count < 100_000 {
      clauses.add(0, isFar: false)
    }
    return clauses.count
  }

  /// The evidence for DIFFERENT as people read it, about; nil beyond 10^15. It decides nothing.
  package var shownEvidence: Double? {
    let (value, exponent) = evidence.rounded
    guard value > 0 else { return 0 }
    guard 128 - value.leadingZeroBitCount + exponent < 50 else { return nil }
    guard exponent > -1000 else { return 0 }
    return Double(value) * Double(sign: .plus, exponent: exponent, significand: 1) / Double(2 * Bets.totalWeight)
  }
}
