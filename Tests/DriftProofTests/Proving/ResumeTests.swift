// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofCertificate
@testable import DriftProofProving
import DriftProofArgument
import DriftProofCheckpoint
import DriftProofPolicy
import Foundation
import TestSupport
import Testing

/// Proofs that are stopped after each phase and go on.
@Suite struct ResumeTests {
  private struct Stop: Error {}

  private let folder: TemporaryFolder
  private let base: Checkpoint
  private let tuned: Checkpoint
  private let policy: Policy
  private let entropy = [UInt8](repeating: 5, count: 32)
  private let secret = [UInt8](repeating: 6, count: 32)
  /// What a proof with factors keeps, in order.
  private static let records = [
    "session", "prepared", "leaves of drift", "reserved", "leaves of P1", "leaves of P2", "stage A",
  ]

  init() throws {
    folder = try TemporaryFolder()
    var random = SeededGenerator(seed: 11)
    var before = TestModel()
    before.tensors["a.frozen"] = TestTensor([40, 9], random: &random)
    before.tensors["b.norm"] = TestTensor([33, 20], random: &random)
    before.tensors["c.rank"] = TestTensor([48, 40], isHalf: true, random: &random)
    before.tensors["d.rows"] = TestTensor([25, 16], random: &random)
    var after = before
    for index in after.tensors["b.norm"]?.values.indices ?? 0..<0 {
      after.tensors["b.norm"]?.values[index] += 0.02 * random.signed()
    }
    after.tensors["c.rank"]?.addLowRank(2, scale: 0.05, random: &random)
    for column in 0..<16 { after.tensors["d.rows"]?.values[3 * 16 + column] += 0.1 }
    base = try before.write("base", in: folder)
    tuned = try after.write("tuned", in: folder)
    policy = try testPolicy(
      [
        ("*.norm", "{ \"norm\": { \"absolute\": 1.0 } }"),
        ("*.rank", "{ \"rank\": 2, \"residual\": { \"relative\": 0.004 } }"), ("*.rows", "{ \"rows\": 1 }"),
      ], frozenRest: true)
  }

  /// A request that keeps its state in a folder, with fixed randomness; stops after the record named.
  private func request(_ name: String, opening: String, stopAfter: String? = nil) throws -> DriftProver.Request {
    var request = DriftProver.Request(base: base, tuned: tuned, policy: policy, openingPath: folder.file(opening))
    let inputs = ProofSession.fingerprint(
      .checkpoint(tuned, base: base), policy: policy, identity: nil, proofs: request.proofs)
    request.session = try ProofSession(
      path: folder.file(name), inputs: inputs, secret: OpeningSession.existing(request.openingPath)?.secret,
      entropy: entropy, freshSecret: secret
    ) { kept in if kept == stopAfter { throw Stop() } }
    return request
  }

