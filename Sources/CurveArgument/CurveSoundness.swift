// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The statistical soundness error, term by term; docs/protocol.md section 15. What is computational stands beside it.
package enum CurveSoundness {
  package struct Term: Sendable, Hashable {
    package var name: String
    /// -log2 of the probability that a cheating prover survives this round.
    package var bits: Double
  }

  /// log2 r.
  private static let fieldBits = log2(Double(0x73ED_A753_299D_7D48 as UInt64)) + 192
  /// log2 of the powers of the longest published setup: a prover's polynomials may be as long, whatever l is.
  private static let logPowers = 28

  package static func terms(_ layout: CurveArgumentLayout) -> [Term] {
    func field(_ factor: Int) -> Double { fieldBits - log2(Double(factor)) }
    let groups = layout.range.groupCount
    // λ: (claims - 1)/r; m* and z: their coordinates over r. One round draws them all.
    let claims = 3 + layout.boundedCount + ceilLog2(layout.range.projections) + layout.bitVariables
    // With clauses: one-hot cells and their sums, and both points.
    let hot = layout.factors?.hot.map { 2 * $0.log - CurveLimits.logChunk + 2 } ?? 0
    // τ^i of d, D, G, and Stage B's values; and of an oracle with less variables than a row has, the coordinates of the rest.
    let powers = layout.factors.map { 2 + $0.valueCount } ?? 1
    let rest = layout.logLength - min(layout.bitVariables, layout.factors == nil ? .max : layout.factorVariables)
    var terms = [
      Term(name: "projections", bits: -Double(layout.range.projections) * log2(1 - pow(0.5, Double(groups)))),
      Term(name: "claims", bits: field(claims + hot)),
      // A round of degree 3, or γ before it.
      Term(name: "sumcheck A", bits: field(3)),
      Term(name: "evaluations", bits: field(max(powers, rest))),
      // χ, γ and β of the opening, and ζ against a Laurent polynomial of twice the powers' number.
      Term(name: "opening", bits: field(2 << logPowers)),
    ]
    if let factors = layout.factors {
      // Its γ is below a round's degree, which is two at least. d - e is compared at Stage A's point itself.
      terms.insert(Term(name: "sumcheck B", bits: field(factors.structureDegree + 1)), at: 3)
    }
    return terms
  }

  /// The least of all terms.
  package static func bits(_ layout: CurveArgumentLayout) -> Double { terms(layout).map(\.bits).min() ?? 0 }
}
