// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofCommitmentProver
import DriftProofField
import TestSupport
import Testing
import DriftProofTranscript

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

/// The ledger of docs/protocol.md section 7: all revealed K-values of a proof, as an F-linear map of the proof's mask
/// entries, have full rank over F. So whatever the weights are, the revealed values are uniform.
@Suite struct LedgerTests {
  /// Every mask entry of one proof.
  struct Masks {
    var drift = [Goldilocks](repeating: .zero, count: Limits.maskEntries)
    var digit = [Goldilocks](repeating: .zero, count: Limits.maskEntries)
    var factor = [Goldilocks](repeating: .zero, count: 2 * Limits.maskEntries)
    /// Masks of the structure stage inside G's payload, the dummy included.
    var cells: [Goldilocks]
    /// The oracle O and its mask.
    var orthonormal: [Goldilocks]
    var orthonormalMask: [Goldilocks]
    /// Of the roots, and of Z-space's oracles, one after the other.
    var roots: [Goldilocks]
    var patterns: [Goldilocks]

    init(_ layout: ArgumentLayout) {
      cells = .init(repeating: .zero, count: layout.factors.masks?.count ?? 0)
      orthonormal = .init(repeating: .zero, count: layout.hasOrthonormal ? OrthonormalLayout.maskCells : 0)
      orthonormalMask = .init(repeating: .zero, count: layout.hasOrthonormal ? Limits.maskEntries : 0)
      roots = .init(repeating: .zero, count: layout.hasEntries ? Limits.maskEntries : 0)
      patterns = .init(repeating: .zero, count: layout.patterns.oracles.count * Limits.maskEntries)
    }

    var count: Int { firstPattern + patterns.count }
    var firstPattern: Int { firstRoot + roots.count }
    var firstRoot: Int { firstOrthonormal + orthonormal.count + orthonormalMask.count }
    var firstOrthonormal: Int { drift.count + digit.count + (cells.isEmpty ? 0 : factor.count + cells.count) }

    subscript(index: Int) -> Goldilocks {
      get { .zero }
      set {
        var i = index
        if i >= firstPattern { return patterns[i - firstPattern] = newValue }
        if i >= firstRoot { return roots[i - firstRoot] = newValue }
        if i >= firstOrthonormal {
          i -= firstOrthonormal
          if i < orthonormal.count { return orthonormal[i] = newValue }
          return orthonormalMask[i - orthonormal.count] = newValue
        }
        if i < drift.count { return drift[i] = newValue }
        i -= drift.count
        if i < digit.count { return digit[i] = newValue }
        i -= digit.count
        if i < factor.count { return factor[i] = newValue }
        cells[i - factor.count] = newValue
      }
    }
  }

  /// One proof's challenges and what its masks contribute to the revealed values.
  struct Reveals {
    let prover: ArgumentProver<HashCommitment>
    let pointA: [CubicExtension]
    let pointB: [CubicExtension]
    let pointC: [CubicExtension]
    let pointO: [CubicExtension]
    let orthonormal: OrthonormalChallenges
    var layout: ArgumentLayout { prover.layout }

    init(_ statement: DriftStatement, seed: UInt64) throws {
      prover = try ArgumentProver(statement: statement, scheme: HashCommitment(statement.code))
      var generator = SeededGenerator(seed: seed)
      pointA = RandomStatement.point(prover.layout.boundsVariables + 1, &generator)
      pointB = RandomStatement.point(prover.layout.structureVariables + 1, &generator)
      pointC = RandomStatement.point(prover.layout.mergingVariables + 1, &generator)
      pointO = RandomStatement.point(prover.layout.orthonormal.variables + 1, &generator)
      var transcript = Transcript(protocolID: "ledger \(seed)")
      orthonormal = OrthonormalChallenges(layout: prover.layout.orthonormal, transcript: &transcript)
    }

