// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve
import DriftProofCurveCommitment
import DriftProofCurveCommitmentProver
import DriftProofTranscript
import TestSupport
import Testing

@testable import DriftProofCurveArgument
@testable import DriftProofCurveArgumentProver

/// Attacks on ranks and sparse parts, end to end, and the check that stops each.
@Suite struct CheatingStructureTests {
  private static let stageA = CurveProofRejection.sumcheckFinal(stage: "A")
  private static let stageB = CurveProofRejection.sumcheckFinal(stage: "B")

  private static let fixture = StructuredFixture([.product("a", 5, 20, rank: 3, seed: 2)])

  private func rejection(_ prover: CheatingProver) throws -> CurveProofRejection? {
    let layout = CurveArgumentLayout(prover.statement)
    do throws(CurveProofRejection) {
      try CurveArgumentVerifier(layout: layout).verify(
        try prover.proof(), base: prover.base, tuned: prover.tuned, key: prover.committer.key, isKeyChecked: true)
      return nil
    } catch { return error }
  }

  /// A false claim of Stage A, and, once, all ways to go on.
  private func expectStoppedInA(
    _ prover: CheatingProver, inAllWays: Bool = false, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    var prover = prover
    #expect(try rejection(prover) == Self.stageA, sourceLocation: sourceLocation)
    guard inAllWays else { return }
    for (continuation, expected) in [
      (DenseStage.Continuation.libra, CurveProofRejection.openingPairing), (.bits, .openingPairing),
      (.factors, .openingPairing), (.drift, Self.stageB),
    ] {
      prover.continuation = continuation
      #expect(try rejection(prover) == expected, "\(continuation)", sourceLocation: sourceLocation)
    }
    // E(ρ) that Stage A needs, and d that fits it.
    prover.continuation = .drift
    prover.structure = .committed
    #expect(try rejection(prover) == .openingPairing, sourceLocation: sourceLocation)
  }

