// SPDX-License-Identifier: Apache-2.0

/// Exit codes, a contract with scripts.
enum ExitCode: Int32, CaseIterable {
  case success = 0
  case operational = 1
  case usage = 2
  case policyViolated = 10
  case proofInvalid = 11
  case identityMismatch = 12
  case coverageGap = 13
  case notProvable = 14
  case revoked = 15
  case different = 20
  case undecided = 21

  var meaning: String {
    switch self {
    case .success: "done, or verified"
    case .operational: "operational error, such as an unreadable file"
    case .usage: "wrong command line"
    case .policyViolated: "the drift is outside the policy (prove), or a chain's outside its cumulative policy"
    case .proofInvalid: "the proof, the attestation, the setup, or an audit's transcript or bundle is invalid"
    case .identityMismatch:
      "another base, parent, policy, checkpoint or model than the certificate's or attestation's, or another plan's audit"
    case .coverageGap:
      "tensors missing, added, renamed or reshaped, a rule that matches nothing, or unclear which weights"
    case .notProvable: "the drift cannot be proved at this precision"
    case .revoked: "a link of a chain is revoked"
    case .different: "DIFFERENT: the endpoint does not serve the reference's model (audit)"
    case .undecided: "UNDECIDED: the audit's requests do not tell, or its bundle withholds them (audit)"
    }
  }
}
