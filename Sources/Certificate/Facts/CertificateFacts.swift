// SPDX-License-Identifier: Apache-2.0

import DriftProofStatement
import DriftProofCheckpoint
import DriftProofCore
import DriftProofPolicy
import DriftProofTranscript

/// What an attestation says of a certificate, read from its bytes. That its proof holds is for the verifier to say.
package struct CertificateFacts {
  /// Tensors of the tuned model in one class.
  package struct Share: Hashable, Sendable {
    package var tensors = 0
    /// Entries of all of them.
    package var parameters = 0

    package init(tensors: Int = 0, parameters: Int = 0) {
      self.tensors = tensors
      self.parameters = parameters
    }
  }

  /// How the certificate covers the tuned model's tensors.
  package struct Coverage: Hashable, Sendable {
    package var proved = Share()
    package var identical = Share()
    package var excluded = Share()
    /// The excluded tensors, in order. Tensors of the base that the tuned model lacks are not among them: no subject
    /// has them.
    package var excludedNames: [String] = []

    package init(
      proved: Share = Share(), identical: Share = Share(), excluded: Share = Share(), excludedNames: [String] = []
    ) {
      self.proved = proved
      self.identical = identical
      self.excluded = excluded
      self.excludedNames = excludedNames
    }
  }

  package static let system = "driftproof/v\(Certificate.formatVersion)"

  /// SHA-256 of the file, hexadecimal, as all digests here.
  package let sha256: String
  package let baseIdentity: String
  package let tunedCommitment: String
  /// Of a link of a chain: its parent's tuned commitment.
  package let parentCommitment: String?
  package let policyDigest: String
  package let policyName: String
  package let securityBits: Int
  /// The policy's canonical bytes.
  let policy: [UInt8]
  /// The policy as the members of a policy file.
  let policyMembers: [JSONMember]
  package let coverage: Coverage
  package let manifest: DriftManifest

  /// Reads the frame, and compares the digests inside with what they are digests of.
  /// - Throws: `proofInvalid`.
  package init(_ bytes: [UInt8]) throws(DriftProofError) {
    let certificate: Certificate
    let policy: Policy
    do throws(FormatError) {
      certificate = try Certificate.parse(bytes)
      let embedded = try certificate.embeddedPolicy()
      policy = embedded.policy
      guard case .object(let members)? = try? StrictJSON.parse(embedded.file) else {
        throw .notCanonical
      }
      policyMembers = members
    } catch {
      throw .proofInvalid(.certificate(error))
    }
    do throws(FormatError) {
      manifest = try DriftManifest.parse(certificate.manifest)
    } catch {
      throw .proofInvalid(.manifest(error))
    }
    guard SHA256.hash(certificate.policy) == certificate.policyDigest else { throw .proofInvalid(.policyBytes) }
    let commitment = TunedCommitment.commitment(
      baseRoot: certificate.baseRoot, manifest: certificate.manifest, driftRoot: certificate.driftRoot,
      driftPins: certificate.driftPins)
    guard commitment == certificate.tunedCommitment else { throw .proofInvalid(.tunedCommitment) }
    sha256 = SHA256.hash(bytes).hexadecimal
    baseIdentity = certificate.baseRoot.hexadecimal
    tunedCommitment = certificate.tunedCommitment.hexadecimal
    parentCommitment = manifest.parent?.hexadecimal
    policyDigest = certificate.policyDigest.hexadecimal
    policyName = policy.name
    securityBits = policy.securityBits
    self.policy = certificate.policy
    coverage = Self.coverage(manifest, policy)
  }

  /// Everything except what has its own place in a statement: rules and total.
  package var claims: [JSONMember] { policyMembers.filter { !Self.headKeys.contains($0.key) } }

  /// Whether `claims`, in whatever spelling of the same numbers and strings, are this policy's.
  package func hasClaims(_ claims: [JSONMember]) -> Bool {
    let file = JSONValue.object(policyMembers.filter { Self.headKeys.contains($0.key) } + claims)
    return (try? Policy.parse(Array(file.compact.utf8)).canonicalBytes()) == policy
  }

  private static let headKeys = ["driftPolicy", "name", "securityBits"]

  private static func coverage(_ manifest: DriftManifest, _ policy: Policy) -> Coverage {
    var coverage = Coverage()
    for entry in manifest.entries {
      let name = entry.tensor.name
      let isFree = policy.rules.first { $0.tensors.matches(name) }?.allowance == .any
      // What an adapter leaves alone is the base's under any rule.
      if isFree, entry.tensor.change != .none {
        coverage.excluded.add(entry.tensor)
        coverage.excludedNames.append(name)
      } else if entry.byteDigest == nil {
        coverage.identical.add(entry.tensor)
      } else {
        coverage.proved.add(entry.tensor)
      }
    }
    return coverage
  }
}

extension CertificateFacts.Share {
  mutating func add(_ tensor: TunedTensor) {
    tensors += 1
    let (sum, overflow) = parameters.addingReportingOverflow(Shape.entryCount(tensor.shape) ?? 0)
    parameters = overflow ? .max : sum
  }
}
