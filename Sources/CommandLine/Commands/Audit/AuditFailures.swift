// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import DriftProofAuditEndpoint

// Which exit code each error of an audit ends a command with, and what to type about it.

extension ExitCode {
  init(_ rejection: AuditRejection) { self = rejection.isMismatch ? .identityMismatch : .proofInvalid }

  init(_ error: AuditPlanError) {
    self =
      switch error {
      case .otherKey, .otherPrompts: .identityMismatch
      case .malformed, .version, .otherSentences, .otherWords: .operational
      }
  }
}

extension AuditPlanError {
  var remedy: String? {
    switch self {
    case .malformed: "driftproof audit plan writes one; it must stay as it is, to the byte."
    case .version, .otherSentences, .otherWords: "Use the version of driftproof that made the plan."
    case .otherKey: "--key takes the key file that was written with the plan."
    case .otherPrompts(_?, nil): "Name the file with --prompts."
    case .otherPrompts(nil, _): "Leave out --prompts."
    case .otherPrompts: "--prompts takes the file as it was when the plan was made."
    }
  }
}

extension AuditRejection {
  var remedy: String? {
    switch self {
    case .plan(let error): error.remedy
    case .transcript(_, .unfinishedLine), .noEnd, .transcript(_, .empty):
      "driftproof audit record goes on with a reference, driftproof audit run with a candidate."
    case .transcript(_, .wrongSide): "The reference's transcript comes first."
    default: nil
    }
  }
}

extension AskError {
  /// An endpoint that cannot be read is no deviation: 1.
  var exitCode: ExitCode {
    switch self {
    case .rejected(let error): ExitCode(error)
    case .transcript(.otherPlan), .transcript(.wrongSide), .otherHeader: .identityMismatch
    case .transcript: .proofInvalid
    default: .operational
    }
  }

  var remedy: String? {
    switch self {
    case .refused(status: 401), .refused(status: 402):
      "--api-key-env VAR names the variable that holds the key; the same command goes on where it stopped."
    case .refused: "Look at the plan's endpoint and model, at --chat, and at how many tokens --top asks for."
    case .redirected: "Make a plan with the address that it redirects to, if that is the endpoint you mean."
    case .unreadable: "The same command goes on where it stopped, once the endpoint answers."
    case .otherHeader, .hasVerdict: "Choose another name with -o; a new audit needs a new plan."
    case .noText(hasReasoning: true): "Make a plan with more --tokens, or audit it without thinking."
    case .noText: "Does the endpoint complete texts? A plan with --chat asks as a chat does."
    case .noLogProbabilities, .noSpelling: "Make a plan with --score text, which compares texts alone."
    case .fewListed(let found, _): "Make a plan with --top \(max(1, 2 * found - 1)) or less, or with --score text."
    case .fewDecimals: "Make a plan with --margin 0.01 or more."
    case .referenceSamples:
      "Start the reference with greedy decoding: no temperature, no penalties, no sampling parameters of its own."
    case .referenceMissing: "Make the reference answer, and record it by a new plan."
    case .noMorePrompts: "Ask for fewer, or make a plan with a longer file."
    case .rejected(let error): error.remedy
    case .transcript, .file: nil
    }
  }
}

extension ModelServerError {
  var remedy: String? {
    switch self {
    case .noPort: "Write it into the command where the server takes its port, such as --port {port}."
    default:
      lastLines.isEmpty
        ? nil : "It printed last:\n" + lastLines.map { "  " + Quoting.plain($0) }.joined(separator: "\n")
    }
  }
}

extension CommandFailure {
  init(_ error: AuditRejection) { self.init(ExitCode(error), error.description, remedy: error.remedy) }

  init(_ error: AuditPlanError, path: String) {
    self.init(ExitCode(error), "\(path): \(error)", remedy: error.remedy)
  }

  init(_ error: AskError, path: String) {
    self.init(error.exitCode, "\(path): \(error)", remedy: error.remedy)
  }

  init(_ error: ModelServerError) { self.init(.operational, error.description, remedy: error.remedy) }
}
