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

  /// A functional of single places, of runs and of all.
  @Test(arguments: [[(0, 6)], [(32, 5)], [(0, 3), (8, 3), (48, 4)], [(63, 0), (5, 0)], [(16, 4), (16, 2)]])
  func runsOfPlacesAreAccepted(_ runs: [(Int, Int)]) throws {
    var fixture = OpeningFixture()
    fixture.runs = runs.map { (offset: $0.0, logCount: $0.1) }
    #expect(try fixture.rejection() == nil)
    fixture.valueErrors[0] = .one
    #expect(try fixture.rejection() == .openingSumcheck(functional: "drift, both"))
  }

  /// Places outside the row, and runs that are not aligned.
  @Test(arguments: [(64, 0), (-4, 2), (2, 3), (0, 7), (60, 3)])
  func runsOutsideTheRowAreNoClaim(_ offset: Int, _ logCount: Int) throws {
    var fixture = OpeningFixture()
    let part = FunctionalPart(
      weight: .one, offset: offset, point: [CubicExtension](repeating: .one, count: logCount))
    #expect(!part.fits(logLength: OpeningFixture.logLength))
    guard logCount <= OpeningFixture.logLength, offset >= 0, offset + 1 << logCount <= 64 else { return }
    fixture.runs = [(offset: offset, logCount: logCount)]
    #expect(throws: ProofRejection.unsupportedParameters("claim drift has a part outside its rows")) {
      _ = try fixture.prove()
    }
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
