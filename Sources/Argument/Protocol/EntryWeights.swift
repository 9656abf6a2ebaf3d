// SPDX-License-Identifier: Apache-2.0

import DriftProofField
import DriftProofTranscript

/// The public weights of entrywise clauses in the bounds stage (docs/protocol.md section 5, step 4).
///
/// With P(x) = eq(s', c(x))·R~(m*, x) on R-space, the weights of E's own projections without their power of λ, the
/// claims of bounds of E itself are
///
///     roots:        Σ P(x)·a(x) = Σ_c eq(s', c)·eq(m*, m)·Y_a(c, m)
///     differences:  Σ P(x)·(τ²(x) - E(x)² - a(x)²) = Σ_c eq(s', c)·eq(m*, m)·Y_d(c, m)
///
/// and Σ P(x)·τ²(x) is public. Those of rounding claims are listed at ``RoundingForm``.
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

  private func chunks(of piece: Int) -> CubicExtension {
    let own = layout.tableau.projectionPieces[piece]
    return chunks(from: own.base, log: own.logCount)
  }

  /// What these claims add to the stage's total: H for the digits, and what is public of the relations.
  package func total(columnWeights: [CubicExtension], rowSum: CubicExtension) -> CubicExtension {
    let entries = layout.entries
    var digits = CubicExtension.zero
    for piece in entries.pieces {
      var own = CubicExtension.zero
      for family in entries.families {
        guard let range = entries.range(family, piece: piece) else { continue }
        own -= challenges.power(family) * Goldilocks(range.half)
      }
      // The stage's total takes all projections of E for such of the usual range.
      let residual = entries.residualRange(piece: piece)
      if residual != .projections {
        own += challenges.power(.projections) * Goldilocks(Limits.halfRange - residual.half)
      }
      digits += chunks(of: piece) * own
    }
    return digits * rowSum + constants(columnWeights: columnWeights)
  }

  /// Minus Σ P(x)·τ²(x), and of rounding claims what ``RoundingForm`` has of φ² and 2^J, with their powers of λ.
  private func constants(columnWeights: [CubicExtension]) -> CubicExtension {
    let sums = Self.prefixSums(columnWeights)
    var result = CubicExtension.zero
    for member in layout.entries.members {
      let positions = member.positions ?? 0..<columnWeights.count
      let place =
        chunks(from: member.chunks.base, log: member.logChunks)
        * (sums[positions.upperBound] - sums[positions.lowerBound])
      var constant = -(challenges.power(.differences) * Goldilocks(member.claim.square))
      if let rounding = member.claim.rounding, rounding.hasClasses {
        constant -= challenges.power(.classDifferences) * Goldilocks(RoundingClaim.floor * RoundingClaim.floor)
        constant += challenges.classProducts * Goldilocks(1 << rounding.logClasses)
      }
      result += place * constant
    }
    return result
  }

  /// sums[x]: of the first x.
  private static func prefixSums(_ values: [CubicExtension]) -> [CubicExtension] {
    var sums = [CubicExtension.zero]
    sums.reserveCapacity(values.count + 1)
    var sum = CubicExtension.zero
    for value in values {
      sum += value
      sums.append(sum)
    }
    return sums
  }

  /// P(x) without R~(m*, x) at a point of R-space or of E-space, of which R-space is a prefix.
  package func chunkWeight(_ point: [CubicExtension]) -> CubicExtension {
    layout.entries.pieces.reduce(.zero) {
      $0 + layout.tableau.projectionPieces[$1].weight(compact: challenges.projections, point)
    }
  }

  /// The form at a point of R-space.
  /// - Parameter columnWeights: R~(m*, ·).
  package func form(_ point: [CubicExtension], columnWeights: [CubicExtension]) -> RoundingForm {
    let table = zip(columnWeights, Multilinear.equality(point.prefix(Limits.logChunk))).map { $0 * $1 }
    let sums = Self.prefixSums(table)
    var form = RoundingForm()
    for piece in layout.entries.pieces {
      let own = layout.tableau.projectionPieces[piece].weight(compact: challenges.projections, point)
      form.addPiece(own * sums[table.count], piece: piece, layout: layout.entries, challenges: challenges)
    }
    for member in layout.entries.members {
      guard let claim = member.claim.rounding else { continue }
      let positions = member.positions ?? 0..<table.count
      let own = member.chunks.weight(compact: challenges.projections, point)
      form.addMember(
        own * (sums[positions.upperBound] - sums[positions.lowerBound]), claim: claim, challenges: challenges)
    }
    return form
  }
}

