@testable import DriftProofCertificate
@testable import DriftProofProving
import DriftProofCheckpoint
import DriftProofCore
import DriftProofPolicy
import Foundation
import Testing
import DriftProofTranscript

/// Certificates that an earlier version made: this one must still verify them, and read them alike.
@Suite struct PinnedCertificateTests {
  private func check(_ name: String, _ pinned: PinnedCertificate) throws -> VerificationReport {
    let report = try CertificateVerifier.verify(
      certificate: pinned.certificate, identityFile: pinned.identityFile, policyFile: pinned.policyFile)
    let file = PinnedCertificate.folder.appendingPathComponent(name + "/tuned-commitment.txt")
    let stated = String(decoding: try Data(contentsOf: file), as: UTF8.self)
    #expect(report.tunedCommitment + "\n" == stated)
    #expect(report.securityBits >= 128 && report.soundness.allSatisfy { $0.bits >= 128 })
    #expect(report.certificateBytes == pinned.certificate.count)

    // What this version writes from the same files has the same identities.
    let base = try Checkpoint.open(pinned.base)
    let tuned = try Checkpoint.open(pinned.tuned)
    #expect(try BaseIdentity.compute(checkpoint: base).jsonBytes() == pinned.identityFile)
    let opening = try OpeningFile.parse(pinned.opening, path: "opening.json")
    #expect(opening.tunedCommitment.hexadecimal == report.tunedCommitment)
    let checked = try CertificateChecker.check(
      certificate: pinned.certificate, model: .checkpoint(tuned, base: base), opening: opening)
    #expect(checked.tunedCommitment == report.tunedCommitment)
    return report
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
