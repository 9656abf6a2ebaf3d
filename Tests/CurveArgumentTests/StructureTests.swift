// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve
import DriftProofCurveCommitment
import DriftProofCurveCommitmentProver
import TestSupport
import Testing

@testable import DriftProofCurveArgument
@testable import DriftProofCurveArgumentProver

/// Honest proofs of ranks and sparse parts, in every shape.
@Suite struct StructureTests {
  private func expectProved(_ fixture: StructuredFixture, sourceLocation: SourceLocation = #_sourceLocation) throws {
    #expect(fixture.rejection(of: try fixture.prove()) == nil, sourceLocation: sourceLocation)
  }

  /// Smaller than a row; rows and columns that are no powers of two; a vector that is longer than a row.
  @Test(arguments: [(6, 5, 2), (1, 1, 1), (1, 700, 1), (3, 300, 1)])
  func oneRank(rows: Int, columns: Int, rank: Int) throws {
    try expectProved(StructuredFixture([.product("a", rows, columns, rank: rank, seed: 5 + rows)]))
  }

  @Test func severalTensors() throws {
    var bounded = StructuredFixture.Tensor.product("b", 20, 24, rank: 3, allowed: 5, seed: 21)
    bounded.claim = .norm(CurveBound(bounded.matrix.square))
    bounded.countsInTotal = true
    var zero = StructuredFixture.Tensor.product("z", 6, 40, rank: 0, allowed: 2, seed: 22)
    zero.countsInTotal = true
    #expect(zero.matrix.square == 0)
    let fixture = StructuredFixture(
      [
        .product("a", 6, 5, rank: 2, seed: 23), .init(name: "free", matrix: [[1, 2, 3]], claim: .any), bounded, zero,
        .init(name: "plain", matrix: [[1, -2], [3, 4]], countsInTotal: true),
        .product("wide", 3, 300, rank: 1, seed: 24),
      ], totalBound: CurveBound(1 << 40 as UInt64))
    let layout = CurveArgumentLayout(fixture.statement)
    // Clauses of 4 rows (twice), 2, 1, then the drifts of b, z and plain.
    #expect(layout.lines.map(\.rows.lowerBound) == [0, 8, 12, 14, 15, 18, 20])
    #expect(layout.lines.map(\.clause) == [0, 0, 0, 0, nil, nil, nil])
    try expectProved(fixture)
  }

  /// 2^s·Δ is near a product, and the rest within its bound by nothing.
  @Test func rankAndResidual() throws {
    let (left, right) = StructuredFixture.factors(10, 40, rank: 2, padded: 2, seed: 31)
    let noise = CurveFixture.random(10, magnitude: 2, seed: 32, length: 40)
    var matrix = StructuredFixture.multiplied(left, right, 10, 40)
    for i in matrix.indices {
      for j in matrix[i].indices { matrix[i][j] += noise[i][j] }
    }
    let clause = CurveClause(rank: 2, scale: 3, bound: CurveBound(noise.square * 64))
    let tensor = StructuredFixture.Tensor(
      name: "a", matrix: matrix, clauses: [clause],
      witness: [CurveClauseWitness(left: left.map { $0 * 8 }, right: right)])
    let fixture = StructuredFixture([tensor])
    let layout = CurveArgumentLayout(fixture.statement)
    // The drift itself is bounded, as it is scaled.
    #expect(layout.lines.count == 2 && layout.lines[1].clause == nil && layout.lines[1].number == nil)
    try expectProved(fixture)
  }

