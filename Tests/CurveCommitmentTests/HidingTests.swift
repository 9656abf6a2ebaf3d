// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve
import DriftProofCurveCommitment
import DriftProofCurveCommitmentProver
import Testing

/// An opening hides if what it shows, as linear functionals of all cells of all u, has the rank on the masks' cells that it
/// has on all cells: then a simulator may take any u with the public values.
@Suite struct HidingTests {
  private static let length = 32
  private static let libra = 9

  /// Ranks on all cells, and on mask cells with the public value beside them.
  private func ranks(tau: Fr, maskedParts: Int, maskCells: Int, _ random: inout ScalarGenerator) -> (Int, Int) {
    let length = Self.length
    let (zeta, chi, gamma) = (random.next(), random.next(), random.next())
    let zero = [Fr](repeating: .zero, count: length)
    var functionals = [ScalarVector.equalities(random.next(5), scale: .one)]
    for _ in 1..<maskedParts { functionals.append(zero[..<16] + random.next(16)) }
    functionals.append(random.next(Self.libra) + zero[Self.libra...])
    let parts = functionals.count
    // μ, Libra's value, Σ γ^i·u_i(τ), s(τ), s(ζ), then u_i(ζ), u_i(1/ζ).
    var shown = [[Fr]](repeating: [Fr](repeating: .zero, count: parts * length), count: 5 + 2 * parts)
    for (part, functional) in functionals.enumerated() {
      let scale = part == maskedParts ? chi : .one
      for cell in 0..<length {
        let place = part * length + cell
        let unit = [Fr](zero[..<cell]) + [.one]
        let remainder = ScalarVector.correlation([(unit, functional)])
        shown[part == maskedParts ? 1 : 0][place] = functional[cell]
        shown[2][place] = gamma.power(part) * tau.power(cell)
        shown[3][place] = scale * ScalarVector.value(of: remainder, at: tau)
        shown[4][place] = scale * ScalarVector.value(of: remainder, at: zeta)
        shown[5 + 2 * part][place] = zeta.power(cell)
        shown[6 + 2 * part][place] = zeta.inverse().power(cell)
      }
    }
    let masks =
      (0..<maskedParts).flatMap { part in (0..<maskCells).map { part * length + $0 } }
      + (0..<16).map { maskedParts * length + Self.libra + $0 }
    let masked = shown.enumerated().map { row, values in masks.map { values[$0] } + [row == 1 ? .one : .zero] }
    return (rank(shown), rank(masked))
  }

  private func rank(_ matrix: [[Fr]]) -> Int {
    var (rows, rank) = (matrix, 0)
    for column in rows[0].indices {
      guard let pivot = (rank..<rows.count).first(where: { !rows[$0][column].isZero }) else { continue }
      rows.swapAt(rank, pivot)
      let inverse = rows[rank][column].inverse()
      for row in rank + 1..<rows.count where !rows[row][column].isZero {
        ScalarVector.add(rows[rank], times: -rows[row][column] * inverse, to: &rows[row])
      }
      rank += 1
      if rank == rows.count { break }
    }
    return rank
  }

  @Test(arguments: [1, 3]) func whatIsShownHasTheSameRankOnTheMasks(maskedParts: Int) {
    var random = ScalarGenerator(UInt64(maskedParts))
    // τ at random, and of small order: a malicious setup that passes its check.
    for log in [nil, 0, 1, 2, 3, 4] {
      let tau = log.map { ScalarTransform.root(log: $0) } ?? random.next()
      let (all, masked) = ranks(tau: tau, maskedParts: maskedParts, maskCells: CurveClaim.maskCells, &random)
      #expect(all == 7 + 2 * maskedParts)
      #expect(masked == all)
    }
  }

  @Test func fourMaskCellsWouldBeTooFew() {
    var random = ScalarGenerator(9)
    let (all, masked) = ranks(tau: random.next(), maskedParts: 1, maskCells: 4, &random)
    #expect(masked < all)
  }
}
