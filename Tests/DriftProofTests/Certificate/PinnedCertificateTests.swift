// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofCertificate
@testable import DriftProofProving
import DriftProofAdapter
import DriftProofArgument
import DriftProofCheckpoint
import DriftProofCore
import DriftProofPolicy
import Foundation
import Testing
import DriftProofTranscript

/// Certificates that an earlier version made: this one must still verify them, and read them alike.
@Suite struct PinnedCertificateTests {
  private func check(
    _ name: String, _ pinned: PinnedCertificate, in folder: URL = PinnedCertificate.folder, version: UInt8 = 2
  ) throws -> VerificationReport {
    #expect(try Certificate.parse(pinned.certificate).manifest[0] == version)
    let report = try CertificateVerifier.verify(
      certificate: pinned.certificate, identityFile: pinned.identityFile, policyFile: pinned.policyFile)
    let file = folder.appendingPathComponent(name + "/tuned-commitment.txt")
    let stated = String(decoding: try Data(contentsOf: file), as: UTF8.self)
    #expect(report.tunedCommitment + "\n" == stated)
    #expect(report.securityBits >= 128 && report.soundness.allSatisfy { $0.bits >= 128 })
    #expect(report.certificateBytes == pinned.certificate.count)

    // What this version writes from the same files has the same identities.
    let base = try Checkpoint.open(pinned.base)
    let isAdapter = !pinned.tuned.hasSuffix(".safetensors")
    let model: TunedModel =
      isAdapter
      ? .adapter(try Adapter.open(pinned.tuned), base: base)
      : .checkpoint(try Checkpoint.open(pinned.tuned), base: base)
    var identity = try BaseIdentity.compute(checkpoint: base)
    if pinned.identity.linked != nil { identity = try BaseTableau.link(identity, base: base) }
    #expect(identity.jsonBytes() == pinned.identityFile)
    let opening = try OpeningFile.parse(pinned.opening, path: "opening.json")
    #expect(opening.tunedCommitment.hexadecimal == report.tunedCommitment)
    let checked = try CertificateChecker.check(
      certificate: pinned.certificate, model: model, opening: opening)
    #expect(checked.tunedCommitment == report.tunedCommitment)
    return report
  }

  @Test func revisedCertificates() throws {
    let folder = PinnedCertificate.revisedFolder
    let norm = try check("norm", PinnedCertificate.revisedNorm.get(), in: folder, version: 4)
    #expect(norm.policyName == "pinned norm" && norm.certifiedParameters == 16)
    let adapter = try check("adapter", PinnedCertificate.revisedAdapter.get(), in: folder, version: 4)
    #expect(adapter.policyName == "pinned adapter" && adapter.adapter?.modules == 2)
    let slices = try check("slices", PinnedCertificate.slices.get(), in: folder, version: 4)
    #expect(slices.policyName == "pinned slices" && slices.tensors.composed == 1 && slices.certifiedParameters == 72)
  }

  @Test func patternCertificate() throws {
    let pinned = try PinnedCertificate.patterns.get()
    let report = try check("patterns", pinned, in: PinnedCertificate.patternsFolder, version: 9)
    #expect(report.policyName == "pinned patterns" && report.tensors.pattern == 1 && report.tensors.composed == 2)
    #expect(report.baseIdentity == pinned.identity.linkedRoot?.hexadecimal)
  }

  @Test func entrywiseCertificate() throws {
    let pinned = try PinnedCertificate.entries.get()
    let report = try check("entries", pinned, in: PinnedCertificate.entriesFolder, version: 6)
    #expect(report.policyName == "pinned entries" && report.tensors.entrywise == 2 && report.tensors.rank == 1)
    let checked = try CheckedCertificate(pinned.certificate, identity: pinned.identity, policy: pinned.policy)
    let layout = ArgumentLayout(try #require(checked.argument).verifier.statement)
    // A grid and shared tiles, with constants of their own.
    #expect(layout.entries.tiles.count >= 3 && Set(layout.entries.members.map(\.claim.square)).count == 3)
  }

  @Test func normCertificate() throws {
    let report = try check("norm", PinnedCertificate.norm.get())
    #expect(report.policyName == "pinned norm" && report.certifiedParameters == 16)
    #expect(report.tensors.norm == 1 && report.excluded.isEmpty)
  }

  @Test func certificateOfEveryClass() throws {
    let report = try check("classes", PinnedCertificate.classes.get())
    #expect(report.policyName == "pinned classes" && report.excluded == ["steps"])
    let counts = report.tensors
    #expect(counts.frozen == 1 && counts.norm == 2 && counts.rank == 1 && counts.sparse == 3 && counts.composed == 2)
  }

  /// Stage O, whose challenges and powers no other pin has.
  @Test func adapterCertificate() throws {
    let pinned = try PinnedCertificate.adapter.get()
    let report = try check("adapter", pinned)
    #expect(report.policyName == "pinned adapter" && report.adapter != nil && report.excluded.isEmpty)
    let checked = try CheckedCertificate(pinned.certificate, identity: pinned.identity, policy: pinned.policy)
    let statement = try #require(checked.argument).verifier.statement
    let orthonormal = statement.tensors.filter(\.isOrthonormal)
    #expect(orthonormal.count == 2 && orthonormal.allSatisfy { $0.rows == 4 } && statement.totalBound != nil)
    #expect(statement.tensors.allSatisfy { $0.plainBound != nil })
  }

  /// Heads, tiles in a grid and a total whose limbs move to other lines.
  @Test func certificateOfHeadsAndTiles() throws {
    let pinned = try PinnedCertificate.heads.get()
    let report = try check("heads", pinned)
    #expect(report.policyName == "pinned heads" && report.excluded.isEmpty)
    let checked = try CheckedCertificate(pinned.certificate, identity: pinned.identity, policy: pinned.policy)
    let statement = try #require(checked.argument).verifier.statement
    #expect(statement.tensors.filter { $0.block != nil }.count == 4 && statement.totalBound != nil)
    let bits = statement.tensors.map(\.fractionBits)
    #expect((bits.max() ?? 0) - (bits.min() ?? 0) >= 8)
    let layout = TableauLayout(tensors: statement.tensors, logLength: statement.code.logLength)
    #expect(layout.blocks.contains { $0.tiles.count >= 3 })
  }

  /// One certificate does not stand for another's base or policy.
  @Test func theyAreNotExchangeable() throws {
    let (norm, classes) = (try PinnedCertificate.norm.get(), try PinnedCertificate.classes.get())
    for (certificate, identity, policy) in [
      (norm.certificate, classes.identityFile, classes.policyFile),
      (norm.certificate, norm.identityFile, classes.policyFile),
      (classes.certificate, norm.identityFile, classes.policyFile),
    ] {
      let error = #expect(throws: DriftProofError.self) {
        try CertificateVerifier.verify(certificate: certificate, identityFile: identity, policyFile: policy)
      }
      #expect(error?.exitCode == 12)
    }
  }
}
