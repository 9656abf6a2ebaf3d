// SPDX-License-Identifier: Apache-2.0

import DriftProofField
import DriftProofKernels

/// One claim's weights of a tree's rows, and where the tails of those that it weighs begin.
package struct RowWeights: Sendable {
  /// By row of the tree.
  package var weights: [CubicExtension]
  package var tailOffset: Int
  package var tailCount: Int

  package init(weights: [CubicExtension], tailOffset: Int, tailCount: Int) {
    self.weights = weights
    self.tailOffset = tailOffset
    self.tailCount = tailCount
  }

  /// Coefficients of the weighted sum.
  package var count: Int { tailOffset + tailCount }
}

/// The rows of a tableau that others hold, in whole runs of a leaf's rows (`RowLeafFormat`): they compute with them, and no row
/// comes here. All that they answer is what ``TableauShare`` computes, so a commitment does not tell who has computed.
package protocol SpreadRows: Sendable {
  /// Hands out the keys of the tree's randomness. Comes before everything else.
  func begin(_ randomness: RowRandomness, positions: Int) throws
  /// The digests of one run at all positions, 32 bytes each.
  func digests(ofRun number: Int, into digests: AlignedBuffer<UInt8>) throws
  /// The values of all rows at a point outside F.
  func values(at point: CubicExtension) throws -> [CubicExtension]
  /// The values of all rows at code positions, by row.
  func values(at positions: [Int]) throws -> [[UInt64]]
  /// Σ weight·row of every claim.
  func sums(_ claims: [RowWeights]) throws -> [[CubicExtension]]
}
