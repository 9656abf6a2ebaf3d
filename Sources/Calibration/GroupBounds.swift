// SPDX-License-Identifier: Apache-2.0

import DriftProofStatement
import DriftProofArgument
import DriftProofCheckpoint
import DriftProofCore
import DriftProofInspection
import DriftProofPolicy
import Foundation
import DriftProofLinearAlgebra

/// The clauses of one group: every bound is the margin times the largest value of any tensor and run, rounded up.
struct GroupBounds: Sendable {
  private(set) var form: DriftForm
  let margin: Double
  /// Bounds are fractions of each base tensor's norm; otherwise they are absolute.
  let isRelative: Bool
  /// Whether single entries are bounded, too.
  let boundsEntries: Bool
  /// What beside a rank says that the rest is a rounding; nil for a residual alone.
  private(set) var rounding: RoundingBound?
  /// Zeros of the base stay zero.
  private(set) var keepsZeros: Bool
  /// What is tried where that does not hold of all runs, in order.
  private var looser: [RoundingBound] = []
  /// What the trial found to be needed beyond the margin; 1 almost always.
  var normFactor = 1.0
  var residualFactor = 1.0
  var entryFactor = 1.0

  /// Absolute bounds are chosen where a relative one would have to be this much looser, as with biases near zero.
  static let relativePreference = 4.0

  /// - Parameters:
  ///   - boundsEntries: whether single entries are to be bounded, too.
  ///   - roundings: that may stand beside a rank or Kronecker products, the narrowest first.
  ///   - keepsZeros: whether zeros of the base stay zero.
  init(
    form: DriftForm, records: [TensorRecord], margin: Double, boundsEntries: Bool = false,
    roundings: [RoundingBound] = [], keepsZeros: Bool = false
  ) {
    self.form = form
    self.margin = margin
    // Nothing is said of single entries of a product.
    self.boundsEntries = boundsEntries && records.allSatisfy { $0.productRank == nil }
    self.keepsZeros = keepsZeros && form != .excluded
    if form.leavesRounding {
      rounding = roundings.first
      looser = Array(roundings.dropFirst())
    }
    let moved = records.filter { $0.largestNorm > 0 }
    guard !moved.isEmpty, moved.allSatisfy({ $0.baseNorm > 0 }), records.allSatisfy({ $0.baseNorm > 0 }) else {
      isRelative = false
      return
    }
    let relative = Self.looseness(moved.map { $0.largestNorm / $0.baseNorm })
    isRelative = relative <= Self.relativePreference * Self.looseness(moved.map(\.largestNorm))
  }

  /// How far the largest value lies above the geometric mean.
  private static func looseness(_ values: [Double]) -> Double {
    let logs = values.reduce(0) { $0 + log($1) } / Double(max(1, values.count))
    return (values.max() ?? 1) / exp(logs)
  }

  /// Some run is no such rounding.
  mutating func loosenRounding() {
    rounding = looser.first
    looser = Array(looser.dropFirst())
  }

  /// Some run does not keep them in the units of the proof.
  mutating func dropPatterns() {
    if case .pattern = form { form = .norm }
    keepsZeros = false
  }

  /// The clauses, or what cannot be written.
  func clauses(_ records: [TensorRecord]) throws(CalibrationError) -> [ClauseForm] {
    let norm = try normBound(records)
    var clauses = [ClauseForm.norm(norm)]
    switch form {
    case .norm, .excluded: break
    case .rank, .kronecker, .circulant:
      let (rank, blocks) = (form.rank, form.blocks)
      let residual = try residualBound(records, norm)
      switch rounding {
      // It leaves far less than the residual.
      case .halfUlps?: clauses.append(.sum(rank: rank, sparse: nil, residual: nil, rounding: rounding, blocks: blocks))
      case let rounding?:
        clauses.append(.sum(rank: rank, sparse: nil, residual: residual, blocks: blocks))
        clauses.append(.sum(rank: rank, sparse: nil, residual: nil, rounding: rounding, blocks: blocks))
      case nil:
        let entries =
          boundsEntries
          ? try entryBound(records, norm) {
            (blocks == nil ? $0.lowRank?.largestResidual : form.blockResidual(of: $0)?.largest) ?? $0.maximum
          } : nil
        clauses.append(.sum(rank: rank, sparse: nil, residual: residual, entrywise: entries, blocks: blocks))
      }
    case .kroneckerProduct: clauses.append(.sum(rank: nil, sparse: nil, residual: nil, blocks: form.blocks))
    case .pattern(let count, let group): clauses.append(.pattern(.drift(count: count, group: group)))
    case .product(let rank): clauses.append(.sum(rank: rank, sparse: nil, residual: nil))
    case .entries(let count): clauses.append(.sum(rank: nil, sparse: .entries(try allowed(count)), residual: nil))
    case .rows(let count): clauses.append(.sum(rank: nil, sparse: .rows(try allowed(count)), residual: nil))
    case .columns(let count): clauses.append(.sum(rank: nil, sparse: .columns(try allowed(count)), residual: nil))
    }
    if keepsZeros { clauses.append(.pattern(.base)) }
    if boundsEntries, form.rank == nil, form.blocks == nil, form != .excluded {
      let entries = try entryBound(records, norm) { $0.maximum }
      clauses.append(.sum(rank: nil, sparse: nil, residual: nil, entrywise: entries))
    }
    return clauses
  }

