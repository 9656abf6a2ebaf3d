// SPDX-License-Identifier: Apache-2.0

import DriftProofField
import Testing
import DriftProofTranscript

@testable import DriftProofCommitment
@testable import DriftProofCommitmentProver

/// Claims that do not fit the trees are refused before a byte is read: each would weaken the proof or leak.
@Suite struct LayoutTests {
  private let parameters = OpeningFixture().parameters

  private func isRefused(
    tail: Int = 24, maskTail: Int = 24, rowOffset: Int = 64, maskOffset: Int = 64, coordinates: Int = 6,
    weights: Int = 2, trees: Int = 1, maskRow: Int = 2, maskTree: Int = 0, claims: Int = 1,
    point: CubicExtension? = nil
  ) -> Bool {
    let rows = RowShape(tailOffset: rowOffset, tailCount: tail)
    let masks = RowShape(tailOffset: maskOffset, tailCount: maskTail)
    let one = CubicExtension.one
    let claim = OpeningClaim(
      name: "c", functional: .equality(point: [CubicExtension](repeating: one, count: coordinates)),
      weights: [[CubicExtension]](repeating: [one, one] + [.zero, .zero, .zero][..<(weights + 1)], count: trees),
      value: .zero, mask: .init(tree: maskTree, firstRow: maskRow))
    do {
      _ = try OpeningLayout(
        parameters, shapes: [[rows, rows, masks, masks, masks]], points: [point],
        claims: [OpeningClaim](repeating: claim, count: claims))
      return false
    } catch {
      if case .unsupportedParameters = error { return true }
      return false
    }
  }

  @Test func onlyFittingClaims() {
    #expect(!isRefused())
    #expect(isRefused(tail: 25), "a tail that the mask does not cover leaks")
    let limit = parameters.driftRowTail
    #expect(isRefused(tail: limit + 1, maskTail: limit + 1), "a degree beyond the code's distance")
    #expect(isRefused(rowOffset: 5), "a tail inside the message reads as data")
    #expect(isRefused(maskOffset: 5))
    #expect(isRefused(rowOffset: 65, maskOffset: 65))
    #expect(isRefused(coordinates: 5) && isRefused(coordinates: 7))
    #expect(isRefused(weights: 1))
    #expect(isRefused(trees: 2) && isRefused(trees: 0))
    #expect(isRefused(maskRow: 3) && isRefused(maskRow: -1) && isRefused(maskRow: 0) && isRefused(maskTree: 1))
    #expect(isRefused(claims: 2), "one mask for two claims leaks their difference")
  }
}
