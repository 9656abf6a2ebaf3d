// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// Whose answers a transcript has.
package enum AuditSide: String, CaseIterable, Sendable {
  case reference, candidate

  /// In salts.
  var code: UInt8 { self == .reference ? 0 : 1 }
}

/// One line of a transcript, without its link to the line before.
package enum TranscriptLine: Equatable, Sendable {
  case header(Header)
  case session(Session)
  case sent(Sent)
  case answer(Answered)
  case failure(Failed)
  case missing(index: Int, attempts: Int)
  case end(End)

  /// Who is asked, and how its tokens are read: the first line.
  package struct Header: Equatable, Sendable {
    package var side: AuditSide
    /// The plan's digest; hexadecimal.
    package var plan: String
    /// `local` for a server that the auditor starts.
    package var origin: String
    package var path: String
    package var model: String
    package var spelling: TokenSpelling
    /// Hexadecimal; nil without one.
    package var beacon: String?
    package var tool: String
    package var started: String

    package init(
      side: AuditSide, plan: String, origin: String, path: String, model: String, spelling: TokenSpelling,
      beacon: String?, tool: String, started: String
    ) {
      self.side = side
      self.plan = plan
      self.origin = origin
      self.path = path
      self.model = model
      self.spelling = spelling
      self.beacon = beacon
      self.tool = tool
      self.started = started
    }

    /// The beacon as it goes into questions; empty without one.
    package var beaconBytes: [UInt8] { beacon.flatMap { [UInt8](hexadecimal: $0) } ?? [] }
  }

  /// A beginning, or one more after a stop.
  package struct Session: Equatable, Sendable {
    package var at: String
    package var concurrency: Int
    /// The root of the reference's transcript that is compared with; nil in a reference's own.
    package var reference: String?

    package init(at: String, concurrency: Int, reference: String?) {
      self.at = at
      self.concurrency = concurrency
      self.reference = reference
    }
  }

  /// Written before a request goes out.
  package struct Sent: Equatable, Sendable {
    package var index: Int
    /// From 1.
    package var attempt: Int
    /// SHA-256 of the request's body; hexadecimal.
    package var request: String
    package var salt: String
    package var at: String

    package init(index: Int, attempt: Int, request: String, salt: String, at: String) {
      self.index = index
      self.attempt = attempt
      self.request = request
      self.salt = salt
      self.at = at
    }
  }

  /// A body of status 200 that is an answer.
  package struct Answered: Equatable, Sendable {
    package var index: Int
    package var attempt: Int
    /// SHA-256 of the body; hexadecimal.
    package var body: String
    package var answer: Answer
    package var model: String?
    package var fingerprint: String?
    package var promptTokens: Int?
    package var salt: String
    /// In place of the answer's tokens, where a reader keeps no more.
    var kept = Kept.tokens

    /// What a reader keeps of an answer; see ``AnswerKeeping``.
    enum Kept: Equatable, Sendable {
      case tokens
      /// Nil where there is nothing to compare.
      case compared(ComparedAnswer?)
      /// Nil where the reference has no answer.
      case scored(ScoredRow?)
    }

    package init(index: Int, attempt: Int, body: String, response: EndpointResponse, salt: String) {
      self.index = index
      self.attempt = attempt
      self.body = body
      answer = response.answer
      model = response.model
      fingerprint = response.fingerprint
      promptTokens = response.promptTokens
      self.salt = salt
    }

    init(index: Int, attempt: Int, body: String, answer: Answer, salt: String) {
      self.index = index
      self.attempt = attempt
      self.body = body
      self.answer = answer
      self.salt = salt
    }
  }

  /// An attempt that brought no answer.
  package struct Failed: Equatable, Sendable {
    package var index: Int
    package var attempt: Int
    package var reason: FailureReason
    /// Of HTTP; nil where there was none.
    package var status: Int?
    /// Seconds that the server asked to wait.
    package var retryAfter: Int?

    package init(index: Int, attempt: Int, reason: FailureReason, status: Int?, retryAfter: Int?) {
      self.index = index
      self.attempt = attempt
      self.reason = reason
      self.status = status
      self.retryAfter = retryAfter
    }
  }

  /// What was found, and over which lines.
  package struct End: Equatable, Sendable {
    /// Requests that were compared; of a reference, asked.
    package var count: Int
    /// Nil in a reference's transcript.
    package var outcome: Outcome?
    /// Lines before this one, and the root of their tree.
    package var lines: Int
    package var root: String

    package init(count: Int, outcome: Outcome?, lines: Int, root: String) {
      self.count = count
      self.outcome = outcome
      self.lines = lines
      self.root = root
    }
  }

  /// A verdict with the numbers that it follows from.
  package struct Outcome: Equatable, Sendable {
    package var verdict: Verdict
    /// Seven bets on the mean, seven on the share of far ones.
    package var wealths: [Wealth]
    package var sum: Int
    package var squares: Int
    package var tail: Int

    package init(_ decision: Decision) {
      verdict = decision.verdict
      wealths = decision.meanBets.wealths + decision.tailBets.wealths
      sum = decision.clauses.sum
      squares = decision.clauses.squares
      tail = decision.clauses.tail
    }

    init(verdict: Verdict, wealths: [Wealth], sum: Int, squares: Int, tail: Int) {
      self.verdict = verdict
      self.wealths = wealths
      self.sum = sum
      self.squares = squares
      self.tail = tail
    }
  }
}

/// Why an attempt brought no answer.
package enum FailureReason: String, CaseIterable, Sendable {
  /// A status other than 200.
  case status
  case timeout
  /// No connection, or one that broke.
  case connection
  /// A body that is no answer of this API, or was cut off.
  case malformed
  /// A body or header beyond the limits.
  case tooLarge
  /// A redirection, which is never followed.
  case redirect
}
