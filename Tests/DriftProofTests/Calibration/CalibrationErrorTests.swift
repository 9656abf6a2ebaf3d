// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofCalibration
import DriftProofCheckpoint
import TestSupport
import Testing

/// Runs and bases from which nothing can be calibrated, each with its own error.
@Suite struct CalibrationErrorTests {
  private func failure(
    _ fixture: CalibrationFixture, _ runs: [TestModel], base: TestModel? = nil, margin: Double = 2.5
  ) throws -> CalibrationError {
    do {
      _ = try fixture.calibrate(runs, base: base, margin: margin)
    } catch let error as CalibrationError {
      return error
    }
    throw Passed()
  }

  private struct Passed: Error {}

  @Test func rejectsNoRuns() throws {
    let fixture = try CalibrationFixture()
    #expect(try failure(fixture, []) == .noRuns)
  }

  @Test func rejectsARunGivenTwice() throws {
    var fixture = try CalibrationFixture()
    let base = try fixture.base.write("base", in: fixture.folder)
    let run = try fixture.run().write("run", in: fixture.folder)
    #expect(throws: CalibrationError.repeatedRun("a")) {
      try Calibration.calibrate(base: base, runs: [("a", run), ("a", run)])
    }
  }

  @Test(arguments: [0.99, -2.5, .nan, .infinity, 1001])
  func rejectsAMargin(_ margin: Double) throws {
    var fixture = try CalibrationFixture()
    #expect(try failure(fixture, [fixture.run()], margin: margin) == .marginOutOfRange)
  }

  @Test func rejectsAnEmptyBase() throws {
    let fixture = try CalibrationFixture()
    #expect(try failure(fixture, [TestModel()], base: TestModel()) == .emptyBase)
  }

  @Test func rejectsAnEmptyRun() throws {
    let fixture = try CalibrationFixture()
    guard case .otherTensors(run: "run0", let findings) = try failure(fixture, [TestModel()]) else {
      Issue.record("another error")
      return
    }
    #expect(findings.count == fixture.base.tensors.count + 1)
  }

  @Test func rejectsARunWithoutDrift() throws {
    var fixture = try CalibrationFixture()
    #expect(try failure(fixture, [fixture.run(), fixture.base]) == .unchangedRun("run1"))
  }

  @Test func rejectsOtherTensors() throws {
    var fixture = try CalibrationFixture()
    let honest = fixture.run()
    var changes: [(String, (inout TestModel) -> Void)] = []
    changes.append(("only in the base: \"still.weight\"", { $0.tensors["still.weight"] = nil }))
    changes.append(
      ("only in the run: \"lm_head.weight\"", { $0.tensors["lm_head.weight"] = $0.tensors["still.weight"] }))
    changes.append(
      (
        "another shape: \"embed.weight\" [80, 12] -> [79, 12]",
        {
          $0.tensors["embed.weight"]?.shape = [79, 12]
          $0.tensors["embed.weight"]?.values.removeLast(12)
        }
      ))
    for (line, change) in changes {
      var run = honest
      change(&run)
      let error = try failure(fixture, [honest, run])
      guard case .otherTensors(run: "run1", let findings) = error else {
        Issue.record("\(line): \(error)")
        continue
      }
      #expect(findings.first?.hasPrefix(line) == true, "\(findings)")
      #expect(error.exitCode == 13)
    }
    // The remedies for the usual causes.
    var tied = honest
    tied.tensors["lm_head.weight"] = tied.tensors["still.weight"]
    #expect(try failure(fixture, [tied]).findings.last?.contains("ties it to the embedding") == true)
  }

  @Test(arguments: [Float.nan, .infinity, 1e30])
  func rejectsAWeightWithoutEncoding(_ weight: Float) throws {
    var fixture = try CalibrationFixture()
    var run = fixture.run()
    run.tensors["embed.weight"]?.values[3] = weight
    guard case .notEncodable(run: "run0", tensor: "embed.weight", _) = try failure(fixture, [run]) else {
      Issue.record("another error")
      return
    }
  }

  /// A run that has the same NaN leaves the tensor frozen; one that changed it can be bounded by nothing.
  @Test func freezesATensorWithoutEncoding() throws {
    var fixture = try CalibrationFixture()
    fixture.base.tensors["embed.weight"]?.values[3] = .nan
    var same = fixture.run()
    same.tensors["embed.weight"] = fixture.base.tensors["embed.weight"]
    let calibration = try fixture.calibrate([same])
    let resolved = try calibration.policy.resolve(tensorNames: fixture.base.tensors.keys.sorted() + ["steps"])
    #expect(resolved.first { $0.tensorName == "embed.weight" }?.allowance == .frozen)
    var changed = same
    changed.tensors["embed.weight"]?.values[0] += 1
    guard case .notEncodable(run: "run0", tensor: "embed.weight", _) = try failure(fixture, [changed]) else {
      Issue.record("another error")
      return
    }
  }

  @Test func rejectsChangedWeightsThatNoClauseReaches() throws {
    let folder = try TemporaryFolder()
    func write(_ name: String, _ bytes: [UInt8]) throws -> Checkpoint {
      let writer = try SafetensorsWriter(
        path: folder.file(name), tensors: [.init(name: "packed", dtype: .i8, shape: [4])])
      try writer.append(bytes)
      try writer.finish()
      return try Checkpoint.open(folder.file(name))
    }
    let (base, run) = (try write("base", [1, 2, 3, 4]), try write("run", [1, 2, 9, 9]))
    #expect(throws: CalibrationError.notCertifiable(run: "run", tensor: "packed", dtype: .i8, entries: 2)) {
      try Calibration.calibrate(base: base, runs: [("run", run)])
    }
  }

  @Test func rejectsMoreRulesThanAPolicyHas() throws {
    var fixture = try CalibrationFixture()
    fixture.base = TestModel()
    for index in 0...1024 { fixture.base.tensors["t\(index)x"] = TestTensor([1], random: &fixture.random) }
    var run = fixture.base
    for name in run.tensors.keys { run.tensors[name]?.values = [2] }
    guard case .notExpressible(let reason) = try failure(fixture, [run]) else {
      Issue.record("another error")
      return
    }
    #expect(reason.contains("1025 rules"))
  }

  @Test func everyErrorNamesARemedy() throws {
    let errors: [CalibrationError] = [
      .noRuns, .repeatedRun("a"), .marginOutOfRange, .emptyBase, .unchangedRun("a"),
      .otherTensors(run: "a", findings: []), .notEncodable(run: "a", tensor: "b", reason: "c"),
      .notCertifiable(run: "a", tensor: "b", dtype: .i8, entries: 2), .notEnclosed(run: "a", tensors: ["b"]),
    ]
    for error in errors {
      let hasRemedy = ["leave", "name", "number", "compare"].contains { error.description.contains($0) }
      #expect(hasRemedy, "\(error)")
    }
  }
}
