// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve

/// The committed rows, as the opening sees them.
package protocol CurveRowSource {
  /// The cells of Σ weight·row: at most 2^l, the missing ones are zero.
  func combination(of weights: [(row: Int, weight: Fr)]) -> [Fr]
  /// The multiple of H in a row's commitment.
  func blinding(of row: Int) -> Fr
}
