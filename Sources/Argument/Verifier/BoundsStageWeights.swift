// SPDX-License-Identifier: Apache-2.0

import DriftProofField
import DriftProofKernels

/// The public weights of the bounds stage (Stage A) at a point, from aligned cubes only: polylogarithmic in the
/// tensors' sizes but for one vector of 2^14 entries.
///
/// `point` has no `top` coordinate; all weights lack the common factor 1 - top.
struct BoundsStageWeights {
  let layout: ArgumentLayout
  let challenges: BoundsStageChallenges
  /// R~(m*, ·): 2^14 entries.
  let columnWeights: [CubicExtension]

  init(layout: ArgumentLayout, challenges: BoundsStageChallenges, matrix: ProjectionMatrix) {
    self.layout = layout
    self.challenges = challenges
    columnWeights = matrix.weightedColumns(rowWeights: challenges.rowWeights)
  }

  /// Weights of E² and E.
  func drift(_ point: [CubicExtension]) -> (square: CubicExtension, linear: CubicExtension) {
    let tableau = layout.tableau
    var square = CubicExtension.zero
    for piece in tableau.squarePieces.joined().joined() {
      square += piece.weight(compact: challenges.squares, point)
    }
    var linear = CubicExtension.zero
    if !tableau.projectionPieces.isEmpty {
      var pieces = CubicExtension.zero
      for piece in tableau.projectionPieces { pieces += piece.weight(compact: challenges.projections, point) }
      linear = pieces * columnFunctional(point) * challenges.power(.projections)
    }
    for cube in tableau.exactCubes {
      var weight = cube.fixedWeight(point) * cube.fixedWeight(challenges.exact)
      for variable in cube.free { weight *= Multilinear.equality(challenges.exact[variable], point[variable]) }
      linear += weight * challenges.power(.exact)
    }
    if let orthonormal = challenges.orthonormal { linear += orthonormal.drift(point) }
    square *= challenges.power(.squares)
    // Of rounding claims r is squared in its place.
    if !layout.entries.hasRounding { square -= entries(point) * challenges.power(.differences) }
    return (square, linear)
  }

  /// P of ``EntryWeights``, at a point of R-space or of E-space.
  private func entries(_ point: [CubicExtension]) -> CubicExtension {
    guard layout.hasEntries else { return .zero }
    return EntryWeights(layout: layout, challenges: challenges).chunkWeight(point) * columnFunctional(point)
  }

  /// Of rounding claims, at a point of R-space.
  func rounding(_ point: [CubicExtension]) -> RoundingForm {
    EntryWeights(layout: layout, challenges: challenges)
      .form(Array(point.prefix(layout.entries.variables)), columnWeights: columnWeights)
  }

  /// Of pattern claims, at a point of Z-space.
  func patterns(_ point: [CubicExtension]) -> PatternForm {
    PatternWeights(layout: layout.patterns, challenges: challenges)
      .form(Array(point.prefix(layout.patterns.variables)))
  }

  /// Weights of a² and a, of bounds of E itself.
  func roots(_ point: [CubicExtension]) -> (square: CubicExtension, linear: CubicExtension) {
    let weight = entries(Array(point.prefix(layout.entries.variables)))
    return (-(weight * challenges.power(.differences)), weight * challenges.power(.roots))
  }

  /// Σ_x R~(m*, x)·eq(point, x) over the 2^14 positions of a chunk.
  func columnFunctional(_ point: [CubicExtension]) -> CubicExtension {
    Multilinear.innerProduct(columnWeights, Multilinear.equality(point.prefix(Limits.logChunk)))
  }

  /// Weights of d(d-1)(d-2)(d-3) and of d for the digit oracle.
  func digits(_ point: [CubicExtension]) -> (range: CubicExtension, linear: CubicExtension) {
    let point = Array(point.prefix(layout.digitVariables))
    return (
      Multilinear.equality(point, challenges.digits) * challenges.power(.digits),
      projectionDigits(point) + squareAndLineDigits(point)
        + (challenges.orthonormal?.digits(point, layout: layout.digits) ?? .zero)
    )
  }

