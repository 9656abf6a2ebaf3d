// SPDX-License-Identifier: Apache-2.0

/// Why a plan cannot be used.
package enum AuditPlanError: Error, Equatable, Sendable, CustomStringConvertible {
  case malformed(String)
  case version(Int)
  case otherSentences(String)
  case otherWords(String)
  /// A key that the plan does not commit to.
  case otherKey
  /// A file of prompts that the plan does not name, or none where it names one.
  case otherPrompts(expected: String?, found: String?)

  package var description: String {
    switch self {
    case .malformed(let reason): "it is no plan of an audit: \(reason)"
    case .version(let found):
      "it is a plan of version \(found), this program knows version \(AuditPlan.version)"
    case .otherSentences(let digest):
      "its questions are made of other sentences (\(digest.prefix(16))…) than this program has"
    case .otherWords(let digest):
      "its questions are made of other words (\(digest.prefix(16))…) than this program has"
    case .otherKey: "the plan commits to another key than the one given"
    case .otherPrompts(let expected?, nil):
      "the plan takes its questions from a file with SHA-256 \(expected)"
    case .otherPrompts(let expected?, let found?):
      "the plan takes its questions from a file with SHA-256 \(expected), the file given has \(found)"
    case .otherPrompts: "the plan makes its own questions, and a file was given"
    }
  }
}
