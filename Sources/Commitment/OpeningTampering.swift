import Field

// Hooks of the cheating provers in the adversarial tests (docs/protocol.md section 11).
// They only reach the prover's functions; the verifier knows nothing of them.

/// Deviations while committing.
package struct CommitmentTampering: Sendable {
  /// (row, position, honest value) -> committed value, canonical. Used at commitment and at opening, so that the tree is
  /// consistent and only the code or the message is not.
  package var codeword: (@Sendable (_ row: Int, _ position: Int, _ value: UInt64) -> UInt64)?
  /// (row, honest value) -> stated pin.
  package var pin: (@Sendable (_ row: Int, _ value: CubicExtension) -> CubicExtension)?

  package init(
    codeword: (@Sendable (Int, Int, UInt64) -> UInt64)? = nil,
    pin: (@Sendable (Int, CubicExtension) -> CubicExtension)? = nil
  ) {
    self.codeword = codeword
    self.pin = pin
  }
}

/// Deviations while opening.
package struct OpeningTampering: Sendable {
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
  /// Sends this nonce without searching.
  package var nonce: UInt64?

  package init() {}

  func deviate(
    _ combinations: inout [[CubicExtension]], functionals: [[CubicExtension]], targets: [OpeningLayout.Targets],
    layout: OpeningLayout, claims: [OpeningClaim]
  ) {
    for index in claims.indices {
      combination?(index, &combinations[index])
      guard persist else { continue }
      let functional = functionals[index]
      // ⟨c, u⟩ and all u(z), as rows of a linear system in as many message coefficients.
      var rows: [(weights: [CubicExtension], missing: CubicExtension)] = []
      let entries = Array(functional.indices.filter { functional[$0] != .zero }.prefix(1 + targets[index].pins.count))
      rows.append(
        (
          entries.map { functional[$0] },
          targets[index].functional - OpeningProver.innerProduct(functional, combinations[index])
        ))
      for (pin, target) in zip(layout.pins[index], targets[index].pins) {
        rows.append(
          (
            entries.map { pin.point.power(UInt64($0)) },
            target - Univariate.evaluate(combinations[index], at: pin.point)
          ))
      }
      for (entry, change) in zip(entries, Self.solve(rows)) { combinations[index][entry] += change }
    }
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
