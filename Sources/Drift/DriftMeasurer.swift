// SPDX-License-Identifier: Apache-2.0

import DriftProofArgumentProver
import DriftProofStatement
import DriftProofCertificate
import DriftProofArgument
import DriftProofCheckpoint
import Foundation
import DriftProofKernels
import DriftProofLinearAlgebra
import Synchronization

/// Decides, before any cryptography, whether a drift lies inside the policy, and finds the witness of its clauses.
///
/// All comparisons are of exact integers.
package struct DriftMeasurer {
  /// Nil where the whole drift lies in memory: an adapter on a base that is known by its identity alone.
  private let pair: CheckpointPair?

  package init(pair: CheckpointPair?) { self.pair = pair }

  /// What the argument needs besides the rows.
  package struct Measurement: Sendable, Equatable {
    package var factors: [ArgumentWitness.ClauseID: ArgumentWitness.Factors] = [:]
    package var supports: [ArgumentWitness.ClauseID: [Int]] = [:]
    package var diagonals: [ArgumentWitness.ClauseID: [Int64]] = [:]

    package init(
      factors: [ArgumentWitness.ClauseID: ArgumentWitness.Factors] = [:],
      supports: [ArgumentWitness.ClauseID: [Int]] = [:]
    ) {
      self.factors = factors
      self.supports = supports
    }
  }

  /// - Parameters:
  ///   - differences: frozen tensors that differ, with the first place.
  ///   - tensors: the tableau's.
  ///   - squares: ‖Δ‖² of each of them, in its units.
  ///   - totalBound: of the statement.
  ///   - hints: factors that the low-rank parts may have, by the tensors' names.
  ///   - progress: told the fraction of the fits that is done, from several threads.
  /// - Throws: `DriftProofError.policyViolated` with every violation of every tensor; `.precisionRefused` when nothing
  ///   is violated but a clause cannot be shown with integers of this precision; `CheckpointError` for bad weights.
  package func measure(
    differences: [(name: String, place: TensorDifference)], tensors: [TableauTensor], squares: [UInt128],
    totalBound: [UInt16]?, hints: [String: [FactorHint]] = [:],
    progress: @escaping @Sendable (Double) -> Void = { _ in }
  ) throws -> Measurement {
    var violations = differences.map(Self.change)
    for (tensor, sum) in zip(tensors, squares) where tensor.plainBound != nil {
      let bits = tensor.fractionBits
      violations += excess(BoundSum(sum), bound: tensor.plainBound, of: tensor.name, fractionBits: bits)
    }
    if let totalBound, let finest = tensors.filter(\.countsInTotal).map(\.fractionBits).max() {
      var total = BoundSum()
      for (tensor, sum) in zip(tensors, squares) where tensor.countsInTotal {
        total.add(sum, shift: 2 * (finest - tensor.fractionBits))
      }
      violations += excess(total, bound: totalBound, of: PolicyViolation.wholeModel, fractionBits: finest)
    }
    var measurement = Measurement()
    var imprecise: [UnprovableClause] = []
    let sources = try tensors.map { tensor -> DriftSource? in
      guard !tensor.clauses.isEmpty || !tensor.patterns.isEmpty else { return nil }
      guard let pair else { throw DriftProofError.missingInput(.baseOfAdapter) }
      return try DriftSource(pair, name: tensor.name, fractionBits: tensor.fractionBits, block: tensor.block)
    }
    violations += try PatternFit.violations(tensors: tensors, sources: sources)
    let fits = try ClauseMeasurer.fit(tensors: tensors, sources: sources, hints: hints, progress: progress)
    for (index, tensor) in tensors.enumerated() {
      for (number, fit) in fits[index] {
        switch fit {
        case .fits(let factors, let support):
          measurement.factors[.init(tensor: index, clause: number)] = factors
          measurement.supports[.init(tensor: index, clause: number)] = support
        case .circulant(let diagonals, let support):
          measurement.diagonals[.init(tensor: index, clause: number)] = diagonals
          measurement.supports[.init(tensor: index, clause: number)] = support
        case .violated(let finding):
          violations.append(Self.violation(tensor, tensor.clauses[number], finding))
        case .imprecise(let reason):
          imprecise.append(UnprovableClause(tensor: tensor.name, reason: reason))
        }
      }
    }
    guard violations.isEmpty else { throw DriftProofError.policyViolated(violations) }
    guard imprecise.isEmpty else { throw DriftProofError.precisionRefused(imprecise) }
    return measurement
  }

  // MARK: Parts

  private static func change(_ difference: (name: String, place: TensorDifference)) -> PolicyViolation {
    switch difference.place {
    case .byte(let offset): PolicyViolation(tensor: difference.name, .change(atByte: offset))
    case .value(let found):
      PolicyViolation(
        tensor: difference.name,
        .changedValue(
          entry: found.entry, base: found.base ?? "missing", tuned: found.tuned, from: found.baseType.rawValue,
          to: found.tunedType.rawValue))
    }
  }

  private func excess(
    _ sum: BoundSum, bound: [UInt16]?, of name: String, fractionBits: Int
  ) -> [PolicyViolation] {
    guard sum.exceeds(bound) else { return [] }
    let unit = Double(sign: .plus, exponent: -fractionBits, significand: 1)
    let found = sum.approximation.squareRoot() * unit
    let allowed = BoundSum.approximation(bound).squareRoot() * unit
    return [PolicyViolation(tensor: name, .norm(found: found, allowed: allowed))]
  }

  private static func violation(
    _ tensor: TableauTensor, _ clause: StructuredClause, _ finding: ClauseFit.Finding
  ) -> PolicyViolation {
    let unit = Double(sign: .plus, exponent: -tensor.fractionBits - clause.scale, significand: 1)
    let limits = PolicyViolation.ClauseLimits(
      rank: clause.rank, blocks: clause.blocks, circulant: clause.circulant, sparse: clause.sparse,
      residual: clause.bound.map { BoundSum.approximation($0).squareRoot() * unit },
      entry: clause.entries.flatMap { entries in
        entries.rounding?.speaksOfWeights != true ? Double(entries.square + EntryClaim.slack).squareRoot() * unit : nil
      })
    let excess: PolicyViolation.Excess =
      switch finding {
      case .residual(let found): .residual(found: found, clause: limits)
      case .count(let found): .count(found: found, clause: limits)
      case .entries(let found, let worst, let row, let column):
        .entries(found: found, worst: worst, row: row, column: column, clause: limits)
      case .rounding(let found, let worst, let row, let column, let limit):
        .rounding(
          found: found, worst: worst, row: row, column: column,
          clause: limits.bounding(rounding: limit.value, in: limit.unit))
      case .rank(let residual): .rank(remainder: residual, clause: limits)
      }
    return PolicyViolation(tensor: tensor.name, excess)
  }
}
