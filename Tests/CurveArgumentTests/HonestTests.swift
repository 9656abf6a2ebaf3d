// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve
import DriftProofCurveCommitmentProver
import TestSupport
import Testing

@testable import DriftProofCurveArgument
@testable import DriftProofCurveArgumentProver

@Suite struct HonestTests {
  @Test func oneTensorExactlyAtItsBound() throws {
    let fixture = CurveFixture([.tight("a", CurveFixture.random(1, seed: 2))])
    let proof = try fixture.prove()
    #expect(fixture.rejection(of: proof) == nil)
  }

  @Test func severalTensorsFrozenAnyAndTotal() throws {
    let fixture = CurveFixture(
      [
        .tight("a", CurveFixture.random(3, seed: 3), slack: 7, countsInTotal: true),
        .init(name: "b", rows: CurveFixture.random(2, seed: 4), claim: .frozen),
        .init(
          name: "c", rows: CurveFixture.random(1, seed: 5), claim: .norm(nil), countsInTotal: true, fractionBits: 15),
        .init(name: "d", rows: CurveFixture.random(2, seed: 6), claim: .any),
        .tight("e", CurveFixture.random(2, seed: 7)),
      ], totalBound: CurveBound(1_000_000 as UInt64))
    let proof = try fixture.prove()
    #expect(fixture.rejection(of: proof) == nil)
  }

  /// Two and three groups, runs that are shorter and longer than a row, row numbers that are no powers of two.
  @Test(arguments: [(1, 2, 10), (3, 2, 8), (5, 2, 10), (70, 3, 8)])
  func severalGroups(rows: Int, groups: Int, logLength: Int) throws {
    let committer = CurveCommitter(secret: Fr(0x77), logLength: logLength)
    // Tensors are smaller than their rows, and some rows are empty.
    let entries = CurveFixture.random(rows, seed: 80, length: 200).enumerated().map { $0 % 7 == 3 ? [] : $1 }
    var fixture = CurveFixture(
      [.tight("a", Array(entries.prefix(2))), .tight("b", Array(entries.dropFirst(2)) + [[1, -2]])],
      committer: committer)
    if rows == 1 { fixture = CurveFixture([.tight("a", entries)], committer: committer) }
    let layout = CurveArgumentLayout(fixture.statement, groupCount: groups)
    let proof = try CurveArgumentProver(layout: layout).prove(
      rows: fixture.rows, base: fixture.base, tuned: fixture.tuned, committer: committer, secret: CurveFixture.secret)
    try CurveArgumentVerifier(layout: layout).verify(
      proof.bytes, base: fixture.base, tuned: fixture.tuned, key: committer.key)
    if rows > 3 { return }
    var second = CheatingProver(fixture)
    second.groupCount = groups
    #expect(try second.prove() == proof.bytes)
  }

  /// D has less cells than a row.
  @Test func rowsLongerThanD() throws {
    // Powers of a root of unity of order 256, so that a few points do; this is for completeness alone.
    let (logLength, order) = (16, 256)
    let root = (0..<24).reduce(CurveFixture.rootOfUnity) { power, _ in power * power }
    #expect(root.power(order) == .one && root.power(order / 2) != .one)
    let few = CurveCommitter.powers(of: root, count: order)
    let small = CurveCommitter(secret: root, logLength: 1)
    let committer = CurveCommitter(
      key: small.key, logLength: logLength, powers: PointTable((0..<1 << logLength).map { few[$0 % order] }))
    let rows = CurveFixture.random(1, magnitude: 1 << 20, seed: 81, length: 60_000)
    let fixture = CurveFixture([.tight("a", rows)], committer: committer)
    let layout = CurveArgumentLayout(fixture.statement)
    #expect(layout.bitVariables == 15 && layout.bitRows == 1 && layout.range.groups == [0..<8, 8..<16])
    let proof = try fixture.prove()
    #expect(fixture.rejection(of: proof) == nil)
    #expect(proof.count == 2288)
  }

  @Test func ninetyPercentOfABound() throws {
    let rows = CurveFixture.random(2, magnitude: 1 << 30, seed: 82)
    let bound = CurveBound(rows.square * 10 / 9)
    let fixture = CurveFixture([.init(name: "a", rows: rows, claim: .norm(bound))])
    #expect(fixture.rejection(of: try fixture.prove()) == nil)
  }

  @Test func manySmallTensors() throws {
    let fixture = CurveFixture(
      (0..<37).map { index in
        .tight("t\(index)", CurveFixture.random(1, seed: UInt64(index), length: 3 + 5 * index), countsInTotal: true)
      }, totalBound: CurveBound(1 << 30 as UInt64))
    #expect(fixture.rejection(of: try fixture.prove()) == nil)
  }

  @Test func noChangeAtAll() throws {
    let fixture = CurveFixture([.init(name: "a", rows: [[], []], claim: .norm(.zero))])
    #expect(fixture.rejection(of: try fixture.prove()) == nil)
  }
}
