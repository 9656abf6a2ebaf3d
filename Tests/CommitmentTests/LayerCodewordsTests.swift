// SPDX-License-Identifier: Apache-2.0

import DriftProofField
import DriftProofKernels
import DriftProofTranscript
import Testing

@testable import DriftProofCommitment
@testable import DriftProofCommitmentProver

@Suite struct LayerCodewordsTests {
  /// Of one to four polynomials, which fill one block of eight lanes or two: what is hashed is what is opened, and both are
  /// the polynomials' values.
  @Test(arguments: [1, 2, 3, 4], [5, 11]) func hashedAndOpenedAlike(count: Int, logLength: Int) {
    let shape = FoldingPlan.Layer(
      logLength: logLength, logDomain: logLength + 2, folds: 2, queries: 5, grindingBits: 0)
    let stream = PseudorandomStream(secret: [7], label: "layer")
    let polynomials = (0..<count).map { _ in (0..<1 << logLength).map { _ in stream.extensionElement() } }
    let codewords = LayerCodewords(polynomials: polynomials, shape: shape)
    let all = codewords.all()
    #expect(all.count == count)
    for position in [0, 1, 77, (1 << shape.logDomain) - 1] {
      let point = shape.domain.point(position)
      for g in 0..<count { #expect(all[g][position] == Univariate.evaluate(polynomials[g], at: point)) }
    }
    codewords.forEachCoset { coset, blocks in
      let wrong = (0..<1 << logLength).first { i in
        (0..<3 * count).contains { lane in
          let element = all[lane / 3][coset << logLength + i]
          return blocks[lane / 8][8 * i + lane % 8] != [element.c0, element.c1, element.c2][lane % 3].value
        }
      }
      #expect(wrong == nil, "position \(wrong ?? 0) of coset \(coset)")
    }
  }

  @Test(arguments: [0, 1, 5, 13, 14]) func equalityTables(variables: Int) {
    let stream = PseudorandomStream(secret: [8], label: "point")
    let point = (0..<variables).map { _ in stream.extensionElement() }
    #expect(ParallelMap.equality(point) == Multilinear.equality(point))
  }
}
