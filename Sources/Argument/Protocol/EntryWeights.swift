// SPDX-License-Identifier: Apache-2.0

import DriftProofField

/// The public weights of entrywise clauses in the bounds stage (docs/protocol.md section 5, step 4).
///
/// With P(x) = eq(s', c(x))·R~(m*, x) on R-space, the weights of E's own projections without their power of λ, the
/// claims are
///
///     roots:        Σ P(x)·a(x) = Σ_c eq(s', c)·eq(m*, m)·Y_a(c, m)
///     differences:  Σ P(x)·(τ²(x) - E(x)² - a(x)²) = Σ_c eq(s', c)·eq(m*, m)·Y_d(c, m)
///
/// and Σ P(x)·τ²(x) is public.
package struct EntryWeights {
  let layout: ArgumentLayout
  let challenges: BoundsStageChallenges

  package init(layout: ArgumentLayout, challenges: BoundsStageChallenges) {
    self.layout = layout
    self.challenges = challenges
  }

  /// Σ eq(s', c) over a run of 2^log chunks of the compact index space, aligned.
  private func chunks(from first: Int, log: Int) -> CubicExtension {
    Multilinear.equality(challenges.projections[log...], at: first >> log)
  }

  /// What both claims add to the stage's total: H for the digits, and τ².
  package func total(columnWeights: [CubicExtension], rowSum: CubicExtension) -> CubicExtension {
    let tableau = layout.tableau
    var digits = CubicExtension.zero
    for piece in layout.entries.pieces {
      digits += chunks(from: tableau.projectionPieces[piece].base, log: tableau.projectionPieces[piece].logCount)
    }
    var total = CubicExtension.zero
    for family in EntryFamily.allCases { total += challenges.power(family) }
    total *= digits * rowSum * Goldilocks(-Limits.halfRange)
    return total - challenges.power(.differences) * squares(columnWeights: columnWeights)
  }

  /// Σ P(x)·τ²(x).
  private func squares(columnWeights: [CubicExtension]) -> CubicExtension {
    // sums[x]: of the first x.
    var sums = [CubicExtension.zero]
    sums.reserveCapacity(columnWeights.count + 1)
    var sum = CubicExtension.zero
    for weight in columnWeights {
      sum += weight
      sums.append(sum)
    }
    var result = CubicExtension.zero
    for member in layout.entries.members {
      let base = layout.tableau.projectionPieces[member.piece].base
      let positions = member.positions ?? 0..<columnWeights.count
      result +=
        chunks(from: base + member.firstChunk, log: member.logChunks)
        * (sums[positions.upperBound] - sums[positions.lowerBound]) * Goldilocks(member.square)
    }
    return result
  }

  /// P(x) without R~(m*, x) at a point of R-space or of E-space, of which R-space is a prefix.
  package func chunkWeight(_ point: [CubicExtension]) -> CubicExtension {
    layout.entries.pieces.reduce(.zero) {
      $0 + layout.tableau.projectionPieces[$1].weight(compact: challenges.projections, point)
    }
  }
}
