// SPDX-License-Identifier: Apache-2.0

import DriftProofField
import DriftProofKernels
import TestSupport
import Testing
import DriftProofTranscript

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

/// What the verifier evaluates from aligned cubes equals the prover's dense tables, at random points.
@Suite struct StageWeightTests {
  #if DEBUG
    static let seeds: [UInt64] = [2]
  #else
    static let seeds = Array(UInt64(1)...14)
  #endif

  @Test(arguments: seeds, [false, true])
  func digitWeightsAreTheirTables(_ seed: UInt64, _ orthonormal: Bool) {
    let random = RandomStatement(seed: seed, orthonormal: orthonormal)
    var generator = SeededGenerator(seed: seed)
    let (challenges, matrix) = random.challenges()
    let point = RandomStatement.point(random.layout.boundsVariables, &generator)
    let own = Array(point.prefix(random.layout.digitVariables))
    let table = DigitWeights(layout: random.layout, challenges: challenges).cells(count: random.layout.digits.used)
    let padding = [CubicExtension](repeating: .zero, count: 1 << random.layout.digitVariables - table.count)
    let weights = BoundsStageWeights(layout: random.layout, challenges: challenges, matrix: matrix).digits(point)
    #expect(weights.range == challenges.power(.digits) * Multilinear.equality(own, challenges.digits))
    #expect(weights.linear == Multilinear.evaluate(table + padding, at: own))
  }

  @Test(arguments: seeds)
  func factorWeightsAreTheirTables(_ seed: UInt64) {
    let random = RandomStatement(seed: seed)
    guard random.layout.hasFactors else { return }
    var generator = SeededGenerator(seed: seed)
    let (challenges, matrix) = random.challenges()
    let point = RandomStatement.point(random.layout.boundsVariables, &generator)
    let own = Array(point.prefix(random.layout.factorVariables))
    let columns = matrix.weightedColumns(rowWeights: challenges.rowWeights)
    let tables = BoundsStageTables(layout: random.layout, challenges: challenges).factors(columnWeights: columns)
    let weights = BoundsStageWeights(layout: random.layout, challenges: challenges, matrix: matrix).factors(point)
    #expect(weights.square == Multilinear.evaluate(tables.square, at: own))
    #expect(weights.linear == Multilinear.evaluate(tables.linear, at: own))
  }

  @Test(arguments: seeds, [false, true])
  func driftWeightsAreTheirDenseSum(_ seed: UInt64, _ orthonormal: Bool) {
    let random = RandomStatement(seed: seed, maximum: 170, tensors: 4, orthonormal: orthonormal)
    var generator = SeededGenerator(seed: seed)
    let (challenges, matrix) = random.challenges()
    let tableau = random.layout.tableau
    let point = RandomStatement.point(tableau.variables, &generator)
    let (l, chunk) = (tableau.logLength, Limits.chunk)
    var square = [CubicExtension](repeating: .zero, count: 1 << tableau.variables)
    var linear = square
    let squares = Multilinear.equality(challenges.squares, scale: challenges.power(.squares))
    for piece in tableau.squarePieces.joined().joined() {
      for c in 0..<piece.count {
        let start = piece.position(ofChunk: c)
        for x in start..<start + 1 << piece.logChunk { square[x] += squares[piece.base + c] }
      }
    }
    // R~(m*, x) from R itself.
    let rows = challenges.rowWeights
    let columns = (0..<chunk).map { x in
      (0..<Limits.projections).reduce(CubicExtension.zero) { sum, m in
        let sign = matrix[m, x]
        return sign == 0 ? sum : sign > 0 ? sum + rows[m] : sum - rows[m]
      }
    }
    let projections = Multilinear.equality(challenges.projections, scale: challenges.power(.projections))
    for piece in tableau.projectionPieces {
      for c in 0..<piece.count {
        let start = piece.position(ofChunk: c)
        for x in 0..<chunk { linear[start + x] += projections[piece.base + c] * columns[x] }
      }
    }
    let exact = Multilinear.equality(challenges.exact.prefix(tableau.variables), scale: challenges.power(.exact))
    for block in tableau.blocks where block.signature.exact {
      for (tile, _) in block.tiles { for x in tile << l..<(tile + 1) << l { linear[x] += exact[x] } }
    }
    if let term = challenges.orthonormal {
      for (index, member) in random.layout.orthonormal.members.enumerated() {
        let rows = term.rowWeights(index)
        let columns = Multilinear.equality(term.point.prefix(member.columns.log))
        for j in 0..<member.rows {
          for (x, weight) in columns.enumerated() { linear[member.cube.position(j, x)] += rows[j] * weight }
        }
      }
    }
    let weights = BoundsStageWeights(layout: random.layout, challenges: challenges, matrix: matrix).drift(point)
    #expect(weights.square == Multilinear.evaluate(square, at: point))
    #expect(weights.linear == Multilinear.evaluate(linear, at: point))
  }

  @Test(arguments: seeds)
  func stageCWeightIsItsTable(_ seed: UInt64) {
    let random = RandomStatement(seed: seed)
    guard random.layout.hasFactors else { return }
    var generator = SeededGenerator(seed: seed)
    let layout = random.layout
    let stageB = StructureStageWeights(
      layout: layout, boundsPoint: RandomStatement.point(layout.boundsVariables + 1, &generator))
    let weights = MergingStageWeights(
      structure: stageB, kappa: RandomStatement.point(layout.structureVariables + 1, &generator),
      chi: RandomStatement.challenge(&generator))
    let point = RandomStatement.point(layout.factorVariables, &generator)
    #expect(weights.weight(at: point) == Multilinear.evaluate(weights.table(), at: point))
  }

  @Test(arguments: seeds)
  func totalCountsEveryConstant(_ seed: UInt64) throws {
    // The honest cells of a zero drift with zero bounds make all claims hold: weights·cells + total = 0 for D alone.
    let random = RandomStatement(seed: seed)
    let (challenges, matrix) = random.challenges()
    let layout = random.layout
    let digits = try DigitTable(
      layout: layout, tiles: DriftTiles(layout: layout, producer: nil),
      squares: [UInt64](repeating: 0, count: layout.tableau.squareChunks),
      factors: [Int64](repeating: 0, count: layout.hasFactors ? layout.factors.used : 0), matrix: matrix)
    let table = DigitWeights(layout: layout, challenges: challenges).cells(count: layout.digits.used)
    var sum = CubicExtension.zero
    for (weight, value) in zip(table, digits.digits.cells) { sum += weight * Goldilocks(reducing: value) }
    let total = try challenges.total(layout, columnWeights: matrix.weightedColumns(rowWeights: challenges.rowWeights))
    #expect(sum == total)
  }
}
