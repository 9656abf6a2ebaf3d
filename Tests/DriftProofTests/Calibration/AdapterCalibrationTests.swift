// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAdapter
@testable import DriftProofCalibration
import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofPolicy
import DriftProofProving
import TestSupport
import Testing

/// Policies from unmerged adapters: norms and exact ranks, and every run passes `prove` under them.
@Suite struct AdapterCalibrationTests {
  private func second(_ fixture: inout AdapterFixture, rank: Int = 4, scale: Double = 0.04) -> TestAdapter {
    var adapter = TestAdapter()
    adapter.config["r"] = "\(rank)"
    adapter.config["lora_alpha"] = "\(2 * rank)"
    adapter.add("model.layers.0.q", shape: [48, 40], rank: rank, scale: scale, random: &fixture.random)
    adapter.add("model.layers.1.q", shape: [48, 40], rank: rank, scale: scale, random: &fixture.random)
    return adapter
  }

  @Test func enclosesItsRuns() throws {
    var fixture = try AdapterFixture()
    let base = try fixture.base()
    let other = second(&fixture)
    let calibration = try Calibration.calibrate(
      base: base,
      models: [
        ("one", .adapter(fixture.adapter.open("one", in: fixture.folder))),
        ("two", .adapter(other.open("two", in: fixture.folder))),
      ])
    #expect(calibration.groups.map(\.form) == [.product(4), .product(4)])
    #expect(calibration.frozenTensors == base.tensors.count - 3)
    for group in calibration.groups {
      guard case .clauses(let clauses) = group.allowance, clauses.count == 2, case .norm = clauses[0],
        case .sum(4, nil, nil, nil, nil, nil) = clauses[1]
      else {
        Issue.record("\(group.allowance)")
        return
      }
    }
    // Both are proved, with no further ado; what is larger or of a higher rank is not.
    for (number, adapter) in [fixture.adapter, other].enumerated() {
      let proof = try fixture.prove(calibration.policy, adapter: adapter, name: "p\(number)", opening: "o\(number)")
      #expect(proof.result.verification.adapter?.modules == 2)
    }
    for adapter in [second(&fixture, scale: 0.2), second(&fixture, rank: 5, scale: 0.02)] {
      guard case .policyViolated = fixture.refusal(calibration.policy, adapter: adapter) else {
        Issue.record("outside")
        return
      }
    }
  }

  /// Beside a merged model only the size of a product says something.
  @Test func besideMergedModels() throws {
    var fixture = try AdapterFixture()
    let base = try fixture.base()
    var merged = fixture.model
    merged.tensors["model.layers.0.q.weight"]?.addLowRank(2, scale: 0.02, random: &fixture.random)
    let calibration = try Calibration.calibrate(
      base: base,
      models: [
        ("merged", .checkpoint(merged.write("merged", in: fixture.folder))),
        ("adapter", .adapter(fixture.adapter.open("adapter", in: fixture.folder))),
      ])
    let forms = calibration.groups.map { ($0.tensors, $0.form) }
    #expect(forms.contains { $0.0 == ["model.layers.0.q.weight"] && $0.1 == .norm })
    #expect(forms.contains { $0.0 == ["model.layers.0.v.weight"] && $0.1 == .product(4) })
  }

  @Test func wholeTensors() throws {
    let fixture = try AdapterFixture()
    let base = try fixture.base()
    let bias = try #require(fixture.model.tensors["model.head.bias"])
    var adapter = fixture.adapter
    let key = "base_model.model.model.head.bias"
    adapter.tensors[key] = .init(shape: bias.shape, values: bias.values.map { Double($0) + 0.125 })
    let calibration = try Calibration.calibrate(
      base: base, models: [("a", .adapter(adapter.open("whole", in: fixture.folder)))])
    #expect(calibration.groups.contains { $0.tensors == ["model.head.bias"] && $0.form == .norm })
    _ = try fixture.prove(calibration.policy, adapter: adapter, name: "again")
    // Another shape, or one that the base does not have, is no run of this base.
    for name in ["model.head.bias", "model.other.bias"] {
      adapter.tensors["base_model.model.\(name)"] = .init(shape: [9], values: [Double](repeating: 1, count: 9))
      let error = #expect(throws: CalibrationError.self) {
        try Calibration.calibrate(base: base, models: [("a", .adapter(adapter.open("x\(name)", in: fixture.folder)))])
      }
      guard case .otherTensors? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      adapter = fixture.adapter
    }
  }

  /// One run under two names says nothing of how much runs vary.
  @Test func copies() throws {
    let fixture = try AdapterFixture()
    let base = try fixture.base()
    let adapter = try fixture.adapter.open("a", in: fixture.folder)
    #expect(throws: CalibrationError.repeatedRun("b")) {
      try Calibration.calibrate(base: base, models: [("a", .adapter(adapter)), ("b", .adapter(adapter))])
    }
  }
}
