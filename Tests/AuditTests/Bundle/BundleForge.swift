// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAttestation
import DriftProofAudit
@testable import DriftProofAuditBundle
import DriftProofCore
import DriftProofEnclave
import Foundation
import TestSupport
import Testing

/// One audit and what honest and dishonest signers make of it.
struct BundleForge {
  var simulation: Simulation
  var reference: [UInt8]
  var candidate: [UInt8]

  static func fixture(_ name: String, in folder: String = "attestation") throws -> [UInt8] {
    [UInt8](try Data(contentsOf: Repository.fixture(folder).appendingPathComponent(name)))
  }

  static func signer(_ name: String = "ed25519") throws -> SigningKey {
    try SigningKey(pem: try fixture(name + ".pem"))
  }

  /// - Parameter shift: millionths of a nat that the candidate is away.
  init(count: Int = 12, shift: Int = 0, _ change: (inout AuditPlan) -> Void = { _ in }) throws {
    simulation = try Simulation(change)
    reference = try simulation.reference(count)
    candidate = try simulation.candidate(reference) { prompt, _ in Simulation.answer(prompt, shift: shift) }
  }

  func maker(_ binding: ReferenceBinding = .recorded) -> BundleMaker {
    BundleMaker(
      plan: simulation.plan, key: simulation.key, reference: reference, candidate: candidate, binding: binding)
  }

  func bundle(withheld: Bool = false, _ change: (inout BundleMaker) -> Void = { _ in }) throws -> [UInt8] {
    var maker = maker()
    maker.isWithheld = withheld
    change(&maker)
    return try maker.make(signing: try Self.signer()).tar
  }

  static func verify(_ tar: [UInt8]) throws -> BundleReport {
    try BundleVerifier.verify(tar, key: try signer().publicKey)
  }

  func summary(withheld: Bool = false) throws -> AuditSummary {
    AuditSummary(
      try simulation.compare(reference, candidate), key: withheld ? nil : simulation.key,
      reference: try simulation.read(reference, .reference), candidate: try simulation.read(candidate, .candidate))
  }

  /// Whatever the holder of the signing key likes to sign.
  func forged(
    withheld: Bool = false, binding: ReferenceBinding = .recorded, tunedCommitment: String? = nil,
    files more: [BundleFile: [UInt8]] = [:], summary edit: (inout AuditSummary) -> Void = { _ in },
    payload change: (String) -> String = { $0 }
  ) throws -> [UInt8] {
    var summary = try summary(withheld: withheld)
    edit(&summary)
    return try sign(
      summary, withheld: withheld, binding: binding, tunedCommitment: tunedCommitment, files: more, payload: change)
  }

  /// The same of a summary that no honest computation gives.
  func sign(
    _ summary: AuditSummary, withheld: Bool = false, binding: ReferenceBinding = .recorded,
    tunedCommitment: String? = nil, files more: [BundleFile: [UInt8]] = [:],
    payload change: (String) -> String = { $0 }
  ) throws -> [UInt8] {
    let statement = AuditStatement(
      plan: simulation.plan, summary: summary, reference: simulation.header(.reference),
      candidate: simulation.header(.candidate), roots: (.init(of: reference), .init(of: candidate)), binding: binding,
      tunedCommitment: tunedCommitment, finishedAt: "2026-03-01T12:30:00Z")
    let envelope = try SignatureEnvelope(
      payloadType: AttestationStatement.payloadType,
      payload: Array(change(String(decoding: statement.payload, as: UTF8.self)).utf8), key: try Self.signer())
    var files: [BundleFile: [UInt8]] = [
      .plan: simulation.plan.file,
      .reference: withheld ? WithheldTranscript.file(withholding: reference) : reference,
      .candidate: withheld ? WithheldTranscript.file(withholding: candidate) : candidate, .result: summary.file,
      .attestation: Array(envelope.line.utf8),
    ]
    for (file, content) in more { files[file] = content }
    return BundleArchive(files).tar
  }

  /// The same audit with single records disclosed.
  func opened(_ indices: Set<Int>) throws -> OpenedRecords {
    try OpenedRecords(
      indices, of: try simulation.compare(reference, candidate), source: try simulation.questions(),
      reference: (try simulation.read(reference, .reference), reference),
      candidate: (try simulation.read(candidate, .candidate), candidate))
  }

  /// What an enclave's quote about the candidate's transcript must be bound to.
  func quoteBinding() throws -> QuoteBinding {
    QuoteBinding(
      planDigest: simulation.plan.digest, modelDigest: nil,
      commitment: [UInt8](hexadecimal: simulation.plan.commitment) ?? [],
      party: .client(transcriptRoot: AuditStatement.TranscriptRoot(of: candidate).root))
  }

  static func fails(
    _ tar: [UInt8], _ location: SourceLocation = #_sourceLocation, _ isExpected: (BundleRejection) -> Bool
  ) {
    do {
      _ = try verify(tar)
      Issue.record("accepted", sourceLocation: location)
    } catch let error as BundleRejection {
      #expect(isExpected(error), "\(error)", sourceLocation: location)
    } catch {
      Issue.record("\(error)", sourceLocation: location)
    }
  }
}
