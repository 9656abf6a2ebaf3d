// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCommitmentProver
import DriftProofField
import DriftProofKernels
import DriftProofTranscript

/// What a proof in the making has throughout: its channel, its randomness, and who watches.
struct ProverSession {
  var channel: ProverChannel
  /// Masks, drawn in the order of the moves.
  let random: PseudorandomStream
  /// Fresh for every proof.
  let secret: [UInt8]
  let archive: (any CommitmentArchive)?
  let deviation: any ProverDeviation
  let phase: (ProofPhase) -> Void
}

/// E, U, V and S, with the products of orthonormal rows.
struct PreparedWitness {
  let rows: any TableauRows
  let tables: WitnessTables
  let matrices: OrthonormalMatrices
  /// g of every orthonormal tensor.
  let excesses: [[Int64]]
  /// Nil without pattern claims.
  let patterns: PatternOracles?
}

/// The factor oracle G: its cells, and its mask behind them.
struct FactorOracle {
  let cells: [Goldilocks]
  let mask: [Goldilocks]
  /// The dummy's cells, which are subtracted from E's mask.
  let dummy: [Goldilocks]

  /// All cells of an oracle of `variables`, those beyond the payload 0.
  func table(variables: Int) -> [CubicExtension] {
    let padding = [CubicExtension](repeating: .zero, count: 1 << variables - cells.count)
    return cells.map { CubicExtension($0) } + padding
  }
}

/// The digit oracle D, and the masks of the auxiliary tree.
struct AuxiliaryOracles {
  let digits: PackedDigits
  let digitMask: [Goldilocks]
  /// Of the drift tableau.
  let driftMask: [Goldilocks]
  /// The mask oracle O and its own mask; empty without orthonormal tensors.
  let orthonormalMasks: [Goldilocks]
  let maskOfMasks: [Goldilocks]
  /// Of R-space's oracles, in their order; none without entrywise clauses.
  let entryMasks: [[Goldilocks]]
  /// Of Z-space's.
  let patternMasks: [[Goldilocks]]
  let libra: LibraMasks
}

/// Coefficients of the Libra polynomials, by stage.
struct LibraMasks {
  let bounds: [CubicExtension]
  /// Empty where the stage does not occur.
  let structure: [CubicExtension]
  let merging: [CubicExtension]
  let orthonormality: [CubicExtension]

  /// Draws them in the order of ``ArgumentLayout/libraLengths``.
  init(_ layout: ArgumentLayout, random: PseudorandomStream) {
    var drawn = layout.libraLengths.map { length in (0..<length).map { _ in random.extensionElement() } }[...]
    bounds = drawn.popFirst() ?? []
    structure = layout.hasFactors ? drawn.popFirst() ?? [] : []
    merging = layout.hasFactors ? drawn.popFirst() ?? [] : []
    orthonormality = layout.hasOrthonormal ? drawn.popFirst() ?? [] : []
  }

  /// In the order of their weights in the opening.
  var all: [CubicExtension] { bounds + structure + merging + orthonormality }
}
