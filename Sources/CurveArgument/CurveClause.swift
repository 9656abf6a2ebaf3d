// SPDX-License-Identifier: Apache-2.0

/// A claim of structure: E = 2^s·Δ - U·Vᵀ - S has Σ E² at most the bound, where U and V have `rank` columns and S is zero outside of
/// some entries, rows or columns.
package struct CurveClause: Hashable, Sendable {
  /// At most so many places, which the prover chooses.
  package enum SparseForm: Hashable, Sendable {
    case entries(Int)
    case rows(Int)
    case columns(Int)

    package var count: Int {
      switch self {
      case .entries(let count), .rows(let count), .columns(let count): count
      }
    }

    /// In the statement's bytes; 0 stands for none.
    var code: UInt8 {
      switch self {
      case .entries: 1
      case .rows: 2
      case .columns: 3
      }
    }
  }

  /// 1...1024, no more than rows or columns; nil without U and V.
  package var rank: Int?
  package var sparse: SparseForm?
  /// s; above 0 only beside a rank, so that integer factors come near Δ.
  package var scale: Int
  /// 0: nothing is left.
  package var bound: CurveBound

  package init(rank: Int?, sparse: SparseForm? = nil, scale: Int = 0, bound: CurveBound = .zero) {
    self.rank = rank
    self.sparse = sparse
    self.scale = scale
    self.bound = bound
  }
}
