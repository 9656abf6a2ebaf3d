// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofLinearAlgebra
import DriftProofPolicy

/// What `inspect` knows about one tensor that both checkpoints have with one dtype and one shape.
package struct TensorInspection: Sendable, Equatable {
  package let name: String
  package let dtype: DataType
  package let shape: [Int]
  /// Of the tuned tensor where it has another floating type, or more rows; its values are compared then.
  package var tunedDtype: DataType
  package var tunedShape: [Int]
  /// ‖Δ‖ of the rows that both have, where the tuned tensor has more.
  package var commonNorm: Double?
  /// Frobenius norm of the base tensor after encoding; nil where a tensor has no encoding.
  package let baseNorm: Double?
  package let outcome: Outcome

  /// How the tuned tensor relates to the base's.
  package enum Outcome: Sendable, Equatable {
    /// Equal byte for byte, or value for value in another type.
    case identical
    /// A floating tensor whose bytes differ; the drift is zero where all changes are below the encoding's precision.
    case drifted(DriftMeasure)
    /// An integer tensor, or one of a type without encoding: compared byte for byte.
    case bytesDiffer(entries: Int)
    /// A floating tensor that has no encoding, such as one with a NaN.
    case notEncodable(reason: String, entries: Int)
  }

  package init(
    name: String, dtype: DataType, shape: [Int], tunedDtype: DataType? = nil, tunedShape: [Int]? = nil,
    commonNorm: Double? = nil, baseNorm: Double?, outcome: Outcome
  ) {
    self.name = name
    self.dtype = dtype
    self.shape = shape
    self.tunedDtype = tunedDtype ?? dtype
    self.tunedShape = tunedShape ?? shape
    self.commonNorm = commonNorm
    self.baseNorm = baseNorm
    self.outcome = outcome
  }

  package var entryCount: Int { Shape.entryCount(tunedShape) ?? 0 }
  /// By how much the first dimension is larger than the base's.
  package var addedRows: Int { tunedShape == shape ? 0 : (tunedShape.first ?? 0) - (shape.first ?? 0) }
}

/// The drift of one floating tensor, in units of the weights.
package struct DriftMeasure: Sendable, Equatable {
  package let norm: Double
  /// `norm` divided by the base norm; nil for a drift away from zero.
  package let relativeNorm: Double?
  package let maximum: Double
  package let changedEntries: Int
  package let changedRows: Int
  package let changedColumns: Int
  /// Nil for vectors and scalars, and without drift, where no rank is worth claiming; and for a matrix that was not
  /// decomposed, because the caller left it out.
  package let lowRank: LowRankMeasure?
  package let warning: RankWarning?
  /// 2^-f: what one step of the integers is that certificates speak of.
  package let unit: Double
  /// Nil where no pattern restricts anything, and where there are no entries to look at.
  package var pattern: ChangePattern? = nil
  /// Nil where the drift is no sum of few Kronecker products, of the sizes that were tried.
  package var kronecker: KroneckerMeasure?
  /// Nil where the drift consists of no circulant blocks.
  package var circulant: CirculantMeasure?
  /// Weights that are zero in the base, and how many of them are not in the tuned model; nil where nobody looked.
  package var zeros: ZeroCount?
  /// The fraction of each base weight that "ofWeight" has to allow at most, its floor counted: the largest of |δ| divided by
  /// √(w² + (0.08·rms)²). Nil for a drift away from zero.
  package var largestShare: Double?

  /// The changed entries are a few units on the average: the figures, and bounds made from them, are those of rounded
  /// weights.
  package var isUnitCoarse: Bool { norm > 0 && norm < 4 * unit * Double(changedEntries).squareRoot() }
}

/// Best approximations of a drift by low-rank matrices.
package struct LowRankMeasure: Sendable, Equatable {
  /// The rank that a policy might claim.
  package let rank: Int
  /// |Delta - Delta_rank|.
  package let residual: Double
  /// The residual divided by |Delta|.
  package let residualOfDrift: Double
  /// The residual divided by |W|, which is what a policy's "relative" means; nil where the base is zero.
  package let residualOfBase: Double?
  /// The largest entry of Delta - Delta_rank: what "entrywise" beside this rank has to allow.
  package let largestResidual: Double
  /// The residual of every rank that was tried.
  package let residuals: [RankResidual]
  /// The largest singular values of Delta, falling, at most 64.
  package let singularValues: [Double]
}

/// A drift that is a sum of few Kronecker products A ⊗ B, but for rounding.
package struct KroneckerMeasure: Sendable, Equatable {
  /// How many.
  package let terms: Int
  /// Of B.
  package let rows: Int
  package let columns: Int
  /// The norm of what they leave.
  package let residual: Double
  /// The residual divided by |W|; nil where the base is zero.
  package let residualOfBase: Double?
  /// The largest entry of what they leave.
  package let largestResidual: Double

  /// Whether a clause can have blocks of this size.
  package var isExpressible: Bool {
    [rows, columns].allSatisfy { BlockForm.sizeRange.contains($0) && $0.nonzeroBitCount == 1 }
  }
}

/// A drift of circulant blocks, but for rounding.
package struct CirculantMeasure: Sendable, Equatable {
  /// Rows of a block, a power of two: the most with which it is one.
  package let size: Int
  /// The norm of what the nearest such matrix leaves.
  package let residual: Double
  /// The residual divided by |W|; nil where the base is zero.
  package let residualOfBase: Double?
  /// The largest entry of what it leaves.
  package let largestResidual: Double
}

/// Weights of a base that are exactly zero.
package struct ZeroCount: Sendable, Equatable {
  package let base: Int
  /// Of these, not zero in the tuned model.
  package let refilled: Int
}

/// |Delta - Delta_rank|.
package struct RankResidual: Sendable, Equatable {
  package let rank: Int
  package let residual: Double
}

/// Why a rank claim about a tensor says little (docs/protocol.md section 11, item 10).
package enum RankWarning: Sendable, Equatable {
  /// The rank is that of any matrix of this shape.
  case rankIsFull
  /// What no low-rank matrix explains is more than half of the drift.
  case residualIsTheDrift
  /// The drift is hardly larger than the residual that merging in this dtype needs, a fraction of the base norm.
  case driftWithinRounding(fraction: Double)

  /// ‖Δ - Δ_r‖ / ‖W‖ of an honest merge, as measured on trained models (the larger value, of two roundings).
  package static func roundingFraction(of dtype: DataType) -> Double {
    switch dtype {
    case .bf16: 0.0025
    case .f16: 0.0003
    case .f32: 3e-8
    default: 0
    }
  }

  /// The larger of two types' fractions: which of them a merge was rounded to, weights do not tell.
  package static func roundingFraction(of types: [DataType]) -> Double {
    types.map { roundingFraction(of: $0) }.max() ?? 0
  }

  /// The worst of the reasons that apply.
  static func judge(_ statistics: DriftStatistics, dtype: DataType, shape: [Int]) -> RankWarning? {
    guard statistics.norm > 0 else { return nil }
    let (rows, columns) = Shape.matrix(shape)
    if statistics.rank >= min(rows, columns) { return .rankIsFull }
    if statistics.rankClaimIsWeak { return .residualIsTheDrift }
    let fraction = roundingFraction(of: dtype)
    return fraction > 0.5 * statistics.relativeNorm ? .driftWithinRounding(fraction: fraction) : nil
  }
}
