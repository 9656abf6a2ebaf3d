// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment

/// Every index space of one statement.
package struct ArgumentLayout: Sendable {
  package let statement: DriftStatement
  package let tableau: TableauLayout
  package let digits: DigitLayout
  package let factors: FactorLayout
  package let orthonormal: OrthonormalLayout
  package let entries: EntryLayout
  package let patterns: PatternLayout

  package init(_ statement: DriftStatement) {
    self.statement = statement
    tableau = TableauLayout(tensors: statement.tensors, logLength: statement.code.logLength)
    factors = FactorLayout(tensors: statement.tensors, layout: tableau)
    orthonormal = OrthonormalLayout(tensors: statement.tensors, layout: tableau)
    entries = EntryLayout(tensors: statement.tensors, layout: tableau)
    patterns = PatternLayout(tensors: statement.tensors, layout: tableau)
    digits = DigitLayout(
      layout: tableau,
      lines: DigitLayout.lines(tensors: statement.tensors, totalBound: statement.totalBound, layout: tableau),
      factorChunks: factors.factorChunks, orthonormal: orthonormal, entries: entries)
  }

  package var logLength: Int { statement.code.logLength }
  package var length: Int { 1 << logLength }
  package var hasFactors: Bool { !factors.isEmpty }
  package var hasOrthonormal: Bool { !orthonormal.members.isEmpty }

  /// Whether clauses bound single entries.
  package var hasEntries: Bool { !entries.isEmpty }
  package var hasPatterns: Bool { !patterns.isEmpty }
  /// Whether there is a factor tree, P1.
  package var hasFactorTree: Bool { hasFactors || hasEntries || hasPatterns }

  /// Rows that an oracle's payload fills.
  private func rows(_ cells: Int) -> Int { max(1, (cells + length - 1) >> logLength) }
  package var digitRows: Int { rows(digits.used) }
  package var factorRows: Int { hasFactors ? rows(factors.used) : 0 }

  // Variables without `top`; every oracle has at least as many as its mask needs.
  package var driftVariables: Int { tableau.variables }
  package var digitVariables: Int { digits.variables }
  package var factorVariables: Int { max(factors.variables, Limits.logMaskEntries + 1) }
  /// Rounds of the bounds stage (Stage A) after `top`.
  package var boundsVariables: Int {
    max(
      driftVariables, digitVariables, hasFactors ? factorVariables : 0, hasPatterns ? patterns.variables : 0)
  }
  /// (1 - top)·eq·d(d-1)(d-2)(d-3) in the round of `top`; eq·d(d-1)(d-2)(d-3) later.
  package static let boundsDegree = 5
  /// Rounds of the structure stage (Stage B) after its own `top`.
  package var structureVariables: Int { factors.structureVariables }
  /// (1 - top)·value·Π bits; at least (1 - top)·U·V and (1 - top)·c·κ.
  package var structureDegree: Int { max(3, factors.bitCount + 2) }
  /// Rounds of the merging stage (Stage C) after its own `top`.
  package var mergingVariables: Int { factorVariables }
  package static let mergingDegree = 2
  /// Of the orthonormality stage (Stage O): (1 - top)·left·right.
  package static let orthonormalityDegree = 3

  /// First row of R-space's oracles in the factor tree, P1, behind the factor oracle and its mask.
  package var rootRow: Int { hasFactors ? factorRows + 1 : 0 }
  /// First row of the cells of patterns in the factor tree, behind R-space's oracles.
  package var patternRow: Int { rootRow + entries.committed.count * entries.tiles.count }
  /// Rows of the factor tree, P1: the factor oracle and its mask, then the roots and what else R-space has, then cells of
  /// patterns.
  package var factorTreeRows: Int { patternRow + patterns.tiles.count }

  // Rows of the auxiliary tree, P2, in order.
  package var digitMaskRow: Int { digitRows }
  package var driftMaskRow: Int { digitRows + 1 }
  /// The mask oracle O and its own mask, when there are orthonormal tensors.
  package var orthonormalRow: Int { digitRows + 2 }
  package var orthonormalMaskRow: Int { digitRows + 3 }
  /// The first mask of R-space's oracles, one row each in their order.
  package var rootMaskRow: Int { digitRows + (hasOrthonormal ? 4 : 2) }
  /// The first mask of Z-space's oracles.
  package var patternMaskRow: Int { rootMaskRow + (hasEntries ? entries.oracles.count : 0) }
  package var openingMaskRow: Int { patternMaskRow + patterns.oracles.count }
  package var openingMaskRows: Range<Int> { openingMaskRow..<openingMaskRow + Self.extensionRows }
  package var factorOpeningMaskRow: Int { openingMaskRows.upperBound }
  package var libraRow: Int { openingMaskRow + (hasFactors ? 2 : 1) * Self.extensionRows }
  package var libraMaskRow: Int { libraRow + Self.extensionRows }
  /// Libra coefficients, then their mask.
  package var libraRows: Range<Int> { libraRow..<libraMaskRow + Self.extensionRows }
  package var auxiliaryRowCount: Int { libraRows.upperBound }
  /// Rows of F that stand for one row over K: its coordinates.
  private static let extensionRows = 3
}
