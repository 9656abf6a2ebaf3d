// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofCore
import DriftProofField
import DriftProofTranscript
import Foundation

/// What prover and verifier of a transition do alike (docs/protocol.md, section 13).
package enum TransitionProtocol {
  static let identifier = "driftproof/transition/v1"
  static let nextBaseIdentifier = "driftproof/transition/v2"
  /// The tree of the rows that mask the openings.
  package static let maskTree = "masks"
  static let point = "z"

  /// Places of the trees in an opening.
  enum Tree {
    static let drift = 0
    static let masks = 1
    static let tuned = 2
  }

  /// All of what the sum is about is absorbed first: z must depend on it.
  package static func transcript(
    baseRoot: [UInt8], tableau: [UInt8], isNextBase: Bool = false, commitment: [UInt8]
  ) -> Transcript {
    var transcript = Transcript(protocolID: isNextBase ? nextBaseIdentifier : identifier)
    transcript.absorb("base", bytes: baseRoot)
    transcript.absorb(isNextBase ? "next base" : "tuned tableau", bytes: tableau)
    transcript.absorb("tuned commitment", bytes: commitment)
    return transcript
  }

  /// Three rows for each claim, as long as the longest: a mask is never the shorter one.
  package static func maskShapes(_ layout: TransitionLayout, _ code: CodeParameters) -> [RowShape] {
    [RowShape](
      repeating: RowShape(tailOffset: code.length, tailCount: code.longestTail), count: 3 * layout.claimCount)
  }

  package static func baseShapes(_ tree: TransitionLayout.BaseTreeRows, _ code: CodeParameters) -> [RowShape] {
    shapes(rows: tree.rows, tail: code.hidingBase?.tail ?? 0, code)
  }

  /// Of a tree of a base.
  package static func shapes(rows: Int, tail: Int, _ code: CodeParameters) -> [RowShape] {
    [RowShape](repeating: RowShape(tailOffset: code.length, tailCount: tail), count: rows)
  }

  /// V → P: z. The claims: Σ eq(z, x)·(T1 - T0 - Δ) = 0 over whole rows, and over the runs of each shared row.
  /// - Parameter hasTrees: the tuned model's rows are spread over trees like the base's, as a next base's are.
  package static func claims(
    _ layout: TransitionLayout, hasTrees: Bool, transcript: inout Transcript
  ) -> [OpeningClaim] {
    let z = transcript.challenges(point, layout.logLength + layout.rowVariables)
    let (low, high) = (Array(z[..<layout.logLength]), Multilinear.equality(z[layout.logLength...]))
    var claims: [OpeningClaim] = []
    if !layout.whole.isEmpty {
      claims.append(
        claim(
          layout, hasTrees: hasTrees, number: 0, name: "whole rows", functional: .equality(point: low),
          rows: layout.whole.map { ($0.row, $0.drift, high[$0.row]) }))
    }
    for own in layout.shared {
      let parts = own.runs.map { run in
        let outside = run.logCount..<layout.logLength
        let weight = outside.reduce(CubicExtension.one) {
          $0 * (run.offset >> $1 & 1 == 1 ? low[$1] : .one - low[$1])
        }
        return FunctionalPart(weight: weight, offset: run.offset, point: Array(low[..<run.logCount]))
      }
      claims.append(
        claim(
          layout, hasTrees: hasTrees, number: claims.count, name: "row \(own.row)", functional: .parts(parts),
          rows: [(own.row, own.drift, .one)]))
    }
    return claims
  }

  private static func claim(
    _ layout: TransitionLayout, hasTrees: Bool, number: Int, name: String, functional: OpeningClaim.Functional,
    rows: [(row: Int, drift: Int?, weight: CubicExtension)]
  ) -> OpeningClaim {
    var tuned = [CubicExtension](repeating: .zero, count: layout.rowCount)
    var drift = [CubicExtension](repeating: .zero, count: layout.driftRowCount)
    for (row, moved, weight) in rows {
      tuned[row] += weight
      if let moved { drift[moved] -= weight }
    }
    let trees = layout.trees.map { tree in Array(tuned[tree.firstRow..<tree.firstRow + tree.rows]) }
    let base = trees.map { $0.map { -$0 } }
    // A tree without weight is left out, and not evaluated at the others' pins.
    let weights = [drift, []] + (hasTrees ? trees : [tuned]) + base
    return OpeningClaim(
      name: name, functional: functional, weights: weights.map { $0.allSatisfy { $0 == .zero } ? [] : $0 },
      value: .zero, mask: .init(tree: Tree.masks, firstRow: 3 * number))
  }

  /// Terms of the soundness error, as `Soundness` has them.
  package static func soundness(
    _ layout: TransitionLayout, hasTrees: Bool, _ code: CodeParameters
  ) -> [Soundness.Term] {
    let field = 3 * log2(Double(Goldilocks.modulus))
    let weights = code.exceptionalChallenges + code.listSize
    let variables = Double(max(1, layout.logLength + layout.rowVariables))
    // Drift, the tuned model's tableau or a next base's trees, and a hiding base's trees.
    let pins = 1 + (hasTrees ? layout.trees.count : 1) + (code.hidingBase == nil ? 0 : layout.trees.count)
    return [
      // A sum that is not zero at some place is a polynomial of degree 1 in each coordinate of z, for every tableau that the
      // mask tree may stand for; coordinates of rows are lines over an interleaved code.
      Soundness.Term(name: "transition point", bits: field - log2(weights * variables))
    ]
      + code.soundnessTerms(claims: layout.claimCount, pins: pins).map { Soundness.Term(name: $0.round, bits: $0.bits) }
  }
}
