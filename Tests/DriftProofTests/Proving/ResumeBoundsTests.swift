// SPDX-License-Identifier: Apache-2.0

import DriftProofAdapter
@testable import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofPolicy
@testable import DriftProofProving
import Foundation
import TestSupport
import Testing

/// Proofs with bounds on single entries that are stopped after each phase and go on.
@Suite struct ResumeBoundsTests {
  private struct Stop: Error {}

  enum Form: String, CaseIterable, Sendable {
    case entrywise, rounding
  }

  private let folder: TemporaryFolder
  private let base: Checkpoint
  private let tuned: Checkpoint
  private let merged: Checkpoint
  private let adapter: Adapter
  private let other: Adapter
  private let identity: BaseIdentity
  private static let records = [
    "session", "prepared", "leaves of drift", "reserved", "leaves of P1", "leaves of P2", "stage A",
  ]

  init() throws {
    folder = try TemporaryFolder()
    var random = SeededGenerator(seed: 19)
    var before = TestModel()
    before.tensors["model.a.weight"] = TestTensor([48, 40], isHalf: true, random: &random)
    before.tensors["model.b.weight"] = TestTensor([20, 30], isHalf: true, random: &random)
    before.tensors["model.norm"] = TestTensor([17], random: &random)
    base = try before.write("base", in: folder)
    identity = try BaseTableau.link(
      BaseIdentity.compute(checkpoint: base), base: base, cache: folder.file("cache"))
    var files = TestAdapter()
    files.config["target_modules"] = "[\"a\", \"b\"]"
    files.add("model.a", shape: [48, 40], random: &random)
    files.add("model.b", shape: [20, 30], random: &random)
    adapter = try files.open("adapter", in: folder)
    _ = try ModelMerge.merge(base: base, adapter: adapter, to: folder.file("merged.safetensors"))
    merged = try Checkpoint.open(folder.file("merged.safetensors"))
    files.config["lora_alpha"] = "4"
    other = try files.open("other", in: folder)
    var after = before
    after.tensors["model.a.weight"]?.addLowRank(2, scale: 0.05, random: &random)
    for name in ["model.a.weight", "model.norm"] {
      for x in after.tensors[name]?.values.indices ?? 0..<0 {
        after.tensors[name]?.values[x] += 0.002 * random.signed()
      }
    }
    tuned = try after.write("tuned", in: folder)
  }

