// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofTranscript

/// What both sides do alike before and between the stages: the opening transcript and the shapes of trees.
package enum ArgumentProtocol {
  /// Absorbs statement and drift commitment before the first message: R must depend on both.
  package static func transcript(_ statement: DriftStatement, driftBinding: [UInt8]) -> Transcript {
    var transcript = Transcript(protocolID: ArgumentLabel.identifier)
    transcript.absorb(ArgumentLabel.binding, bytes: statement.binding)
    transcript.absorb(ArgumentLabel.statement, bytes: statement.canonicalBytes)
    transcript.absorb(ArgumentLabel.drift, bytes: driftBinding)
    return transcript
  }

  /// The bits of R: 264 for each of its 2^14 columns.
  package static func matrixBits(_ transcript: inout Transcript) -> [UInt8] {
    transcript.challengeBytes(ArgumentLabel.projection, count: 2 * Limits.projections * Limits.chunk / 8)
  }

  package static func driftShapes(_ layout: ArgumentLayout) -> [RowShape] {
    let shape = RowShape(tailOffset: layout.length, tailCount: layout.statement.code.driftRowTail)
    return [RowShape](repeating: shape, count: layout.tableau.rowCount)
  }

  private static func full(_ layout: ArgumentLayout) -> RowShape {
    RowShape(tailOffset: layout.length, tailCount: layout.statement.code.proofTail)
  }

  /// Of a tree of the base's tableau: rows without tails, if it is public.
  package static func baseShapes(_ layout: ArgumentLayout, tree: BaseTree) -> [RowShape] {
    let tail = layout.statement.code.hidingBase?.tail ?? 0
    return [RowShape](repeating: RowShape(tailOffset: layout.length, tailCount: tail), count: tree.rows)
  }

  /// The label of a tree of the base's tableau.
  package static func baseLabel(_ number: Int) -> String { "base/\(number)" }

  /// Of the factor tree, P1: the factor oracle G and its mask, the roots, the cells of patterns.
  package static func factorShapes(_ layout: ArgumentLayout) -> [RowShape] {
    [RowShape](repeating: full(layout), count: layout.factorTreeRows)
  }

  /// Of the auxiliary tree, P2.
  package static func auxiliaryShapes(_ layout: ArgumentLayout) -> [RowShape] {
    var shapes = [RowShape](repeating: full(layout), count: layout.auxiliaryRowCount)
    // The mask of an opening that touches drift rows, and a base's, has the longest tail: a mask is never the shorter one.
    let mask = RowShape(tailOffset: layout.length, tailCount: layout.statement.code.longestTail)
    for row in layout.openingMaskRows { shapes[row] = mask }
    // Libra coefficients and their mask are opened in clear.
    let short = RowShape(
      tailOffset: layout.libraLengths.reduce(0, +), tailCount: layout.statement.code.proofTail)
    for row in layout.libraRows { shapes[row] = short }
    return shapes
  }
}

extension SumcheckShape {
  /// Stage A.
  package static func bounds(_ layout: ArgumentLayout) -> SumcheckShape {
    var oracles: [(oracle: Oracle, rounds: Int)] = [
      (.digits, layout.digitVariables + 1), (.residuals, layout.driftVariables + 1),
    ]
    if layout.hasFactors { oracles.append((.factors, layout.factorVariables + 1)) }
    for oracle in layout.entries.isEmpty ? [] : layout.entries.oracles {
      oracles.append((oracle.oracle, layout.entries.variables + 1))
    }
    for oracle in layout.patterns.oracles { oracles.append((oracle.oracle, layout.patterns.variables + 1)) }
    if layout.hasOrthonormal { oracles.append((.orthonormalMasks, OrthonormalLayout.maskVariables + 1)) }
    return SumcheckShape(
      stage: .bounds, variables: layout.boundsVariables + 1, degree: ArgumentLayout.boundsDegree, oracles: oracles)
  }

  /// Stage B.
  package static func structure(_ layout: ArgumentLayout) -> SumcheckShape {
    let rounds = layout.structureVariables + 1
    return SumcheckShape(
      stage: .structure, variables: rounds, degree: layout.structureDegree,
      oracles: StructureStageWeights.oracles(layout.factors).map { ($0, rounds) })
  }

  /// Stage C.
  package static func merging(_ layout: ArgumentLayout) -> SumcheckShape {
    let rounds = layout.mergingVariables + 1
    return SumcheckShape(
      stage: .merging, variables: rounds, degree: ArgumentLayout.mergingDegree, oracles: [(.factors, rounds)])
  }

  /// Stage O.
  package static func orthonormality(_ layout: OrthonormalLayout) -> SumcheckShape {
    let rounds = layout.variables + 1
    return SumcheckShape(
      stage: .orthonormality, variables: rounds, degree: ArgumentLayout.orthonormalityDegree,
      oracles: [Oracle.leftRows, .rightRows, .blind].map { ($0, rounds) })
  }
}

extension ArgumentLayout {
  /// Coefficients of the Libra polynomials of all stages, in the order of their weights: bounds, structure, merging,
  /// orthonormality.
  package var libraLengths: [Int] {
    var shapes = [SumcheckShape.bounds(self)]
    if hasFactors { shapes += [.structure(self), .merging(self)] }
    if hasOrthonormal { shapes.append(.orthonormality(orthonormal)) }
    return shapes.map { Libra.length(variables: $0.variables, degree: $0.degree) }
  }
}
