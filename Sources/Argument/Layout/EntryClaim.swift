// SPDX-License-Identifier: Apache-2.0

/// A bound on every entry of E: E² < τ² + 2^30; docs/protocol.md section 4.
///
/// The prover commits to a root a of τ² - E² in every place of R-space. The projections of a and of
/// d = τ² - E² - a² are in the range of all others, so that |a|, |d| < 2^30.
package struct EntryClaim: Hashable, Sendable {
  /// τ².
  package var square: Int
  /// What the bound is relative to, where it is relative to the base's and the tuned model's own entries.
  package var rounding: RoundingClaim?

  package init(square: Int, rounding: RoundingClaim? = nil) {
    self.square = square
    self.rounding = rounding
  }

  /// ⌊√value⌋ for values up to 2^52.
  package static func squareRoot(_ value: Int) -> UInt64 {
    var root = UInt64(Double(max(0, value)).squareRoot())
    while root * root > UInt64(max(0, value)) { root -= 1 }
    return root
  }

  /// What the projections cannot see of d: 2H.
  package static let slack = 2 * Limits.halfRange
  /// τ² + 2^30 ≤ 2^37. Completeness: a chunk of unchanged entries has roots of τ each, of 2^14·2^37 = 2^51 together,
  /// below 2^58/66; those are all d's of nearest roots, too, as |d| ≤ |a|. Soundness asks for far less: with
  /// |E|, |a|, |d| < 2^30 and this, E² + a² + d - τ² stays below 2^62 < p.
  package static let logLargestSquare = 37
  package static let squareRange = 0...1 << logLargestSquare - slack
}

/// Oracles of R-space, in the order of their rows.
package enum EntryOracle: Int, CaseIterable, Hashable, Sendable {
  /// a.
  case roots = 0
  /// r.
  case residues
  /// a2.
  case classRoots
  /// u.
  case classes
  /// v.
  case cofactors
  /// X: Δ in the place of E.
  case drift
  /// T: the base's integers.
  case base

  /// Whether it has rows in P1; the others are in the drift's and the base's tableaux.
  package var isCommitted: Bool { rawValue < EntryOracle.drift.rawValue }
}

/// What the argument proves to be small of every chunk of R-space, in addition to E: each has digits of its own.
package enum EntryFamily: Int, CaseIterable, Hashable, Sendable {
  /// a.
  case roots = 0
  /// d, d1.
  case differences
  /// r.
  case residues
  /// a2.
  case classRoots
  /// u.
  case classes
  /// v.
  case cofactors
  /// d2.
  case classDifferences
}
