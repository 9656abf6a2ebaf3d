// SPDX-License-Identifier: Apache-2.0

import DriftProofAttestation
import DriftProofAudit
import DriftProofCertificate
import DriftProofTranscript

/// Why a decision in zero knowledge is not what it says: one case per check of the verifier.
package enum DecisionRejection: Error, Equatable, Sendable {
  case file(FormatError)

  // The signature, and what is under it.

  case attestation(SealError)
  /// libcrypto cannot sign.
  case signing(KeyError)
  /// The plan inside is another one than was signed; hexadecimal.
  case otherPlan(stated: String, found: String)
  case plan(AuditPlanError)
  /// A member of the statement is not what plan and rule say.
  case claim(path: String, stated: String, computed: String)
  case statementSpelling

  // What is proved.

  /// The scores inside are others than those that were signed; hexadecimal.
  case otherScores(stated: String, found: String)
  /// A bound of scores that is none of those that can be proved, or more far requests than there are.
  case numbers(requests: Int, far: Int, below: Int)
  /// The plan's rule would not say SAME of so few requests, whatever they scored, with as many beyond.
  case notDecided(requests: Int, far: Int, below: Int)
  /// The pin is no element of the field.
  case pin
  case proof(ProofRejection)
}

extension DecisionRejection: CustomStringConvertible {
  package var description: String { "the decision is rejected: \(reason)" }

  private var reason: String {
    switch self {
    case .file(let error): error.description
    case .attestation(let error): error.description
    case .signing(let error): "it cannot be signed: \(error)"
    case .otherPlan(let stated, let found): "what was signed is about the plan \(stated), the file has \(found)"
    case .plan(let error): "its plan: \(error)"
    case .claim(let path, let stated, let computed):
      "its statement says \(stated) at \(path), where \(computed) follows"
    case .statementSpelling: "its statement is spelled otherwise than driftproof writes it"
    case .otherScores(let stated, let found): "what was signed is about the scores \(stated), the file has \(found)"
    case .numbers(let requests, let far, let below):
      "\(far) of \(requests) requests beyond \(below) thousandths is nothing that can be proved"
    case .notDecided(let requests, let far, let below):
      "by the plan's rule \(requests) requests, \(far) of them beyond \(below) thousandths, are too few for SAME"
    case .pin: "the pin of its scores is no field element"
    case .proof(let rejection): "\(rejection)"
    }
  }
}
