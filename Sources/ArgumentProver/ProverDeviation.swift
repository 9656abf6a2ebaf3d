// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCommitment
import DriftProofCommitmentProver
import DriftProofField
import DriftProofTranscript

/// The seam at which the adversarial tests (docs/protocol.md section 11) replace what an honest prover does: at the
/// boundaries of ``ArgumentProver``'s moves. No other target can reach it; the verifier knows nothing of it.
protocol ProverDeviation: SumcheckDeviation {
  /// Whether the prover stops where the statement is false.
  var refuses: Bool { get }
  /// The statement that the transcript begins with.
  func absorbed(_ statement: DriftStatement) -> DriftStatement
  /// E, U, V and S before the factors are committed.
  func witness(_ tables: inout WitnessTables)
  /// G once it is committed to, wherever the stages use it.
  func argued(_ factors: FactorOracle) -> FactorOracle
  /// The roots of entrywise clauses, wherever they are used.
  func roots(_ roots: inout EntryRoots)
  /// The oracles of rounding clauses, wherever they are used.
  func rounding(_ oracles: inout RoundingOracles)
  /// The oracles of pattern claims, wherever they are used.
  func patterns(_ oracles: inout PatternOracles)
  /// The digits before they are committed.
  func digits(_ table: inout DigitTable)
  /// The mask oracle O where it is used.
  func orthonormalMasks(_ cells: [Goldilocks], in use: OrthonormalMaskUse) -> [Goldilocks]
  /// σ before it is sent.
  func orthonormalSum(_ sum: CubicExtension, challenges: OrthonormalChallenges) -> CubicExtension
  /// The rank columns and slots that the structure stage counts.
  func counted(_ factors: FactorLayout) -> FactorLayout
  /// d before it is sent.
  func driftValue(_ value: CubicExtension, of drift: DriftEvaluation) throws -> CubicExtension
  /// The opening of all trees.
  func open<Scheme: TableauCommitmentProver>(
    _ trees: [Scheme.Committed], claims: [OpeningClaim], scheme: Scheme, channel: inout ProverChannel) throws
}

enum OrthonormalMaskUse: Sendable {
  case committed
  case orthonormalityStage
  case boundsStage
}

/// What the drift tableau's value at a point follows from, its mask included.
struct DriftEvaluation {
  let layout: ArgumentLayout
  let rows: any TableauRows
  let mask: [Goldilocks]
  let point: [CubicExtension]
}

extension ProverDeviation {
  var refuses: Bool { true }
  func absorbed(_ statement: DriftStatement) -> DriftStatement { statement }
  func witness(_ tables: inout WitnessTables) {}
  func argued(_ factors: FactorOracle) -> FactorOracle { factors }
  func roots(_ roots: inout EntryRoots) {}
  func rounding(_ oracles: inout RoundingOracles) {}
  func patterns(_ oracles: inout PatternOracles) {}
  func digits(_ table: inout DigitTable) {}
  func orthonormalMasks(_ cells: [Goldilocks], in use: OrthonormalMaskUse) -> [Goldilocks] { cells }
  func orthonormalSum(_ sum: CubicExtension, challenges: OrthonormalChallenges) -> CubicExtension { sum }
  func counted(_ factors: FactorLayout) -> FactorLayout { factors }
  func driftValue(_ value: CubicExtension, of drift: DriftEvaluation) throws -> CubicExtension { value }
  func open<Scheme: TableauCommitmentProver>(
    _ trees: [Scheme.Committed], claims: [OpeningClaim], scheme: Scheme, channel: inout ProverChannel
  ) throws {
    try scheme.open(trees, claims: claims, channel: &channel)
  }
}

/// The prover that follows the protocol.
struct HonestProver: ProverDeviation {}
