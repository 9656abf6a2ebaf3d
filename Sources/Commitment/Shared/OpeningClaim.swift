// SPDX-License-Identifier: Apache-2.0

import DriftProofField
import DriftProofTranscript

/// Σ over trees and rows of weight·⟨c, message⟩ = value, for one public linear functional c on row messages.
///
/// Soundness (docs/protocol.md section 6) needs, of the caller: point and weights are challenges (or tensors of
/// challenges) drawn after the commitments and their pins, so that the rows' proximity and each pin follow; errors of
/// challenges about an unpinned tree counted for each tableau of its list. Zero knowledge needs one mask per claim,
/// never used before.
package struct OpeningClaim: Sendable {
  package enum Functional: Sendable {
    /// c(x) = eq(point, x), l coordinates, lowest bit of x first. Rows of full length.
    case equality(point: [CubicExtension])
    /// c is Σ over the parts, each an equality inside one aligned run of places. Rows of full length.
    case parts([FunctionalPart])
    /// Any c, one weight per message entry of a short row. The combination is sent in clear.
    case clear(weights: [CubicExtension])
  }

  /// Three rows of tree `tree` from `firstRow`: the coordinates 1, X, X² of a uniform K-valued row.
  package struct Mask: Hashable, Sendable {
    package let tree: Int
    package let firstRow: Int

    package init(tree: Int, firstRow: Int) {
      self.tree = tree
      self.firstRow = firstRow
    }
  }

  /// Appears in rejections and transcript labels.
  package let name: String
  package let functional: Functional
  /// One array per tree with one weight per row; an empty array leaves the tree out.
  package let weights: [[CubicExtension]]
  package let value: CubicExtension
  package let mask: Mask

  package init(
    name: String, functional: Functional, weights: [[CubicExtension]], value: CubicExtension, mask: Mask
  ) {
    self.name = name
    self.functional = functional
    self.weights = weights
    self.value = value
    self.mask = mask
  }
}
