// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofField
import DriftProofTranscript

/// What the stages have left to the final opening (docs/protocol.md section 5, step 6).
package struct StageOutcomes: Sendable {
  package var bounds: SumcheckOutcome
  /// d, the drift tableau's value at the bounds stage's point; e when no clause has factors.
  package var drift: CubicExtension
  /// Of the structure and the merging stage, when a clause has U, V or S.
  package var factors: FactorOutcomes?
  package var orthonormality: SumcheckOutcome?

  package init(
    bounds: SumcheckOutcome, drift: CubicExtension, factors: FactorOutcomes?, orthonormality: SumcheckOutcome?
  ) {
    self.bounds = bounds
    self.drift = drift
    self.factors = factors
    self.orthonormality = orthonormality
  }
}

package struct FactorOutcomes: Sendable {
  package var structure: SumcheckOutcome
  package var merging: SumcheckOutcome

  package init(structure: SumcheckOutcome, merging: SumcheckOutcome) {
    self.structure = structure
    self.merging = merging
  }
}

/// The claims of the final opening, each claimed value with its own power of τ (section 6).
package struct OpeningClaims {
  private let layout: ArgumentLayout
  private let outcomes: StageOutcomes

  /// Indices of the opened trees: drift, auxiliary (P2), factors (P1), then those of the base.
  private enum Tree {
    static let drift = 0
    static let auxiliary = 1
    static let factors = 2
  }
  private var baseTree: Int { layout.hasFactorTree ? 3 : 2 }
  private var treeCount: Int { baseTree + layout.statement.baseTrees.count }

  private init(_ layout: ArgumentLayout, _ outcomes: StageOutcomes) {
    self.layout = layout
    self.outcomes = outcomes
  }

  /// V → P: τ and χ. All claims about the trees.
  /// - Throws: when a stage has not stated an evaluation.
  package static func draw(
    _ layout: ArgumentLayout, outcomes: StageOutcomes, transcript: inout Transcript
  ) throws(ProofRejection) -> [OpeningClaim] {
    let claims = OpeningClaims(layout, outcomes)
    let tau = transcript.challenge(ArgumentLabel.valuePowers)
    var result = [try claims.atBoundsPoint(tau)]
    if let factors = outcomes.factors { result.append(try claims.atMergingPoint(factors.merging)) }
    let chi = transcript.challenge(ArgumentLabel.libraPowers)
    result.append(claims.libraMasks(chi))
    return result
  }

  // MARK: The bounds stage's point

  /// d + τ·D + τ²·G + τ³·O + τ⁴·a at the bounds stage's point; r, a2, u, v, X and T follow, then z, X and T of Z-space, each
  /// with the next power of τ.
  private func atBoundsPoint(_ tau: CubicExtension) throws(ProofRejection) -> OpeningClaim {
    let (point, evaluations) = (outcomes.bounds.point, outcomes.bounds.evaluations)
    let (top, x) = (point[0], Array(point[1...]))
    var weights = [[CubicExtension]](repeating: [], count: treeCount)
    weights[Tree.drift] = driftWeights(top: top, x)
    if layout.hasFactorTree {
      weights[Tree.factors] = [CubicExtension](repeating: .zero, count: layout.factorTreeRows)
    }
    var auxiliary = [CubicExtension](repeating: .zero, count: layout.auxiliaryRowCount)
    auxiliary[layout.driftMaskRow] = x[layout.logLength..<layout.driftVariables].reduce(top) { $0 * (.one - $1) }
    var total = outcomes.drift

    let digits = rowWeights(variables: layout.digitVariables, rows: layout.digitRows, top: top, x)
    for (row, weight) in digits.data.enumerated() { auxiliary[row] = weight * tau }
    auxiliary[layout.digitMaskRow] = digits.mask * tau
    total += tau * digits.factor * (try evaluations.value(.digits))
    if layout.hasFactors {
      let scale = tau * tau
      let factors = factorWeights(top: top, x, scale: scale)
      weights[Tree.factors].replaceSubrange(..<factors.weights.count, with: factors.weights)
      total += scale * factors.factor * (try evaluations.value(.factors))
    }
    if layout.hasOrthonormal {
      // Another value of the auxiliary tree: a power of τ of its own.
      let scale = tau * tau * tau
      let masks = rowWeights(variables: OrthonormalLayout.maskVariables, rows: 1, top: top, x)
      auxiliary[layout.orthonormalRow] = masks.data[0] * scale
      auxiliary[layout.orthonormalMaskRow] = masks.mask * scale
      total += scale * masks.factor * (try evaluations.value(.orthonormalMasks))
    }
    for (tree, own) in layout.statement.baseTrees.enumerated() {
      weights[baseTree + tree] = [CubicExtension](repeating: .zero, count: own.rows)
    }
    var scale = tau * tau * tau
    if layout.hasEntries {
      // R-space has at least the variables of a row.
      let high = x[layout.logLength..<layout.entries.variables]
      let tiles = Multilinear.equality(high, scale: .one - top)
      let mask = high.reduce(top) { $0 * (.one - $1) }
      for (index, oracle) in layout.entries.oracles.enumerated() {
        scale *= tau
        for (row, tile) in layout.entries.tiles.enumerated() {
          let weight = tiles[tile.tile] * scale
          switch oracle {
          case .drift: weights[Tree.drift][tile.row] += weight
          case .base:
            guard let base = tile.base, let tree = baseIndex(base) else { continue }
            weights[tree][base.row] += weight
          case .roots, .residues, .classRoots, .classes, .cofactors:
            weights[Tree.factors][layout.rootRow + layout.entries.firstRow(of: oracle) + row] = weight
          }
        }
        auxiliary[layout.rootMaskRow + index] = mask * scale
        total += scale * (try evaluations.value(oracle.oracle))
      }
    }
    for (index, patterned) in layout.patterns.oracles.enumerated() {
      scale *= tau
      auxiliary[layout.patternMaskRow + index] =
        scale * addPatterns(patterned, top: top, x, scale: scale, to: &weights)
      total += scale * (try evaluations.value(patterned.oracle))
    }
    weights[Tree.auxiliary] = auxiliary
    return OpeningClaim(
      name: "at Stage A's point", functional: .equality(point: Array(x.prefix(layout.logLength))), weights: weights,
      value: total, mask: .init(tree: Tree.auxiliary, firstRow: layout.openingMaskRow))
  }

  /// The tree of a place of the base's tableau.
  private func baseIndex(_ place: BasePlace) -> Int? {
    layout.statement.baseTrees.firstIndex { $0.number == place.tree }.map { baseTree + $0 }
  }

  /// Weights of the rows that an oracle of Z-space is made of.
  /// - Returns: the weight of its mask.
  private func addPatterns(
    _ oracle: PatternOracle, top: CubicExtension, _ x: [CubicExtension], scale: CubicExtension,
    to weights: inout [[CubicExtension]]
  ) -> CubicExtension {
    let high = x[layout.logLength..<layout.patterns.variables]
    let tiles = Multilinear.equality(high, scale: .one - top)
    for (row, tile) in layout.patterns.tiles.enumerated() {
      let weight = tiles[tile.tile] * scale
      switch oracle {
      case .cells: weights[Tree.factors][layout.patternRow + row] = weight
      case .drift: weights[Tree.drift][tile.row] += weight
      case .base:
        guard let base = tile.base, let tree = baseIndex(base) else { continue }
        weights[tree][base.row] += weight
      }
    }
    return high.reduce(top) { $0 * (.one - $1) }
  }

  /// Row t is seen by every E-tile that shows it, times 2^s.
  private func driftWeights(top: CubicExtension, _ x: [CubicExtension]) -> [CubicExtension] {
    var weights = [CubicExtension](repeating: .zero, count: layout.tableau.rowCount)
    let tileWeights = Multilinear.equality(x[layout.logLength..<layout.driftVariables], scale: .one - top)
    for block in layout.tableau.blocks {
      let scale = Goldilocks(1 << block.signature.scale)
      for (tile, row) in block.tiles { weights[row] += tileWeights[tile] * scale }
    }
    return weights
  }

  // MARK: The merging stage's point

  /// G at the merging stage's point.
  private func atMergingPoint(_ merging: SumcheckOutcome) throws(ProofRejection) -> OpeningClaim {
    let y = Array(merging.point[1...])
    let padded = y + [CubicExtension](repeating: .zero, count: max(0, layout.logLength - y.count))
    let factors = factorWeights(top: merging.point[0], padded, scale: .one)
    var weights = [[CubicExtension]](repeating: [], count: treeCount)
    let roots = [CubicExtension](repeating: .zero, count: layout.factorTreeRows - factors.weights.count)
    weights[Tree.factors] = factors.weights + roots
    return OpeningClaim(
      name: "at Stage C's point", functional: .equality(point: Array(padded.prefix(layout.logLength))),
      weights: weights, value: factors.factor * (try merging.evaluations.value(.factors)),
      mask: .init(tree: Tree.auxiliary, firstRow: layout.factorOpeningMaskRow))
  }

  // MARK: Libra

  /// g at the points of all stages, each with its own power of χ.
  private func libraMasks(_ chi: CubicExtension) -> OpeningClaim {
    var coefficientWeights: [CubicExtension] = []
    var value = CubicExtension.zero
    var scale = CubicExtension.one
    let stages = [
      (outcomes.bounds, ArgumentLayout.boundsDegree), (outcomes.factors?.structure, layout.structureDegree),
      (outcomes.factors?.merging, ArgumentLayout.mergingDegree),
      (outcomes.orthonormality, ArgumentLayout.orthonormalityDegree),
    ]
    for case (let stage?, let degree) in stages {
      coefficientWeights += Libra.weights(point: stage.point, degree: degree).map { $0 * scale }
      value += stage.libraValue * scale
      scale *= chi
    }
    var rows = [CubicExtension](repeating: .zero, count: layout.auxiliaryRowCount)
    for (coordinate, unit) in CubicExtension.basis.enumerated() { rows[layout.libraRow + coordinate] = unit }
    var weights = [[CubicExtension]](repeating: [], count: treeCount)
    weights[Tree.auxiliary] = rows
    return OpeningClaim(
      name: "Libra masks", functional: .clear(weights: coefficientWeights), weights: weights, value: value,
      mask: .init(tree: Tree.auxiliary, firstRow: layout.libraMaskRow))
  }

  // MARK: Rows

  /// Weights of an oracle's payload rows and of its mask row at a point below top, and the factor by which a short
  /// oracle's value enters the full row.
  private func rowWeights(
    variables: Int, rows: Int, top: CubicExtension, _ point: [CubicExtension]
  ) -> (data: [CubicExtension], mask: CubicExtension, factor: CubicExtension) {
    let logLength = layout.logLength
    if variables <= logLength {
      let factor = point[variables..<logLength].reduce(CubicExtension.one) { $0 * (.one - $1) }
      return ([.one - top], top, factor)
    }
    let high = point[logLength..<variables]
    let data = Multilinear.equality(high, scale: .one - top)
    return (Array(data.prefix(rows)), high.reduce(top) { $0 * (.one - $1) }, .one)
  }

  /// Of the factor tree's rows, the mask's last.
  private func factorWeights(
    top: CubicExtension, _ point: [CubicExtension], scale: CubicExtension
  ) -> (weights: [CubicExtension], factor: CubicExtension) {
    let rows = rowWeights(variables: layout.factorVariables, rows: layout.factorRows, top: top, point)
    return ((rows.data + [rows.mask]).map { $0 * scale }, rows.factor)
  }
}
