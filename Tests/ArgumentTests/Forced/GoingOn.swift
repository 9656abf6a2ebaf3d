// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofCommitmentProver
import DriftProofKernels

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

/// How a prover goes on although its statement is false. ``Cheat`` has what each way comes down to.
enum GoingOn: String, CaseIterable {
  /// True evaluations of everything: the bounds stage ends at another sum.
  case honestly = "true evaluations"
  /// The masks' value that makes the bounds stage end well.
  case maskForged = "mask value forged"
  case maskAndCombinationForged = "mask value and combination forged"
  /// An oracle's value that makes it end well, a root of a polynomial.
  case evaluationForged = "evaluation forged"
  case evaluationAndCombinationForged = "evaluation and combination forged"
  /// E of an unchanged model, of which every claim of the bounds stage is true: it is not the committed drift's.
  case residualHidden = "another residual"
  case residualHiddenAndCombinationForged = "another residual, combination forged"
  /// The same with the committed drift's true value: it is not what U, V and S explain.
  case driftExplained = "another residual, true drift"
  case driftExplainedMaskForged = "another residual, true drift, mask value forged"

  /// Whether a statement can be gone on with in this way.
  func applies(to layout: ArgumentLayout) -> Bool {
    switch self {
    case .driftExplained, .driftExplainedMaskForged: layout.hasFactors
    default: true
    }
  }

  /// Whether the opening's combination u is bent so that it has the values that were claimed.
  var bendsOpening: Bool {
    switch self {
    case .maskAndCombinationForged, .evaluationAndCombinationForged, .residualHiddenAndCombinationForged: true
    default: false
    }
  }

  func tampering(_ layout: ArgumentLayout) -> ArgumentTampering {
    var tampering = ArgumentTampering()
    tampering.skipsRefusals = true
    switch self {
    case .honestly: break
    case .maskForged, .maskAndCombinationForged: tampering.stages[.bounds] = SumcheckTampering(persists: true)
    case .evaluationForged, .evaluationAndCombinationForged:
      let shape = SumcheckShape.bounds(layout)
      tampering.stages[.bounds] = SumcheckTampering(
        forge: shape.finished(by: shape.variables - 1).first, root: RootFinding.root)
    case .residualHidden, .residualHiddenAndCombinationForged: tampering.tables = Self.hideResidual
    case .driftExplained, .driftExplainedMaskForged:
      tampering.tables = Self.hideResidual
      tampering.claimsTrueDrift = true
      if self == .driftExplainedMaskForged { tampering.stages[.structure] = SumcheckTampering(persists: true) }
    }
    return tampering
  }

  @Sendable private static func hideResidual(_ tables: inout WitnessTables) {
    tables.tamper { tiles, _ in
      for position in tiles.indices { tiles[position].entries = .zero }
    }
  }
}
