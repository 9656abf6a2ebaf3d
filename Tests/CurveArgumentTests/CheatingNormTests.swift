// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve
import DriftProofCurveCommitment
import DriftProofCurveCommitmentProver
import DriftProofTranscript
import TestSupport
import Testing

@testable import DriftProofCurveArgument
@testable import DriftProofCurveArgumentProver

/// Attacks on norms, end to end. Each makes a claim of Stage A false; an honest continuation fails there, and whoever forges
/// an evaluation fails at the opening.
@Suite struct CheatingNormTests {
  private static let random = CurveFixture.random(3, seed: 11)

  /// Two tensors, the first of three rows, exactly at their bounds.
  private static let fixture = CurveFixture([
    .tight("a", random), .init(name: "frozen", rows: CurveFixture.random(1, seed: 12), claim: .frozen),
    .tight("b", CurveFixture.random(1, seed: 13), slack: 5),
  ])

  private static let final = CurveProofRejection.sumcheckFinal(stage: "A")

  private func rejection(_ prover: CheatingProver) throws -> CurveProofRejection? {
    let layout = CurveArgumentLayout(prover.statement, groupCount: prover.groupCount)
    do throws(CurveProofRejection) {
      try CurveArgumentVerifier(layout: layout).verify(
        try prover.proof(), base: prover.base, tuned: prover.tuned, key: prover.committer.key, isKeyChecked: true)
      return nil
    } catch { return error }
  }

