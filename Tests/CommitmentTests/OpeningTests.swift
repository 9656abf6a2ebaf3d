// SPDX-License-Identifier: Apache-2.0

import DriftProofField
import Testing
import DriftProofTranscript

@testable import DriftProofCommitment
@testable import DriftProofCommitmentProver

@Suite struct OpeningTests {
  @Test func honestProofIsAccepted() throws {
    #expect(try OpeningFixture().rejection() == nil)
  }

  @Test(arguments: [[4], [1, 3], [3], [2, 2]])
  func everyFoldScheduleIsAccepted(_ schedule: [Int]) throws {
    var fixture = OpeningFixture()
    fixture.parameters = CodeParameters(
      unchecked: 6, logBlowup: 1, queries: 9, grindingBits: 0, driftTail: 18, foldSchedule: schedule)
    #expect(try fixture.rejection() == nil)
  }

  @Test func theCheapestPlanIsAccepted() throws {
    var fixture = OpeningFixture()
    fixture.parameters = CodeParameters(unchecked: 6, logBlowup: 3, queries: 6, grindingBits: 2, driftTail: 6)
    #expect(try fixture.rejection() == nil)
  }

  /// Lengths, rates, queries and plans of every kind, with all trees and claims of the fixture.
  @Test(arguments: [(5, 1), (6, 2), (7, 1), (8, 3), (9, 1), (9, 4), (11, 2), (12, 5)], [1, 7, 20])
  func everyShapeIsAccepted(_ shape: (Int, Int), _ queries: Int) throws {
    let parameters = CodeParameters(
      unchecked: shape.0, logBlowup: shape.1, queries: queries, grindingBits: queries == 7 ? 3 : 0,
      driftTail: 2 * queries)
    guard parameters.driftRowTail <= parameters.length else { return }
    #expect(try OpeningFixture(parameters: parameters).rejection() == nil)
  }

  @Test func freshMasksGiveAnotherProofOfTheSameValues() throws {
    let first = try OpeningFixture(masks: 2).prove()
    let second = try OpeningFixture(masks: 3).prove()
    #expect(first.bytes.count > 0 && first.bytes != second.bytes)
  }

  @Test func proofsAreDeterministic() throws {
    #expect(try OpeningFixture().prove().bytes == OpeningFixture().prove().bytes)
  }
}
