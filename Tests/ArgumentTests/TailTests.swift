// SPDX-License-Identifier: Apache-2.0

import DriftProofField
import Testing
import DriftProofTranscript

@testable import DriftProofArgument
@testable import DriftProofArgumentProver
@testable import DriftProofCommitment
@testable import DriftProofCommitmentProver

/// docs/protocol.md section 7: what a proof shows of one row is an F-linear map of its tail of full rank, so it is
/// uniform whatever the row's message is.
@Suite struct TailTests {
  private static let code = CodeParameters(
    unchecked: 14, logBlowup: 2, queries: 12, grindingBits: 0, driftTail: 36)

  /// F-equations on the coefficients of X^L·ρ: values at code positions, three for each point of K.
  private static func rank(tail: Int, positions: [Int], points: [CubicExtension]) -> (rank: Int, equations: Int) {
    let domain = CodeDomain(logSize: code.logDomain, folds: 0)
    let columns = (0..<tail).map { i in
      let exponent = UInt64(code.length + i)
      var column = positions.map { domain.point($0).power(exponent) }
      for point in points {
        let value = point.power(exponent)
        column += [value.c0, value.c1, value.c2]
      }
      return column
    }
    return (LinearRank.of(columns), positions.count + 3 * points.count)
  }

  private static func points(_ count: Int) -> [CubicExtension] {
    var transcript = Transcript(protocolID: "tails")
    return (0..<count).map { OutOfDomain.point("z\($0)", &transcript) }
  }

  @Test func rowsOfOneProof() {
    // P1 and P2: t positions, the drift tableau's point and P1's.
    let positions = (0..<Self.code.queries).map { 97 * $0 }
    let shown = Self.rank(tail: Self.code.proofTail, positions: positions, points: Self.points(2))
    #expect(shown.rank == shown.equations && shown.equations == Self.code.proofTail)
    let short = Self.rank(tail: Self.code.proofTail - 1, positions: positions, points: Self.points(2))
    #expect(short.rank < short.equations)
  }

  @Test func driftRowsOfAllProofs() {
    // Three proofs of disjoint positions, each with its own point of P1; the row's pin once.
    let positions = (0..<Self.code.driftTail).map { 41 * $0 }
    let shown = Self.rank(tail: Self.code.driftRowTail, positions: positions, points: Self.points(4))
    #expect(shown.rank == shown.equations && shown.equations == Self.code.driftRowTail)
    let more = Self.rank(tail: Self.code.driftRowTail, positions: positions, points: Self.points(5))
    #expect(more.rank < more.equations)
  }

  /// Beside a base of eight trees that hides its weights; every tree has a point of its own, the same in all proofs.
  @Test func rowsBesideAHidingBase() throws {
    let base = CodeParameters.HidingBase(
      trees: 8, tail: CodeParameters.HidingBase.tail(trees: 8, queries: Self.code.queries, proofs: 2))
    let code = try Self.code.beside(base)
    let one = (0..<code.queries).map { 97 * $0 }
    // P1 and P2: the drift tableau's point and P1's, and those of the trees.
    let proof = Self.rank(tail: code.proofTail, positions: one, points: Self.points(10))
    #expect(proof.rank == proof.equations && proof.equations == code.proofTail)
    // Drift rows of three proofs: their pin, P1's point in each, and the trees' once.
    let all = (0..<code.driftTail).map { 41 * $0 }
    let drift = Self.rank(tail: code.driftRowTail, positions: all, points: Self.points(12))
    #expect(drift.rank == drift.equations && drift.equations == code.driftRowTail)
    // The base's of two proofs about two drifts: in each the drift's point and P1's; the trees' once, its own among them.
    let positions = (0..<2 * code.queries).map { 89 * $0 }
    let own = Self.rank(tail: base.tail, positions: positions, points: Self.points(12))
    #expect(own.rank == own.equations && own.equations == base.tail)
    // One proof more would be one too many.
    let more = Self.rank(tail: base.tail, positions: positions + one.map { 89 * $0 + 1 }, points: Self.points(14))
    #expect(more.rank < more.equations)
    #expect(base.budget == 2 * CodeParameters.HidingBase.coefficients(queries: code.queries))
    #expect(code.longestTail == max(code.driftRowTail, base.tail))
  }

  /// A next base of eight trees: its trees have one point, and its rows are evaluated at those of a base of eight trees once, when
  /// the transition to it opens both (docs/protocol.md, section 13).
  @Test func rowsOfANextBase() throws {
    let proofs = 3
    let tail =
      CodeParameters.HidingBase.tail(trees: 8, queries: Self.code.queries, proofs: proofs)
      + CodeParameters.HidingBase.ofNextBase
    // The transition to it: the drift's point, beside the base's; a transition from it: the drift's, and the one of the base
    // after it; a certificate about it: the drift's and P1's. Its own point and the base's eight once.
    let positions = (0..<proofs * Self.code.queries).map { 89 * $0 }
    let points = 1 + 2 + 2
    let shown = Self.rank(tail: tail, positions: positions, points: Self.points(points + 9))
    // The first proof shows three less than it is counted for.
    #expect(shown.rank == shown.equations && shown.equations == tail - 3)
    let more = Self.rank(tail: tail, positions: positions, points: Self.points(points + 9 + 2))
    #expect(more.rank < more.equations)
    // A point that is shown twice shows nothing more.
    let again = Self.points(2)
    let twice = Self.rank(tail: 30, positions: [], points: again + again)
    #expect(twice.rank == 6)
    // Rows of a drift: a transition takes its positions and the one point, as a proof takes P1's.
    let code = try Self.code.opening(nextTail: tail)
    #expect(code.driftRowTail == Self.code.driftRowTail && code.longestTail == max(code.driftRowTail, tail))
    let drift = Self.rank(
      tail: code.driftRowTail, positions: (0..<code.driftTail).map { 41 * $0 }, points: Self.points(4))
    #expect(drift.rank == drift.equations && drift.equations == code.driftRowTail)
    #expect(code.bytes != Self.code.bytes)
  }

  @Test func aPointOfTheBaseFieldWouldShowLess() {
    // Why pins lie outside F: inside, the coordinates are one equation, not three.
    let inside = Self.rank(tail: 20, positions: [], points: [CubicExtension(Goldilocks(12345))])
    #expect(inside.rank == 1)
  }

  @Test func tailsFollowFromTheBudget() throws {
    let queries = try #require(CodeParameters.queries(logLength: 17, logBlowup: 3, grindingBits: 20, proofs: 2))
    let code = try CodeParameters(
      logLength: 17, logBlowup: 3, queries: queries, grindingBits: 20, driftTail: 2 * queries)
    #expect(code.proofTail == queries + 6 && code.driftRowTail == 2 * (queries + 3) + 3)
  }
}
