import Commitment

/// Every index space of one statement.
struct ArgumentLayout: Sendable {
  let statement: DriftStatement
  let tableau: TableauLayout
  let digits: DigitLayout
  let factors: FactorLayout
  let orthonormal: OrthonormalLayout

  init(_ statement: DriftStatement) {
    self.statement = statement
    tableau = TableauLayout(tensors: statement.tensors, logLength: statement.code.logLength)
    factors = FactorLayout(tensors: statement.tensors, layout: tableau)
    orthonormal = OrthonormalLayout(tensors: statement.tensors, layout: tableau)
    digits = DigitLayout(
      layout: tableau,
      lines: DigitLayout.lines(tensors: statement.tensors, totalBound: statement.totalBound, layout: tableau),
      factorChunks: factors.factorChunks, orthonormal: orthonormal)
  }

  var logLength: Int { statement.code.logLength }
  var length: Int { 1 << logLength }
  var hasFactors: Bool { !factors.isEmpty }
  var hasOrthonormal: Bool { !orthonormal.members.isEmpty }

  /// Rows that an oracle's payload fills.
  private func rows(_ cells: Int) -> Int { max(1, (cells + length - 1) >> logLength) }
  var digitRows: Int { rows(digits.used) }
  var factorRows: Int { hasFactors ? rows(factors.used) : 0 }

  // Variables without `top`; every oracle has at least as many as its mask needs.
  var driftVariables: Int { tableau.variables }
  var digitVariables: Int { digits.variables }
  var factorVariables: Int { max(factors.variables, Limits.logMaskEntries + 1) }
  /// Rounds of Stage A after `top`.
  var stageAVariables: Int { max(driftVariables, digitVariables, hasFactors ? factorVariables : 0) }
  /// (1 - top)·eq·d(d-1)(d-2)(d-3) in the round of `top`; eq·d(d-1)(d-2)(d-3) later.
  static let stageADegree = 5
  var stageBVariables: Int { factors.stageBVariables }
  /// (1 - top)·value·Π bits; at least (1 - top)·U·V.
  var stageBDegree: Int { max(3, factors.bitCount + 2) }
  var stageCVariables: Int { factorVariables }
  static let stageCDegree = 2
  /// (1 - top)·left·right.
  static let stageODegree = 3

  // Rows of P2, in order.
  var digitMaskRow: Int { digitRows }
  var driftMaskRow: Int { digitRows + 1 }
  /// The mask oracle O and its own mask, when there are orthonormal tensors.
  var orthonormalRow: Int { digitRows + 2 }
  var orthonormalMaskRow: Int { digitRows + 3 }
  var openingMaskRow: Int { digitRows + (hasOrthonormal ? 4 : 2) }
  var factorOpeningMaskRow: Int { openingMaskRow + 3 }
  var libraRow: Int { openingMaskRow + (hasFactors ? 6 : 3) }
  var libraMaskRow: Int { libraRow + 3 }
  var auxiliaryRowCount: Int { libraRow + 6 }
  /// Coefficients of the Libra polynomials of all stages: A, B, C, O.
  var libraLengths: [Int] {
    var lengths = [Libra.length(variables: stageAVariables + 1, degree: Self.stageADegree)]
    if hasFactors {
      lengths.append(Libra.length(variables: stageBVariables + 1, degree: stageBDegree))
      lengths.append(Libra.length(variables: stageCVariables + 1, degree: Self.stageCDegree))
    }
    if hasOrthonormal {
      lengths.append(Libra.length(variables: orthonormal.variables + 1, degree: Self.stageODegree))
    }
    return lengths
  }
}
