import Field
import Foundation

extension CodeParameters {
  /// One challenge round of the opening and -log2 of the probability that it rescues a false statement; docs/protocol.md
  /// sections 5 (item 7) and 6. Round-by-round soundness: the smallest of them counts, not their sum.
  package struct SoundnessTerm: Sendable {
    package let round: String
    package let bits: Double
  }

  /// The rounds of an opening with `claims` folded claims.
  ///
  /// Up to half the minimum distance, a line of words with more than n/|K| points close to a code of length n consists of
  /// close words (Ben-Sasson, Carmon, Ishai, Kopparty, Saraf: proximity gaps, theorem 4.1); each claim is one line for β
  /// and one for each folding. The rows' own combination, with the caller's tensor weights, is the caller's term.
  package func soundnessTerms(claims: Int) -> [SoundnessTerm] {
    // |K| = p³ and p > 2^63.9999.
    let field = 3 * log2(Double(Goldilocks.modulus))
    let claims = Double(max(1, claims))
    let length = Double(1 << logDomain)
    return [
      // The line u = mask + β·(weighted rows): proximity of one claim, or a wrong value that β hits.
      SoundnessTerm(round: "combination of rows and mask", bits: field - log2(length + 1)),
      SoundnessTerm(round: "batching of the claims", bits: field - log2(claims)),
      // A sumcheck round of degree 2 and the folding of all claims by the same challenge; the first is the longest.
      SoundnessTerm(round: "folding", bits: field - log2(2 + claims * length / 2)),
      SoundnessTerm(round: "queries", bits: securityBits),
    ]
  }
}