  private func projectionDigits(_ point: [CubicExtension]) -> CubicExtension {
    let rows = challenges.rows
    let restHigh = rows[ProjectionSlots.logRest..<7].reduce(rows[7]) { $0 * (.one - $1) }
    let cells = ProjectionSlots.logCells
    let table = Multilinear.equality(point.prefix(cells))
    var values: [DigitRange: CubicExtension] = [:]
    /// `chunks` gives the chunk part for a slot whose chunk bits begin at a variable.
    func slots(_ slots: ProjectionSlots, chunks: (Int) -> CubicExtension) -> CubicExtension {
      let value = values[slots.range] ?? slots.range.value(table)
      values[slots.range] = value
      return value * places(slots, chunks: chunks)
    }
    func places(_ slots: ProjectionSlots, chunks: (Int) -> CubicExtension) -> CubicExtension {
      let (main, rest) = (cells + ProjectionSlots.logMain, cells + ProjectionSlots.logRest)
      return slots.main.address(point) * (.one - rows[7])
        * Multilinear.equality(rows.prefix(7), point[cells..<main]) * chunks(main)
        + slots.rest.address(point) * restHigh
        * Multilinear.equality(rows.prefix(2), point[cells..<rest]) * chunks(rest)
    }
    var sum = CubicExtension.zero
    for (piece, projection) in zip(layout.tableau.projectionPieces, layout.digits.projections) {
      let log = piece.logCount
      let high =
        Multilinear.equality(challenges.projections[log...], at: piece.base >> log) * challenges.power(.projections)
      sum += slots(projection) { first in
        high * Multilinear.equality(challenges.projections.prefix(log), point[first..<first + log])
      }
    }
    for (family, projections) in zip(layout.entries.families, layout.digits.entryProjections) {
      for (index, projection) in zip(layout.entries.pieces, projections) {
        guard let projection else { continue }
        let (log, base) = (projection.logChunks, layout.tableau.projectionPieces[index].base)
        let high = Multilinear.equality(challenges.projections[log...], at: base >> log) * challenges.power(family)
        sum += slots(projection) { first in
          high * Multilinear.equality(challenges.projections.prefix(log), point[first..<first + log])
        }
      }
    }
    if let projection = layout.digits.factorProjections {
      sum += slots(projection) { first in
        Multilinear.prefixSum(
          challenges.factorChunks, Array(point[first..<first + projection.logChunks]),
          count: layout.factors.factorChunks) * challenges.power(.factorProjections)
      }
    }
    return -sum
  }

  private func squareAndLineDigits(_ point: [CubicExtension]) -> CubicExtension {
    let digits = layout.digits
    guard let slot = digits.squares else { return .zero }
    var sum = CubicExtension.zero
    let cells = DigitLayout.logCellsPerSquare
    let low = Multilinear.equality(point.prefix(cells), scale: slot.address(point))
    // Limb j of a square chunk, without the chunk's own address.
    let limbs = (0..<Limits.squareLimbs).map { limb in
      Digits.value(low[Limits.limbDigits * limb..<Limits.limbDigits * (limb + 1)])
    }
    let chunkPoint = point[cells..<slot.log]
    let matched = Multilinear.equality(challenges.squares, chunkPoint) * challenges.power(.squares)
    for (limb, value) in limbs.enumerated() { sum -= matched * value * Goldilocks(1 << (Limits.logLimb * limb)) }
    var first = 0
    // Lines of one length have one table, up to their slots' addresses: tens of thousands of tensors share it.
    var tables: [Int: BoundLineWeights.Sums] = [:]
    for (line, lineSlot) in zip(digits.lines, digits.lineSlots) {
      let powers = Array(challenges.linePowers(first: first, count: line.limbs))
      first += line.limbs
      for term in line.terms {
        let place =
          Multilinear.equality(
            chunkPoint.dropFirst(term.piece.logCount), at: term.piece.base >> term.piece.logCount)
          * Goldilocks(1 << term.logWeight)
        var weighed = CubicExtension.zero
        for (limb, value) in limbs.enumerated() { weighed += value * powers[limb + term.limbShift] }
        sum += place * weighed
      }
      let table =
        tables[lineSlot.log] ?? BoundLineWeights.Sums(Multilinear.equality(point.prefix(lineSlot.log)))
      tables[lineSlot.log] = table
      sum += table.value(powers: powers) * lineSlot.address(point)
    }
    return sum
  }

  /// Weights of G² and G.
  func factors(_ point: [CubicExtension]) -> (square: CubicExtension, linear: CubicExtension) {
    let point = Array(point.prefix(layout.factorVariables))
    let factors = layout.factors
    var linear = CubicExtension.zero
    if factors.factorChunks > 0 {
      let log = challenges.factorChunks.count
      let first = Limits.logChunk
      let high = point[(first + log)...].reduce(CubicExtension.one) { $0 * (.one - $1) }
      linear =
        high
        * Multilinear.prefixSum(
          challenges.factorChunks, Array(point[first..<first + log]), count: factors.factorChunks)
        * columnFunctional(point) * challenges.power(.factorProjections)
    }
    var square = CubicExtension.zero
    if let bits = factors.bits {
      square =
        bits.address(point) * Multilinear.equality(challenges.bits, point.prefix(bits.log)) * challenges.power(.bits)
      linear -= square
    }
    return (square, linear)
  }
}
