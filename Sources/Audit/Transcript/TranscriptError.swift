// SPDX-License-Identifier: Apache-2.0

/// Why a file is no transcript of an audit. Lines count from 1.
package enum TranscriptError: Error, Equatable, Sendable {
  case empty
  /// The last line has no line feed: it was being written when something stopped.
  case unfinishedLine(number: Int)
  case longLine(number: Int)
  case malformed(number: Int, reason: String)
  /// The line does not follow the one before it.
  case brokenChain(number: Int)
  /// The first line follows another plan.
  case otherPlan(stated: String)
  case noHeader
  case secondHeader(number: Int)
  case wrongSide(expected: AuditSide)
  case noSession(number: Int)
  case sessionReference(number: Int)
  case resolvedTwice(number: Int, index: Int)
  case wrongAttempt(number: Int, index: Int, expected: Int)
  case stillOpen(number: Int, index: Int)
  case notSent(number: Int, index: Int)
  case missingWithoutFailure(number: Int, index: Int)
  case wrongLineCount(number: Int, expected: Int)
  case wrongRoot(number: Int)
  case wrongEnd(number: Int)
  case afterVerdict(number: Int)
  /// A line with answers or questions in a transcript that withholds them.
  case visible(number: Int)
  /// The last line of a withheld transcript is no end.
  case noEnd
}

extension TranscriptError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .empty: "it is empty: was the audit begun?"
    case .unfinishedLine(let number):
      "line \(number) ends without a line feed: it was cut off"
    case .longLine(let number): "line \(number) has more than \(CanonicalJSON.maximumBytes) bytes"
    case .malformed(let number, let reason): "line \(number): \(reason)"
    case .brokenChain(let number):
      "line \(number) does not follow the line before it: lines were changed, moved, added or left out"
    case .otherPlan(let stated): "it belongs to the plan \(stated), not to the one given"
    case .noHeader: "it does not begin with a header"
    case .secondHeader(let number): "line \(number) is a second header"
    case .wrongSide(let expected): "it is not the \(expected.rawValue)'s transcript: are the two files swapped?"
    case .noSession(let number): "line \(number) belongs to no session"
    case .sessionReference(let number):
      "line \(number): a candidate's session names its reference, a reference's names none"
    case .resolvedTwice(let number, let index): "line \(number): question \(index) has its answer already"
    case .wrongAttempt(let number, let index, let expected):
      "line \(number): the next attempt at question \(index) is number \(expected)"
    case .stillOpen(let number, let index): "line \(number): question \(index) is still waiting for an answer"
    case .notSent(let number, let index): "line \(number): question \(index) was not sent"
    case .missingWithoutFailure(let number, let index):
      "line \(number): question \(index) is given up without a failed attempt"
    case .wrongLineCount(let number, let expected): "line \(number) counts other lines than the \(expected) before it"
    case .wrongRoot(let number): "line \(number) names another root than that of the lines before it"
    case .wrongEnd(let number): "line \(number): a candidate's end has a verdict, a reference's has none"
    case .afterVerdict(let number): "line \(number) goes on after a verdict"
    case .visible(let number): "line \(number) shows a question or an answer, although the bundle withholds them"
    case .noEnd: "its last line is no end"
    }
  }
}
