// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCommitmentProver
import DriftProofField

/// What the holder of the transcript asks a holder of rows. All answers are functions of the rows, of keys and of requests, so
/// that who computes is not in the proof (docs/clusters.md).
package enum WorkerRequest: Sendable {
  /// The randomness of a tree's rows that the worker has.
  case keys(SpreadTree, TreeKeys)
  /// Digests of one run at all positions: bulk, of bytes.
  case digests(SpreadTree, run: Int)
  /// Items of the bulk that the last answer has announced.
  case piece(Range<Int>)
  /// Values at a point outside F.
  case values(SpreadTree, at: CubicExtension)
  /// E, from the witness of structured clauses.
  case witness(ClauseWitness)
  /// Projections of E under the R that follows from a state of the transcript: bulk, of numbers, 132 for each chunk of each
  /// tile that has any, in the order of tiles.
  case projections([UInt8])
  /// Words of digits, from a word of the worker's first row of D on.
  case digits(first: Int, [UInt16])
  /// The bounds stage from the state before its challenges; masks of E and D for those that have their first rows.
  case bounds([UInt8], residualMask: [CubicExtension], digitMask: [CubicExtension])
  /// The next challenge of that stage.
  case bind(CubicExtension)
  /// Weighted sums, of weights by row of the worker: bulk, of elements, one sum after the other.
  case sums(SpreadTree, [RowWeights])
  /// Values at code positions.
  case positions(SpreadTree, [Int])

  /// For errors.
  package var name: String {
    switch self {
    case .keys: "keys"
    case .digests: "digests"
    case .piece: "piece"
    case .values: "values"
    case .witness: "witness"
    case .projections: "projections"
    case .digits: "digits"
    case .bounds: "bounds"
    case .bind: "bind"
    case .sums: "sums"
    case .positions: "positions"
    }
  }
}

/// The factors, supports and diagonals of clauses.
package struct ClauseWitness: Sendable {
  package var factors: [ArgumentWitness.ClauseID: ArgumentWitness.Factors] = [:]
  package var supports: [ArgumentWitness.ClauseID: [Int]] = [:]
  package var diagonals: [ArgumentWitness.ClauseID: [Int64]] = [:]

  package init() {}

  /// Whether all of it is of clauses of a statement, and of their sizes: what is made of it is then in bounds.
  func fits(_ layout: ArgumentLayout) -> Bool {
    func clause(_ id: ArgumentWitness.ClauseID) -> (tensor: TableauTensor, clause: StructuredClause)? {
      let tensors = layout.statement.tensors
      guard tensors.indices.contains(id.tensor), tensors[id.tensor].clauses.indices.contains(id.clause) else {
        return nil
      }
      return (tensors[id.tensor], tensors[id.tensor].clauses[id.clause])
    }
    return factors.allSatisfy { id, pair in
      guard let (tensor, own) = clause(id), let rank = own.rank else { return false }
      let counts = own.factorRows(rows: tensor.rows, columns: tensor.columns)
      return pair.left.count == counts.left * rank && pair.right.count == counts.right * rank
    }
      && supports.allSatisfy { id, places in
        guard let (tensor, own) = clause(id), let form = own.sparse, places.count <= form.count else { return false }
        let limit =
          switch form {
          case .entries: tensor.rows * tensor.columns
          case .rows: tensor.rows
          case .columns: tensor.columns
          }
        return places.allSatisfy { (0..<limit).contains($0) } && Set(places).count == places.count
      }
      && diagonals.allSatisfy { id, numbers in
        guard let (tensor, own) = clause(id), let block = own.circulant else { return false }
        return numbers.count == tensor.rows * tensor.columns >> block.logSize
      }
  }
}

package enum WorkerAnswer: Sendable {
  case done
  /// As many items wait to be fetched in pieces.
  case bulk(Int)
  case bytes([UInt8])
  case numbers([Int32])
  case elements([CubicExtension])
  /// Values by row, each at all positions.
  case rows([[UInt64]])
  case witness(squares: [IndexedSquare], sparse: [SparseCell])
  case round(BoundsRound)

  package struct IndexedSquare: Sendable, Equatable {
    package var index: Int
    package var square: UInt64
    package init(index: Int, square: UInt64) { (self.index, self.square) = (index, square) }
  }

  package struct SparseCell: Sendable, Equatable {
    package var cell: Int
    package var value: Int64
    package init(cell: Int, value: Int64) { (self.cell, self.value) = (cell, value) }
  }
}

/// What a worker has for one round of the bounds stage.
package struct BoundsRound: Sendable, Equatable {
  /// What is left of a tile when the position variables are bound.
  package struct TileEnd: Sendable, Equatable {
    package var tile: Int
    package var value: CubicExtension
    package var square: CubicExtension
    package var linear: CubicExtension

    package init(tile: Int, value: CubicExtension, square: CubicExtension, linear: CubicExtension) {
      (self.tile, self.value, self.square, self.linear) = (tile, value, square, linear)
    }
  }

  /// Of a row of D.
  package struct RowEnd: Sendable, Equatable {
    package var value: CubicExtension
    package var linear: CubicExtension

    package init(value: CubicExtension, linear: CubicExtension) { (self.value, self.linear) = (value, linear) }
  }

  /// Of the polynomial of the round at 0, 1, … up to the stage's degree.
  package var values: [CubicExtension]
  /// Once, when the position variables are bound.
  package var tiles: [TileEnd] = []
  /// Once, when the variables of a row of D are bound.
  package var digits: [RowEnd] = []

  package init(values: [CubicExtension], tiles: [TileEnd] = [], digits: [RowEnd] = []) {
    (self.values, self.tiles, self.digits) = (values, tiles, digits)
  }
}

/// The seam: one holder of rows. Requests are answered one after the other; a second one may begin before others' answers are
/// fetched, so that workers compute side by side.
package protocol ProofWorker: Sendable {
  func begin(_ request: WorkerRequest) throws
  /// The answer to the request that was begun.
  /// - Throws: what the worker's rows throw, an ``ArgumentRefusal``, or a ``WorkerError``.
  func answer() throws -> WorkerAnswer
}
