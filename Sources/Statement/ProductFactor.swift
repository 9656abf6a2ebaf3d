// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCommitment
import DriftProofPolicy

/// A factor of an adapter's product ΔW = 2^-(f_B + f_A)·B̂·Â, or 2^-(f_B + f_A)·Â ⊗ B̂, a tensor of the tableau of its own.
package enum ProductFactor: Hashable, Sendable {
  /// B̂: ``ProductSizes/rows`` × rank.
  case left
  /// Â: rank × ``ProductSizes/columns``, with nearly orthonormal rows.
  case right

  /// What the factor is called in statements, layouts and messages. The last `[` separates tensor and factor, as in the
  /// names of heads; ``ProductClaimBuilder`` refuses a checkpoint that has a tensor of such a name.
  /// - Parameter change: what the adapter does to the tensor.
  package func name(of tensor: String, _ change: TensorChange = .product(rank: 1)) -> String {
    if case .kronecker(let rows, let columns) = change {
      // With the sizes of blocks: factors with as many entries would have another reading with others.
      return "\(tensor)[lokr \(self == .left ? "w2" : "w1") \(rows)x\(columns)]"
    }
    return self == .left ? "\(tensor)[lora B]" : "\(tensor)[lora A]"
  }
}

/// Sizes of the two matrices B̂ and Â whose product an adapter's change is.
///
/// A Kronecker product A ⊗ B is a product of matrices, too, once its entries are ordered block by block: a row for each entry of B,
/// a column for each of A (docs/protocol.md section 12). Neither norms nor anything else that is said of it depends on the order.
package struct ProductSizes: Hashable, Sendable {
  /// Of B̂.
  package let rows: Int
  /// Of Â.
  package let columns: Int
  /// Columns of B̂ and rows of Â.
  package let rank: Int

  /// Nil for a change that is no product, and for blocks that do not fill the matrix.
  /// - Parameters:
  ///   - rows: of the tensor's matrix.
  ///   - columns: of the tensor's matrix.
  package init?(_ change: TensorChange, rows: Int, columns: Int) {
    switch change {
    case .dense, .none: return nil
    case .product(let rank): (self.rows, self.columns, self.rank) = (rows, columns, rank)
    case .kronecker(let blockRows, let blockColumns):
      guard blockRows > 0, blockColumns > 0, rows > 0, columns > 0, rows.isMultiple(of: blockRows),
        columns.isMultiple(of: blockColumns)
      else { return nil }
      self.rows = blockRows * blockColumns
      self.columns = (rows / blockRows) * (columns / blockColumns)
      rank = 1
    }
  }
}

