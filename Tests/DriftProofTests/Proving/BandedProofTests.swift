// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofCertificate
@testable import DriftProofProving
import DriftProofArgumentProver
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofPolicy
import DriftProofStatement
import DriftProofTranscript
import Foundation
import TestSupport
import Testing

/// Small tensors that share no row, each with clauses of its own forms: a tableau of more than two blocks of eight rows at the
/// price of a few thousand weights.
struct BandedModel {
  static let tensorCount = 17
  let base: TestModel
  let tuned: TestModel
  let policy: String

  init() {
    var random = SeededGenerator(seed: 16)
    var (base, tuned) = (TestModel(), TestModel())
    var rules: [String] = []
    // Lists of one to four clauses, each exact or with a residual, are as many signatures (docs/protocol.md section 3).
    for number in 0..<Self.tensorCount {
      let code = number + 2
      let clauses = (0..<code.bitWidth - code.leadingZeroBitCount - 1).map { place in
        code >> place & 1 == 1 ? #"{"rows": 1}"# : #"{"rows": 1, "residual": {"absolute": 0.01}}"#
      }
      let name = "t\(10 + number)"
      base.tensors[name] = TestTensor([4, 16], random: &random)
      tuned.tensors[name] = base.tensors[name]
      for column in 0..<16 { tuned.tensors[name]?.values[16 + column] += 0.1 * random.signed() }
      rules.append("{ \"tensors\": \"\(name)\", \"allow\": [ \(clauses.joined(separator: ", ")) ] }")
    }
    (self.base, self.tuned) = (base, tuned)
    policy = """
      { "driftPolicy": 1, "name": "pinned bands", "securityBits": 128,
        "rules": [
          \(rules.joined(separator: ",\n    ")) ] }

      """
  }
}

/// Certificates whose leaves are hashed in bands (docs/protocol.md section 3): made, stopped, checked, and forged.
@Suite struct BandedProofTests {
  private struct Stop: Error {}

  private struct Proved: Sendable {
    let certificate: [UInt8]
    let report: VerificationReport
    let identity: BaseIdentity
    let policy: Policy
    let opening: [UInt8]
  }

  private let folder: TemporaryFolder
  private let base: Checkpoint
  private let tuned: Checkpoint
  private let policy: Policy

  init() throws {
    folder = try TemporaryFolder()
    let model = BandedModel()
    base = try model.base.write("base", in: folder)
    tuned = try model.tuned.write("tuned", in: folder)
    policy = try Policy.parse(Array(model.policy.utf8))
  }

  private func request(bands: Int, opening: String = "opening") -> DriftProver.Request {
    var request = DriftProver.Request(
      .checkpoint(tuned, base: base), policy: policy, openingPath: folder.file(opening))
    request.bands = bands
    return request
  }

  /// With fixed randomness; stops after the record named.
  private func kept(_ request: DriftProver.Request, stopAfter: String? = nil) throws -> DriftProver.Request {
    var request = request
    let inputs = ProofSession.fingerprint(
      request.model, policy: policy, identity: nil, proofs: request.proofs, bands: request.bands)
    request.session = try ProofSession(
      path: folder.file("state"), inputs: inputs, secret: OpeningSession.existing(request.openingPath)?.secret,
      entropy: [UInt8](repeating: 5, count: 32), freshSecret: [UInt8](repeating: 6, count: 32)
    ) { kept in if kept == stopAfter { throw Stop() } }
    return request
  }

  private static func recounted(_ certificate: Certificate, bands: Int) throws -> Certificate {
    let manifest = try DriftManifest.parse(certificate.manifest)
    return Certificate(
      baseRoot: certificate.baseRoot, policy: try certificate.embeddedPolicy().policy,
      manifest: DriftManifest(
        rules: manifest.rules, code: try manifest.code?.inBands(bands), rowCount: manifest.rowCount,
        layoutDigest: manifest.layoutDigest, entries: manifest.entries), driftRoot: certificate.driftRoot,
      driftPins: certificate.driftPins, proof: certificate.proof)
  }

  /// One proof of three bands, stopped and taken up again, and what can be tried with it.
  @Test func provedStoppedAndForged() throws {
    let whole = try DriftProver.prove(kept(request(bands: 3, opening: "whole")))
    whole.finish()
    #expect(throws: DriftProofError.self) {
      _ = try DriftProver.prove(kept(request(bands: 3), stopAfter: "leaves of P2"))
    }
    // Leaves in the folder are of its number of bands.
    var other = request(bands: 2)
    let refused = #expect(throws: DriftProofError.self) { try other.keep(in: folder.file("state")) }
    #expect(refused.map { "\($0)".contains("the number of bands") && $0.exitCode == 1 } == true)
    let result = try DriftProver.prove(kept(request(bands: 3)))
    result.finish()
    #expect(result.certificate == whole.certificate)

