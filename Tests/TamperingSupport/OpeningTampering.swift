// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofCommitmentProver
import DriftProofField

/// What a cheating prover changes while opening.
package struct OpeningTampering: OpeningDeviation {
  /// Rows that the combination of a tree is computed from, instead of those that were committed.
  package var claimedRows: [Int: any TableauRows] = [:]
  /// Changes P_b(z_a) before it is sent; `pin`: the number of the pinned tree among those of the claim.
  package var treeValue: (@Sendable (_ claim: Int, _ pin: Int, _ tree: Int, _ value: inout CubicExtension) -> Void)?
  /// Changes mask(z_a) before it is sent.
  package var maskPin: (@Sendable (_ claim: Int, _ pin: Int, _ value: inout CubicExtension) -> Void)?
  /// Changes μ of a claim before it is sent.
  package var maskValue: (@Sendable (_ claim: Int, _ value: inout CubicExtension) -> Void)?
  /// Changes u of a claim (message coefficients, then its tail) before anything of it is sent.
  package var combination: (@Sendable (_ claim: Int, _ coefficients: inout [CubicExtension]) -> Void)?
  /// After `combination`: changes message coefficients of every u so that ⟨c, u⟩ and u(z) come out as claimed.
  package var persist = false
  /// Changes a folded polynomial before a later layer commits to it; `weights`: those of the running claim.
  package var polynomial:
    (
      @Sendable (_ layer: Int, _ claim: Int, _ coefficients: inout [CubicExtension], _ weights: [CubicExtension]) ->
        Void
    )?
  /// Changes the codeword of a layer, in position order, before it is hashed.
  package var layer: (@Sendable (_ layer: Int, _ claim: Int, _ codeword: inout [CubicExtension]) -> Void)?
  /// Changes a layer's out-of-domain answer.
  package var outOfDomain: (@Sendable (_ layer: Int, _ claim: Int, _ value: inout CubicExtension) -> Void)?
  /// Changes p(1) and p(2) of a sumcheck round.
  package var round: (@Sendable (_ round: Int, _ values: inout [CubicExtension]) -> Void)?
  /// Changes the final coefficients of a claim; `weights`: those of the running claim.
  package var final:
    (@Sendable (_ claim: Int, _ coefficients: inout [CubicExtension], _ weights: [CubicExtension]) -> Void)?
  /// The nonce that is sent without searching, by its layer.
  package var nonce: (@Sendable (_ work: ProofOfWork, _ layer: Int) -> UInt64?)?
  /// Told of the positions of layer 0, the leaves of later ones.
  package var opens: (@Sendable (_ positions: [Int], _ layer: Int) -> Void)?

  package init() {}

  package func rows(_ committed: any TableauRows, ofTree tree: Int) -> any TableauRows {
    claimedRows[tree] ?? committed
  }

  package func treeValue(_ value: CubicExtension, claim: Int, pin: Int, tree: Int) -> CubicExtension {
    changed(value) { treeValue?(claim, pin, tree, &$0) }
  }

  package func maskPin(_ value: CubicExtension, claim: Int, pin: Int) -> CubicExtension {
    changed(value) { maskPin?(claim, pin, &$0) }
  }

  package func maskValue(_ value: CubicExtension, claim: Int) -> CubicExtension {
    changed(value) { maskValue?(claim, &$0) }
  }

  package func combinations(_ combinations: inout [[CubicExtension]], of moves: CombinedClaims) {
    for claim in combinations.indices {
      combination?(claim, &combinations[claim])
      if persist { Self.fit(&combinations[claim], claim: claim, of: moves) }
    }
  }

  package func round(_ values: inout [CubicExtension], round number: Int) { round?(number, &values) }

  package func polynomial(
    _ coefficients: inout [CubicExtension], layer: Int, claim: Int, weights: [CubicExtension]
  ) {
    polynomial?(layer, claim, &coefficients, weights)
  }

  package func codewords(
    layer number: Int, claims: [Int], honest: () -> [[CubicExtension]]
  ) -> [[CubicExtension]]? {
    guard let layer else { return nil }
    var codewords = honest()
    for (g, claim) in claims.enumerated() { layer(number, claim, &codewords[g]) }
    return codewords
  }

  package func nonce(for work: ProofOfWork, layer: Int) -> UInt64? { nonce?(work, layer) }

  package func opens(_ positions: [Int], layer: Int) { opens?(positions, layer) }

  package func outOfDomain(_ value: CubicExtension, layer: Int, claim: Int) -> CubicExtension {
    changed(value) { outOfDomain?(layer, claim, &$0) }
  }

  package func final(_ coefficients: inout [CubicExtension], claim: Int, weights: [CubicExtension]) {
    final?(claim, &coefficients, weights)
  }

  private func changed(_ value: CubicExtension, _ change: (inout CubicExtension) -> Void) -> CubicExtension {
    var value = value
    change(&value)
    return value
  }

  /// Changes as many message coefficients of u as it has conditions, ⟨c, u⟩ and all u(z), so that they hold.
  private static func fit(_ combination: inout [CubicExtension], claim: Int, of moves: CombinedClaims) {
    let functional = moves.functionals[claim]
    let targets = moves.targets[claim]
    let entries = Array(functional.indices.filter { functional[$0] != .zero }.prefix(1 + targets.pins.count))
    let value = zip(functional, combination).reduce(CubicExtension.zero) { $0 + $1.0 * $1.1 }
    var rows: [(weights: [CubicExtension], missing: CubicExtension)] = [
      (entries.map { functional[$0] }, targets.functional - value)
    ]
    for (pin, target) in zip(moves.layout.pins[claim], targets.pins) {
      rows.append(
        (
          entries.map { pin.point.power(UInt64($0)) },
          target - Univariate.evaluate(combination, at: pin.point)
        ))
    }
    for (entry, change) in zip(entries, solve(rows)) { combination[entry] += change }
  }

  /// Gauss-Jordan elimination of a regular system.
  private static func solve(_ system: [(weights: [CubicExtension], missing: CubicExtension)]) -> [CubicExtension] {
    var rows = system
    for column in rows.indices {
      guard let pivot = rows[column...].firstIndex(where: { $0.weights[column] != .zero }) else { continue }
      rows.swapAt(column, pivot)
      let inverse = rows[column].weights[column].inverse
      for row in rows.indices where row != column {
        let factor = rows[row].weights[column] * inverse
        for c in rows.indices { rows[row].weights[c] -= factor * rows[column].weights[c] }
        rows[row].missing -= factor * rows[column].missing
      }
    }
    return rows.indices.map { rows[$0].missing * rows[$0].weights[$0].inverse }
  }
}