/// Units of the factors, from policy, shapes and base identity only; docs/protocol.md section 12.
package enum ProductPrecision {
  /// f_A at most: 2^(2·24) leaves room for the eigenvalues' error r·2^29, and entries fit 32 bits.
  static let maximumRightBits = 24
  /// Columns of a product's tensor at most; see ``rightBits(rank:columns:rules:)``.
  static let logMaximumColumns = 27

  /// f_A. Two things limit it:
  /// - a projection chunk of 2^14 positions holds at most 2^share rows (of this tensor and of neighbours like it), each of
  ///   the norm 2^f: 4^f·2^share ≤ 2^51 (``PrecisionRule/logChunkSquare``);
  /// - the Gram matrix is off by at most 2^f·√r + columns + rounding of the doubles (``BalancedRounding``), which must stay
  ///   below 2^29: 2^24·16 + 2^27 for r ≤ 256, 2^23·32 + 2^27 for r ≤ 1024.
  static func rightBits(rank: Int, columns: Int, rules: StatementRules = .current) -> Int {
    let logShare =
      switch rules {
      case .original: max(0, Limits.logChunk - StatementLimits.log2(columns))
      case .revised, .entrywise, .rounding, .patterns, .blocks, .circulants:
        logRowsInChunk(rank: rank, columns: columns)
      }
    return min(rank <= 256 ? maximumRightBits : maximumRightBits - 1, (PrecisionRule.logChunkSquare - logShare) / 2)
  }

  /// share: log2 of the rows of Â, or of neighbours like it, that a chunk meets at most, whatever l is: f_A is fixed before
  /// the code is chosen. The original rules take a chunk for whole rows, which tiles narrower than a row break.
  ///
  /// Write ρ and κ for the logs of rows and columns, padded to 2^6 entries. At an l above ρ + κ, Â is a sub-cube with rows
  /// of 2^κ positions, and a chunk has 2^max(0, 14 - κ) of them. At any other its tiles are 2^(l - w) rows of 2^w
  /// positions, of which a chunk meets 2^max(0, 14 - w), and never more than the 2^ρ that there are.
  ///
  /// share ≤ 11, so f_A ≥ 20 > 18, which ``OrthonormalShrinkage`` needs: a product's rank is at most its columns, so κ ≥ 3
  /// (ρ ≤ κ, ρ + κ ≥ 6), and ρ ≤ 10. Neighbours of another shape satisfy the same inequality: of 2^a positions they add
  /// at most 2^(51 - 14 + a), as does a matrix B̂ by ``PrecisionRule``.
  static func logRowsInChunk(rank: Int, columns: Int) -> Int {
    let (rowBits, columnBits) = TableauLayout.paddedLogs(rows: rank, columns: columns)
    var share = max(0, Limits.logChunk - columnBits)
    for logLength in CodeParameters.logLengthRange {
      guard let width = TableauLayout.logTileColumns(rows: rank, columns: columns, logLength: logLength) else { break }
      share = max(share, min(rowBits, max(0, Limits.logChunk - width)))
    }
    return share
  }

  /// An entry of 2^-(f_B + f_A)·B̂·Â differs from that of the adapter's product by at most relative·‖its row of the
  /// product‖ + absolute, and by what double arithmetic adds.
  ///
  /// With Â = 2^f_A·a + ε, |ε| < 1, and B̂ = 2^f_B·b + δ, |δ| ≤ 1/2, the error is Σ_k (b·ε·2^-f_A + δ·a·2^-f_B +
  /// δ·ε·2^-(f_A + f_B)); rows of b are as long as those of the product, columns of a at most 1.
  package static func error(rank: Int, leftBits: Int, rightBits: Int) -> (relative: Double, absolute: Double) {
    let root = Double(rank).squareRoot()
    func power(_ exponent: Int) -> Double { Double(sign: .plus, exponent: exponent, significand: 1) }
    return (
      root * power(-rightBits), root * power(-leftBits - 1) + Double(rank) * power(-leftBits - rightBits - 1)
    )
  }
}

/// By how much a bound on ‖B̂Â‖² must shrink to be one on 4^f_A·‖B̂‖².
///
/// ‖B̂Â‖² ≤ ‖B̂‖²·λmax(ÂÂᵀ) and λmax ≤ 2^(2f) + r·2^29, as each entry of ÂÂᵀ - 2^(2f)·1 is at most 2^29. So the factor is
/// 2^(2f)/(2^(2f) + r·2^29) = 2^log/divisor with log = 2f - 29 and divisor = 2^log + r. f ≥ 18 (one column, original rules) gives log ≥ 7;
/// f ≤ 24 and r ≤ 1024 give a divisor below 2^20.
struct OrthonormalShrinkage: Hashable, Sendable, Comparable {
  let log: Int
  let divisor: UInt32

  init(rank: Int, fractionBits: Int) {
    log = max(0, min(30, 2 * fractionBits - 29))
    divisor = (1 << UInt32(log)) + UInt32(clamping: min(rank, Limits.maximumRank))
  }

  /// By the factor: 2^a.log/a.divisor < 2^b.log/b.divisor.
  static func < (a: OrthonormalShrinkage, b: OrthonormalShrinkage) -> Bool {
    UInt64(b.divisor) << UInt64(a.log) < UInt64(a.divisor) << UInt64(b.log)
  }
}

extension TensorChange {
  /// Of a product of matrices.
  var rank: Int? {
    if case .product(let rank) = self { rank } else { nil }
  }

  var isKronecker: Bool {
    if case .kronecker = self { true } else { false }
  }
}
