// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCertificate
import DriftProofCheckpoint
@testable import DriftProofDrift
import DriftProofLinearAlgebra
import DriftProofPolicy
@testable import DriftProofProving
import DriftProofStatement
import Foundation
import TestSupport
import Testing

/// Whether a merge is a rounding of its low-rank part, with that part at hand and without.
@Suite struct RoundingFitTests {
  private let folder: TemporaryFolder
  private var random = SeededGenerator(seed: 9)
  private static let (rows, columns, rank) = (96, 160, 3)

  init() throws { folder = try TemporaryFolder() }

  private struct Case {
    let base: Checkpoint
    let identity: BaseIdentity
    var model: TestModel
    let hint: FactorHint
    /// W + L·R, before it is rounded.
    let exact: [Double]
  }

  private mutating func makeCase() throws -> Case {
    let (rows, columns, rank) = (Self.rows, Self.columns, Self.rank)
    var model = TestModel()
    model.tensors["w"] = TestTensor([rows, columns], isHalf: true, random: &random)
    let base = try model.write("base", in: folder)
    let left = (0..<rows * rank).map { _ in 0.2 * Double(random.signed()) }
    let right = (0..<columns * rank).map { _ in 0.2 * Double(random.signed()) }
    var exact = (model.tensors["w"]?.values ?? []).map { Double($0) }
    for row in 0..<rows {
      for column in 0..<columns {
        for k in 0..<rank { exact[row * columns + column] += left[row * rank + k] * right[column * rank + k] }
      }
    }
    return Case(
      base: base, identity: try BaseTableau.link(BaseIdentity.compute(checkpoint: base), base: base), model: model,
      hint: FactorHint(left: left, right: right, rank: rank), exact: exact)
  }

  private func measure(
    _ own: Case, _ values: [Double], _ clause: String, hint: FactorHint?
  ) throws -> DriftMeasurer.Measurement {
    var model = own.model
    model.tensors["w"]?.values = values.map { TestTensor.rounded(Float($0)) }
    let tuned = try model.write("tuned-\(UUID().uuidString)", in: folder)
    let policy = try testPolicy([("w", clause)])
    let pass = try CheckpointPass.run(base: own.base, tuned: tuned, policy: policy, given: own.identity)
    return try DriftMeasurer(pair: CheckpointPair(base: own.base, tuned: tuned)).measure(
      differences: pass.differences, tensors: pass.derived.tensors, squares: pass.drifts.map(\.sumOfSquares),
      totalBound: pass.derived.totalBound, hints: hint.map { ["w": [$0]] } ?? [:])
  }

  private func violation(
    _ own: Case, _ values: [Double], _ clause: String, hint: FactorHint?
  ) throws -> PolicyViolation? {
    do {
      _ = try measure(own, values, clause, hint: hint)
      return nil
    } catch DriftProofError.policyViolated(let violations) { return violations.first }
  }

  private static let clause = #"{"rank": 3, "rounding": {"halfUlps": 1.01}}"#

  @Test mutating func oneRoundingFitsWithTheTrueFactors() throws {
    let own = try makeCase()
    let found = try measure(own, own.exact, Self.clause, hint: own.hint)
    let factors = try #require(found.factors[.init(tensor: 0, clause: 0)])
    #expect(factors.left.count == Self.rows * 3 && factors.right.count == Self.columns * 3)
    // A policy may allow more rank than the adapter has.
    #expect(
      try measure(own, own.exact, #"{"rank": 5, "rounding": {"halfUlps": 1.01}}"#, hint: own.hint).factors.count == 1)
    // A model that did not change needs no factors.
    #expect(
      try violation(own, (own.model.tensors["w"]?.values ?? []).map { Double($0) }, Self.clause, hint: nil) == nil)
  }

  /// The best fit of least squares leaves a few outside; it is refused with their number, the worst and its place.
  @Test mutating func withoutThemSomeEntriesAreOutside() throws {
    let own = try makeCase()
    let found = try #require(try violation(own, own.exact, Self.clause, hint: nil))
    guard case .rounding(let count, let worst, let row, let column, let clause) = found.excess else {
      Issue.record("\(found)")
      return
    }
    #expect((1..<Self.rows * Self.columns / 10).contains(count) && worst > 1.01)
    #expect((0..<Self.rows).contains(row) && (0..<Self.columns).contains(column))
    let limit = try #require(clause.rounding)
    #expect(clause.roundingUnit == "half-ulps" && abs(limit - 1.01) < 1e-4)
    #expect(found.description.contains("with the adapter beside the merged model"))
    // Wrong factors are no better than none.
    let wrong = FactorHint(left: own.hint.left.map { $0 * 1.5 }, right: own.hint.right, rank: 3)
    #expect(try violation(own, own.exact, Self.clause, hint: wrong)?.excess == found.excess)
  }

