// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofDrift
import DriftProofArgument
import DriftProofCheckpoint
import DriftProofField
import Foundation
import DriftProofKernels
import DriftProofLinearAlgebra
import TestSupport
import Testing

@Suite struct ProvingTests {
  @Test func boundsCompareExactly() {
    let value: UInt128 = 0x1234_5678_9ABC_DEF0_1234_5678
    var shifted = BoundSum()
    shifted.add(value, shift: 31)
    var doubled = BoundSum()
    for _ in 0..<2 { doubled.add(value, shift: 30) }
    #expect(shifted.digits == doubled.digits)
    #expect(BoundSum(value << 31).digits == shifted.digits)
    let bound = BoundSum(value).digits
    #expect(!BoundSum(value).exceeds(bound))
    #expect(!BoundSum(value).exceeds(bound + [0, 0]))
    #expect(!BoundSum(value - 1).exceeds(bound))
    #expect(BoundSum(value + 1).exceeds(bound))
    #expect(BoundSum(1).exceeds(nil))
    #expect(!BoundSum(0).exceeds(nil))
    #expect(abs(BoundSum(value).approximation / Double(value) - 1) < 1e-12)
  }

  /// Every cell of every row against single entries read one by one; large, small, narrow and wide tensors.
  @Test(arguments: [RowRoom(), RowRoom(whole: 0), RowRoom(whole: 0, packed: 1 << 30)])
  func rowsFollowThePlan(room: RowRoom) throws {
    let folder = try TemporaryFolder()
    var random = SeededGenerator(seed: 1)
    var base = TestModel()
    for (name, shape) in [("a", [300, 70]), ("b", [33, 1000]), ("c", [5, 3]), ("d", [7]), ("e", [20000, 1])] {
      base.tensors[name] = TestTensor(shape, isHalf: name == "b", random: &random)
    }
    var tuned = base
    for name in base.tensors.keys.sorted() where name != "c" {
      for index in tuned.tensors[name]?.values.indices ?? 0..<0 {
        tuned.tensors[name]?.values[index] += 0.01 * random.signed()
      }
    }
    // Beyond 32 bits at about 2^21 units for the largest weight.
    tuned.tensors["a"]?.values[123] = -50_000
    let (before, after) = (try base.write("base", in: folder), try tuned.write("tuned", in: folder))
    let tensors = before.tensors.map { info in
      TableauTensor(
        name: info.name, rows: info.matrixShape.rows, columns: info.matrixShape.columns, fractionBits: 20,
        isPlain: true, plainBound: nil, clauses: [])
    }
    let plan = TableauPlan(tensors: tensors, logLength: 14)
    let rows = try CheckpointRows(plan: plan, tensors: tensors, base: before, tuned: after, room: room)
    var covered = [Int](repeating: 0, count: tensors.count)
    var sawField = false
    for row in 0..<plan.rowCount {
      let message = try rows.message(row)
      if case .field = message { sawField = true }
      for region in plan.regions(ofRow: row) {
        let tensor = tensors[region.tensor]
        let source = try DriftSource(base: before, tuned: after, name: tensor.name, fractionBits: 20)
        var drift: [Int64] = []
        try source.read(0..<tensor.rows * tensor.columns, into: &drift)
        for position in region.positions {
          let (i, j) = (position - region.positions.lowerBound).quotientAndRemainder(dividingBy: region.width)
          let (r, c) = (region.firstRow + i, region.firstColumn + j)
          let inside = r < tensor.rows && c < tensor.columns
          let expected = inside ? drift[r * tensor.columns + c] : 0
          if inside { covered[region.tensor] += 1 }
          let found = Self.entry(message, position)
          if found != Goldilocks(expected) { Issue.record("\(tensor.name) at \(r), \(c)") }
        }
      }
    }
    #expect(sawField)
    #expect(covered == tensors.map { $0.rows * $0.columns })
  }

  private static func entry(_ message: RowMessage, _ index: Int) -> Goldilocks {
    switch message {
    case .zero: .zero
    case .narrow(let values): Goldilocks(Int64(values[index]))
    case .field(let values): Goldilocks(reducing: values[index])
    }
  }

