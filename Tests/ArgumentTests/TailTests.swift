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