/// The weights of R-space's oracles in the bounds stage: a quadratic form, at a point or of one place. Rounding claims are
///
///     Σ P·a, Σ P·r, Σ P·a2, Σ P·u, Σ P·v, each = Σ eq(s', c)·eq(m*, m)·Y(c, m)
///     Σ P·(E - 2^w·r) = Σ eq(s', c)·eq(m*, m)·Y_ρ(c, m), or 0 without a fine shift
///     Σ P·(τ² + β²·u² + A·(X+T)² + B·T² + C·X² - e·(r² + a²)) = Σ eq(s', c)·eq(m*, m)·Y_d1(c, m)
///     Σ P·((X+T)² + φ² - φ²·u² - a2²) = Σ eq(s', c)·eq(m*, m)·Y_d2(c, m)
///     Σ P·(u·v - 2^J) = 0
///
/// where the constants are those of the tensor in whose cube x lies, and 0 outside of all cubes.
package struct RoundingForm: Sendable, Equatable {
  /// By ``EntryOracle``: the weight of its square, and of itself.
  package var squares = [CubicExtension](repeating: .zero, count: EntryOracle.allCases.count)
  package var linear = [CubicExtension](repeating: .zero, count: EntryOracle.allCases.count)
  /// Of u·v and of X·T.
  package var classProduct = CubicExtension.zero
  package var weightProduct = CubicExtension.zero

  package init() {}

  /// - Parameter weight: of P over a place of a piece.
  package mutating func addPiece(
    _ weight: CubicExtension, piece: Int, layout: EntryLayout, challenges: BoundsStageChallenges
  ) {
    func add(_ oracle: EntryOracle, _ factor: CubicExtension) { linear[oracle.rawValue] += weight * factor }
    add(.roots, challenges.power(.roots))
    guard let shift = layout.fineShift(piece: piece) else { return }
    add(.residues, challenges.power(.residues) - challenges.power(.projections) * Goldilocks(1 << shift))
    guard layout.range(.classes, piece: piece) != nil else { return }
    add(.classRoots, challenges.power(.classRoots))
    add(.classes, challenges.power(.classes))
    add(.cofactors, challenges.power(.cofactors))
  }

  /// - Parameter weight: of P over a place of a tensor's cube.
  package mutating func addMember(
    _ weight: CubicExtension, claim: RoundingClaim, challenges: BoundsStageChallenges
  ) {
    let first = weight * challenges.power(.differences)
    let second = claim.hasClasses ? weight * challenges.power(.classDifferences) : .zero
    func add(_ oracle: EntryOracle, _ own: CubicExtension) { squares[oracle.rawValue] += own }
    let tuned = first * Goldilocks(claim.tuned) + second
    add(.roots, first * Goldilocks(-claim.residualWeight))
    add(.residues, first * Goldilocks(-claim.residualWeight))
    add(.drift, tuned + first * Goldilocks(claim.drift))
    add(.base, tuned + first * Goldilocks(claim.base))
    weightProduct += tuned + tuned
    guard claim.hasClasses else { return }
    add(.classes, first * Goldilocks(claim.classBound * claim.classBound))
    add(.classes, second * Goldilocks(-RoundingClaim.floor * RoundingClaim.floor))
    add(.classRoots, -second)
    classProduct += weight * challenges.classProducts
  }

  /// What one oracle adds to the form's value; the products count for the later one of their oracles.
  package func contribution(
    of oracle: EntryOracle, _ value: (EntryOracle) throws(ProofRejection) -> CubicExtension
  ) throws(ProofRejection) -> CubicExtension {
    let own = try value(oracle)
    var sum = (squares[oracle.rawValue] * own + linear[oracle.rawValue]) * own
    if oracle == .cofactors { sum += classProduct * (try value(.classes)) * own }
    if oracle == .base { sum += weightProduct * (try value(.drift)) * own }
    return sum
  }
}