  /// - Parameter largest: entry of a run's drift, or of what its low-rank part leaves.
  private func entryBound(
    _ records: [TensorRecord], _ norm: Bound, largest: (DriftMeasure) -> Double
  ) throws(CalibrationError) -> EntryBound {
    let isRelative = isRelative && records.allSatisfy { $0.baseMaximum > 0 }
    var need = 0.0
    for record in records {
      // As for the norm, the statement's units may be coarser than those of the figures.
      let found = (record.drifts.map(largest).max() ?? 0) + coarseUnit(record, norm)
      // Less than the argument can see is not asked for.
      let value = max(found, record.unit / margin)
      need = max(need, isRelative ? value / record.baseMaximum : value)
    }
    guard let decimal = RoundedBound.up(margin * entryFactor * need) else {
      throw .notExpressible(Self.message("a bound of \(margin * entryFactor * need)", records))
    }
    return isRelative ? .relative(decimal) : .absolute(decimal)
  }

  private func normBound(_ records: [TensorRecord]) throws(CalibrationError) -> Bound {
    // Where bytes changed below the precision one unit is bound enough.
    let need = records.map { share(max($0.largestNorm, $0.unit / margin), of: $0) }.max() ?? 0
    return try bound(margin * normFactor * need, records)
  }

  private func residualBound(_ records: [TensorRecord], _ norm: Bound) throws(CalibrationError) -> Bound {
    let index = form.rank.flatMap { DriftStatistics.ranks.firstIndex(of: $0) } ?? DriftStatistics.ranks.count - 1
    var need = 0.0
    for record in records {
      let measured =
        form.blocks == nil
        ? record.residual(rankIndex: index) : record.drifts.compactMap { form.blockResidual(of: $0)?.norm }.max() ?? 0
      // The norm clause makes the statement's units coarser (docs/protocol.md, section 2); their rounding is left over.
      let rounding = coarseUnit(record, norm) * (Double(record.entryCount) / 6).squareRoot()
      // A drift of exactly this form leaves nothing, which is less than a residual can be.
      let left = max((measured * measured + rounding * rounding).squareRoot(), record.unit / margin)
      need = max(need, share(left, of: record))
    }
    return try bound(margin * residualFactor * need, records)
  }

  /// 2^-f of the statement; 0 where it is the identity's, as measured.
  private func coarseUnit(_ record: TensorRecord, _ norm: Bound) -> Double {
    let size = record.addedRows > 0 ? (record.leaf.shape.first ?? 0) + record.addedRows : nil
    let shape = size.map { [$0] + record.leaf.shape.dropFirst() }
    let builder = TensorClaimBuilder(leaf: record.leaf, shape: shape, clauses: [.norm(norm)], hasTotal: true)
    let bits = builder.fractionBits
    return bits < record.leaf.statistics.fractionBits ? Double(sign: .plus, exponent: -bits, significand: 1) : 0
  }

  private func share(_ value: Double, of record: TensorRecord) -> Double {
    isRelative ? value / record.baseNorm : value
  }

  private func bound(_ value: Double, _ records: [TensorRecord]) throws(CalibrationError) -> Bound {
    guard let decimal = RoundedBound.up(value) else {
      throw .notExpressible(Self.message("a bound of \(value)", records))
    }
    return isRelative ? .relative(decimal) : .absolute(decimal)
  }

  private func allowed(_ count: Int) throws(CalibrationError) -> Int {
    guard let allowed = CountBound.allowed(count, margin: margin) else {
      throw .notExpressible("a policy cannot allow \(count) times the margin \(margin)")
    }
    return allowed
  }

  private static func message(_ what: String, _ records: [TensorRecord]) -> String {
    "tensor \(StrictJSON.shown(records.first?.name ?? "")): a policy cannot hold \(what); leave the run out"
  }
}

extension Bound {
  /// The bound in units of the weights.
  func value(of record: TensorRecord) -> Double {
    switch self {
    case .relative(let decimal): decimal.doubleValue * record.baseNorm
    case .absolute(let decimal): decimal.doubleValue
    }
  }
}
