// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import DriftProofCore

/// Why an endpoint cannot be asked, or not any more. None of these accuses it of anything.
package enum AskError: Error, Equatable, Sendable {
  /// A status that says that no request of this kind will be answered.
  case refused(status: Int)
  case redirected(status: Int)
  /// Nothing but failures.
  case unreadable(last: String)
  case file(SystemError)
  case transcript(TranscriptError)
  /// The transcript that is there is of another endpoint, model or beacon.
  case otherHeader(field: String, stated: String, expected: String)
  case hasVerdict(Verdict)
  // The preflight's.
  case noText(hasReasoning: Bool)
  case noLogProbabilities
  case noSpelling
  case fewListed(found: Int, needed: Int)
  case fewDecimals(found: Int, margin: Int)
  case referenceSamples
  // About the reference.
  case referenceMissing(missing: Int, count: Int)
  case rejected(AuditRejection)
  case noMorePrompts(count: Int)
}

extension AskError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .refused(let status): Self.words(status)
    case .redirected(let status):
      "the endpoint redirects elsewhere (status \(status)), which is never followed: keys and questions would go with it"
    case .unreadable(let last): "the endpoint cannot be read: \(last)"
    case .file(let error): error.isLocked ? "another program is writing to it" : "\(error)"
    case .transcript(let error): "\(error)"
    case .otherHeader(let field, let stated, let expected):
      "the transcript that is there has the \(field) \(stated), not \(expected)"
    case .hasVerdict(let verdict): "the transcript that is there says \(verdict.rawValue) already, and a verdict stands"
    case .noText(let hasReasoning):
      hasReasoning
        ? "the endpoint thinks aloud and gives no text within the tokens of an answer"
        : "the endpoint answers with no text"
    case .noLogProbabilities: "the endpoint gives no log probabilities"
    case .noSpelling: "the endpoint's tokens do not join to its texts in any known spelling"
    case .fewListed(let found, let needed):
      "the endpoint lists \(found) likely tokens a place, the plan compares \(needed)"
    case .fewDecimals(let found, let margin):
      "the endpoint rounds log probabilities to \(found) decimals, which the margin of \(margin) millionths of a nat does not "
        + "allow"
    case .referenceSamples: "the reference's answers are not its likeliest ones: sampling or penalties are on"
    case .referenceMissing(let missing, let count):
      "the reference left \(missing) of \(count) questions without an answer that can be compared, more than 5 %"
    case .rejected(let error): "\(error)"
    case .noMorePrompts(let count): "the file of prompts has \(count) lines, fewer than are to be asked"
    }
  }

  private static func words(_ status: Int) -> String {
    switch status {
    case 401: "the endpoint does not accept the API key (status 401)"
    case 402: "the endpoint wants to be paid first (status 402)"
    case 403: "the endpoint refuses these requests (status 403)"
    case 404: "the endpoint knows no such path or model (status 404)"
    default: "the endpoint does not accept requests of this form (status \(status))"
    }
  }
}