    /// An oracle's evaluation when its data is 0: masks at low indices of the half top = 1.
    private func masked(_ entries: [CubicExtension], _ point: [CubicExtension], variables: Int) -> CubicExtension {
      let x = point[1...variables]
      let low = ceilLog2(entries.count)
      let scale = x.dropFirst(low).reduce(point[0]) { $0 * (.one - $1) }
      return Multilinear.innerProduct(Multilinear.equality(x.prefix(low), scale: scale), entries)
    }

    /// G's evaluation when its payload holds the masks of the structure stage alone.
    private func factorValue(_ masks: Masks, _ point: [CubicExtension]) -> CubicExtension {
      guard let slot = layout.factors.masks else { return .zero }
      let x = point[1...layout.factorVariables]
      var sum = masked(masks.factor.map { CubicExtension($0) }, point, variables: layout.factorVariables)
      for (cell, value) in zip(slot.range, masks.cells) where value != .zero {
        sum += (.one - point[0]) * Multilinear.equality(x, at: cell) * value
      }
      return sum
    }

    /// σ, all of the orthonormality stage and O at A, when the orthonormal tensors are 0: from the prover's own
    /// component.
    private func orthonormalValues(_ masks: Masks) throws -> [CubicExtension] {
      if !layout.hasOrthonormal { return [] }
      let zeros = DriftTiles(layout: layout, producer: nil)
      var (components, sum) = try OrthonormalMatrices(layout: layout, tiles: zeros)
        .component(orthonormal, masks: masks.orthonormal)
      for r in pointO { try components[0].bind(r) }
      let evaluations = components[0].evaluations
      let variables = OrthonormalLayout.maskVariables
      let data = Multilinear.evaluate(
        masks.orthonormal.map { CubicExtension($0) }, at: pointA[1...variables])
      let o =
        (.one - pointA[0]) * data
        + masked(masks.orthonormalMask.map { CubicExtension($0) }, pointA, variables: variables)
      return [sum] + (try [Oracle.leftRows, .rightRows, .blind].map { try #require(evaluations[$0]) }) + [o]
    }

    /// d, e, D, G at A, all of the structure stage, G at C, all of the orthonormality stage.
    func values(_ masks: Masks) throws -> [CubicExtension] {
      let drift = masks.drift.map { CubicExtension($0) }
      let d = masked(drift, pointA, variables: layout.driftVariables)
      var result = [
        d, masked(masks.digit.map { CubicExtension($0) }, pointA, variables: layout.digitVariables),
      ]
      result += try orthonormalValues(masks)
      if layout.hasEntries {
        result.append(masked(masks.roots.map { CubicExtension($0) }, pointA, variables: layout.entries.variables))
      }
      for oracle in layout.patterns.oracles.indices {
        let own = masks.patterns[oracle * Limits.maskEntries..<(oracle + 1) * Limits.maskEntries]
        result.append(masked(own.map { CubicExtension($0) }, pointA, variables: layout.patterns.variables))
      }
      // Without factors d is e: one revealed value.
      guard layout.hasFactors, let slot = layout.factors.masks else { return result }
      let first = layout.factors.maskCell(.dummy, entry: 0) - slot.offset
      let dummy = masks.cells[first..<first + Limits.maskEntries].map { CubicExtension($0) }
      result.append(masked(zip(drift, dummy).map { $0 - $1 }, pointA, variables: layout.driftVariables))
      result.append(factorValue(masks, pointA))
      result.append(factorValue(masks, pointC))
      // The structure stage from the prover's own component.
      var cells = [Goldilocks](repeating: .zero, count: layout.factors.used)
      for (cell, value) in zip(slot.range, masks.cells) { cells[cell] = value }
      let weights = StructureStageWeights(layout: layout, boundsPoint: pointA)
      var structure = StructureTables(weights, factors: layout.factors, cells: cells).component
      for r in pointB { structure.bind(r) }
      let evaluations = structure.evaluations
      for oracle in StructureStageWeights.oracles(layout.factors) {
        result.append(try #require(evaluations[oracle]))
      }
      return result
    }

    /// F-rank and number of F-equations.
    func rank(omitting omitted: Range<Int> = 0..<0) throws -> (rank: Int, equations: Int, entries: Int) {
      let zero = try values(Masks(layout))
      var columns: [[Goldilocks]] = []
      let count = Masks(layout).count
      for index in 0..<count where !omitted.contains(index) {
        var masks = Masks(layout)
        masks[index] = .one
        columns.append(zip(try values(masks), zero).flatMap { [$0.c0 - $1.c0, $0.c1 - $1.c1, $0.c2 - $1.c2] })
      }
      return (LinearRank.of(columns), 3 * zero.count, count)
    }
  }

  #if DEBUG
    static let seeds: [UInt64] = [2]
  #else
    static let seeds = Array(UInt64(1)...16)
  #endif

  @Test(arguments: seeds, [false, true])
  func revealsOfRandomStatementsHaveFullRank(_ seed: UInt64, _ orthonormal: Bool) throws {
    let reveals = try Reveals(RandomStatement(seed: seed, orthonormal: orthonormal).statement, seed: seed)
    let (rank, equations, entries) = try reveals.rank()
    #expect(rank == equations)
    #expect(entries >= equations)
  }

  @Test func revealsOfEveryClauseHaveFullRank() throws {
    let reveals = try Reveals(Fixture.everything().statement, seed: 3)
    let (rank, equations, _) = try reveals.rank()
    #expect(rank == equations)
    // d, D, e, G twice, U, V, values, dummy and one value per index bit.
    #expect(equations == 3 * (9 + reveals.layout.factors.bitCount))
    let norm = try Reveals(Fixture.norm(rows: 20, columns: 30).statement, seed: 4).rank()
    #expect(norm.rank == 6 && norm.equations == 6)
  }

  @Test func revealsOfStageOHaveFullRank() throws {
    let reveals = try Reveals(Fixture.orthonormal([(3, 50), (16, 1100)]).statement, seed: 5)
    let (rank, equations, entries) = try reveals.rank()
    // d, D, σ, left, right, blind and O.
    #expect(rank == 21 && equations == 21)
    #expect(entries == 2 * 8 + 32 + 8)
    // Without any of the runs of masks, or the blind, the rank is short. (O has more entries than it needs to mask
    // itself.)
    let first = Masks(reveals.layout).firstOrthonormal
    for omitted in [0..<8, 8..<16, 16..<24, 24..<27] {
      let (rank, equations, _) = try reveals.rank(omitting: first + omitted.lowerBound..<first + omitted.upperBound)
      #expect(rank == equations - 3, "\(omitted)")
    }
    // Two entries for an element of K are one too few.
    #expect(try reveals.rank(omitting: first + 2..<first + 8).rank == equations - 1)
    #expect(try reveals.rank(omitting: first + 24..<first + 25).rank == equations - 1)
  }

  @Test func revealsOfEntrywiseClausesHaveFullRank() throws {
    for fixture in [Fixture.sharedEntries(), .entriesWithEverything()] {
      let reveals = try Reveals(fixture.statement, seed: 6)
      let (rank, equations, count) = try reveals.rank()
      #expect(rank == equations)
      // a has a mask of its own: d and e's do not hide it.
      #expect(try reveals.rank(omitting: count - 8..<count).rank == equations - 3)
    }
  }

  @Test func revealsOfPatternsHaveFullRank() throws {
    for fixture in [Fixture.sharedPatterns(), .patterned([.base]), .patternsWithEverything()] {
      let reveals = try Reveals(fixture.statement, seed: 6)
      let (rank, equations, _) = try reveals.rank()
      #expect(rank == equations)
      // z, X and T have masks of their own: those of the drift and of R-space's oracles do not hide them.
      let first = Masks(reveals.layout).firstPattern
      for oracle in reveals.layout.patterns.oracles.indices {
        let omitted = first + oracle * Limits.maskEntries..<first + (oracle + 1) * Limits.maskEntries
        #expect(try reveals.rank(omitting: omitted).rank == equations - 3)
      }
    }
  }

  @Test func tooFewMaskEntriesAreSeen() throws {
    // Without the block of D, or with two of its eight entries, or without the dummy, the rank is short.
    let reveals = try Reveals(Fixture.everything().statement, seed: 3)
    let n = Limits.maskEntries
    for omitted in [n..<2 * n, n + 2..<2 * n] {
      let (rank, equations, _) = try reveals.rank(omitting: omitted)
      #expect(rank < equations)
    }
    let cells = 2 * n + 2 * n
    let dummy = cells + FactorLayout.Mask.dummy.rawValue * n
    let (rank, equations, _) = try reveals.rank(omitting: dummy..<dummy + 2 * n)
    #expect(rank < equations)
  }

  /// The closed forms above are what the components of the prover evaluate to.
  @Test func closedFormsAreTheProversEvaluations() {
    var generator = SeededGenerator(seed: 8)
    let variables = 9
    let masks = (0..<16).map { _ in CubicExtension(Goldilocks(reducing: generator.next())) }
    let data = RandomStatement.point(1 << variables, &generator)
    let point = RandomStatement.point(variables + 1, &generator)
    var component = ProductComponent(
      variables: variables, names: [.factors], oracles: [data], masks: [masks], weights: [], terms: [])
    for r in point { component.bind(r) }
    let x = Array(point[1...])
    let scale = x[4...].reduce(point[0]) { $0 * (.one - $1) }
    let expected =
      (.one - point[0]) * Multilinear.evaluate(data, at: x)
      + Multilinear.innerProduct(Multilinear.equality(x.prefix(4), scale: scale), masks)
    #expect(component.evaluations[.factors] == expected)
  }

  /// Rounds of a Libra-masked sumcheck are uniform: (Σ g, all rounds) determines g's coefficients.
  @Test(arguments: [(5, 3), (4, 11), (8, 2), (17, 3)])
  func libraCoefficientsHaveFullRank(_ variables: Int, _ degree: Int) {
    var generator = SeededGenerator(seed: 21)
    let point = (0..<variables).map { _ in CubicExtension(Goldilocks(reducing: generator.next())) }
    let length = Libra.length(variables: variables, degree: degree)
    var columns: [[Goldilocks]] = []
    for index in 0..<length {
      var coefficients = [CubicExtension](repeating: .zero, count: length)
      coefficients[index] = .one
      var column = [Libra.sum(coefficients, variables: variables).c0]
      for round in 0..<variables {
        let values = Libra.round(
          coefficients, variables: variables, degree: degree, bound: Array(point.prefix(round)))
        column += values[1...].map(\.c0)
      }
      columns.append(column)
    }
    // Points of F, so the map is F-linear coordinate by coordinate and its F-rank is its K-rank.
    #expect(columns[0].count == length)
    #expect(LinearRank.of(columns) == length)
  }
}

/// Rank over F by elimination.
enum LinearRank {
  static func of(_ vectors: [[Goldilocks]]) -> Int {
    var rows = vectors
    var rank = 0
    for column in 0..<(rows.first?.count ?? 0) {
      guard let pivot = rows[rank...].firstIndex(where: { $0[column] != .zero }) else { continue }
      rows.swapAt(rank, pivot)
      let inverse = rows[rank][column].inverse
      for row in rows.indices where row > rank && rows[row][column] != .zero {
        let factor = rows[row][column] * inverse
        for c in column..<rows[row].count { rows[row][c] -= factor * rows[rank][c] }
      }
      rank += 1
      if rank == rows.count { break }
    }
    return rank
  }
}
