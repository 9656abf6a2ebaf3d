// SPDX-License-Identifier: Apache-2.0

import DriftProofInspection
import DriftProofCheckpoint
import DriftProofLinearAlgebra
import DriftProofPolicy

/// Rows and columns of the blocks of Kronecker products.
struct BlockSize: Sendable, Hashable {
  let rows: Int
  let columns: Int

  /// Whether a clause can have them.
  var isExpressible: Bool {
    [rows, columns].allSatisfy { BlockForm.sizeRange.contains($0) && $0.nonzeroBitCount == 1 }
  }
}

extension BlockSize {
  init(_ measure: KroneckerMeasure) { self.init(rows: measure.rows, columns: measure.columns) }
}

/// What all reference runs did to one tensor. Norms are in units of the weights.
struct TensorRecord: Sendable {
  let leaf: BaseIdentity.Leaf
  /// The drifts of the runs that changed it; none for a changed counter.
  let drifts: [DriftMeasure]
  /// Which run each of them is of.
  let runs: [Int]
  /// The rank of each that is a product of an unmerged adapter; nil of one between two checkpoints.
  let productRanks: [Int?]
  /// The blocks of each of these that is a Kronecker product.
  let productBlocks: [BlockSize?]
  /// Of the runs' tensors, the largest: with more rows than the base's where a run has them.
  let matrixShape: (rows: Int, columns: Int)
  /// The most rows that a run has more than the base.
  let addedRows: Int
  /// Types of the base's and the runs' tensors.
  let types: [DataType]

  /// - Parameters:
  ///   - found: one per run.
  ///   - productRanks: those of runs that are adapters; nil elsewhere.
  ///   - productBlocks: those of runs that are LoKr adapters; nil elsewhere.
  init(
    leaf: BaseIdentity.Leaf, found: [TensorInspection], productRanks: [Int?] = [], productBlocks: [BlockSize?] = []
  ) {
    self.leaf = leaf
    let outcomes = found.map(\.outcome)
    let largest = found.max { $0.addedRows < $1.addedRows }
    addedRows = largest?.addedRows ?? 0
    matrixShape = Shape.matrix(largest?.tunedShape ?? leaf.shape)
    types = [leaf.dtype] + found.map(\.tunedDtype)
    var measured: [(run: Int, drift: DriftMeasure)] = []
    for (run, outcome) in outcomes.enumerated() {
      if case .drifted(let drift) = outcome { measured.append((run, drift)) }
    }
    drifts = measured.map(\.drift)
    runs = measured.map(\.run)
    self.productRanks = measured.map { productRanks.indices.contains($0.run) ? productRanks[$0.run] : nil }
    self.productBlocks = measured.map { productBlocks.indices.contains($0.run) ? productBlocks[$0.run] : nil }
  }

  private init(_ whole: TensorRecord, at index: Int) {
    (leaf, drifts, runs) = (whole.leaf, [whole.drifts[index]], [whole.runs[index]])
    (productRanks, productBlocks) = ([whole.productRanks[index]], [whole.productBlocks[index]])
    (matrixShape, addedRows, types) = (whole.matrixShape, whole.addedRows, whole.types)
  }

  /// What one run alone shows; nil where it did not change the tensor.
  func of(run: Int) -> TensorRecord? {
    guard let index = runs.firstIndex(of: run) else { return nil }
    return TensorRecord(self, at: index)
  }

  /// The size that all of some blocks have; nil without one.
  static func commonBlocks(_ sizes: [BlockSize?]) -> BlockSize? {
    guard let first = sizes.first ?? nil, sizes.allSatisfy({ $0 == first }) else { return nil }
    return first
  }

  /// A tensor with this share of zeros or more has them for a reason.
  private static let zeroShare = 1.0 / 8

