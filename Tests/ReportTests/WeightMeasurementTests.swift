// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofReport
import DriftProofCheckpoint
import Foundation
import Testing

/// What is measured from weights, and what tells that they are others.
struct WeightMeasurementTests {
  @Test func measuresTheCertifiedPair() throws {
    let measurement = try #require(try ReportFixture().measured().measurement)
    #expect(measurement.doubts.isEmpty && measurement.withoutSpectrum.isEmpty)
    let rank = try #require(measurement.tensors["rank"]?.drift?.lowRank)
    #expect(rank.singularValues.count == 12)
    #expect(zip(rank.singularValues, rank.singularValues.dropFirst()).allSatisfy { $0 >= $1 })
    // The third value is what rounding to bf16 left.
    #expect(rank.singularValues[1] > 10 * rank.singularValues[2])
    let drift = try #require(measurement.tensors["rank"]?.drift)
    let energy = rank.singularValues.reduce(0) { $0 + $1 * $1 }.squareRoot()
    #expect(abs(energy - drift.norm) < 1e-9 * drift.norm)
    #expect(measurement.tensors["entries"]?.drift?.changedEntries == 2)
    #expect(measurement.tensors["rows"]?.drift?.changedRows == 1)
    #expect(measurement.tensors["columns"]?.drift?.changedColumns == 1)
    #expect(measurement.tensors["frozen"]?.outcome == .identical)
  }

  /// Without a decomposition everything but ranks is the same, and it is said what was left out.
  @Test func limitsLeaveOutDecompositionsOnly() throws {
    let fixture = try ReportFixture()
    let full = try #require(try fixture.measured().measurement)
    let matrices = ["columns", "entries", "mixed", "norm", "rank", "rows", "twice"]
    let none = try #require(try fixture.measured(limits: .init(entriesOfTensor: 0)).measurement)
    #expect(none.withoutSpectrum == matrices)
    for name in matrices {
      let (own, other) = (try #require(none.tensors[name]?.drift), try #require(full.tensors[name]?.drift))
      #expect(own.lowRank == nil && own.warning == nil)
      #expect(abs(own.norm - other.norm) < 1e-12 && own.maximum == other.maximum)
      #expect(own.changedEntries == other.changedEntries && own.changedRows == other.changedRows)
      #expect(own.changedColumns == other.changedColumns)
    }
    // The smallest first, as far as the sum goes: columns has 48 entries, all others of them 60 and more.
    let few = try #require(try fixture.measured(limits: .init(entriesInAll: 70)).measurement)
    #expect(few.tensors["columns"]?.drift?.lowRank != nil && few.withoutSpectrum.count == matrices.count - 1)
    let some = try #require(try fixture.measured(limits: .init(entriesOfTensor: 63)).measurement)
    #expect(some.withoutSpectrum == ["mixed", "rank", "twice"])
  }

  @Test func otherWeightsAreDoubted() throws {
    let fixture = try ReportFixture()
    let contents = try #require(fixture.report().contents)
    let (base, tuned) = (try Checkpoint.open(fixture.base), try Checkpoint.open(fixture.tuned))
    func doubts(_ base: Checkpoint, _ tuned: Checkpoint) throws -> [WeightDoubt] {
      try WeightMeasurement.measure(base: base, tuned: tuned, contents: contents).doubts
    }
    #expect(try doubts(base, tuned).isEmpty)
    // The other way round: another base, and the same names and sizes of changes.
    let swapped = try doubts(tuned, base)
    guard case .otherBase(let identity?)? = swapped.first else {
      Issue.record("\(swapped)")
      return
    }
    #expect(identity != fixture.identity.rootHex && swapped[0].description.contains(identity))

    try withFolder { folder in
      let frozen = try fixture.tuned("frozen", writing: [1, 2, 3, 60], into: folder)
      #expect(try doubts(base, frozen) == [.frozenDiffers(names: ["frozen"])])
      // 3.0, where ‖Δ‖ ≤ 1 is proved and no weight is larger than 1.
      let far = try fixture.tuned("norm", writing: [0, 0, 0x40, 0x40], into: folder)
      #expect(try doubts(base, far) == [.beyondBound(names: ["norm"])])
      var data = try Data(contentsOf: URL(fileURLWithPath: fixture.tuned))
      let place = try #require(data.range(of: Data("\"columns\"".utf8)))
      data.replaceSubrange(place, with: Data("\"columnz\"".utf8))
      let renamed = try ReportFixture.write(data, into: folder)
      #expect(try doubts(base, renamed) == [.otherTensors(names: ["columns", "columnz"])])
    }
  }

  @Test func doubtsNameThreeTensors() {
    let text = WeightDoubt.frozenDiffers(names: ["a", "b\u{1b}", "c", "d", "e"]).description
    #expect(text.hasSuffix("\"a\", \"b\\u001b\", \"c\" and 2 more."))
    #expect(WeightDoubt.otherBase(identity: nil).description.contains("no identity"))
  }
}
