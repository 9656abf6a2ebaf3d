// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCommitmentProver
import DriftProofKernels

/// What the prover knows: the drift rows, and for every structured clause its factors, its diagonals or its support.
package struct ArgumentWitness: Sendable {
  /// Integer factors of 2^s·Δ: left is rows × rank, right is columns × rank, both row-major.
  package struct Factors: Sendable, Equatable {
    package var left: [Int32]
    package var right: [Int32]

    package init(left: [Int32], right: [Int32]) {
      self.left = left
      self.right = right
    }
  }

  /// The drift tableau in the layout's row order.
  package var rows: any TableauRows
  /// By (tensor index, clause index).
  package var factors: [ClauseID: Factors]
  /// Positions that the sparse part covers: entries as row·columns + column, or row or column numbers; distinct.
  package var supports: [ClauseID: [Int]]
  /// Numbers of circulant blocks, in the order of ``CirculantBlock/number(row:column:columns:)``, in units of 2^s·Δ.
  package var diagonals: [ClauseID: [Int64]]
  /// Rows of the base's tableau, for every tree of the statement.
  package var base: [any TableauRows]

  package struct ClauseID: Hashable, Sendable {
    package var tensor: Int
    package var clause: Int

    package init(tensor: Int, clause: Int) {
      self.tensor = tensor
      self.clause = clause
    }
  }

  package init(
    rows: any TableauRows, factors: [ClauseID: Factors], supports: [ClauseID: [Int]],
    diagonals: [ClauseID: [Int64]] = [:], base: [any TableauRows] = []
  ) {
    self.base = base
    self.diagonals = diagonals
    self.rows = rows
    self.factors = factors
    self.supports = supports
  }
}

/// Why an honest prover stops before it has sent anything that depends on the drift.
package enum ArgumentRefusal: Error, Equatable, Sendable {
  /// ‖E‖² of a projection chunk exceeds 2^58/66: an honest projection might leave its range (section 5, completeness).
  case chunkTooLarge(tensor: String, row: Int, column: Int, log2Norm: Double, log2Limit: Double)
  case entryTooLarge(tensor: String, row: Int, column: Int)
  case factorTooLarge(tensor: String)
  /// An exact clause (no residual) does not hold at this entry.
  case exactClauseViolated(tensor: String, row: Int, column: Int)
  case boundExceeded(tensor: String)
  /// What a clause leaves at this entry is above its entrywise bound.
  case entryBoundExceeded(tensor: String, row: Int, column: Int)
  /// A group has more values that are not 0 than its pattern, or a weight that is 0 in the base is not; the first such
  /// place, or the first of the group.
  case patternViolated(tensor: String, row: Int, column: Int)
  case totalExceeded
  /// The product of two rows is not that of orthonormal ones, up to 2^29.
  case notOrthonormal(tensor: String, row: Int, other: Int)
}

extension ArgumentRefusal: CustomStringConvertible {
  package var description: String {
    let remedy = "put outlier rows or entries into a sparse part of the clause, or widen the clause"
    switch self {
    case .chunkTooLarge(let tensor, let row, let column, let norm, let limit):
      return
        "tensor \(tensor): the 16,384 neighbours of row \(row), column \(column) have a norm of 2^\(norm) units, above "
        + "the 2^\(limit) that can be proved at this precision; \(remedy)"
    case .entryTooLarge(let tensor, let row, let column):
      return "tensor \(tensor): the entry at row \(row), column \(column) is too large for this precision; \(remedy)"
    case .factorTooLarge(let tensor):
      return "tensor \(tensor): its low-rank factors are too large for this precision; lower the drift or the rank"
    case .exactClauseViolated(let tensor, let row, let column):
      return "tensor \(tensor): the clause leaves no residual, but row \(row), column \(column) is not explained by it"
    case .boundExceeded(let tensor): return "tensor \(tensor): the drift exceeds its bound"
    case .entryBoundExceeded(let tensor, let row, let column):
      return "tensor \(tensor): the entry at row \(row), column \(column) exceeds its entrywise bound"
    case .patternViolated(let tensor, let row, let column):
      return "tensor \(tensor): the entries from row \(row), column \(column) on are outside its pattern"
    case .totalExceeded: return "the whole drift exceeds the total bound"
    case .notOrthonormal(let tensor, let row, let other):
      return
        "tensor \(tensor): the product of rows \(row) and \(other) is not that of orthonormal rows up to 2^29 units; "
        + "orthonormalise its rows, or lower its fractional bits"
    }
  }
}
