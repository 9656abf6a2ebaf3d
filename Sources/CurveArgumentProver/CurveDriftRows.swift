// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCurve
import DriftProofCurveCommitmentProver

/// The rows of E-space: Δ = q' - q of every tensor with a norm claim, tile by tile, in the order of the statement.
///
/// A row is read several times, by several cores at a time.
package protocol CurveDriftRows: Sendable {
  var count: Int { get }
  /// At most 2^l cells; those that are missing are zero.
  func row(_ index: Int) -> [Int64]
  /// The multiple of H in C_tuned - C_base.
  func blinding(of index: Int) -> Fr
}

/// Rows in memory.
package struct MemoryDriftRows: CurveDriftRows {
  private let rows: [[Int64]]
  private let blindings: [Fr]

  package init(rows: [[Int64]], blindings: [Fr]) {
    precondition(rows.count == blindings.count, "\(rows.count) rows and \(blindings.count) blindings")
    self.rows = rows
    self.blindings = blindings
  }

  package var count: Int { rows.count }
  package func row(_ index: Int) -> [Int64] { rows[index] }
  package func blinding(of index: Int) -> Fr { blindings[index] }
}

/// A row of P1 or P2.
struct AuxiliaryRow: Sendable {
  enum Cells: Sendable {
    case integers([Int64])
    case scalars([Fr])
    /// Integers, and a few scalars elsewhere.
    case mixed([Int64], [(cell: Int, value: Fr)])
  }

  var cells: Cells
  var blinding: Fr

  func commitment(_ committer: CurveCommitter) -> G1 {
    switch cells {
    case .integers(let cells): return committer.commit(cells, blinding: blinding)
    case .scalars(let cells): return committer.commit(cells, blinding: blinding)
    case .mixed(let cells, let scalars):
      return committer.commit(cells, blinding: blinding) + committer.commit(Self.spread(scalars), blinding: .zero)
    }
  }

  fileprivate static func spread(_ scalars: [(cell: Int, value: Fr)]) -> [Fr] {
    var result = [Fr](repeating: .zero, count: (scalars.map(\.cell).max() ?? -1) + 1)
    for (cell, value) in scalars { result[cell] = value }
    return result
  }
}

/// All rows, as the opening numbers them: those of C_tuned - C_base, then P1 and P2.
struct ProofRows: CurveRowSource {
  let drift: any CurveDriftRows
  let auxiliary: [AuxiliaryRow]

  func combination(of weights: [(row: Int, weight: Fr)]) -> [Fr] {
    let rows = weights.map { row, weight -> ([Int64], [Fr], Fr) in
      guard row >= drift.count else { return (drift.row(row), [], weight) }
      switch auxiliary[row - drift.count].cells {
      case .integers(let cells): return (cells, [], weight)
      case .scalars(let cells): return ([], cells, weight)
      case .mixed(let cells, let scalars): return (cells, AuxiliaryRow.spread(scalars), weight)
      }
    }
    let length = rows.reduce(0) { max($0, $1.0.count, $1.1.count) }
    // Sums of a part of the cells stay in the cache while the rows pass by.
    let part = 1 << 10
    return Parallel.map((length + part - 1) / part) { index -> [Fr] in
      let range = index * part..<min(length, (index + 1) * part)
      var sums = [FrSum](repeating: FrSum(), count: range.count)
      for (integers, scalars, weight) in rows {
        if range.lowerBound < integers.count {
          FrVector.accumulate(
            &sums, weight: weight, integers: integers[range.lowerBound..<min(integers.count, range.upperBound)])
        }
        if range.lowerBound < scalars.count {
          for cell in range.lowerBound..<min(scalars.count, range.upperBound) {
            sums[cell - range.lowerBound].add(weight * scalars[cell])
          }
        }
      }
      return sums.map(\.value)
    }.flatMap { $0 }
  }

  func blinding(of row: Int) -> Fr {
    row < drift.count ? drift.blinding(of: row) : auxiliary[row - drift.count].blinding
  }
}
