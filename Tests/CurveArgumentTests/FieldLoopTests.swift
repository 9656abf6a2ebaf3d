// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve
import TestSupport
import Testing

@testable import DriftProofCurveArgument
@testable import DriftProofCurveArgumentProver

/// Loops and matrices against their definitions.
@Suite struct FieldLoopTests {
  @Test func sumsAreReducedRight() {
    let integers: [Int64] = [0, 1, -1, .max, .min, 5, -7]
    let scalars = [Fr.zero, .one, -.one, Fr(7).power(50), Fr(3).power(77)]
    for weight in scalars {
      var sum = FrSum()
      var expected = Fr.zero
      for _ in 0..<3 {
        for integer in integers {
          sum.add(weight, times: integer)
          expected = expected + weight * Fr(integer)
          #expect(sum.value == expected)
        }
        sum.add(weight)
        expected = expected + weight
        #expect(sum.value == expected)
      }
    }
    var (sum, expected) = (FrSum(), Fr.zero)
    for _ in 0..<100 {
      sum.add(-.one, times: .min)
      sum.add(-.one)
      expected = expected - Fr(.min) - .one
    }
    #expect(sum.value == expected)
    #expect(Fr(wide: Int128(1) << 100 + 5) == Fr(2).power(100) + Fr(5))
    #expect(Fr(wide: -(Int128(1) << 64)) == -Fr(2).power(64))
  }

  @Test func roundsAreInterpolated() {
    for degree in [2, 3] {
      let polynomial = { (x: Fr) in (0...degree).reduce(Fr.zero) { $0 + Fr(Int64(11 * $1 + 5)) * x.power($1) } }
      let values = (0...degree).map { polynomial(Fr(Int64($0))) }
      for r in [Fr.zero, .one, Fr(3), Fr(7).power(60)] { #expect(CurveRound.value(values, at: r) == polynomial(r)) }
    }
  }

  @Test func matricesAreTheirBits() {
    for rows in [132, 320, 704] {
      var generator = SeededGenerator(seed: UInt64(rows))
      let bits = (0..<2 * rows / 8 * 8).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
      let matrix = TernaryMatrix(rows: rows, columns: 8, bits: bits)
      let table = (0..<8).map { Fr(Int64($0 + 2)).power(9) }
      let sums = matrix.sums(table)
      var counts = [0, 0, 0]
      for m in 0..<rows {
        var sum = Fr.zero
        for x in 0..<8 {
          func bit(_ index: Int) -> Int { Int(bits[2 * rows / 8 * x + index / 8] >> UInt8(index % 8) & 1) }
          let entry = bit(m) + bit(m + rows) - 1
          #expect(matrix[m, x] == entry)
          counts[entry + 1] += 1
          sum = sum + Fr(Int64(entry)) * table[x]
        }
        #expect(sums[m] == sum)
      }
      // A quarter, a half, a quarter.
      #expect(abs(counts[1] - 4 * rows) < rows && abs(counts[0] - counts[2]) < rows)
    }
  }

  @Test func boundsAreNumbers() throws {
    let (a, b) = (CurveBound(UInt128.max), CurveBound(ones: 200))
    #expect(a < b && a.bitCount == 128 && b.bitCount == 200 && CurveBound.zero.bitCount == 0)
    let sum = try #require(a.adding(b))
    #expect(sum.subtracting(b) == a && sum.subtracting(a) == b && a.subtracting(b) == nil)
    #expect(sum.scalar == a.scalar + b.scalar && b.scalar == Fr(2).power(200) - .one)
    let shifted = try #require(a.shiftedLeft(70))
    #expect(shifted.scalar == a.scalar * Fr(2).power(70) && shifted.bitCount == 198)
    #expect(a.shiftedLeft(129) == nil && CurveBound(ones: 256).adding(CurveBound(1 as UInt64)) == nil)
    #expect(CurveBound(words: [1, 2, 3, 4, 5]) == nil && CurveBound(words: [7]) == CurveBound(7 as UInt64))
    #expect(CurveBound(ones: 256).words == [UInt64](repeating: .max, count: 4))
  }
}
