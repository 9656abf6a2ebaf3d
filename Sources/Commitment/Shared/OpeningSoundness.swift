// SPDX-License-Identifier: Apache-2.0

import DriftProofField
import Foundation

extension CodeParameters {
  /// One challenge round of the opening and -log2 of the probability that it rescues a false statement;
  /// docs/protocol.md sections 5 (item 7) and 6. Round-by-round soundness: the smallest of them counts, not their sum.
  package struct SoundnessTerm: Sendable {
    package let round: String
    package let bits: Double
  }

  /// ℓ: tableaux that a root without pins may stand for; errors of challenges about its content count ℓ times.
  package var listSize: Double { rowCode.listSize }

  /// a: exceptional challenges of a line of rows; a curve of degree d has d·a.
  package var exceptionalChallenges: Double { rowCode.exceptions }

  /// The rounds of an opening with `claims` folded claims that weigh at most `pins` pinned trees each. The rows' own
  /// combination, with the caller's tensor weights, is the caller's term.
  package func soundnessTerms(claims: Int, pins: Int = 2) -> [SoundnessTerm] {
    let field = JohnsonRadius.fieldBits
    let claims = Double(max(1, claims))
    let pins = Double(pins)
    let rows = rowCode
    let plan = FoldingPlan(self, claims: Int(claims))
    let constraints = claims * (1 + pins)
    var terms = [
      SoundnessTerm(
        round: "pins", bits: rows.outOfDomainBits(coefficients: Double(length + longestTail))),
      // Lines in β_a and in β, a false pin, or a wrong value that one of them hits for a tableau of the list.
      SoundnessTerm(
        round: "combination of trees and mask",
        bits: field - log2(claims * ((1 + pins) * rows.exceptions + (2 + pins) * rows.listSize))),
      SoundnessTerm(round: "batching of the claims", bits: field - log2(rows.listSize * constraints)),
    ]
    var folding = Double.infinity
    var outOfDomain = Double.infinity
    var batching = Double.infinity
    var queries = Double.infinity
    for (index, layer) in plan.layers.enumerated() {
      // Layer 0 is compared with rows: at their radius.
      let code = index == 0 ? rows : JohnsonRadius(layer)
      // A sumcheck round of degree 2 for every word of the list, and the line of the folding: even and odd part.
      folding = min(folding, field - log2(2 * code.listSize + code.exceptions))
      guard index > 0 else { continue }
      outOfDomain = min(outOfDomain, code.outOfDomainBits(coefficients: Double(1 << layer.logLength)))
      // Every folded leaf of the layer before and the out-of-domain answer is one claim.
      let added = claims * Double(1 + plan.layers[index - 1].queries)
      batching = min(batching, field - log2(code.listSize * (1 + added)))
      queries = min(queries, -Double(layer.queries) * log2(code.agreement) + Double(layer.grindingBits))
    }
    terms.append(SoundnessTerm(round: "folding", bits: folding))
    if plan.layers.count > 1 {
      terms += [
        SoundnessTerm(round: "out-of-domain answers", bits: outOfDomain),
        SoundnessTerm(round: "batching of folded leaves", bits: batching),
        SoundnessTerm(round: "queries of inner layers", bits: queries),
      ]
    }
    terms.append(SoundnessTerm(round: "queries", bits: securityBits))
    return terms
  }
}

extension JohnsonRadius {
  init(_ layer: FoldingPlan.Layer) {
    self.init(
      multiplicity: Self.layerMultiplicity, rate: pow(2, -Double(layer.logInverseRate)),
      length: Double(1 << layer.logDomain))
  }
}