    let manifest = try DriftManifest.parse(Certificate.parse(result.certificate).manifest)
    #expect(manifest.code?.bands == 3 && manifest.rowCount == BandedModel.tensorCount)
    #expect(Array(manifest.bytes.prefix(12)) == [14, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0])
    #expect(result.verification.bands == 3 && result.verification.code?.hasSuffix(", 3 bands") == true)
    let checked = try CertificateChecker.check(
      certificate: result.certificate, model: .checkpoint(tuned, base: base), openingPath: folder.file("opening"))
    #expect(checked.bands == 3 && checked.tunedCommitment == result.verification.tunedCommitment)

    // Another G is another commitment: the opening stays as it is.
    let before = try Data(contentsOf: URL(fileURLWithPath: folder.file("opening")))
    let error = #expect(throws: DriftProofError.self) { _ = try DriftProver.prove(request(bands: 2)) }
    #expect(error.map { "\($0)".contains("another number of bands") } == true, "\(String(describing: error))")
    #expect(try Data(contentsOf: URL(fileURLWithPath: folder.file("opening"))) == before)

    // Recounted in the manifest, with all hashes made right: pins lie elsewhere, and every challenge is another.
    let identity = try BaseIdentity.compute(checkpoint: base)
    let certificate = try Certificate.parse(result.certificate)
    for bands in [1, 2] {
      let forged = try Self.recounted(certificate, bands: bands)
      #expect(throws: DriftProofError.proofInvalid(.argument(.sumcheckFinal(stage: "A")))) {
        try CertificateVerifier.verify(certificate: forged.bytes, identity: identity, policy: policy)
      }
    }
    let refusals: [(Int, FormatError)] = [
      (0, .bandsWithoutNeed(0)), (1, .bandsWithoutNeed(1)),
      (4, .moreBandsThanBlocks(4, rows: BandedModel.tensorCount)),
      (257, .tooMany(section: "bands", found: 257, limit: 256)),
    ]
    for (bands, expected) in refusals {
      var bytes = manifest.bytes
      bytes.replaceSubrange(4..<8, with: [UInt8(bands & 0xFF), UInt8(bands >> 8), 0, 0])
      #expect(throws: expected) { try DriftManifest.parse(bytes) }
    }
    #expect(throws: FormatError.unsupportedVersion(14)) {
      try DriftManifest.parse(manifest.bytes.prefix(8) + manifest.bytes)
    }
  }

  @Test func moreBandsThanBlocks() throws {
    let rows = BandedModel.tensorCount
    for bands in [4, 0, 257] {
      let error = DriftProofError.tooLarge(.bands(bands, rows: rows))
      #expect(throws: error) { _ = try DriftProver.prove(request(bands: bands)) }
      #expect(error.exitCode == 1 && "\(error)".contains("1 to 3 bands"))
      #expect(throws: error) {
        _ = try Forecast(.checkpoint(tuned, base: base), policy: policy, bands: bands, speed: 1)
      }
    }
    #expect(!FileManager.default.fileExists(atPath: folder.file("opening")))
    // The same proof, somewhat longer, with two more arrays of leaves.
    func forecast(_ bands: Int) throws -> Forecast {
      try Forecast(.checkpoint(tuned, base: base), policy: policy, bands: bands, speed: 1)
    }
    let (one, three) = (try forecast(1), try forecast(3))
    #expect(one.proofBytes == three.proofBytes && one.seconds < three.seconds)
    #expect(three.peakMemoryBytes >= one.peakMemoryBytes)
  }

  /// Certificates do not tell how many workers have made them, or whether they were stopped and taken up by another number.
  @Test func workersMakeTheSameCertificate() throws {
    func certificate(_ workers: Int?, stopAfter: String? = nil) throws -> [UInt8] {
      var request = try kept(request(bands: 3, opening: "workers \(workers ?? 0)"), stopAfter: stopAfter)
      request.workers = workers
      let result = try DriftProver.prove(request)
      result.finish()
      return result.certificate
    }
    let alone = try certificate(nil)
    for workers in 1...3 { #expect(try certificate(workers) == alone) }
    var stopped = try kept(request(bands: 3, opening: "stopped"), stopAfter: "leaves of P2")
    stopped.workers = 2
    #expect(throws: DriftProofError.self) { _ = try DriftProver.prove(stopped) }
    // One session at a time has the folder.
    stopped.session = nil
    stopped = try kept(request(bands: 3, opening: "stopped"))
    stopped.workers = 3
    let result = try DriftProver.prove(stopped)
    result.finish()
    #expect(result.certificate == alone)
    var many = request(bands: 3, opening: "many")
    many.workers = 4
    #expect(throws: DriftProofError.operational("\(WorkerError.moreWorkersThanBands(workers: 4, bands: 3))")) {
      _ = try DriftProver.prove(many)
    }
  }
}
