// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCurveCommitment
import DriftProofPolicy

/// Why a certificate of the curve backend, or an identity with rows, is refused.
package enum CurveCertificateError: Error, Equatable, Sendable {
  // Bytes
  case truncated(section: String)
  case trailingBytes(count: Int)
  case notACertificate
  case unsupportedVersion(Int)
  /// The policy's statement is proved in another version of the format.
  case otherVersion(expected: Int, found: Int)
  case unsupportedBackend(String)
  /// An identity's text is not the one that its content has.
  case identity(String)
  /// Rows of a tensor are missing, or not as many as its shape has.
  case tunedRows(name: String, expected: Int, found: Int)
  case baseRows(name: String, expected: Int, found: Int)
  /// A byte stands for nothing, or not for what the policy says of the tensor.
  case wrongKind(name: String)
  case otherCommitment
  // What it is about
  /// The certificate's base is not the identity's.
  case otherBase
  case otherPolicy
  /// The bytes of the policy inside it are none.
  case malformedPolicy(String)
  /// It is a link, and nobody says from which model it starts; its parent's commitment.
  case linkAlone(parent: [UInt8])
  /// Its drift starts from another model than the one that it is held against.
  case otherParent
  /// The certificate's setup is not the identity's.
  case setupMismatch
  /// Nobody vouches for the setup.
  case unknownSetup(id: [UInt8])
  /// The policy asks for proven bits, and neither it nor the verifier permits the assumption.
  case assumptionNotAllowed
  // Statement
  /// What this backend does not prove yet, and where the policy asks for it.
  case notYet(String)
  case policy(PolicyError)
  case setup(CurveSetupError)
  case proof(CurveProofRejection)
}

extension CurveCertificateError: ByteReadingError {}

extension CurveCertificateError: CustomStringConvertible {
  /// In English.
  package var description: String {
    switch self {
    case .truncated(let section): "the certificate ends inside \(section)"
    case .trailingBytes(let count): "\(count) bytes follow the certificate's end"
    case .notACertificate: "it is no certificate of the curve backend"
    case .unsupportedVersion(let version): "version \(version) of the format is not known: use a newer driftproof"
    case .otherVersion(let expected, let found):
      "the certificate has version \(found) of the format, and what the policy says is proved in version \(expected)"
    case .unsupportedBackend(let name): "the backend \(StrictJSON.shown(name)) is not known: use a newer driftproof"
    case .identity(let why): "the identity is none with rows on the curve: \(why)"
    case .tunedRows(let name, let expected, let found):
      "tensor \(StrictJSON.shown(name)) has \(found) committed rows in the certificate, and its shape \(expected)"
    case .baseRows(let name, let expected, let found):
      "tensor \(StrictJSON.shown(name)) has \(found) committed rows in the identity, and its shape \(expected)"
    case .wrongKind(let name): "the certificate says something else of tensor \(StrictJSON.shown(name)) than the policy"
    case .otherCommitment: "the stated tuned commitment is not that of the certificate's content"
    case .otherBase: "the certificate is about another base"
    case .otherPolicy: "the certificate is about another policy"
    case .malformedPolicy(let why): "the policy inside the certificate is none: \(why)"
    case .linkAlone(let parent):
      "the certificate is a link of a chain: its drift starts from the model of commitment \(parent.hexadecimal)"
    case .otherParent: "the certificate's drift starts from another model"
    case .setupMismatch: "the certificate's setup is not the one that the identity's rows are committed under"
    case .unknownSetup(let id):
      "the setup \(id.hexadecimal) is not known to this program: whoever knows its secret can forge"
    case .assumptionNotAllowed:
      "the policy asks for 128 proven bits and permits no assumption, and a kzg certificate rests on assumptions about BLS12-381"
    case .notYet(let what): "the kzg backend does not prove this yet: \(what)"
    case .policy(let error): "\(error)"
    case .setup(let error): error.description
    case .proof(let error): error.description
    }
  }

  /// What to do; nil where the reason says it.
  package var remedy: String? {
    switch self {
    case .unknownSetup: "Name a setup that you trust with --setup: its file, or the 64 digits of its id."
    case .assumptionNotAllowed:
      "If these assumptions are good enough for you, say so in your policy, \"assume\": \"bls12-381\", or for this once by "
        + "--assume bls12-381. The hash backend needs none of them."
    case .linkAlone: "driftproof chain verify takes it with all certificates above it, up to the base."
    case .notYet: "Use the hash backend: leave out --backend and take an identity without it."
    case .setup(let error): error.remedy
    default: nil
    }
  }
}