  @Test func sparseClausesCountExactly() throws {
    var values = [Int32](repeating: 0, count: 12 * 9)
    for (row, column) in [(1, 2), (1, 5), (4, 2), (11, 8)] { values[row * 9 + column] = 7 }
    let fitter = ClauseFitter(drift: try IntegerMatrix(rows: 12, columns: 9, values: values), fractionBits: 0)
    for (form, fewer, support) in [
      (DriftProofArgument.SparseForm.entries(4), DriftProofArgument.SparseForm.entries(3), [11, 14, 38, 107]),
      (.rows(3), .rows(2), [1, 4, 11]), (.columns(3), .columns(2), [2, 5, 8]),
    ] {
      let exact = StructuredClause(rank: nil, sparse: form, scale: 0, bound: nil)
      guard case .fits(nil, let found?) = try fitter.fit(exact) else { throw Unexpected() }
      #expect(found == support)
      let tight = StructuredClause(rank: nil, sparse: fewer, scale: 0, bound: nil)
      guard case .violated(.count(support.count)) = try fitter.fit(tight) else { throw Unexpected() }
    }
    // Three entries and a residual of exactly one entry's square.
    let within = StructuredClause(rank: nil, sparse: .entries(3), scale: 0, bound: [49])
    guard case .fits = try fitter.fit(within) else { throw Unexpected() }
    let outside = StructuredClause(rank: nil, sparse: .entries(3), scale: 0, bound: [48])
    guard case .violated(.residual(7)) = try fitter.fit(outside) else { throw Unexpected() }
  }

  /// An exact rank clause that restricts nothing, alone and beside a sparse part, scaled or not.
  @Test func aRankThatRestrictsNothingFitsAtOnce() throws {
    let values = (0..<1200 * 100).map { Int32(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 7) % 2000 }
    let drift = try IntegerMatrix(rows: 1200, columns: 100, values: values)
    let fitter = ClauseFitter(drift: drift, fractionBits: 0)
    let start = ContinuousClock.now
    for clause in [
      StructuredClause(rank: 100, sparse: nil, scale: 0, bound: nil),
      StructuredClause(rank: 100, sparse: .entries(5), scale: 0, bound: nil),
      StructuredClause(rank: 100, sparse: nil, scale: 3, bound: [0]),
    ] {
      guard case .fits(let factors?, let support) = try fitter.fit(clause) else { throw Unexpected() }
      #expect(factors.left.count == 1200 * 100 && factors.right.count == 100 * 100)
      #expect(support == (clause.sparse == nil ? nil : []))
      #expect(
        (0..<100).allSatisfy { factors.left[17 * 100 + $0] == Int32(drift[17 * 100 + $0]) << Int32(clause.scale) })
    }
    #expect(ContinuousClock.now - start < .seconds(10))
  }

  /// A bound that only the thorough search reaches: the quick one's factors, which come first, leave more.
  @Test(arguments: [(300, 310), (600, 560)]) func aTightResidualIsFoundAllTheSame(rows: Int, columns: Int) throws {
    var random = SeededGenerator(seed: 4)
    let values = (0..<rows * columns).map { _ in Int32.random(in: -4000...4000, using: &random) }
    let drift = try IntegerMatrix(rows: rows, columns: columns, values: values)
    let best = try IntegerFactors.quantise(drift, rank: 8, scaleBits: 4)
    let fitter = ClauseFitter(drift: drift, fractionBits: 0)
    func clause(_ sum: UInt128) -> StructuredClause {
      StructuredClause(rank: 8, sparse: nil, scale: 4, bound: BoundSum(sum).digits)
    }
    guard case .fits(let factors?, nil) = try fitter.fit(clause(best.residual.sumOfSquares)) else { throw Unexpected() }
    #expect(factors.left == best.factors.left && factors.right == best.factors.right)
    if case .fits = try fitter.fit(clause(best.residual.sumOfSquares - 1)) { throw Unexpected() }
  }

  private struct Unexpected: Error {}
}