  /// Stage A is true, and Stage B is not.
  private func expectStoppedInB(
    _ prover: CheatingProver, inAllWays: Bool = false, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    for structure in inAllWays ? CheatingProver.Structure.allCases : [.none] {
      var prover = prover
      prover.structure = structure
      #expect(
        try rejection(prover) == (structure == .none ? Self.stageB : .openingPairing), "\(structure)",
        sourceLocation: sourceLocation)
    }
  }

  @Test func theSecondProverIsTheFirst() throws {
    let proof = try Self.fixture.prove()
    #expect(try CheatingProver(Self.fixture).prove() == proof)
    #expect(Self.fixture.rejection(of: proof) == nil)
  }

  // MARK: Ranks

  /// A drift of rank 4 under a bound of 3. What is left is argued about as it is, or as if it were nothing.
  @Test func aRankAboveTheBound() throws {
    let above = StructuredFixture.factors(5, 20, rank: 4, padded: 4, seed: 3)
    var tensor = StructuredFixture.Tensor.product("a", 5, 20, rank: 3, seed: 3)
    tensor.matrix = StructuredFixture.multiplied(above.left, above.right, 5, 20)
    // The first three columns of both.
    let kept = above.left.indices.filter { $0 % 4 < 3 }.map { above.left[$0] }
    tensor.witness[0] = CurveClauseWitness(
      left: kept, right: above.right.indices.filter { $0 % 4 < 3 }.map { above.right[$0] })
    var prover = try CheatingProver(StructuredFixture([tensor]))
    #expect(prover.rest.joined().contains { !$0.isZero })
    try expectStoppedInA(prover, inAllWays: true)
    prover.argued = [[Fr]](repeating: [], count: prover.rest.count)
    try expectStoppedInB(prover, inAllWays: true)
    // Attack 11: the fourth column in the padding of U and V.
    let factors = try #require(CurveArgumentLayout(prover.statement).factors?.lowRank.first)
    for row in 0..<5 { prover.factorCells[factors.left.offset + 4 * row + 3] = Fr(Int64(above.left[4 * row + 3])) }
    for column in 0..<20 {
      prover.factorCells[factors.right.offset + 4 * column + 3] = Fr(Int64(above.right[4 * column + 3]))
    }
    try expectStoppedInB(prover)
  }

  // Attack 31.
  @Test func factorsThatAreFractions() throws {
    var prover = try CheatingProver(Self.fixture)
    let factors = try #require(CurveArgumentLayout(prover.statement).factors?.lowRank.first)
    let half = Fr(2).inverse()
    // The product is the same.
    for cell in 0..<1 << factors.left.log {
      let place = factors.left.offset + cell
      prover.factorCells[place] = half * prover.factorCells[place]
    }
    for cell in 0..<1 << factors.right.log {
      let place = factors.right.offset + cell
      prover.factorCells[place] = Fr(2) * prover.factorCells[place]
    }
    try expectStoppedInA(prover)
    // Whoever does not look at U and V accepts: only the projections stand against it.
    let verifier = CurveArgumentVerifier(layout: CurveArgumentLayout(prover.statement))
    let none = { (matrices: [TernaryMatrix]) in
      matrices.map { matrix in
        TernaryMatrix(
          rows: matrix.rows, columns: matrix.columns, plus: matrix.plus.map { _ in 0 },
          minus: matrix.minus.map { _ in 0 })
      }
    }
    prover.factorMatrices = none
    var channel = CurveVerifierChannel(
      transcript: CurveArgumentProtocol.transcript(prover.statement, base: prover.base, tuned: prover.tuned),
      proof: try prover.prove())
    let (rows, claims) = try verifier.claims(&channel) { .init(drift: $0.drift, factors: none($0.factors)) }
    let drift = try CurveArgumentProtocol.drift(verifier.layout, base: prover.base, tuned: prover.tuned)
    try CurveOpeningVerifier.verify(
      claims: claims, commitments: drift + rows, key: prover.committer.key, channel: &channel)
    try channel.finish()
  }

  /// Attack 5: R of both kinds is drawn when P1 is there.
  @Test func matricesDependOnTheFactors() throws {
    let verifier = CurveArgumentVerifier(layout: CurveArgumentLayout(Self.fixture.statement))
    func drawn(_ proof: [UInt8]) -> [[UInt64]] {
      var channel = CurveVerifierChannel(
        transcript: CurveArgumentProtocol.transcript(
          Self.fixture.statement, base: Self.fixture.base, tuned: Self.fixture.tuned), proof: proof)
      var result: [[UInt64]] = []
      _ = try? verifier.claims(&channel) { matrices in
        result = (matrices.drift + matrices.factors).map(\.plus)
        return matrices
      }
      return result
    }
    let proof = try Self.fixture.prove()
    var other = proof
    other.replaceSubrange(0..<48, with: (try G1(compressed: Array(proof[0..<48])) + G1.generator).compressed)
    let (before, after) = (drawn(proof), drawn(other))
    #expect(before.count == 2 && after.count == 2)
    #expect(before[0] != after[0] && before[1] != after[1] && before[0] != before[1])
    #expect(Self.fixture.rejection(of: other) == Self.stageA)
  }

  // Attacks 6 and 24.
  @Test func valuesOfATrueStatement() throws {
    var prover = try CheatingProver(Self.fixture)
    prover.continuation = .factors
    #expect(try rejection(prover) == .openingPairing)
    // E(ρ) is one more; d and Stage B go along, or do not.
    prover.continuation = .drift
    #expect(try rejection(prover) == Self.stageB)
    for structure in CheatingProver.Structure.allCases where structure != .none {
      prover.structure = structure
      #expect(try rejection(prover) == .openingPairing, "\(structure)")
    }
  }

  // Attack 12.
  @Test func factorsOfAnotherTensor() throws {
    let fixture = StructuredFixture([
      .product("a", 5, 20, rank: 2, seed: 4), .product("b", 5, 20, rank: 2, seed: 5),
    ])
    var prover = try CheatingProver(fixture)
    let factors = try #require(CurveArgumentLayout(prover.statement).factors)
    let (a, b) = (factors.lowRank[0].left, factors.lowRank[1].left)
    for cell in 0..<1 << a.log { prover.factorCells.swapAt(a.offset + cell, b.offset + cell) }
    try expectStoppedInB(prover)
  }

  // MARK: Sparse parts

  /// Three entries of 12 × 50, under a bound of three: one padded slot.
  private static func sparse(_ entries: [Int], allowed: Int = 3) -> StructuredFixture {
    var matrix = [[Int64]](repeating: [Int64](repeating: 0, count: 50), count: 12)
    for place in entries { matrix[place / 50][place % 50] = 1000 }
    return StructuredFixture([
      .init(
        name: "a", matrix: matrix, clauses: [CurveClause(rank: nil, sparse: .entries(allowed))],
        witness: [CurveClauseWitness(support: Array(entries.prefix(allowed)))])
    ])
  }

  @Test func anEntryAboveTheCount() throws {
    var prover = try CheatingProver(Self.sparse([3, 77, 408, 599]))
    try expectStoppedInA(prover)
    prover.argued = [[Fr]](repeating: [], count: prover.rest.count)
    try expectStoppedInB(prover)
    // Attack 11: in the slot that is padding.
    let factors = try #require(CurveArgumentLayout(prover.statement).factors)
    prover.factorCells[factors.sparse[0].values.offset + 3] = Fr(1000)
    for (chunk, y) in [(0, 0), (1, 0)] { prover.factorCells[factors.hotCell(chunk: chunk, slot: 3) + y] = .zero }
    let address = 11 << 6 + 49
    for chunk in 0..<2 {
      prover.factorCells[factors.hotCell(chunk: chunk, slot: 3) + address >> (8 * chunk) & 255] = .one
    }
    try expectStoppedInB(prover)
  }

  // Attack 10. Each covers a second entry with one slot, so that Stage B is true.
  @Test(arguments: [[(7, 1), (8, 1)], [(7, 2), (8, -1)], [(7, 3)], [(8, 1)]])
  func chunksThatAreNotOneHot(cells: [(y: Int, value: Int64)]) throws {
    // The entry at (0, 7), and what its slot's chunk makes of its neighbour.
    var prover = try CheatingProver(Self.sparse([7], allowed: 1))
    let factors = try #require(CurveArgumentLayout(prover.statement).factors)
    let first = factors.hotCell(chunk: 0, slot: 0)
    prover.factorCells[first + 7] = .zero
    prover.replace(0) { row in
      row[7] = .zero
      for (y, value) in cells { row[y] = Fr(1000 * value) }
    }
    for (y, value) in cells { prover.factorCells[first + y] = Fr(value) }
    let isOneHot = cells.count == 1 && cells[0].value == 1
    if isOneHot {
      #expect(try rejection(prover) == nil)
    } else {
      try expectStoppedInA(prover)
    }
  }

  @Test func aChunkWithoutAOne() throws {
    var prover = try CheatingProver(Self.sparse([7], allowed: 1))
    let factors = try #require(CurveArgumentLayout(prover.statement).factors)
    prover.factorCells[factors.hotCell(chunk: 0, slot: 0) + 7] = .zero
    prover.replace(0) { $0[7] = .zero }
    try expectStoppedInA(prover)
  }

  /// Two chunks, or two slots, that are false by what makes up for each other.
  @Test func chunksThatMakeUpForEachOther() throws {
    let honest = try CheatingProver(Self.sparse([7, 77], allowed: 2))
    let factors = try #require(CurveArgumentLayout(honest.statement).factors)
    func cell(_ chunk: Int, _ slot: Int, _ y: Int) -> Int { factors.hotCell(chunk: chunk, slot: slot) + y }
    func clear(_ prover: inout CheatingProver, _ chunk: Int, _ slot: Int) {
      for y in 0..<256 { prover.factorCells[cell(chunk, slot, y)] = .zero }
    }
    // a² - a = -(b² - b), and both sums are 1.
    let (a, b) = try #require(
      (2..<60).lazy.compactMap { value -> (Fr, Fr)? in
        let a = Fr(Int64(value))
        let root = Elimination.squareRoot(.one - Fr(4) * (a * a - a))
        return root.map { (a, (.one + $0) * Fr(2).inverse()) }
      }.first)
    var prover = honest
    for (chunk, value) in [(0, a), (1, b)] {
      clear(&prover, chunk, 0)
      prover.factorCells[cell(chunk, 0, 7)] = value
      prover.factorCells[cell(chunk, 0, 8)] = .one - value
    }
    try expectStoppedInA(prover)
    // Sums of 2 and 0, in two chunks of a slot and in two slots of a chunk.
    for (chunk, slot) in [(1, 0), (0, 1)] {
      prover = honest
      clear(&prover, 0, 0)
      clear(&prover, chunk, slot)
      prover.factorCells[cell(0, 0, 7)] = .one
      prover.factorCells[cell(0, 0, 8)] = .one
      try expectStoppedInA(prover)
    }
  }

  /// 2^s·Δ is a product of integers, and Δ is none: only the projection of the drift itself stands against it.
  @Test func aDriftOfFractions() throws {
    let (left, right) = StructuredFixture.factors(5, 20, rank: 1, padded: 1, seed: 6)
    let zero = [[Int64]](repeating: [Int64](repeating: 0, count: 20), count: 5)
    var tensor = StructuredFixture.Tensor(name: "a", matrix: zero, clauses: [CurveClause(rank: 1, scale: 3)])
    tensor.witness = [CurveClauseWitness(left: left, right: right)]
    let fixture = StructuredFixture([
      .init(
        name: "a", matrix: StructuredFixture.multiplied(left, right, 5, 20), clauses: [CurveClause(rank: 1)],
        witness: tensor.witness)
    ])
    let product = try CheatingProver(fixture)
    tensor.witness = [CurveClauseWitness(left: left.map { _ in 0 }, right: right)]
    var prover = try CheatingProver(StructuredFixture([tensor]))
    let eighth = Fr(8).inverse()
    prover.factorCells = product.factorCells
    prover.replace(0) { row in row = product.rows[0].map { eighth * $0 } }
    prover.rest[1] = prover.rows[0]
    #expect(prover.rest.count == 2 && prover.rest[0].allSatisfy(\.isZero))
    try expectStoppedInA(prover)
  }

  /// Whatever a tensor's rows are counted by, weights of neighbours are those of the whole table.
  @Test(arguments: [0..<1, 0..<32, 3..<29, 8..<16, 31..<32, 5..<5]) func weightsOfRows(range: Range<Int>) {
    let point = (0..<5).map { Fr(Int64(7 * $0 + 3)).inverse() }
    let table = FrVector.equality(point)
    #expect(RowWeights.table(point[...], range, scale: Fr(9)) == table[range].map { Fr(9) * $0 })
    #expect(RowWeights.sum(point[...], range) == table[range].reduce(.zero, +))
  }

  // MARK: What is bound

  /// Where all sizes stay what they are.
  @Test func everyNumberOfAClauseIsBound() throws {
    var tensor = StructuredFixture.Tensor.product("a", 5, 20, rank: 3, seed: 7)
    tensor.claim = .norm(CurveBound(1 << 40 as UInt64))
    tensor.clauses[0].sparse = .entries(3)
    let fixture = StructuredFixture([tensor])
    let proof = try fixture.prove()
    #expect(fixture.rejection(of: proof) == nil)
    for change: (inout CurveClause) -> Void in [
      { $0.rank = 4 }, { $0.sparse = .entries(4) }, { $0.scale = 1 }, { $0.bound = CurveBound(1 as UInt64) },
    ] {
      var statement = fixture.statement
      change(&statement.tensors[0].clauses[0])
      #expect(fixture.rejection(of: proof, statement: statement) == Self.stageA)
    }
  }

  @Test func clausesAreBound() throws {
    let proof = try Self.fixture.prove()
    for change: (inout CurveClause) -> Void in [
      { $0.rank = 4 }, { $0.bound = CurveBound(1 as UInt64) }, { $0.scale = 1 }, { $0.sparse = .rows(1) },
      { $0.sparse = .columns(1) },
    ] {
      var statement = Self.fixture.statement
      change(&statement.tensors[0].clauses[0])
      let rejection = Self.fixture.rejection(of: proof, statement: statement)
      #expect(rejection != nil && statement.canonicalBytes != Self.fixture.statement.canonicalBytes)
    }
    var bytes: Set<[UInt8]> = []
    for form in [CurveClause.SparseForm.entries(2), .rows(2), .columns(2), .rows(3)] {
      var statement = Self.fixture.statement
      statement.tensors[0].clauses[0].sparse = form
      bytes.insert(statement.canonicalBytes)
    }
    #expect(bytes.count == 4)
  }

  @Test func everyTruncationAndManyMutationsAreRejected() throws {
    let proof = try Self.fixture.prove()
    var generator = SeededGenerator(seed: 9)
    for _ in 0..<12 {
      let cut = generator.below(proof.count)
      guard case .truncated? = Self.fixture.rejection(of: Array(proof.prefix(cut))) else {
        Issue.record("cut at \(cut)")
        continue
      }
      var changed = proof
      changed[generator.below(proof.count)] ^= UInt8(1 + generator.below(255))
      #expect(Self.fixture.rejection(of: changed) != nil)
    }
    #expect(Self.fixture.rejection(of: proof + [0]) == .trailingBytes(count: 1))
  }
}