  /// One weight moved to its second neighbour is named, and is no entry of a sparse part that has room for it.
  @Test mutating func namesTheEntryThatWasMoved() throws {
    let own = try makeCase()
    var values = own.exact.map { Double(TestTensor.rounded(Float($0))) }
    let place = try #require(values.indices.first { abs(values[$0]) > 0.3 && abs(values[$0]) < 0.4 && $0 > 700 })
    values[place] += 3 * 0x1p-10 * (values[place] > 0 ? 1 : -1)
    let found = try #require(try violation(own, values, Self.clause, hint: own.hint))
    guard case .rounding(1, let worst, let row, let column, _) = found.excess else {
      Issue.record("\(found)")
      return
    }
    #expect(row == place / Self.columns && column == place % Self.columns && worst > 2)
    let sparse = #"{"rank": 3, "entries": 1, "rounding": {"halfUlps": 1.01}}"#
    let support = try measure(own, values, sparse, hint: own.hint).supports[.init(tensor: 0, clause: 0)]
    #expect(support == [place])
  }

  /// Base and sum both rounded: no number of half-ulps suits, one roundoff of both does.
  @Test mutating func twoRoundingsNeedRoundoffs() throws {
    let own = try makeCase()
    // The adapter was trained on a base of more bits than the stored one: each differs by up to half an ulp.
    let weights = own.model.tensors["w"]?.values ?? []
    let finer = zip(own.exact, weights).map { sum, weight in
      sum + Double(random.signed()) * exp2(floor(log2(Double(max(abs(weight), 1e-9)))) - 8)
    }
    let refused = try #require(try violation(own, finer, Self.clause, hint: own.hint))
    guard case .rounding(let count, _, _, _, _) = refused.excess else {
      Issue.record("\(refused)")
      return
    }
    #expect(count > Self.rows * Self.columns / 20)
    let smooth = #"{"rank": 3, "rounding": {"roundoffs": 1, "of": ["tuned", "base"]}}"#
    #expect(try violation(own, finer, smooth, hint: own.hint) == nil)
    let far = finer.enumerated().map { $0.offset == 77 ? $0.element + 0.25 : $0.element }
    let found = try #require(try violation(own, far, smooth, hint: own.hint))
    guard case .rounding(1, let worst, 0, 77, let clause) = found.excess else {
      Issue.record("\(found)")
      return
    }
    #expect(clause.rounding == 1 && clause.roundingUnit == "roundoffs" && worst > 10)
  }

  /// A whole fine-tune of full rank, however small, is no rounding.
  @Test mutating func fullRankChangesAreRefused() throws {
    let own = try makeCase()
    let values = (own.model.tensors["w"]?.values ?? []).map { Double($0) * (1 + 0.01 * Double(random.signed())) }
    guard case .rounding(let count, let worst, _, _, _) = try violation(own, values, Self.clause, hint: nil)?.excess
    else {
      Issue.record("accepted")
      return
    }
    #expect(count > Self.rows * Self.columns / 4 && worst > 2)
  }

  @Test func givenFactorsOfAnyBalance() throws {
    var random = SeededGenerator(seed: 3)
    let (rows, columns, inner) = (20, 30, 2)
    let left = (0..<rows * inner).map { 1e-4 * Double(random.signed()) * ($0 % 2 == 0 ? 1 : 50) }
    let right = (0..<columns * inner).map { _ in 1e3 * Double(random.signed()) }
    let factors = try #require(
      try IntegerFactors.quantise(
        left: left, right: right, inner: inner, rows: rows, columns: columns, rank: 4, scale: 0x1p30))
    #expect(factors.rank == 4)
    var (error, size) = (0.0, 0.0)
    for row in 0..<rows {
      for column in 0..<columns {
        var (exact, found) = (0.0, 0.0)
        for k in 0..<inner { exact += left[row * inner + k] * right[column * inner + k] }
        for k in 0..<4 { found += Double(factors.left[row * 4 + k]) * Double(factors.right[column * 4 + k]) }
        error = max(error, abs(found - exact * 0x1p30))
        size = max(size, abs(exact * 0x1p30))
      }
    }
    // 0.7·√(size) or so, not the size itself.
    #expect(error < 8 * size.squareRoot() && size > 0x1p25)
    // No rank, or no factors, of that size.
    let none = try IntegerFactors.quantise(
      left: left, right: right, inner: inner, rows: rows, columns: columns, rank: 1, scale: 1)
    #expect(none == nil)
  }
}