  private func files(_ name: String) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: folder.file(name)).sorted()) ?? []
  }

  /// Runs until a record is on disk and stops there.
  private func stop(after record: String, in name: String, opening: String) throws {
    if record == Self.records[0] {
      #expect(throws: Stop.self) { _ = try request(name, opening: opening, stopAfter: record) }
    } else {
      let request = try request(name, opening: opening, stopAfter: record)
      #expect(throws: DriftProofError.self) { _ = try DriftProver.prove(request) }
    }
  }

  @Test func everyStopLeadsToTheSameCertificate() throws {
    let whole = try DriftProver.prove(try request("whole", opening: "whole.secret"))
    whole.finish()
    #expect(files("whole").isEmpty && !FileManager.default.fileExists(atPath: folder.file("whole")))
    for (index, record) in Self.records.enumerated() {
      let (name, opening) = ("stopped\(index)", "stopped\(index).secret")
      try stop(after: record, in: name, opening: opening)
      let attributes = try FileManager.default.attributesOfItem(atPath: folder.file(name))
      #expect(attributes[.posixPermissions] as? Int == 0o700)
      for file in files(name) {
        let attributes = try FileManager.default.attributesOfItem(atPath: folder.file(name) + "/" + file)
        #expect(attributes[.posixPermissions] as? Int == 0o600, "\(file)")
      }
      let resumed = try DriftProver.prove(try request(name, opening: opening))
      #expect(resumed.certificate == whole.certificate, "stopped after \(record)")
      // What a phase has left on disk is not made again.
      let skipped = resumed.report.phases.map(\.name)
      #expect(skipped.contains("reading") == (index < 1), "stopped after \(record)")
      // Counted once, wherever it was stopped.
      #expect(resumed.report.proofsUsed == 1, "stopped after \(record)")
      resumed.finish()
      #expect(!FileManager.default.fileExists(atPath: folder.file(name)))
    }
  }

  /// Leaves with a right checksum but of another tableau give another root: what is kept is really used, and a proof
  /// from it is not given out.
  @Test func keptLeavesAreUsed() throws {
    for record in ["leaves of drift", "leaves of P1", "leaves of P2"] {
      let (name, opening) = ("changed \(record)", "opening \(record)")
      try stop(after: record, in: name, opening: opening)
      var request = try request(name, opening: opening)
      var leaves = try #require(try request.session?.bytes(record))
      for leaf in stride(from: 0, to: leaves.count, by: 32) { leaves[leaf] ^= 1 }
      try request.session?.write(record, leaves)
      let error = #expect(throws: DriftProofError.self) { _ = try DriftProver.prove(request) }
      #expect(error.map { "\($0)".contains("does not verify") } == true, "\(record): \(String(describing: error))")
      request.session = nil
    }
  }

  /// A record of Stage A from other messages is refused.
  @Test func stageAOfOtherMessagesIsRefused() throws {
    try stop(after: "stage A", in: "stopped", opening: "opening")
    let request = try request("stopped", opening: "opening")
    var record = try #require(try request.session?.bytes("stage A"))
    record[0] ^= 1
    try request.session?.write("stage A", record)
    let error = #expect(throws: DriftProofError.self) { _ = try DriftProver.prove(request) }
    #expect(error.map { "\($0)".contains("stage A") } == true)
  }

  @Test func changedFilesAreRefused() throws {
    try stop(after: "stage A", in: "stopped", opening: "opening")
    let names = files("stopped").filter { $0 != "lock" }
    #expect(names.count == Self.records.count)
    for file in names {
      let path = folder.file("stopped") + "/" + file
      let content = try Data(contentsOf: URL(fileURLWithPath: path))
      var random = SeededGenerator(seed: UInt64(file.utf8.count))
      var variants: [Data] = [Data(), content.dropLast(1), content + Data([0])]
      for _ in 0..<6 {
        var changed = content
        changed[random.below(content.count)] ^= UInt8(1 + random.below(255))
        variants.append(changed)
      }
      for variant in variants {
        try variant.write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: (any Error).self, "\(file)") {
          _ = try DriftProver.prove(try request("stopped", opening: "opening"))
        }
        if let error = error as? DriftProofError { #expect(error.exitCode == 1, "\(file): \(error)") }
      }
      try content.write(to: URL(fileURLWithPath: path))
    }
    _ = try DriftProver.prove(try request("stopped", opening: "opening"))
  }

  /// What an earlier version measured belongs to its statement, whose scales and units may be others.
  @Test func aFolderOfAnEarlierVersionIsRefused() throws {
    #expect(ProofSession.version.hasSuffix("manifest \(DriftManifest.version(.current, isLink: false))"))
    func inputs(_ version: String) -> [UInt8] {
      ProofSession.fingerprint(
        .checkpoint(tuned, base: base), policy: policy, identity: nil, proofs: 2, version: version)
    }
    let path = folder.file("old")
    _ = try ProofSession(path: path, inputs: inputs("driftproof 0.1.0, resume 1"), secret: nil)
    #expect(throws: ResumeError.otherProof(path: path)) {
      _ = try ProofSession(path: path, inputs: inputs(ProofSession.version), secret: nil)
    }
  }

  @Test func filesOfAnotherProofAreRefused() throws {
    try stop(after: "leaves of P2", in: "one", opening: "one.secret")
    var other = DriftProver.Request(base: base, tuned: tuned, policy: policy, openingPath: folder.file("two.secret"))
    let inputs = ProofSession.fingerprint(
      .checkpoint(tuned, base: base), policy: policy, identity: nil, proofs: 2)
    // The same inputs, other randomness.
    other.session = try ProofSession(path: folder.file("two"), inputs: inputs, secret: nil) {
      if $0 == "leaves of P2" { throw Stop() }
    }
    #expect(throws: DriftProofError.self) { _ = try DriftProver.prove(other) }
    other.session = nil
    for file in files("one") where !["session", "lock"].contains(file) {
      let target = folder.file("two") + "/" + file
      let own = try Data(contentsOf: URL(fileURLWithPath: target))
      try Data(contentsOf: URL(fileURLWithPath: folder.file("one") + "/" + file)).write(
        to: URL(fileURLWithPath: target))
      other.session = try ProofSession(path: folder.file("two"), inputs: inputs, secret: nil)
      let error = #expect(throws: DriftProofError.self, "\(file)") { _ = try DriftProver.prove(other) }
      #expect(error.map { "\($0)".contains("another proof") } == true, "\(file): \(String(describing: error))")
      other.session = nil
      try own.write(to: URL(fileURLWithPath: target))
    }
  }

  @Test func otherInputsAreRefused() throws {
    try stop(after: "prepared", in: "stopped", opening: "opening")
    func error(_ change: (inout DriftProver.Request) throws -> Void) throws -> DriftProofError? {
      var request = DriftProver.Request(base: base, tuned: tuned, policy: policy, openingPath: folder.file("opening"))
      try change(&request)
      do throws(DriftProofError) {
        try request.keep(in: folder.file("stopped"))
        return nil
      } catch {
        return error
      }
    }
    let wider = try testPolicy([("*", "{ \"norm\": { \"absolute\": 9.0 } }")])
    let identity = try BaseIdentity.compute(checkpoint: base)
    for other in [
      try error { $0.policy = wider }, try error { $0.model = .checkpoint(base, base: base) },
      try error { $0.model = .checkpoint(tuned, base: tuned) },
      try error { $0.identity = identity }, try error { $0.proofs = 3 },
      try error { $0.bands = 2 },
    ] {
      #expect(other?.exitCode == 1)
      #expect(other.map { "\($0)".contains("other inputs") } == true, "\(String(describing: other))")
    }
    #expect(try error { _ in } == nil)
  }

  @Test func aFolderOpenToOthersIsRefused() throws {
    let path = folder.file("public")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    #expect(throws: ResumeError.notPrivate(path: path)) { _ = try request("public", opening: "opening") }
    let held = try request("held", opening: "opening")
    #expect(throws: ResumeError.inUse(path: folder.file("held"))) { _ = try request("held", opening: "opening") }
    held.session?.finish()
  }

  @Test func anotherOpeningIsRefused() throws {
    try stop(after: "leaves of P2", in: "stopped", opening: "opening")
    let path = folder.file("opening")
    let content = try Data(contentsOf: URL(fileURLWithPath: path))
    try FileManager.default.removeItem(atPath: path)
    let lost = #expect(throws: DriftProofError.self) {
      _ = try DriftProver.prove(try request("stopped", opening: "opening"))
    }
    #expect(lost.map { "\($0)".contains("is not the opening") } == true)
    #expect(!FileManager.default.fileExists(atPath: path))
    try content.write(to: URL(fileURLWithPath: path))
    _ = try DriftProver.prove(try request("stopped", opening: "opening"))
  }

  @Test func aRefusedDriftLeavesNothing() throws {
    var request = DriftProver.Request(
      base: base, tuned: tuned, policy: try testPolicy([("*", "\"frozen\"")]), openingPath: folder.file("opening"))
    try request.keep(in: folder.file("refused"))
    let error = #expect(throws: DriftProofError.self) { _ = try DriftProver.prove(request) }
    #expect(error?.exitCode == 10)
    #expect(!FileManager.default.fileExists(atPath: folder.file("refused")))
  }
}