  /// Without state.
  private func plain(_ form: Form, opening: String) throws -> DriftProver.Request {
    switch form {
    case .entrywise:
      let policy = try testPolicy(
        [
          ("*.a.weight", #"{"rank": 2, "entrywise": {"absolute": 0.01}}"#),
          ("*.norm", #"{"entrywise": {"absolute": 0.01}}"#),
        ], frozenRest: true)
      return DriftProver.Request(base: base, tuned: tuned, policy: policy, openingPath: folder.file(opening))
    case .rounding:
      let policy = try testPolicy(
        [
          ("*.a.weight", #"[{"norm": {"relative": 1}}, {"rank": 4, "rounding": {"halfUlps": 1.01}}]"#),
          ("*.b.weight", #"[{"norm": {"relative": 1}}, {"rank": 4, "rounding": {"roundoffs": 1}}]"#),
        ], frozenRest: true)
      var request = DriftProver.Request(
        .checkpoint(merged, base: base), policy: policy, openingPath: folder.file(opening))
      (request.identity, request.hint) = (identity, adapter)
      return request
    }
  }

  /// Keeps its state in a folder, with fixed randomness; stops after the record named.
  private func request(
    _ form: Form, in name: String, opening: String, stopAfter: String? = nil
  ) throws -> DriftProver.Request {
    var request = try plain(form, opening: opening)
    let inputs = ProofSession.fingerprint(
      request.model, policy: request.policy, identity: request.identity, proofs: request.proofs, hint: request.hint)
    request.session = try ProofSession(
      path: folder.file(name), inputs: inputs, secret: OpeningSession.existing(request.openingPath)?.secret,
      entropy: [UInt8](repeating: 5, count: 32), freshSecret: [UInt8](repeating: 6, count: 32)
    ) { kept in if kept == stopAfter { throw Stop() } }
    return request
  }

  private func stop(_ form: Form, after record: String, in name: String, opening: String) throws {
    if record == Self.records[0] {
      #expect(throws: Stop.self) { _ = try request(form, in: name, opening: opening, stopAfter: record) }
    } else {
      let request = try request(form, in: name, opening: opening, stopAfter: record)
      #expect(throws: DriftProofError.self) { _ = try DriftProver.prove(request) }
    }
  }

  @Test(arguments: Form.allCases)
  func everyStopLeadsToTheSameCertificate(_ form: Form) throws {
    let whole = try DriftProver.prove(try request(form, in: "whole", opening: "whole.secret"))
    whole.finish()
    #expect(try Certificate.parse(whole.certificate).manifest[0] == (form == .rounding ? 8 : 6))
    for (index, record) in Self.records.enumerated() {
      let (name, opening) = ("stopped\(index)", "stopped\(index).secret")
      try stop(form, after: record, in: name, opening: opening)
      var request = try request(form, in: name, opening: opening)
      // Whether the base's leaves are at hand is no part of what is proved.
      if form == .rounding, index % 2 == 1 { request.baseCache = folder.file("cache") }
      let resumed = try DriftProver.prove(request)
      #expect(resumed.certificate == whole.certificate, "stopped after \(record)")
      #expect(resumed.report.phases.map(\.name).contains("reading") == (index < 1), "stopped after \(record)")
      #expect(resumed.report.proofsUsed == 1, "stopped after \(record)")
      resumed.finish()
      #expect(!FileManager.default.fileExists(atPath: folder.file(name)))
    }
  }

  /// Leaves of P1 hold roots, classes and residues here: changed ones give a proof that is not given out.
  @Test(arguments: Form.allCases)
  func keptLeavesAreUsed(_ form: Form) throws {
    for record in ["leaves of P1", "leaves of P2"] {
      let (name, opening) = ("changed \(record)", "opening \(record)")
      try stop(form, after: record, in: name, opening: opening)
      let request = try request(form, in: name, opening: opening)
      var leaves = try #require(try request.session?.bytes(record))
      for leaf in stride(from: 0, to: leaves.count, by: 32) { leaves[leaf] ^= 1 }
      try request.session?.write(record, leaves)
      let error = #expect(throws: DriftProofError.self) { _ = try DriftProver.prove(request) }
      #expect(error.map { "\($0)".contains("does not verify") } == true, "\(record): \(String(describing: error))")
    }
  }

  @Test(arguments: Form.allCases)
  func aRecordOfOtherMessagesIsRefused(_ form: Form) throws {
    try stop(form, after: "stage A", in: "stopped", opening: "opening")
    let request = try request(form, in: "stopped", opening: "opening")
    var record = try #require(try request.session?.bytes("stage A"))
    record[0] ^= 1
    try request.session?.write("stage A", record)
    let error = #expect(throws: DriftProofError.self) { _ = try DriftProver.prove(request) }
    #expect(error.map { "\($0)".contains("stage A") } == true, "\(String(describing: error))")
  }

  /// What one program could go on with is the same adapter, the same identity and the same policy.
  @Test func otherInputsAreRefused() throws {
    let form = Form.rounding
    try stop(form, after: "prepared", in: "stopped", opening: "opening")
    func error(_ change: (inout DriftProver.Request) throws -> Void) throws -> DriftProofError? {
      var request = try plain(form, opening: "opening")
      try change(&request)
      do throws(DriftProofError) {
        try request.keep(in: folder.file("stopped"))
        return nil
      } catch {
        return error
      }
    }
    let wider = try testPolicy([("*.weight", #"{"rank": 4, "rounding": {"halfUlps": 1.02}}"#)], frozenRest: true)
    for found in [
      try error { $0.hint = nil }, try error { $0.hint = other }, try error { $0.policy = wider },
      try error { $0.identity = BaseIdentity(sorted: identity.tensors) }, try error { $0.proofs = 3 },
    ] {
      #expect(
        found?.exitCode == 1 && found.map { "\($0)".contains("other inputs") } == true, "\(String(describing: found))")
    }
    #expect(try error { $0.baseCache = folder.file("cache") } == nil)
  }
}
