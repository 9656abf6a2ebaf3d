// SPDX-License-Identifier: Apache-2.0

import DriftProofStatement

/// What a certificate says of an unmerged adapter as a whole.
public struct AdapterSummary: Hashable, Sendable {
  /// Tensors of the base to which a product of two matrices is added, or a Kronecker product; those that the policy excludes
  /// included.
  public let modules: Int
  /// Of these, the ones to which a Kronecker product is added.
  public let kroneckerModules: Int
  /// Of these, the ones that the policy excludes.
  public let excludedModules: Int
  /// The ranks of products of two matrices, as far as matrices of these sizes have them; 0 without any.
  public let smallestRank: Int
  /// Of all products; 0 without any.
  public let largestRank: Int
  /// An entry of a certified product differs from that of the adapter's matrices by at most `relativeError`·‖its row of the
  /// product‖ + `absoluteError`, besides rounding of double precision. Of a Kronecker product the row has the entries at the same
  /// place of every block.
  public let relativeError: Double
  /// In the weights' own units.
  public let absoluteError: Double

  init?(_ statement: DerivedStatement) {
    guard statement.isAdapter else { return nil }
    let products = statement.coverage.filter { $0.productRank != nil || $0.isKroneckerProduct }
    kroneckerModules = products.filter(\.isKroneckerProduct).count
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