  @Test(arguments: [1, 2, 3]) func sparse(kind: Int) throws {
    let (rows, columns) = (12, 50)
    var matrix = [[Int64]](repeating: [Int64](repeating: 0, count: columns), count: rows)
    var (form, support): (CurveClause.SparseForm, [Int])
    switch kind {
    case 1:
      (form, support) = (.entries(5), [3, 77, 599])
      for place in support { matrix[place / columns][place % columns] = Int64(place) - 300 }
    case 2:
      (form, support) = (.rows(3), [2, 11])
      for row in support { matrix[row] = (0..<columns).map { Int64($0 * row) - 7 } }
    default:
      (form, support) = (.columns(2), [0, 49])
      for column in support { for row in 0..<rows { matrix[row][column] = Int64(row * column + 1) } }
    }
    let tensor = StructuredFixture.Tensor(
      name: "a", matrix: matrix, clauses: [CurveClause(rank: nil, sparse: form)],
      witness: [CurveClauseWitness(support: support)])
    if kind == 1 { try expectProved(StructuredFixture([tensor])) }
    // Beside a rank, on another tensor, and as a second clause of one.
    let product = StructuredFixture.Tensor.product("b", rows, columns, rank: 2, seed: 40)
    var sum = product
    for i in 0..<rows { for j in 0..<columns { sum.matrix[i][j] += matrix[i][j] } }
    sum.clauses = [CurveClause(rank: 2, sparse: form), CurveClause(rank: nil, sparse: .rows(rows))]
    sum.witness[0].support = support
    sum.witness.append(CurveClauseWitness(support: Array(0..<rows)))
    let fixture = StructuredFixture([sum, .product("c", 5, 7, rank: 3, seed: 41)])
    let proof = try fixture.prove()
    #expect(fixture.rejection(of: proof) == nil)
    if kind == 1 { #expect(try CheatingProver(fixture).prove() == proof) }
  }

  /// P1 has several rows, of which one is padding; its factors have longer runs than a row.
  @Test func longFactors() throws {
    let tensor = StructuredFixture.Tensor.product("a", 130, 5, rank: 5, seed: 50)
    let fixture = StructuredFixture([tensor])
    let layout = CurveArgumentLayout(fixture.statement)
    #expect(layout.factorRows == 17 && layout.factors?.factorVariables == 12)
    try expectProved(fixture)
  }

  /// Cut at rows, a term is what it was, and its polynomial is that of its table.
  @Test(arguments: [(3, 2, 3), (2, 7, 2), (9, 1, 2), (0, 10, 1), (8, 0, 3)])
  func productsAreCutAtRows(logInner: Int, coordinates: Int, outer: Int) {
    var generator = SeededGenerator(seed: 51)
    func scalars(_ count: Int) -> [Fr] { (0..<count).map { _ in Fr(Int64(bitPattern: generator.next())) } }
    let (inner, point, weights) = (scalars(1 << logInner - logInner % 2), scalars(coordinates), scalars(outer))
    let term = CurveFunctional.Term.product(
      offset: 2048, inner: inner, logInner: logInner, point: point, outer: weights)
    let whole = CurveFunctional([term]).table(count: 4096)
    let equality = FrVector.equality(point)
    let expected = (0..<4096).map { cell -> Fr in
      let (rest, k) = max(0, cell - 2048).quotientAndRemainder(dividingBy: 1 << logInner)
      let (o, i) = rest.quotientAndRemainder(dividingBy: 1 << coordinates)
      return cell >= 2048 && o < outer && k < inner.count ? weights[o] * equality[i] * inner[k] : .zero
    }
    #expect(whole == expected)
    var cut = [Fr](repeating: .zero, count: 4096)
    for (row, piece) in term.cut(logLength: 8) {
      let functional = CurveFunctional([piece])
      #expect(functional.end <= 256)
      for (cell, value) in functional.table(count: 256).enumerated() {
        cut[256 * row + cell] = cut[256 * row + cell] + value
      }
      #expect(
        functional.polynomial(at: Fr(12345))
          == functional.table(count: 256).reversed().reduce(Fr.zero) { $0 * Fr(12345) + $1 })
      #expect(functional.table(count: 16) == Array(functional.table(count: 256).prefix(16)))
    }
    #expect(cut == whole)
  }

  // MARK: Hiding

  /// Σg and the rounds of Stage B are uniform: as many as g's coefficients, and independent.
  @Test func libraHasFullRankForEveryDegree() {
    let degrees = [6, 5, 5, 2]
    let count = degrees.reduce(1, +)
    func messages(_ coefficients: [Fr]) -> [Fr] {
      let libra = LibraMask(coefficients: coefficients, degrees: degrees)
      var (messages, point) = ([libra.sum], [Fr]())
      for degree in degrees {
        messages += libra.roundValues(bound: point, degree: degree)[1...]
        point.append(Fr(Int64(1000 + 77 * point.count)))
      }
      return messages
    }
    let columns = (0..<count).map { index in messages((0..<count).map { $0 == index ? .one : .zero }) }
    var equations = (0..<count).map { row in columns.map { $0[row] } }
    #expect(messages([Fr](repeating: .one, count: count)).count == count)
    #expect(Elimination.reduce(&equations, columns: count) == Array(0..<count))
  }

