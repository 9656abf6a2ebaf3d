// SPDX-License-Identifier: Apache-2.0

import DriftProofAdapter
import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofCore
import DriftProofDrift
import DriftProofPolicy

extension CertificateChecker {
  /// Whether an unmerged adapter changes the tensors that the certificate states, by products of the ranks that it states,
  /// without the base and without the opening.
  /// - Throws: `identityMismatch` when not, `proofInvalid` for bytes that are no certificate, and for an adapter that cannot
  ///   be certified what `AdapterModel` throws.
  package static func compareShapes(certificate: [UInt8], adapter: Adapter) throws(DriftProofError) {
    try DriftProofError.translating {
      let manifest = try CertificateFacts(certificate).manifest
      guard manifest.isAdapter else { throw DriftProofError.identityMismatch(.aboutCheckpoint) }
      // Tensors of the tuned model; that the base has no others is for those to check who have it.
      let outline = BaseIdentity(
        outline: manifest.tuned.map { tensor in
          BaseIdentity.Leaf(
            name: tensor.name, dtype: tensor.dtype, shape: tensor.shape,
            statistics: TensorStatistics(
              fractionBits: tensor.dtype.isFloating ? Encoding.fractionBitsRange.upperBound : 0, sumOfSquares: 0,
              maxAbs: 0, sha256: [UInt8](repeating: 0, count: SHA256.digestLength)))
        })
      let model = try AdapterModel(
        adapter, identity: outline, policy: CertificateVerifier.embeddedPolicy(certificate), comparesBytes: false)
      try compareNames(model.tensors, manifest.tuned)
    }
  }
}
