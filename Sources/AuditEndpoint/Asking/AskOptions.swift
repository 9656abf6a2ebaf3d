// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit

/// How many questions are asked, and how fast.
package struct AskOptions: Sendable {
  /// Requests at once.
  package var concurrency = 4
  /// Questions from 0 on that may be asked: of a reference all of them, of a candidate until there is a verdict.
  package var questions: Int
  /// Whether a candidate is asked all questions, also behind its verdict: for suites, which draw many audits from one record.
  package var asksAll = false
  /// Seconds over which the questions are spread, at times that follow from the key; 0 for as fast as answers come.
  package var spread = 0.0
  /// The value that goes into the questions, or none.
  package var beacon: [UInt8] = []
  /// What the transcript says it was made with.
  package var tool: String
  /// Now, as in RFC 3339.
  package var clock: @Sendable () -> String
  /// Waits are multiplied by this: tests have no time.
  package var pace = 1.0
  /// Called after each question that is settled.
  package var progress: @Sendable (AskProgress) -> Void = { _ in }

  package init(questions: Int, tool: String, clock: @escaping @Sendable () -> String) {
    self.questions = questions
    self.tool = tool
    self.clock = clock
  }
}

/// How far an audit is.
package struct AskProgress: Sendable {
  package let settled: Int
  package let total: Int
  /// Evidence so far; nil of a reference.
  package let decision: Decision?
}

/// What was asked in one go.
package struct AskReport: Sendable {
  /// Nil where an earlier session had found it out.
  package let preflight: Preflight?
  package let transcript: Transcript
  package let decision: Decision?
  /// Bytes of an unfinished line that a crash left and that were removed.
  package let removedBytes: Int
  /// Bytes that the processes of the server had at most, where one was started and the system says so.
  package var serverPeak: Int?
  /// Whether one question of the preflight, asked once more at the end, had the same answer; nil where it was not asked.
  package let isRepeatable: Bool?
}