  /// Each value that Stage B sends has a mask of its own, and d - e is masked by δ alone.
  @Test func everyValueHasItsMask() throws {
    var tensor = StructuredFixture.Tensor.product("a", 6, 5, rank: 2, seed: 60)
    tensor.clauses[0].sparse = .entries(2)
    let layout = CurveArgumentLayout(StructuredFixture([tensor]).statement)
    let factors = try #require(layout.factors)
    var generator = SeededGenerator(seed: 61)
    let point = (0...layout.rounds).map { _ in Fr(Int64(bitPattern: generator.next())) }
    let weights = StructureWeights(layout: layout, factors: factors, point: point)
    func values(_ changed: Int?) -> (sum: Fr, values: [Fr]) {
      var cells = (0..<factors.used).map { Fr(Int64($0 % 7)) }
      if let changed { cells[factors.masks + changed] = cells[factors.masks + changed] + .one }
      var stage = StructureStage(weights, cells: cells)
      for index in 0...factors.structureVariables { stage.bind(Fr(Int64(99 + index))) }
      return (stage.sum, stage.evaluations)
    }
    let before = values(nil)
    // U, V, a value, one chunk of 6 bits, the dummy.
    #expect(factors.valueCount == 5 && before.values.count == 5)
    for mask in 0..<5 {
      let after = values(mask)
      #expect(after.sum == before.sum)
      for index in 0..<5 { #expect((after.values[index] == before.values[index]) == (index != mask)) }
    }
    #expect(values(5).sum != before.sum)
  }

  /// Matrices of rank 0 and 2 under one bound have proofs of one length, and the statement says nothing of it.
  @Test func ranksBelowTheBoundDoNotShow() throws {
    let proofs = try [0, 2].map { rank in
      try StructuredFixture([.product("a", 6, 40, rank: rank, allowed: 2, seed: 70)]).prove()
    }
    #expect(Set(proofs.map(\.count)).count == 1)
  }

  // MARK: Refusals

  @Test func anHonestProverDoesNotProveWhatIsFalse() throws {
    func refusal(_ tensor: StructuredFixture.Tensor) -> CurveArgumentError? {
      let fixture = StructuredFixture([tensor])
      do throws(CurveArgumentError) {
        _ = try CurveArgumentProver(statement: fixture.statement).prove(
          rows: fixture.rows, witness: fixture.witness, base: fixture.base, tuned: fixture.tuned,
          committer: fixture.committer, secret: CurveFixture.secret)
        return nil
      } catch { return error }
    }
    var tensor = StructuredFixture.Tensor.product("a", 6, 5, rank: 2, seed: 80)
    tensor.matrix[1][1] += 3
    #expect(refusal(tensor) == .normExceeded(tensor: "a", square: CurveBound(9 as UInt64), bound: .zero))
    tensor.witness[0].left[0] = .max
    tensor.witness[0].right[0] = .max
    #expect(refusal(tensor) == .factorsTooLarge(tensor: "a"))
    tensor.witness[0].left.removeLast()
    guard case .rows? = refusal(tensor) else {
      Issue.record("factors of another size were taken")
      return
    }
  }

  @Test func statementsThatAreNotTaken() {
    func why(_ change: (inout CurveStatement) -> Void) -> Bool {
      var statement = StructuredFixture([.product("a", 6, 5, rank: 2, seed: 90)]).statement
      change(&statement)
      guard
        case .unsupported? = { () -> CurveProofRejection? in
          do throws(CurveProofRejection) {
            _ = try CurveArgumentVerifier(statement: statement)
            return nil
          } catch { return error }
        }()
      else { return false }
      return true
    }
    #expect(!why { _ in })
    #expect(why { $0.tensors[0].clauses[0].rank = 6 })
    #expect(why { $0.tensors[0].clauses[0].rank = 0 })
    #expect(why { $0.tensors[0].clauses[0].rank = nil })
    #expect(why { $0.tensors[0].clauses[0].scale = 21 })
    #expect(why { $0.tensors[0].clauses[0] = CurveClause(rank: nil, sparse: .rows(2), scale: 1) })
    #expect(why { $0.tensors[0].clauses[0].sparse = .entries(31) })
    #expect(why { $0.tensors[0].clauses[0].sparse = .columns(6) })
    #expect(why { $0.tensors[0].clauses[0].bound = CurveBound(ones: 121) })
    #expect(why { $0.tensors[0].claim = .frozen })
    #expect(why { $0.tensors[0].clauses += [CurveClause](repeating: CurveClause(rank: 1), count: 16) })
    // 2^24 cells of factors.
    #expect(
      why {
        $0.tensors[0].rows = 1 << 15
        $0.tensors[0].columns = 1 << 15
        $0.tensors[0].rowCount = 1 << 22
        $0.tensors[0].clauses[0].rank = 1024
      })
  }
}
