// SPDX-License-Identifier: Apache-2.0

import DriftProofAdapter
@testable import DriftProofCalibration
import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofPolicy
@testable import DriftProofProving
import Foundation
import TestSupport
import Testing

/// Calibrated policies that bound single entries, or say that the rest of a rank is its rounding.
@Suite struct CalibrationEntryTests {
  // MARK: Entries

  private func clauses(_ calibration: Calibration, of tensor: String) throws -> [ClauseForm] {
    try #require(calibration.groups.first { $0.tensors.contains(tensor) }?.allowance.forms)
  }

  @Test func entriesAreBoundedBesideEveryForm() throws {
    var fixture = try CalibrationFixture()
    let runs = [fixture.run(), fixture.run(size: 0.8)]
    let base = try fixture.base.write("base", in: fixture.folder)
    var named: [(path: String, checkpoint: Checkpoint)] = []
    for (index, run) in runs.enumerated() {
      named.append(("run\(index)", try run.write("run\(index)", in: fixture.folder)))
    }
    var options = Calibration.Options()
    options.boundsEntries = true
    let calibration = try Calibration.calibrate(base: base, runs: named, options: options)
    let plain = try Calibration.calibrate(base: base, runs: named)
    for group in calibration.groups where group.form != .excluded {
      let forms = try #require(group.allowance.forms)
      #expect(forms.count { $0.entryBound != nil } == 1, "\(group.patterns)")
      #expect(forms.allSatisfy { $0.roundingBound == nil })
    }
    #expect(plain.groups.allSatisfy { $0.allowance.forms?.allSatisfy { $0.entryBound == nil } ?? true })
    // Without them nothing else is another.
    #expect(calibration.groups.map(\.form) == plain.groups.map(\.form))
    // Beside a norm by itself, beside a rank in its rest, which is far smaller than the drift.
    let full = try clauses(calibration, of: "h.0.full.weight")
    #expect(full.count == 2 && full[1].rank == nil)
    let rank = try clauses(calibration, of: "h.0.rank.weight")
    guard case .sum(4, nil, .some, let entry?, nil, nil) = rank[1], case .relative(let value) = entry else {
      Issue.record("\(rank)")
      return
    }
    #expect(value.doubleValue < 0.05)
    for run in runs { #expect(try fixture.refusal(run, calibration.policy) == nil) }
    // One weight that takes what the norm allows to all.
    var single = fixture.run()
    single.tensors["h.0.full.weight"] = fixture.base.tensors["h.0.full.weight"]
    single.tensors["h.0.full.weight"]?.values[17] += 0.5
    #expect(try fixture.refusal(single, plain.policy) == nil)
    let refusal = try fixture.refusal(single, calibration.policy)
    guard case .policyViolated(let found)? = refusal, case .entries(1, _, _, _, _)? = found.first?.excess else {
      Issue.record("\(String(describing: refusal))")
      return
    }
    #expect(found.map(\.tensor) == ["h.0.full.weight"])
  }

  // MARK: Roundings

  private struct Merges {
    let folder: TemporaryFolder
    let base: Checkpoint
    let identity: BaseIdentity
    var adapters: [Adapter] = []
    var merged: [(path: String, checkpoint: Checkpoint)] = []

    init(_ type: DataType) throws {
      folder = try TemporaryFolder()
      var random = SeededGenerator(seed: 29)
      var model = TypedModel()
      for layer in 0..<2 { model.add("h.\(layer).q.weight", type, [60, 72], random: &random) }
      model.add("norm", .f32, [12], random: &random)
      base = try model.write("base", in: folder)
      identity = try BaseTableau.link(BaseIdentity.compute(checkpoint: base), base: base)
      for run in 0..<2 {
        var files = TestAdapter()
        files.config["target_modules"] = "[\"q\"]"
        for layer in 0..<2 { files.add("h.\(layer).q", shape: [60, 72], scale: 0.2, random: &random) }
        let adapter = try files.open("adapter\(run)", in: folder)
        let path = folder.file("merged\(run).safetensors")
        _ = try ModelMerge.merge(base: base, adapter: adapter, to: path)
        adapters.append(adapter)
        merged.append((path, try Checkpoint.open(path)))
      }
    }

    func calibrate(_ adapters: [Adapter?]) throws -> (calibration: Calibration, forms: [ClauseForm]) {
      var options = Calibration.Options()
      (options.identity, options.merged) = (identity, adapters)
      let calibration = try Calibration.calibrate(base: base, runs: merged, options: options)
      return (calibration, try #require(calibration.groups.first?.allowance.forms))
    }
  }

  @Test(arguments: [(DataType.bf16, "1.01"), (.f16, "1.04")])
  func mergesAreTheirRounding(_ type: DataType, _ factor: String) throws {
    let merges = try Merges(type)
    let (calibration, forms) = try merges.calibrate(merges.adapters)
    #expect(calibration.groups.count == 1 && calibration.groups[0].form == .rank(4))
    // In place of the residual.
    #expect(
      forms.count == 2
        && forms[1] == .sum(rank: 4, sparse: nil, residual: nil, rounding: .halfUlps(try Decimal10(factor))), "\(forms)"
    )
    // What is written can be proved.
    var request = DriftProver.Request(
      .checkpoint(merges.merged[1].checkpoint, base: merges.base), policy: calibration.policy,
      openingPath: merges.folder.file("opening"))
    (request.identity, request.hint) = (merges.identity, merges.adapters[1])
    #expect(try DriftProver.prove(request).verification.rounded.count == 2)
  }

  /// Without the factors, or with another run's, half-ulps do not hold, and what does is written.
  @Test func withoutFactorsSomethingWiderIsWritten() throws {
    let merges = try Merges(.bf16)
    for adapters in [[], [merges.adapters[1], merges.adapters[0]], [merges.adapters[0], nil]] as [[Adapter?]] {
      let (calibration, forms) = try merges.calibrate(adapters)
      #expect(forms.allSatisfy { if case .halfUlps? = $0.roundingBound { false } else { true } }, "\(forms)")
      #expect(forms.contains { if case .sum(4, nil, .some, _, nil, nil) = $0 { true } else { false } }, "\(forms)")
      #expect(calibration.groups[0].form == .rank(4))
    }
  }

  /// Beside tensors that the base commits to, one in F32 keeps its residual.
  @Test func whatHasNoUnitsKeepsItsResidual() throws {
    let folder = try TemporaryFolder()
    var random = SeededGenerator(seed: 31)
    var model = TestModel()
    model.tensors["a.weight"] = TestTensor([40, 50], random: &random)
    model.tensors["b.weight"] = TestTensor([9, 9], isHalf: true, random: &random)
    let base = try model.write("base", in: folder)
    model.tensors["a.weight"]?.addLowRank(2, scale: 0.1, random: &random)
    let run = try model.write("run", in: folder)
    var options = Calibration.Options()
    options.identity = try BaseTableau.link(BaseIdentity.compute(checkpoint: base), base: base)
    let forms = try clauses(
      try Calibration.calibrate(base: base, runs: [("run", run)], options: options), of: "a.weight")
    #expect(forms.count == 2 && forms.allSatisfy { $0.roundingBound == nil })
    guard case .sum(2, nil, .some, nil, nil, nil) = forms[1] else {
      Issue.record("\(forms)")
      return
    }
  }

  @Test func anotherBasesIdentity() throws {
    let merges = try Merges(.bf16)
    var options = Calibration.Options()
    let other = try BaseIdentity.compute(checkpoint: merges.merged[0].checkpoint)
    options.identity = other
    let expected = CalibrationError.otherIdentity(found: merges.identity.rootHex, given: other.rootHex)
    #expect(throws: expected) {
      try Calibration.calibrate(base: merges.base, runs: merges.merged, options: options)
    }
  }
}
