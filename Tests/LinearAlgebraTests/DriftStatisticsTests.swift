// SPDX-License-Identifier: Apache-2.0

import DriftProofLinearAlgebra
import Testing

/// Expected values are from numpy on the same seeded matrices.
@Suite struct DriftStatisticsTests {
  @Test func aRankThreeDriftWithNoise() throws {
    let drift = try rounded(lowRank(200, 150, rank: 3, noise: 0.005), scale: 1000)
    let statistics = try DriftStatistics.measure(drift, fractionBits: 4, baseNorm: 12452.0019951612600)
    let expected = [
      78609.21099759781, 54166.28693786893, 489.91149052127076, 468.4820597596886, 429.19978800519976,
      357.9235728973687, 234.171715139628,
    ]
    for (found, value) in zip(statistics.residuals, expected) { #expect(isClose(found * 16, value, within: 1e-9)) }
    #expect(isClose(statistics.norm * 16, 99616.01596129008, within: 1e-12))
    #expect(isClose(statistics.relativeNorm, 0.5, within: 1e-12))
    #expect(statistics.maximum == 2297.0 / 16)
    #expect(statistics.changedEntries == 29978)
    #expect(statistics.changedRows == 200 && statistics.changedColumns == 150)
    #expect(statistics.rank == 4 && !statistics.rankClaimIsWeak)
  }

  @Test func aDriftWithoutStructureMakesAWeakClaim() throws {
    let drift = try rounded(Matrix(random: 600, 520, seed: 5), scale: 10)
    let statistics = try DriftStatistics.measure(drift, fractionBits: 0, baseNorm: 1)
    let expected = [
      3218.8764206165074, 3207.878106707916, 3186.035140528165, 3143.111537967981, 3059.9196031253755,
      2901.4134530382594, 2607.182620277716,
    ]
    for (found, value) in zip(statistics.residuals, expected) {
      #expect(found >= value * (1 - 1e-9) && found <= value * 1.01)
    }
    #expect(statistics.changedEntries == 296243)
    #expect(statistics.rank == 1 && statistics.rankClaimIsWeak)
  }

  @Test func theRankIsWhereTheResidualLevelsOff() throws {
    // Rank 8 under noise of a tenth: no rank gets below 1 %, and 1 -> 2 alone would already look level.
    let drift = try rounded(lowRank(300, 300, rank: 8, noise: 0.3), scale: 1000)
    let statistics = try DriftStatistics.measure(drift, fractionBits: 0, baseNorm: 1)
    #expect(statistics.residuals[1] > 0.9 * statistics.residuals[0])
    #expect(statistics.rank == 8 && !statistics.rankClaimIsWeak)
    #expect(isClose(statistics.rankResidual, statistics.residuals[3] / statistics.norm, within: 1e-12))
  }

  @Test func tinyResidualsKeepTheirDigits() throws {
    // numpy: rank 5 plus noise of 1e-6 leaves 0.00033177700569680707; rounding adds uniform noise of 1/sqrt(12) units.
    let drift = try rounded(lowRank(600, 560, rank: 5, noise: 1e-6), scale: 1e9)
    let statistics = try DriftStatistics.measure(drift, fractionBits: 0, baseNorm: 1)
    #expect(isClose(statistics.residuals[3], 328391.8, within: 0.01))
    #expect(statistics.rank == 8)
  }

  @Test func exactlyLowRankLeavesZero() throws {
    let drift = try integerProduct(40, 30, rank: 2, range: 50, seed: 9)
    let statistics = try DriftStatistics.measure(drift, fractionBits: 10, baseNorm: 1)
    #expect(statistics.residuals.dropFirst() == [0, 0, 0, 0, 0, 0])
    #expect(statistics.rank == 2 && statistics.rankResidual == 0)
  }

  @Test func sparseCountsAndZero() throws {
    let drift = try IntegerMatrix(rows: 3, columns: 4, values: [Int32]([0, 5, 0, -9, 0, 0, 0, 0, 5, 0, 1, 5]))
    let statistics = try DriftStatistics.measure(drift, fractionBits: 1, baseNorm: 0)
    #expect(statistics.changedEntries == 5 && statistics.changedRows == 2 && statistics.changedColumns == 4)
    #expect(statistics.maximum == 4.5 && statistics.relativeNorm == .infinity)
    #expect(isClose(statistics.norm, Double(157).squareRoot() / 2, within: 1e-12))
    for (rows, columns) in [(3, 4), (0, 0), (1, 1)] {
      let zero = try IntegerMatrix(rows: rows, columns: columns, values: [Int32](repeating: 0, count: rows * columns))
      let nothing = try DriftStatistics.measure(zero, fractionBits: 24, baseNorm: 0)
      #expect(nothing.norm == 0 && nothing.relativeNorm == 0 && nothing.rank == 0 && !nothing.rankClaimIsWeak)
      #expect(nothing.residuals == [0, 0, 0, 0, 0, 0, 0])
    }
  }

  /// Rank 1 and one entry beside it: the fit leaves about that entry, and its place is the worst.
  @Test func theLargestEntryOfWhatTheRankLeaves() throws {
    var values = (0..<64).flatMap { i in (0..<48).map { j in Int32((i + 1) * (j + 3)) } }
    let exact = try DriftStatistics.measure(
      IntegerMatrix(rows: 64, columns: 48, values: values), fractionBits: 2, baseNorm: 1)
    #expect(exact.rank == 1 && exact.largestResidual < 1e-9)
    values[20 * 48 + 31] += 100
    let marked = try DriftStatistics.measure(
      IntegerMatrix(rows: 64, columns: 48, values: values), fractionBits: 2, baseNorm: 1)
    #expect(marked.rank == 1)
    // 100 units of 1/4; the fit takes a part of it over.
    #expect(marked.largestResidual > 24 && marked.largestResidual < 25)
  }
}
