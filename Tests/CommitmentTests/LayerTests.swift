// SPDX-License-Identifier: Apache-2.0

import DriftProofField
import TamperingSupport
import Testing
import DriftProofTranscript

@testable import DriftProofCommitment
@testable import DriftProofCommitmentProver

/// Cheating with the committed layers; docs/protocol.md section 6.
@Suite struct LayerTests {
  private static let folded = ProofRejection.openingSumcheck(functional: "drift, both")

  private func rejection(_ change: (inout OpeningTampering) -> Void) throws -> ProofRejection? {
    var fixture = OpeningFixture()
    var tampering = OpeningTampering()
    change(&tampering)
    fixture.openingTampering = tampering
    return try fixture.rejection()
  }

  @Test(arguments: 1..<3, 0..<2)
  func falseOutOfDomainAnswer(_ layer: Int, _ claim: Int) throws {
    #expect(
      try rejection { $0.outOfDomain = { if $0 == layer && $1 == claim { $2 += 1 } } } == Self.folded)
  }

  /// Another polynomial than the fold, chosen so that the running claim stays true: the folded leaves tell.
  @Test(arguments: 1..<3, 0..<2)
  func polynomialThatIsNotTheFold(_ layer: Int, _ claim: Int) throws {
    let rejection = try rejection {
      $0.polynomial = { l, c, coefficients, weights in
        guard l == layer, c == claim else { return }
        coefficients[0] += weights[1]
        coefficients[1] -= weights[0]
      }
    }
    #expect(rejection == Self.folded)
  }

  /// A codeword that is right on half of the leaves only.
  @Test(arguments: 1..<3)
  func layerThatIsRightInPlaces(_ layer: Int) throws {
    let rejection = try rejection {
      $0.layer = { l, c, codeword in
        guard l == layer, c == 0 else { return }
        for i in codeword.indices where i >> 1 & 1 == 0 { codeword[i] += 1 }
      }
    }
    #expect(rejection == [Self.folded, .finalPolynomial(functional: "drift")][layer - 1])
  }

  /// A layer of one degree more than its length allows.
  @Test(arguments: 1..<3)
  func layerOfHigherDegree(_ layer: Int) throws {
    let shape = try OpeningLayout.plan(of: OpeningFixture()).layers[layer]
    let rejection = try rejection {
      $0.layer = { l, c, codeword in
        guard l == layer, c == 1 else { return }
        for i in codeword.indices {
          codeword[i] += CubicExtension(shape.domain.point(i).power(1 << UInt64(shape.logLength)))
        }
      }
    }
    #expect(rejection == [Self.folded, .finalPolynomial(functional: "both")][layer - 1])
  }

  /// The rows' combination has a layer 0 that is none: word and rows agree, the degree is too high.
  @Test func firstLayerOfHigherDegree() throws {
    let shape = try OpeningLayout.plan(of: OpeningFixture()).layers[0]
    let rejection = try rejection {
      $0.layer = { l, c, codeword in
        guard l == 0, c == 1 else { return }
        for i in codeword.indices {
          codeword[i] += CubicExtension(shape.domain.point(i).power(1 << UInt64(shape.logLength)))
        }
      }
    }
    #expect(rejection == .rowsAgainstCombination(functional: "both"))
  }

  @Test func powersAreBoundLikeTables() {
    let stream = PseudorandomStream(secret: [1], label: "powers")
    let x = stream.extensionElement()
    let challenges = (0..<5).map { _ in stream.extensionElement() }
    var table = PowerTables.table(x, logCount: 7, scale: 3)
    #expect(table == x.powers(128).map { $0 * 3 })
    for r in challenges { Multilinear.fold(&table, r) }
    let (factor, rest) = PowerWeights.bind(x, challenges[...])
    #expect(table == rest.powers(4).map { $0 * 3 * factor })
    let y = stream.element()
    let (baseFactor, baseRest) = PowerWeights.bind(y, challenges[...])
    let extended = PowerWeights.bind(CubicExtension(y), challenges[...])
    #expect(extended == (baseFactor, CubicExtension(baseRest)))
  }

  /// Sums that are reduced late are those of Horner's rule, of the largest elements as well.
  @Test(arguments: [0, 1, 31, 32, 33, 64, 463, 3000])
  func polynomialsAreEvaluatedInRuns(_ count: Int) {
    let stream = PseudorandomStream(secret: [3], label: "runs")
    let largest = CubicExtension(-.one, -.one, -.one)
    let coefficients = (0..<count).map { $0 % 3 == 0 ? largest : stream.extensionElement() }
    for point in [-Goldilocks.one, .zero, stream.element(), Goldilocks(reducing: 0xFFFF_FFFF)] {
      let expected = coefficients.reversed().reduce(CubicExtension.zero) { $0 * point + $1 }
      #expect(Univariate.evaluate(coefficients, at: point) == expected)
    }
    var dot = CubicDot()
    for _ in 0..<count { dot.add(largest, -.one) }
    #expect(dot.value == CubicExtension(1, 1, 1) * Goldilocks(count))
    let point = stream.extensionElement()
    let long = (0..<3).flatMap { _ in coefficients }
    let expected = long.reversed().reduce(CubicExtension.zero) { $0 * point + $1 }
    #expect(ParallelSum.evaluate(long, at: point) == expected)
  }

  @Test(arguments: [3, 12, 14])
  func accumulatedPowers(_ log: Int) {
    let stream = PseudorandomStream(secret: [2], label: "powers")
    let points = stream.elements(5)
    let scales = (0..<5).map { _ in stream.extensionElement() }
    var sum = (0..<1 << log).map { CubicExtension($0) }
    var expected = sum
    for (point, scale) in zip(points, scales) {
      for (i, power) in CubicExtension(point).powers(1 << log).enumerated() { expected[i] += power * scale }
    }
    PowerTables.accumulate(points, scales: scales, into: &sum)
    #expect(sum == expected)
  }
}

extension OpeningLayout {
  static func plan(of fixture: OpeningFixture) throws -> FoldingPlan { FoldingPlan(fixture.parameters, claims: 2) }
}
