// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import DriftProofCertificate
import DriftProofCore

/// The certificate that a plan names, as a bundle has it.
package struct CertificateFile: Sendable {
  package let bytes: [UInt8]
  package let facts: CertificateFacts
  /// What its proof says, where the bundle has an identity to verify it against; that the identity is the right base's is for
  /// the reader to know.
  package let verification: VerificationReport?

  /// Nil where the plan names none.
  init?(_ archive: BundleArchive, _ plan: AuditPlan) throws(BundleRejection) {
    let file = archive.optional(.certificate)
    guard let named = plan.certificate else {
      for file in [BundleFile.certificate, .identity, .policy] where archive.optional(file) != nil {
        throw .unexpectedFile(file)
      }
      return nil
    }
    guard let file else { throw .noCertificate(named: named) }
    let digest = SHA256.hash(file).hexadecimal
    guard digest == named else { throw .otherCertificate(stated: named, found: digest) }
    let identity = archive.optional(.identity)
    guard identity != nil || archive.optional(.policy) == nil else { throw .unexpectedFile(.policy) }
    bytes = file
    do throws(DriftProofError) {
      facts = try CertificateFacts(file)
      verification = try identity.map { (identity) throws(DriftProofError) in
        try Self.verify(file, identity: identity, policy: archive.optional(.policy))
      }
    } catch {
      throw .certificate(error)
    }
  }

  /// Verifies the proof.
  /// - Parameter policy: nil for the one inside the certificate.
  package static func verify(
    _ certificate: [UInt8], identity: [UInt8], policy: [UInt8]?
  ) throws(DriftProofError) -> VerificationReport {
    guard let policy else {
      return try CertificateVerifier.verify(certificate: certificate, identityFile: identity, parent: .any)
    }
    return try CertificateVerifier.verify(
      certificate: certificate, identityFile: identity, policyFile: policy, parent: .any)
  }
}
