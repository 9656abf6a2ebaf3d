import Foundation

/// Proven round-by-round soundness, term by term; PROTOCOL section 5, item 7, and section 6.
package enum Soundness {
  package struct Term: Sendable, Hashable {
    package var name: String
    /// -log2 of the probability that a cheating prover survives this round.
    package var bits: Double
  }

  /// log2 |K|.
  private static let fieldBits = 192.0

  /// Terms of one statement. A fold's error is (number of codeword positions)/|K| per affine line over an interleaved code
  /// (Diamond-Gruen, "Proximity gaps in interleaved codes"); a sumcheck round's is degree/|K|.
  package static func terms(_ statement: DriftStatement) -> [Term] {
    let layout = ArgumentLayout(statement)
    let code = statement.code
    func field(_ factor: Int) -> Double { fieldBits - log2(Double(max(1, factor))) }
    let claims = 6 + layout.digits.lines.reduce(0) { $0 + $1.limbs }
    // Points batch claims multilinearly: one round per drawn point, error (coordinates)/|K|; λ: (claims - 1)/|K|.
    let coordinates =
      layout.tableau.squareVariables + layout.tableau.projectionVariables + StageAChallenges.rowVariables
      + layout.driftVariables + layout.digitVariables + ceilLog2(layout.factors.factorChunks)
      + (layout.factors.bits?.log ?? 0)
    var terms = [
      // Each of 132 rows misses a violated entry or chunk bound with probability at most 1/2.
      Term(name: "projections", bits: Double(Limits.projections)),
      Term(name: "claims", bits: field(claims + coordinates)),
      Term(name: "sumcheck A", bits: field(ArgumentLayout.stageADegree)),
    ]
    if layout.hasFactors {
      terms += [
        Term(name: "sumcheck B", bits: field(layout.stageBDegree)),
        Term(name: "sumcheck C", bits: field(max(ArgumentLayout.stageCDegree, layout.factors.bitCount + 5))),
      ]
    }
    terms += [
      Term(name: "proximity", bits: field(1 << code.logDomain)),
      Term(name: "folding", bits: field(1 << code.logDomain)),
      Term(name: "queries", bits: code.securityBits),
    ]
    return terms
  }

  /// The least of all terms; Fiat-Shamir adds T/2^bits for T hashes of the prover and 3T²/2^256 for collisions.
  package static func bits(_ statement: DriftStatement) -> Double { terms(statement).map(\.bits).min() ?? 0 }
}