  /// In every run the weights that are zero in the base are zero.
  var keepsZeros: Bool {
    !drifts.isEmpty && addedRows == 0
      && drifts.allSatisfy { drift in
        drift.zeros.map { $0.refilled == 0 && Double($0.base) >= Self.zeroShare * Double(entryCount) } ?? false
      }
  }

  /// The highest rank of the products, where there are any.
  var productRank: Int? { productRanks.compactMap { $0 }.max() }
  /// Every run that changed it is an adapter with a product for it.
  var isProduct: Bool { !productRanks.isEmpty && productRanks.allSatisfy { $0 != nil } }

  var name: String { leaf.name }
  var dtype: DataType { leaf.dtype }
  var rows: Int { matrixShape.rows }
  var columns: Int { matrixShape.columns }
  var entryCount: Int { rows * columns }
  /// No rank is worth bounding: one row or one column.
  var isVector: Bool { min(rows, columns) <= 1 }
  /// Neither the clauses nor the encoding reach this type; the runs changed it nevertheless.
  var isCounter: Bool { !dtype.isFloating }

  /// 2^-f of the base identity.
  var unit: Double { Double(sign: .plus, exponent: -leaf.statistics.fractionBits, significand: 1) }
  /// ‖W‖ of the base.
  var baseNorm: Double { Double(leaf.statistics.sumOfSquares).squareRoot() * unit }
  /// max|W| of the base.
  var baseMaximum: Double { Double(leaf.statistics.maxAbs) * unit }
  /// The largest ‖Δ‖ of any run.
  var largestNorm: Double { drifts.map(\.norm).max() ?? 0 }
  /// The smallest ‖Δ‖ of the runs that changed more than bytes; 0 without one.
  var smallestNorm: Double { drifts.map(\.norm).filter { $0 > 0 }.min() ?? 0 }
  /// The largest spectral norm of any run's drift.
  var largestSpectralNorm: Double { drifts.map(\.spectralNorm).max() ?? 0 }
  var changedEntries: Int { drifts.map(\.changedEntries).max() ?? 0 }
  var changedRows: Int { drifts.map(\.changedRows).max() ?? 0 }
  var changedColumns: Int { drifts.map(\.changedColumns).max() ?? 0 }

  /// The largest ‖Δ - Δ_r‖ of any run at rank `DriftStatistics.ranks[index]`.
  func residual(rankIndex index: Int) -> Double {
    drifts.compactMap { $0.lowRank?.residuals[index].residual }.max() ?? 0
  }

  /// What rounding may leave outside an honest merge's rank: the dtype's fraction of the weights' norm (larger by a
  /// quarter than any measured), and the encoding's own rounding, of variance unit²/6 per entry of a difference.
  var roundingAllowance: Double {
    // Weights in F64 come from computations in F32 at best.
    let fraction = RankWarning.roundingFraction(of: types + [.f32])
    let stored = 1.25 * fraction * (baseNorm * baseNorm + largestNorm * largestNorm).squareRoot()
    let encoded = 1.5 * unit * (Double(entryCount) / 6).squareRoot()
    return (stored * stored + encoded * encoded).squareRoot()
  }

  /// Whether the best rank `DriftStatistics.ranks[index]` leaves every run's drift a residual of rounding.
  func hasRank(index: Int) -> Bool { residual(rankIndex: index) <= roundingAllowance }

  /// The smallest rank, of those tried, that leaves every run's drift a residual of rounding; nil if none does.
  var rank: Int? {
    if isProduct { return productRank }
    guard !isVector else { return nil }
    let index = DriftStatistics.ranks.indices.first(where: hasRank)
    return index.map { DriftStatistics.ranks[$0] }
  }
}

extension DriftMeasure {
  /// The largest singular value, from what the best rank-1 approximation leaves: σ₁² = ‖Δ‖² - ‖Δ - Δ₁‖².
  var spectralNorm: Double {
    guard let first = lowRank?.residuals.first else { return norm }
    return max(0, norm * norm - first.residual * first.residual).squareRoot()
  }
}