  /// Every way to go on and what must stop it.
  private func expectStopped(_ prover: CheatingProver, sourceLocation: SourceLocation = #_sourceLocation) throws {
    for continuation in DenseStage.Continuation.allCases {
      var prover = prover
      prover.continuation = continuation
      #expect(
        try rejection(prover) == (continuation == .none ? Self.final : .openingPairing), "\(continuation)",
        sourceLocation: sourceLocation)
    }
  }

  @Test func theSecondProverIsTheFirst() throws {
    #expect(try CheatingProver(Self.fixture).prove() == Self.fixture.prove())
    let one = CurveFixture([.tight("a", Self.random)])
    #expect(try CheatingProver(one).prove() == one.prove())
    let total = CurveFixture(
      [
        .tight("a", Self.random, countsInTotal: true),
        .init(
          name: "b", rows: CurveFixture.random(2, seed: 14), claim: .norm(nil), countsInTotal: true, fractionBits: 3),
      ], totalBound: CurveBound(ones: 208))
    let proof = try total.prove()
    #expect(try CheatingProver(total).prove() == proof)
    #expect(total.rejection(of: proof) == nil)
  }

  @Test func evaluationsOfATrueStatement() throws {
    // With a claim that is true the g(ρ) that it needs is the right one.
    for continuation in [DenseStage.Continuation.drift, .bits, .both] {
      var prover = CheatingProver(Self.fixture)
      prover.continuation = continuation
      #expect(try rejection(prover) == .openingPairing)
    }
  }

  // Attack 1.
  @Test func normAboveItsBoundByOneSquare() throws {
    var prover = CheatingProver(Self.fixture)
    // From (q)² to (q ± 1)²: the least that can be.
    prover.replace(1) { row in
      let cell = row.firstIndex { $0 == .zero } ?? 0
      row[cell] = .one
    }
    try expectStopped(prover)
    // The slack is what it must be, in one cell that is no bit.
    prover.cells = { cells, layout in
      let slack = layout.boundCell(0)
      for bit in 0..<120 { cells[slack + bit] = .zero }
      cells[slack] = -Fr.one
    }
    try expectStopped(prover)
    // In cells of other numbers, or of none.
    prover.cells = { cells, layout in cells[layout.boundCell(0) + 121] = -Fr.one }
    try expectStopped(prover)
  }

  @Test func totalAboveItsBound() throws {
    let rows = CurveFixture.random(1, seed: 20)
    let tensors: [CurveFixture.Tensor] = [
      .init(name: "a", rows: rows, claim: .norm(nil), countsInTotal: true, fractionBits: 10),
      .init(name: "b", rows: rows, claim: .norm(nil), countsInTotal: true, fractionBits: 11),
    ]
    // In units of b a counts four times.
    let square = 5 * rows.square
    let honest = CurveFixture(tensors, totalBound: CurveBound(square))
    #expect(honest.rejection(of: try honest.prove()) == nil)
    try expectStopped(CheatingProver(CurveFixture(tensors, totalBound: CurveBound(square - 1))))
  }

  // Attack 2.
  @Test func squaresThatCancelModuloTheOrder() throws {
    let root = Self.imaginary
    #expect(root * root == -Fr.one)
    var prover = CheatingProver(Self.fixture)
    let free = try #require(prover.rows[0].indices.filter { prover.rows[0][$0] == .zero }.dropFirst().first)
    let zero = try #require(prover.rows[0].firstIndex(of: .zero))
    let huge = Fr(0x7234_5678_9ABC_DEF0).power(3)
    prover.replace(0) { row in
      row[zero] = huge
      row[free] = root * huge
    }
    try expectStopped(prover)
  }

  /// √-1, of order 4.
  private static let imaginary = (0..<30).reduce(CurveFixture.rootOfUnity) { power, _ in power * power }

  // Attack 3.
  @Test func halves() throws {
    let half = Fr(2).inverse()
    // Σ of four squares of 1/2 is 1, within the slack of tensor b.
    var prover = CheatingProver(Self.fixture)
    let zeros = prover.rows[3].indices.filter { prover.rows[3][$0] == .zero }.prefix(4)
    try #require(zeros.count == 4)
    prover.replace(3) { row in for cell in zeros { row[cell] = half } }
    try expectStopped(prover)
  }

  // Attack 4.
  @Test(arguments: [1, 2]) func entriesThatCancelBetweenTiles(groups: Int) throws {
    let huge = Fr(0x1234_5678_9ABC_DEF0).power(3)
    var prover = CheatingProver(Self.fixture)
    prover.groupCount = groups
    for (row, sign) in [(0, Fr.one), (1, -Fr.one)] {
      prover.replace(row) { row in
        row[3] = sign * huge
        row[9] = sign * Self.imaginary * huge
      }
    }
    try expectStopped(prover)
    // With one matrix for all tiles it passes: entries of one group do not depend on the bits of rows, or the other's are 1.
    let l = CurveFixture.logLength
    let careless = { @Sendable (matrices: [TernaryMatrix]) in
      if groups == 2 {
        let own = matrices[1]
        let ones = [UInt64](repeating: .max, count: own.plus.count)
        let none = [UInt64](repeating: 0, count: own.plus.count)
        return [matrices[0], TernaryMatrix(rows: own.rows, columns: own.columns, plus: ones, minus: none)]
      }
      return matrices.map { matrix in
        let words = matrix.words
        func repeated(_ bits: [UInt64]) -> [UInt64] {
          (0..<matrix.columns).flatMap { bits[($0 & (1 << l - 1)) * words..<($0 & (1 << l - 1) + 1) * words] }
        }
        return TernaryMatrix(
          rows: matrix.rows, columns: matrix.columns, plus: repeated(matrix.plus), minus: repeated(matrix.minus))
      }
    }
    prover.matrices = careless
    let proof = try prover.prove()
    let verifier = CurveArgumentVerifier(layout: CurveArgumentLayout(prover.statement, groupCount: groups))
    var channel = CurveVerifierChannel(
      transcript: CurveArgumentProtocol.transcript(prover.statement, base: prover.base, tuned: prover.tuned),
      proof: proof)
    try accept(verifier, prover, &channel) { .init(drift: careless($0.drift), factors: []) }
  }

  // Attack 5: huge entries in the kernel of R, whose squares are right modulo r, for a prover that knows R before it commits.
  @Test func driftThatIsMadeForTheMatrix() throws {
    let fixture = CurveFixture([.tight("a", CurveFixture.random(1, seed: 30))])
    // What R would be if the tuned rows did not enter the transcript before it.
    var transcript = CurveArgumentProtocol.transcript(fixture.statement, base: fixture.base, tuned: fixture.tuned)
    let known = CurveArgumentLayout(fixture.statement).range.draw(&transcript)
    var prover = CheatingProver(fixture)
    let (small, first) = (prover.rows[0], Self.kernel(known[0], seed: 1))
    // s with Σ (small + s·first + second)² = Σ small².
    let (square, cross) = (FrVector.innerProduct(first, first), FrVector.innerProduct(small, first))
    let large = try #require(
      (2..<40).lazy.compactMap { seed -> [Fr]? in
        let second = Self.kernel(known[0], seed: seed)
        let half = cross + FrVector.innerProduct(first, second)
        let rest = FrVector.innerProduct(second, second) + Fr(2) * FrVector.innerProduct(small, second)
        guard let root = Elimination.squareRoot(half * half - square * rest) else { return nil }
        let scale = (root - half) * square.inverse()
        return small.indices.map { small[$0] + scale * first[$0] + second[$0] }
      }.first)
    prover.replace(0) { $0 = large }
    #expect(FrVector.innerProduct(large, large) == FrVector.innerProduct(small, small))
    // The verifier draws another matrix: against that one, and against the known one.
    try expectStopped(prover)
    prover.matrices = { _ in known }
    #expect(try rejection(prover) == Self.final)
    // One that draws it before the rows are sent accepts.
    let verifier = try CurveArgumentVerifier(statement: prover.statement)
    var channel = CurveVerifierChannel(
      transcript: CurveArgumentProtocol.transcript(prover.statement, base: prover.base, tuned: prover.tuned),
      proof: try prover.prove())
    try accept(verifier, prover, &channel) { _ in .init(drift: known, factors: []) }
  }

  /// The rest of a careless verifier, which has matrices of its own.
  private func accept(
    _ verifier: CurveArgumentVerifier, _ prover: CheatingProver, _ channel: inout CurveVerifierChannel,
    _ matrices: (CurveArgumentVerifier.Matrices) -> CurveArgumentVerifier.Matrices
  ) throws {
    let (auxiliary, claims) = try verifier.claims(&channel, matrices: matrices)
    let drift = try CurveArgumentProtocol.drift(verifier.layout, base: prover.base, tuned: prover.tuned)
    try CurveOpeningVerifier.verify(
      claims: claims, commitments: drift + auxiliary, key: prover.committer.key, channel: &channel)
    try channel.finish()
  }

  /// A vector of R's kernel with huge entries: 132 equations for 256 unknowns.
  private static func kernel(_ matrix: TernaryMatrix, seed: Int) -> [Fr] {
    var equations = (0..<matrix.rows).map { m in (0..<matrix.columns).map { Fr(Int64(matrix[m, $0])) } }
    let pivots = Elimination.reduce(&equations)
    var result = [Fr](repeating: .zero, count: matrix.columns)
    for column in result.indices where !pivots.contains(column) {
      result[column] = Fr(Int64(column + 300 * seed)).power(17)
    }
    for (row, pivot) in pivots.enumerated() {
      result[pivot] = equations[row].indices.reduce(Fr.zero) {
        $1 == pivot ? $0 : $0 - equations[row][$1] * result[$1]
      }
    }
    return result
  }

  @Test func projectionsOtherThanTheirs() throws {
    var prover = CheatingProver(Self.fixture)
    prover.cells = { cells, _ in cells[0] = Fr.one - cells[0] }
    try expectStopped(prover)
    // Two that are false by +1 and -1.
    prover.cells = { cells, layout in
      let lowest = (0..<layout.range.projections).map { layout.projectionCell($0) }
      guard let zero = lowest.first(where: { cells[$0].isZero }), let one = lowest.first(where: { cells[$0] == .one })
      else { return }
      (cells[zero], cells[one]) = (.one, .zero)
    }
    try expectStopped(prover)
  }

  @Test func claimsThatAreFalseByOneAndMinusOne() throws {
    var prover = CheatingProver(Self.fixture)
    // Tensor a is one above its bound; tensor b has a slack of 5, of which one is taken.
    prover.replace(1) { row in row[row.firstIndex { $0 == .zero } ?? 0] = .one }
    prover.cells = { cells, layout in
      for (number, slack) in [(0, 0), (1, 4)] {
        for bit in 0..<120 { cells[layout.boundCell(number) + bit] = slack >> bit & 1 == 1 ? .one : .zero }
      }
    }
    try expectStopped(prover)
  }

  @Test func argumentAboutOtherRows() throws {
    // Stage A is true of a smaller drift than the committed one.
    var prover = CheatingProver(Self.fixture)
    prover.argued = prover.rows
    prover.replace(0) { row in row[0] = row[0] + Fr(1_000_000) }
    #expect(try rejection(prover) == .openingPairing)
  }

  // Attack 12.
  @Test func rowsInAnotherOrder() throws {
    var prover = CheatingProver(Self.fixture)
    prover.argued = [prover.rows[1], prover.rows[0], prover.rows[2], prover.rows[3]]
    // The norm is the same, the rows are not where the verifier has them.
    #expect(try rejection(prover) == .openingPairing)
    prover.argued = nil
    let proof = try prover.prove()
    let fixture = Self.fixture
    for (i, j) in [(0, 1), (2, 4)] {
      var points = fixture.tuned.points
      points.swapAt(i, j)
      #expect(fixture.rejection(of: proof, tuned: CurvePoints(points)) == Self.final)
      var base = fixture.base.points
      base.swapAt(i, j)
      #expect(fixture.rejection(of: proof, base: CurvePoints(base), tuned: CurvePoints(points)) == Self.final)
    }
  }
}

extension CheatingProver {
  /// A proof, in a context that throws rejections alone.
  func proof() throws(CurveProofRejection) -> [UInt8] {
    do { return try prove() } catch { throw .unsupported("\(error)") }
  }
}
