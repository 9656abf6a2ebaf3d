// SPDX-License-Identifier: Apache-2.0

import DriftProofField

/// A bound on every entry of a residual by the weights themselves; docs/protocol.md section 4.
///
/// With q the base's integers, q' = q + Δ, and r the residual E without its lowest w bits, rounded, the argument proves
///
///     d1 = τ² + β²·u² + A·q'² + B·q² + C·Δ² - e·(r² + a²)
///     d2 = q'² + φ² - φ²·u² - a2²                               with classes
///     u·v = 2^J                                                 with classes
///     ρ = E - 2^w·r
///
/// with integers a, a2, u, v of the prover's, and d1, d2, ρ so small that the projections bound them. Over the integers u is
/// then a power of two, φ²·u² ≤ q'² + φ² + 2H_d, and e·r² ≤ τ² + β²·u² + A·q'² + B·q² + C·Δ² + 2H_d.
package struct RoundingClaim: Hashable, Sendable {
  /// w.
  package var fineShift: Int
  /// e: 1 or 4.
  package var residualWeight: Int
  /// β: half-ulps of class 0, in units of r; 0 without classes.
  package var classBound: Int
  /// J; 0 without classes.
  package var logClasses: Int
  /// A, B, C.
  package var tuned: Int
  package var base: Int
  package var drift: Int
  /// H_d.
  package var differenceRange: Int

  package init(
    fineShift: Int, residualWeight: Int, classBound: Int, logClasses: Int, tuned: Int, base: Int, drift: Int,
    differenceRange: Int
  ) {
    self.fineShift = fineShift
    self.residualWeight = residualWeight
    self.classBound = classBound
    self.logClasses = logClasses
    self.tuned = tuned
    self.base = base
    self.drift = drift
    self.differenceRange = differenceRange
  }

  package var hasClasses: Bool { logClasses > 0 }
  /// Whether the bound is relative to weights.
  package var speaksOfWeights: Bool { hasClasses || tuned > 0 || base > 0 || drift > 0 }

  /// φ: weights below it are of class 0.
  package static let floor = 1 << 14
  /// r, a, a2, u and v have the range of projections: they are below 2^30.
  /// ρ: a residual's lost bits. Honest ones are at most half of 2^w, 2^14 of them have a norm below 2^(w + 6), and
  /// 320 > 8.13·2^6/2; a proven |ρ| < 2·320·2^w = 640 units of r.
  package static func lostRange(fineShift: Int) -> Int { 320 << fineShift }
  package static let lostUnits = 640

  /// 0: E is r, and ρ is 0. From 7 on 320·2^w is a range that digits have (``DigitRange/halves``); up to 16 E = 2^w·r + ρ with
  /// |r| < 2^30 stays below 2^47.
  package static let fineShifts: Set<Int> = Set([0] + Array(7...16))
  /// β·u ≤ 2^16·2^14 with β² ·u² ≤ 2^60 < p.
  package static let classBoundRange = 0...1 << 16
  /// max² ≤ 2^14·σ² and tuned weights below 4·max: 4·2^7·2^18/2^14 = 2^13; one more for a re-based tableau.
  package static let logClassesRange = 0...14
  package static let coefficientRange = 0...32
  /// 2H_d ≤ 2^31, and digits (``DigitRange/halves``): with e·(r² + a²) ≤ 8·2^60 the sums stay below p.
  package static let differenceRanges = DigitRange.halves
}

/// Where the base's integers of a tensor lie: in which tree of its tableau, and where in its rows.
package struct BasePlace: Hashable, Sendable {
  /// Number of the identity's tree.
  package var tree: Int
  /// Of a tensor with tiles of its own the first; tiles follow as those of the drift do.
  package var row: Int
  /// In the row, of a tensor that shares it; nil for one with tiles of its own.
  package var offset: Int?

  package init(tree: Int, row: Int, offset: Int?) {
    self.tree = tree
    self.row = row
    self.offset = offset
  }
}

/// A tree of the base's tableau that a statement speaks of.
package struct BaseTree: Hashable, Sendable {
  package var number: Int
  package var rows: Int
  /// 32 bytes.
  package var root: [UInt8]
  /// Of a tableau that hides the base's weights: the value of every row at the point that the root determines. Empty for a
  /// public one.
  package var pins: [CubicExtension]
  /// Of a next base: the point of all of its trees, at which the rows have these values; nil otherwise.
  package var point: CubicExtension?

  package init(
    number: Int, rows: Int, root: [UInt8], pins: [CubicExtension] = [], point: CubicExtension? = nil
  ) {
    self.number = number
    self.rows = rows
    self.root = root
    self.pins = pins
    self.point = point
  }
}
