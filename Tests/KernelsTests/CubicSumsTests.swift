// SPDX-License-Identifier: Apache-2.0

import DriftProofField
import DriftProofKernels
import TestSupport
import Testing

@Suite struct CubicSumsTests {
  /// Full groups of lanes and parts of one, at a place of its own.
  private static let ranges = [0..<0, 0..<1, 3..<10, 0..<8, 5..<21, 1..<200]

  private static func cubics(_ random: inout SeededGenerator, _ count: Int) -> [CubicExtension] {
    (0..<count).map { $0 % 17 == 3 ? allMinusOne : random.cubic() }
  }

  @Test(arguments: ranges) func pathsAgree(_ range: Range<Int>) {
    var random = SeededGenerator(seed: UInt64(range.upperBound))
    let count = range.upperBound
    let (a, b) = (Self.cubics(&random, 2 * count), Self.cubics(&random, 2 * count))
    let rest = Self.cubics(&random, count)
    let dot = CubicSums.dot(a, b, range, path: .portable)
    let pairs = CubicSums.pairs(a, b, range, path: .portable)
    let quartic = CubicSums.quartic(values: a, linear: b, rest: rest, range, path: .portable)
    for path in KernelPath.allCases.dropFirst() {
      #expect(CubicSums.dot(a, b, range, path: path) == dot)
      #expect(CubicSums.pairs(a, b, range, path: path) == pairs)
      #expect(CubicSums.quartic(values: a, linear: b, rest: rest, range, path: path) == quartic)
    }
  }

  /// The coefficients are those of the polynomials: their values at 0 to 4, with the coefficient of X from the value at 1.
  @Test func sumsAreThoseOfTheirPolynomials() {
    var random = SeededGenerator(seed: 77)
    let (a, b, rest) = (random.cubics(12), random.cubics(12), random.cubics(6))
    let sums = CubicSums.quartic(values: a, linear: b, rest: rest, 0..<6)
    func value(_ x: Int) -> (quartic: CubicExtension, linear: CubicExtension) {
      let x = CubicExtension(x)
      return (0..<6).reduce((.zero, .zero)) { sum, i in
        let d = a[2 * i] + x * (a[2 * i + 1] - a[2 * i])
        let vanishing = (0..<4).reduce(CubicExtension.one) { $0 * (d - CubicExtension($1)) }
        return (sum.0 + rest[i] * vanishing, sum.1 + (b[2 * i] + x * (b[2 * i + 1] - b[2 * i])) * d)
      }
    }
    let one = value(1)
    let slope = sums.quartic.reduce(one.quartic, -)
    let linearSlope = sums.linear.reduce(one.linear, -)
    for point in 0..<5 {
      let (x, expected) = (CubicExtension(point), value(point))
      let quartic = [sums.quartic[0], slope] + sums.quartic[1...]
      #expect(Self.evaluate(quartic, x) == expected.quartic)
      #expect(Self.evaluate([sums.linear[0], linearSlope, sums.linear[1]], x) == expected.linear)
    }
  }

  private static func evaluate(_ coefficients: [CubicExtension], _ x: CubicExtension) -> CubicExtension {
    coefficients.reversed().reduce(.zero) { $0 * x + $1 }
  }

  @Test(arguments: [0..<0, 0..<1, 2..<9, 1..<5000]) func squaresAreExact(_ range: Range<Int>) {
    var random = SeededGenerator(seed: 5)
    let entries = (0..<range.upperBound).map { $0.isMultiple(of: 3) ? Int32.min : random.entry() }
    let expected = range.reduce(UInt128(0)) { sum, index in
      let magnitude = UInt128(entries[index].magnitude)
      return sum + magnitude * magnitude
    }
    for path in KernelPath.allCases { #expect(IntegerSquares.sum(entries, range, path: path) == expected) }
  }
}
