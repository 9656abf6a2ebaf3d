// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofPolicy

/// Why no part that repeats itself block by block can be put on a tensor.
public enum BlockObstacle: Error, Hashable, Sendable, CustomStringConvertible {
  /// Whole blocks do not fill its matrix, or that of one of its heads.
  case sizes(rows: Int, columns: Int, blockRows: Int, blockColumns: Int)
  /// An unmerged adapter adds a product of two other matrices to it.
  case product
  /// An unmerged adapter adds a Kronecker product to it, of which no clause with circulant blocks is proved.
  case productAsCirculant
  /// An unmerged adapter adds a Kronecker product with blocks of other sizes to it.
  case otherProduct(rows: Int, columns: Int, blockRows: Int, blockColumns: Int)
  /// An unmerged adapter adds a Kronecker product to it, and the clause speaks of heads.
  case headsOfProduct

  /// In English, for people and logs.
  public var description: String {
    switch self {
    case .sizes(let rows, let columns, let blockRows, let blockColumns):
      "it is \(rows) × \(columns), which blocks of \(blockRows) × \(blockColumns) do not fill; use sizes that divide it, or give "
        + "the tensor a rule of its own"
    case .product:
      "an unmerged adapter adds a product of low rank to it, which is no such sum; merge the adapter and prove the merged model, "
        + "or allow its rank"
    case .productAsCirculant:
      "an unmerged adapter adds a Kronecker product to it, of which no circulant blocks are proved; merge the adapter and prove the "
        + "merged model, or allow a Kronecker product"
    case .otherProduct(let rows, let columns, let blockRows, let blockColumns):
      "an unmerged adapter adds a Kronecker product with blocks of \(rows) × \(columns) to it, and the clause has blocks of "
        + "\(blockRows) × \(blockColumns); allow inner factors of [\(rows), \(columns)], or a rank or norm alone"
    case .headsOfProduct:
      "an unmerged adapter adds a Kronecker product to the whole of it, of which nothing is proved head by head; bound the whole "
        + "tensor, or merge the adapter and prove the merged model"
    }
  }
}

extension CoverageCheck {
  /// Of a tensor of both sides; nil where nothing stands against the blocks of its clauses.
  static func blockObstacle(
    _ base: BaseIdentity.Leaf, _ own: TunedTensor, _ allowance: Allowance
  ) -> BlockObstacle? {
    let forms = (allowance.forms ?? []).compactMap(\.blocks)
    guard !forms.isEmpty else { return nil }
    var (rows, columns) = Shape.matrix(own.shape)
    // Heads that do not fit are a gap of their own.
    if case .heads(let split, _) = allowance {
      guard let cut = split.cut(shape: base.shape) else { return nil }
      (rows, columns) = (cut.rows, cut.columns)
    }
    return forms.first { !$0.divides(rows: rows, columns: columns) }.map {
      .sizes(rows: rows, columns: columns, blockRows: $0.rows, blockColumns: $0.columns)
    }
  }
}
