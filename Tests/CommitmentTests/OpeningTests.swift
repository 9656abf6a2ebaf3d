import Field
import Testing
import Transcript

@testable import Commitment

@Suite struct OpeningTests {
  @Test func honestProofIsAccepted() throws {
    #expect(try OpeningFixture().rejection() == nil)
  }

  @Test(arguments: [[4], [1, 3], [3], [2, 2]])
  func everyFoldScheduleIsAccepted(_ schedule: [Int]) throws {
    var fixture = OpeningFixture()
    fixture.parameters = CodeParameters(
      unchecked: 6, logBlowup: 1, queries: 9, grindingBits: 0, driftTail: 20, foldSchedule: schedule)
    #expect(try fixture.rejection() == nil)
  }

  @Test func theCheapestPlanIsAccepted() throws {
    var fixture = OpeningFixture()
    fixture.parameters = CodeParameters(unchecked: 6, logBlowup: 3, queries: 6, grindingBits: 2, driftTail: 6)
    #expect(try fixture.rejection() == nil)
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
