// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofCommitmentProver
import DriftProofField
import DriftProofTranscript

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

/// What a cheating prover changes (docs/protocol.md section 11).
struct ArgumentTampering: ProverDeviation {
  /// Go on where an honest prover refuses.
  var skipsRefusals = false
  /// Absorbs this statement, the verifier's, in place of the prover's own.
  var absorbedStatement: DriftStatement?
  /// The structure stage counts rank columns and sparse slots up to their padding.
  var usesPadding = false
  /// Claims the drift tableau's true value as d, whatever E, U, V and S say.
  var claimsTrueDrift = false
  /// Changes E, U, V, S before P1.
  var tables: (@Sendable (inout WitnessTables) -> Void)?
  /// The roots of entrywise clauses.
  var roots: EntryRoots.Replacement?
  /// Those that are committed.
  var committedRoots: EntryRoots.Replacement?
  /// Of rounding clauses: oracles of R-space, and those that are committed.
  var rounding: RoundingOracles.Replacement?
  var committedRounding: RoundingOracles.Replacement?
  /// Of pattern claims: oracles of Z-space, and cells that are committed.
  var patterns: PatternOracles.Replacement?
  var committedPatterns: PatternOracles.Replacement?
  /// Cells of G that the stages use, but are not committed.
  var arguedFactors: (@Sendable (inout [Goldilocks]) -> Void)?
  /// Whose weights the structure stage uses.
  var countedCirculants: (@Sendable (inout [FactorLayout.Circulant]) -> Void)?
  /// Changes the digits.
  var digits: (@Sendable (inout DigitTable, ArgumentLayout) -> Void)?
  /// How each stage goes on.
  var stages: [Stage: SumcheckTampering] = [:]
  /// What is sent in place of the orthonormality stage's sum σ.
  var orthonormalSum: (@Sendable (OrthonormalChallenges, CubicExtension) -> CubicExtension)?
  /// Changes the mask oracle O that the orthonormality stage works on; that of the bounds stage; that which is committed.
  var masksOfOrthonormalityStage: (@Sendable (inout [Goldilocks]) -> Void)?
  var masksOfBoundsStage: (@Sendable (inout [Goldilocks]) -> Void)?
  var committedMasks: (@Sendable (inout [Goldilocks]) -> Void)?
  /// Added to the claimed value d of the drift tableau.
  var driftOffset: CubicExtension?
  /// Replaces the opening; receives the committed trees and the claims.
  var open: (@Sendable ([CommittedTableau], [OpeningClaim], inout ProverChannel) throws -> Void)?

  var refuses: Bool { !skipsRefusals }

  func absorbed(_ statement: DriftStatement) -> DriftStatement { absorbedStatement ?? statement }

  func witness(_ witness: inout WitnessTables) { tables?(&witness) }

  func roots(_ own: inout EntryRoots) { (own.replacement, own.committedReplacement) = (roots, committedRoots) }

  func rounding(_ own: inout RoundingOracles) {
    (own.replacement, own.committedReplacement) = (rounding, committedRounding)
  }

  func patterns(_ own: inout PatternOracles) {
    (own.replacement, own.committedReplacement) = (patterns, committedPatterns)
  }

  func digits(_ table: inout DigitTable) { digits?(&table, table.layout) }

  func orthonormalMasks(_ cells: [Goldilocks], in use: OrthonormalMaskUse) -> [Goldilocks] {
    var cells = cells
    switch use {
    case .committed: committedMasks?(&cells)
    case .orthonormalityStage: masksOfOrthonormalityStage?(&cells)
    case .boundsStage: masksOfBoundsStage?(&cells)
    }
    return cells
  }

  func orthonormalSum(_ sum: CubicExtension, challenges: OrthonormalChallenges) -> CubicExtension {
    orthonormalSum?(challenges, sum) ?? sum
  }

  func argued(_ factors: FactorOracle) -> FactorOracle {
    var cells = factors.cells
    arguedFactors?(&cells)
    return FactorOracle(cells: cells, mask: factors.mask, dummy: factors.dummy)
  }

  func counted(_ factors: FactorLayout) -> FactorLayout {
    var factors = usesPadding ? factors.withPadding : factors
    countedCirculants?(&factors.circulants)
    return factors
  }

  func driftValue(_ value: CubicExtension, of drift: DriftEvaluation) throws -> CubicExtension {
    claimsTrueDrift ? try drift.trueValue : value + (driftOffset ?? .zero)
  }

  func open<Scheme: TableauCommitmentProver>(
    _ trees: [Scheme.Committed], claims: [OpeningClaim], scheme: Scheme, channel: inout ProverChannel
  ) throws {
    guard let open else { return try scheme.open(trees, claims: claims, channel: &channel) }
    try open(trees.compactMap { $0 as? CommittedTableau }, claims, &channel)
  }

  func evaluations(_ evaluations: inout Evaluations, closing: SumcheckClosing) throws {
    try stages[closing.shape.stage]?.evaluations(&evaluations, closing: closing)
  }

  func libraValue(
    _ value: CubicExtension, claim: CubicExtension, gamma: CubicExtension, stage: Stage
  ) -> CubicExtension {
    stages[stage]?.libraValue(value, claim: claim, gamma: gamma, stage: stage) ?? value
  }
}

extension FactorLayout {
  /// All columns and slots of the aligned runs counted.
  fileprivate var withPadding: FactorLayout {
    var result = self
    for index in result.lowRank.indices { result.lowRank[index].rank = 1 << result.lowRank[index].logRank }
    for index in result.sparse.indices { result.sparse[index].count = 1 << result.sparse[index].logCount }
    return result
  }
}

extension DriftEvaluation {
  /// The drift tableau's value at the point, mask included: what the opening can prove.
  var trueValue: CubicExtension {
    get throws {
      let (top, x) = (point[0], Array(point[1...]))
      let positions = x.prefix(layout.logLength)
      let tileWeights = Multilinear.equality(x[layout.logLength..<layout.driftVariables], scale: .one - top)
      let equality = Multilinear.equality(positions)
      var sum = CubicExtension.zero
      for block in layout.tableau.blocks {
        for (tile, row) in block.tiles {
          var value = CubicExtension.zero
          switch try rows.message(row) {
          case .zero: continue
          case .narrow(let values): for (i, v) in values.enumerated() { value += equality[i] * Goldilocks(Int(v)) }
          case .field(let values): for (i, v) in values.enumerated() { value += equality[i] * Goldilocks(reducing: v) }
          }
          sum += value * tileWeights[tile] * Goldilocks(1 << block.signature.scale)
        }
      }
      let maskScale = x[layout.logLength..<layout.driftVariables].reduce(top) { $0 * (.one - $1) }
      for (i, entry) in mask.enumerated() { sum += equality[i] * maskScale * entry }
      return sum
    }
  }
}
