// SPDX-License-Identifier: Apache-2.0

import DriftProofField
import DriftProofTranscript

/// The orthonormality stage's claims as linear functionals of E, D and O, each with its own power of λ in the bounds
/// stage:
///
/// - left = (1 - ρ_top)·Σ_y eq(ρ, y)·left(y) + ρ_top·⟨eq(ρ), mask⟩, and the same for right and blind;
/// - σ = Σ_m eq(s, m)·[2^(2f)·Σ_{j<r} eq(α, j)·eq(β, j) + Σ_{j,k<r} eq(α, j)·eq(β, k)·(digits_jk - 2^29)] + blind.
package struct OrthonormalWeights: Sendable {
  package let claims: OrthonormalClaims
  /// Powers of λ of left, right, blind and σ.
  package let powers: [CubicExtension]

  private var layout: OrthonormalLayout { claims.layout }
  private var challenges: OrthonormalChallenges { claims.challenges }
  private var top: CubicExtension { claims.outcome.point[0] }
  /// ρ without top.
  package var point: [CubicExtension] { Array(claims.outcome.point[1...]) }

  /// eq(s, m).
  package func memberWeight(_ member: Int) -> CubicExtension { Multilinear.equality(challenges.members, at: member) }

  /// What the claims' public parts and values add up to.
  package func total() throws(ProofRejection) -> CubicExtension {
    var total = powers[3] * claims.sum
    for (oracle, power) in zip([Oracle.leftRows, .rightRows, .blind], powers) {
      total += power * (try claims.outcome.evaluations.value(oracle))
    }
    for (index, member) in layout.members.enumerated() {
      let (left, right) = (challenges.left.prefix(member.logRows), challenges.right.prefix(member.logRows))
      let diagonal =
        Multilinear.prefixSum(Array(left), Array(right), count: member.rows)
        * Goldilocks(1 << (2 * member.fractionBits))
      let all = Multilinear.prefixSum(left, count: member.rows) * Multilinear.prefixSum(right, count: member.rows)
      total -= powers[3] * memberWeight(index) * (diagonal - all * Goldilocks(Limits.halfRange))
    }
    return total
  }

  // MARK: E

  /// (1 - ρ_top)·eq over the variables of the stage that a member fixes.
  private func place(_ member: OrthonormalLayout.Member) -> CubicExtension {
    member.columns.address(point) * (.one - top)
  }

  /// Weights of a member's rows: E at row j, column x has this times eq(ρ, x) over the member's columns.
  package func rowWeights(_ index: Int) -> [CubicExtension] {
    let member = layout.members[index]
    let place = place(member)
    let left = Multilinear.equality(
      challenges.left.prefix(member.logRows), scale: place * powers[0] * memberWeight(index))
    let right = Multilinear.equality(challenges.right.prefix(member.logRows), scale: place * powers[1])
    return (0..<member.rows).map { left[$0] + right[$0] }
  }

  /// The verifier's weight of E at a point of E-space.
  package func drift(_ x: [CubicExtension]) -> CubicExtension {
    layout.members.indices.reduce(.zero) { $0 + drift(x, of: $1) }
  }

  /// One member's part of it.
  package func drift(_ x: [CubicExtension], of index: Int) -> CubicExtension {
    let member = layout.members[index]
    let cube = member.cube
    // Rows of the square beyond the tensor's padding do not exist: their bits are 0.
    let rows = cube.rowVariables.map { x[$0] }
    let bits = rows + [CubicExtension](repeating: .zero, count: member.logRows - rows.count)
    let left = Multilinear.prefixSum(Array(challenges.left.prefix(member.logRows)), bits, count: member.rows)
    let right = Multilinear.prefixSum(Array(challenges.right.prefix(member.logRows)), bits, count: member.rows)
    let columns = Multilinear.equality(point.prefix(member.columns.log), cube.columnVariables.map { x[$0] })
    return cube.cube.fixedWeight(x) * columns * place(member)
      * (powers[0] * memberWeight(index) * left + powers[1] * right)
  }

  // MARK: D

  /// Weights of the digits' numbers: row j's and column k's factors, 0 beyond the tensor's rows.
  package func productWeights(_ index: Int) -> (rows: [CubicExtension], columns: [CubicExtension]) {
    let member = layout.members[index]
    func weights(_ point: [CubicExtension], _ scale: CubicExtension) -> [CubicExtension] {
      Multilinear.equality(point.prefix(member.logRows), scale: scale).enumerated().map {
        $0 < member.rows ? $1 : .zero
      }
    }
    return (weights(challenges.left, powers[3] * memberWeight(index)), weights(challenges.right, .one))
  }

  /// The verifier's weight of D at a point of the digit oracle.
  package func digits(_ x: [CubicExtension], layout digits: DigitLayout) -> CubicExtension {
    let cells = ProjectionSlots.logCells
    let number = Digits.value(Multilinear.equality(x.prefix(cells)).prefix(Limits.projectionDigits))
    var sum = CubicExtension.zero
    for (index, (member, products)) in zip(layout.members, digits.products).enumerated() {
      let middle = cells + member.logRows
      let columns = Multilinear.prefixSum(
        Array(challenges.right.prefix(member.logRows)), Array(x[cells..<middle]), count: member.rows)
      let rows = Multilinear.prefixSum(
        Array(challenges.left.prefix(member.logRows)), Array(x[middle..<middle + member.logRows]), count: member.rows)
      sum += products.slot.address(x) * memberWeight(index) * rows * columns
    }
    return sum * number * powers[3]
  }

  // MARK: O

  /// Weights of all cells of O.
  package var masks: [CubicExtension] {
    var table = [CubicExtension](repeating: .zero, count: OrthonormalLayout.maskCells)
    let low = point.prefix(Limits.logMaskEntries)
    let highZero = point.dropFirst(Limits.logMaskEntries).reduce(CubicExtension.one) { $0 * (.one - $1) }
    for (entry, weight) in Multilinear.equality(low, scale: highZero).enumerated() {
      for (run, power) in zip([OrthonormalLayout.MaskRun.left, .right, .blindMask], powers) {
        table[OrthonormalLayout.maskCell(run, entry)] = power * top * weight
      }
      guard entry < CubicExtension.basis.count else { continue }
      table[OrthonormalLayout.maskCell(.blind, entry)] =
        powers[2] * (.one - top) * weight + powers[3] * CubicExtension.basis[entry]
    }
    return table
  }

  /// The verifier's weight of O at a point.
  package func masks(at x: [CubicExtension]) -> CubicExtension {
    Multilinear.innerProduct(masks, Multilinear.equality(x.prefix(OrthonormalLayout.maskVariables)))
  }
}
