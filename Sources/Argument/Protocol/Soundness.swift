// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofField
import Foundation

/// Proven round-by-round soundness, term by term; docs/protocol.md section 5, item 7, and section 6.
package enum Soundness {
  package struct Term: Sendable, Hashable {
    package var name: String
    /// -log2 of the probability that a cheating prover survives this round.
    package var bits: Double

    package init(name: String, bits: Double) {
      self.name = name
      self.bits = bits
    }
  }

  /// log2 |K| = 3·log2 p.
  private static let fieldBits = 3 * log2(Double(Goldilocks.modulus))

  /// Terms of one statement: an upper bound on each challenge round's error. Rounds of one kind show their worst.
  package static func terms(_ statement: DriftStatement) -> [Term] { terms(ArgumentLayout(statement)) }

  /// The same of a statement whose layout is known.
  package static func terms(_ layout: ArgumentLayout) -> [Term] {
    let code = layout.statement.code
    // P2 is one of ℓ tableaux (section 6), and each of them gets its own chance at every challenge after P2.
    func field(_ factor: Int) -> Double { fieldBits - log2(code.listSize * Double(max(1, factor))) }
    let claims =
      BoundsStageChallenges.Claim.lines.rawValue + layout.digits.lines.reduce(0) { $0 + $1.limbs }
      + (layout.hasOrthonormal || layout.hasEntries || layout.hasPatterns ? OrthonormalClaims.count : 0)
      + (layout.hasEntries || layout.hasPatterns ? EntryFamily.allCases.count + 1 : 0)
      + (layout.hasPatterns ? PatternRelation.allCases.count : 0)
    // λ: (claims - 1)/|K|; each batching point: its coordinates over |K|. One round draws them all.
    let coordinates =
      layout.tableau.squareVariables + layout.tableau.projectionVariables + BoundsStageChallenges.rowVariables
      + layout.driftVariables + layout.digitVariables + ceilLog2(layout.factors.factorChunks)
      + (layout.factors.bits?.log ?? 0) + (layout.hasPatterns ? layout.patterns.variables : 0)
    var terms = [
      // Each of 132 rows misses a violated entry or chunk bound with probability at most 1/2.
      Term(name: "projections", bits: Double(Limits.projections)),
      Term(name: "claims", bits: field(claims + coordinates)),
      // A round of degree d, or the Libra challenge before it.
      Term(name: "sumcheck A", bits: field(ArgumentLayout.boundsDegree)),
    ]
    if layout.hasFactors {
      terms += [
        Term(name: "sumcheck B", bits: field(layout.structureDegree)),
        // χ batches one claim for each evaluation of the structure stage.
        Term(
          name: "sumcheck C",
          bits: field(max(ArgumentLayout.mergingDegree, layout.factors.maskRuns))),
      ]
    }
    if layout.hasOrthonormal {
      terms += [
        // s, α and β: a false product of rows is a non-zero polynomial of their coordinates.
        Term(
          name: "orthonormality", bits: field(layout.orthonormal.logMembers + 2 * layout.orthonormal.logRows)),
        Term(name: "sumcheck O", bits: field(ArgumentLayout.orthonormalityDegree)),
      ]
    }
    // Tile coordinates weigh the rows as a tensor: each is a line over an interleaved code; τ is a curve of degree at
    // most 2, with the mask oracle O 3, with oracles of R-space or Z-space 3 and their number, over the trees. A false pin or a
    // false evaluation survives with each tableau of the list.
    let spaces = (layout.hasEntries ? layout.entries.oracles.count : 0) + layout.patterns.oracles.count
    let weights = code.exceptionalChallenges + code.listSize
    terms.append(Term(name: "row weights", bits: fieldBits - log2(weights)))
    terms.append(
      Term(
        name: "evaluations",
        bits: fieldBits
          - log2(Double(spaces > 0 ? 3 + spaces : layout.hasOrthonormal ? 3 : 2) * weights)
      ))
    // Trees of a hiding base are pinned, too.
    let pins = (layout.hasFactorTree ? 2 : 1) + (code.hidingBase == nil ? 0 : layout.statement.baseTrees.count)
    terms += code.soundnessTerms(claims: layout.hasFactors ? 2 : 1, pins: pins)
      .map { Term(name: $0.round, bits: $0.bits) }
    return terms
  }

  /// The least of all terms. Fiat-Shamir with SHA-256 as a random oracle loses log2 T bits for T hashes of the prover,
  /// and collisions add 3T²/2^256.
  package static func bits(_ layout: ArgumentLayout) -> Double { terms(layout).map(\.bits).min() ?? 0 }
}
