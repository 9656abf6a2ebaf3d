// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofCalibration
@testable import DriftProofStatement
import DriftProofCheckpoint
import DriftProofPolicy
import TestSupport
import Testing

/// The trial finds what `prove` would refuse, and by how much.
@Suite struct PolicyTrialTests {
  /// One bf16 matrix that changed by rank 2, and one fp32 matrix that changed in four entries by 1.
  private func findings(
    _ rules: [(String, String)], total: String? = nil
  ) throws -> [PolicyTrial.Finding] {
    let folder = try TemporaryFolder()
    var random = SeededGenerator(seed: 5)
    var base = TestModel()
    base.tensors["low"] = TestTensor([32, 32], isHalf: true, random: &random)
    base.tensors["few"] = TestTensor([32, 32], random: &random)
    var tuned = base
    tuned.tensors["low"]?.addLowRank(2, scale: 0.1, random: &random)
    for index in [0, 100, 200, 300] { tuned.tensors["few"]?.values[index] += 1 }
    let (before, after) = (try base.write("base", in: folder), try tuned.write("tuned", in: folder))
    let derived = try DerivedStatement.derive(
      identity: BaseIdentity.compute(checkpoint: before), tuned: after.manifestTensors,
      policy: testPolicy(rules, total: total))
    return try PolicyTrial(derived: derived, base: before, tuned: after).findings()
  }

  private let wide = "{ \"norm\": { \"absolute\": 100 } }"

  @Test func findsNothingInsideThePolicy() throws {
    let rank = "{ \"rank\": 2, \"residual\": { \"relative\": 0.004 } }"
    #expect(try findings([("low", rank), ("few", "{ \"entries\": 4 }")]).isEmpty)
  }

  @Test func findsANormAndItsExcess() throws {
    // ‖Δ‖ is 2 up to the rounding of fp32.
    let found = try findings([("low", wide), ("few", "{ \"norm\": { \"absolute\": 0.5 } }")])
    #expect(found.map(\.tensor) == ["few"])
    guard case .norm(let ratio)? = found.first?.need else {
      Issue.record("\(found)")
      return
    }
    #expect(abs(ratio - 4) < 1e-5)
  }

  @Test func findsTheTotal() throws {
    let found = try findings([("low", wide), ("few", wide)], total: "{ \"norm\": { \"absolute\": 0.01 } }")
    #expect(found.map(\.tensor) == [nil])
  }

  @Test func findsAResidualAndItsExcess() throws {
    let rank = "{ \"rank\": 1, \"residual\": { \"relative\": 0.004 } }"
    let found = try findings([("low", rank), ("few", wide)])
    #expect(found.map(\.tensor) == ["low"])
    guard case .residual(let ratio)? = found.first?.need else {
      Issue.record("\(found)")
      return
    }
    #expect(ratio > 2)
  }

  @Test func findsACountAndAnExactRank() throws {
    let found = try findings([("low", "{ \"rank\": 1 }"), ("few", "{ \"entries\": 3 }")])
    #expect(found == [.init(tensor: "few", need: .form), .init(tensor: "low", need: .form)])
  }

  @Test func findsTheHead() throws {
    // Three of the four entries lie in the first eight rows, one in the next.
    let heads = ", \"heads\": { \"of\": \"rows\", \"size\": 8 }"
    let norm = try findings([("low", wide), ("few", "{ \"norm\": { \"absolute\": 1.5 } }" + heads)])
    #expect(norm.map(\.tensor) == ["few[rows 0-7]"])
    let count = try findings([("low", wide), ("few", "{ \"entries\": 2 }" + heads)])
    #expect(count == [.init(tensor: "few[rows 0-7]", need: .form)])
  }
}
