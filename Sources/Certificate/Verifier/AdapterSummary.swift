// SPDX-License-Identifier: Apache-2.0

import DriftProofStatement

/// What a certificate says of an unmerged adapter as a whole.
public struct AdapterSummary: Hashable, Sendable {
  /// Tensors of the base to which a product of two matrices is added; those that the policy excludes included.
  public let modules: Int
  /// Of these, the ones that the policy excludes.
  public let excludedModules: Int
  /// The products' ranks, as far as matrices of these sizes have them; 0 without products.
  public let smallestRank: Int
  /// Of all products; 0 without any.
  public let largestRank: Int
  /// An entry of a certified product differs from that of the adapter's matrices by at most `relativeError`·‖its row of the
  /// product‖ + `absoluteError`, besides rounding of double precision.
  public let relativeError: Double
  /// In the weights' own units.
  public let absoluteError: Double

  init?(_ statement: DerivedStatement) {
    guard statement.isAdapter else { return nil }
    let products = statement.coverage.filter { $0.productRank != nil }
    let ranks = products.compactMap(\.productRank)
    modules = products.count
    excludedModules = products.filter { $0.tensorClass == .excluded }.count
    smallestRank = ranks.min() ?? 0
    largestRank = ranks.max() ?? 0
    var (relative, absolute) = (0.0, 0.0)
    // The right factor stands right before the left one.
    for (right, left) in zip(statement.claims, statement.claims.dropFirst()) where left.factor == .left {
      let error = ProductPrecision.error(
        rank: left.tensor.columns, leftBits: left.tensor.fractionBits, rightBits: right.tensor.fractionBits)
      (relative, absolute) = (max(relative, error.relative), max(absolute, error.absolute))
    }
    (relativeError, absoluteError) = (relative, absolute)
  }
}
