// SPDX-License-Identifier: Apache-2.0

import DriftProofField
import DriftProofTranscript

/// The verifier's randomness of the bounds stage (Stage A) and the order of its claims: every claim has its own power
/// of λ.
package struct BoundsStageChallenges: Sendable {
  /// Batches square chunks (s), projection chunks (s'), rows of R (m*), exact cells (z), digit cells, chunks of U and V
  /// and index bits.
  package let squares: [CubicExtension]
  package let projections: [CubicExtension]
  package let rows: [CubicExtension]
  package let exact: [CubicExtension]
  package let digits: [CubicExtension]
  package let factorChunks: [CubicExtension]
  package let bits: [CubicExtension]
  /// The orthonormality stage's claims with the powers of λ behind those of the lines; nil when there are none.
  package let orthonormal: OrthonormalWeights?
  /// t of pattern claims; empty without any.
  package let patterns: [CubicExtension]
  /// Of the families of entrywise clauses, whose points are those of the projections of E.
  private let entryPowers: [CubicExtension]
  /// Of the relations of pattern claims; they come last.
  private let patternPowers: [CubicExtension]
  private let powers: [CubicExtension]

  package enum Claim: Int {
    case squares = 0
    case projections, exact, digits, factorProjections, bits, lines
  }

  package static let rowVariables = 8

  /// - Parameter orthonormal: what the orthonormality stage, which comes before, has left.
  package init(layout: ArgumentLayout, orthonormal: OrthonormalClaims? = nil, transcript: inout Transcript) {
    let lambda = transcript.challenge(ArgumentLabel.claimPowers)
    squares = transcript.challenges(ArgumentLabel.squares, layout.tableau.squareVariables)
    projections = transcript.challenges(ArgumentLabel.projections, layout.tableau.projectionVariables)
    rows = transcript.challenges(ArgumentLabel.projectionRows, Self.rowVariables)
    exact = transcript.challenges(ArgumentLabel.exactEntries, layout.driftVariables)
    digits = transcript.challenges(ArgumentLabel.digits, layout.digitVariables)
    factorChunks = transcript.challenges(ArgumentLabel.factorChunks, ceilLog2(layout.factors.factorChunks))
    bits = transcript.challenges(ArgumentLabel.slotBits, layout.factors.bits?.log ?? 0)
    let own = Claim.lines.rawValue + layout.digits.lines.reduce(0) { $0 + $1.limbs }
    patterns = transcript.challenges(ArgumentLabel.patterns, layout.hasPatterns ? layout.patterns.variables : 0)
    let entries = own + OrthonormalClaims.count
    let last = entries + EntryFamily.allCases.count + 1
    powers = lambda.powers(last + PatternRelation.allCases.count)
    let products = Array(powers[own..<entries])
    entryPowers = Array(powers[entries..<last])
    patternPowers = Array(powers[last...])
    self.orthonormal = orthonormal.map { OrthonormalWeights(claims: $0, powers: products) }
  }

  package func power(_ claim: Claim) -> CubicExtension { powers[claim.rawValue] }

  package func power(_ family: EntryFamily) -> CubicExtension { entryPowers[family.rawValue] }

  package func power(_ relation: PatternRelation) -> CubicExtension { patternPowers[relation.rawValue] }

  /// Of u·v = 2^J: the last of the families'.
  package var classProducts: CubicExtension { entryPowers[EntryFamily.allCases.count] }

  /// Powers of the lines of one bound, given the number of lines before it.
  package func linePowers(first: Int, count: Int) -> ArraySlice<CubicExtension> {
    powers[Claim.lines.rawValue + first..<Claim.lines.rawValue + first + count]
  }

  /// eq(m*, m) for the 132 rows.
  package var rowWeights: [CubicExtension] { Array(Multilinear.equality(rows).prefix(Limits.projections)) }

  /// The public total of all claims together.
  /// - Parameter columnWeights: R~(m*, ·).
  package func total(
    _ layout: ArgumentLayout, columnWeights: [CubicExtension]
  ) throws(ProofRejection) -> CubicExtension {
    let rowSum = rowWeights.reduce(.zero, +)
    let halfRange = Goldilocks(-Limits.halfRange)
    var total =
      power(.projections) * Multilinear.prefixSum(projections, count: layout.tableau.projectionChunks) * rowSum
      * halfRange
    if layout.factors.factorChunks > 0 {
      total +=
        power(.factorProjections) * Multilinear.prefixSum(factorChunks, count: layout.factors.factorChunks) * rowSum
        * halfRange
    }
    if layout.hasEntries {
      total += EntryWeights(layout: layout, challenges: self).total(columnWeights: columnWeights, rowSum: rowSum)
    }
    if layout.hasPatterns { total += PatternWeights(layout: layout.patterns, challenges: self).total }
    var first = 0
    for line in layout.digits.lines {
      for (power, limb) in zip(linePowers(first: first, count: line.limbs), line.bound) {
        total += power * Goldilocks(Int(limb))
      }
      first += line.limbs
    }
    if let orthonormal { total += try orthonormal.total() }
    return total
  }
}
