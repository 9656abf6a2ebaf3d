// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// What will be asked of whom, and what will decide: everything but the key, fixed and published before the first question.
package struct AuditPlan: Equatable, Sendable {
  /// What is compared.
  package enum Score: String, CaseIterable, Sendable {
    /// Log probabilities of the likeliest tokens.
    case logProbabilities = "logprobs"
    /// The texts alone, for endpoints that give no log probabilities.
    case text
  }

  /// Whom the audit is about.
  package enum Subject: Equatable, Sendable {
    case endpoint(EndpointAddress)
    /// A server that the auditor starts.
    case local
  }

  /// Where the questions come from.
  package enum Prompts: Equatable, Sendable {
    case families
    /// SHA-256 of a file; hexadecimal.
    case file(digest: String)
  }

  package var mode: AuditMode
  package var score: Score
  /// What may lie between reference and subject, in millionths of the score's unit.
  package var margin: Int
  /// 1/ρ where requests may be far off more or less often than the mode says: of texts only; nil for the mode's own.
  package var farShare: Int?
  package var subject: Subject
  /// The model's name in requests to the subject.
  package var modelName: String
  /// Whether a question is sent as a message of a chat.
  package var isChat: Bool
  /// Tokens of an answer.
  package var tokens: Int
  /// Likely tokens that are asked for at each place.
  package var listed: Int
  package var prompts: Prompts
  /// SHA-256 of the key behind a fixed word; hexadecimal.
  package var commitment: String
  /// Counts the plans about one subject from 1, each naming the one before, so that a dropped audit leaves a gap.
  package var run: Int
  /// Digest of the previous plan; hexadecimal.
  package var previous: String?
  /// Whose value, drawn after this plan was published, goes into the questions: for people.
  package var beacon: String?
  /// SHA-256 of a certificate that the model is said to have; hexadecimal.
  package var certificate: String?
  /// Digest of the model's files (docs/attestations.md); hexadecimal.
  package var modelDigest: String?
  /// Digests of the questions' sentences and words; hexadecimal.
  package var sentences: String
  package var words: String

  package init(
    mode: AuditMode, score: Score, margin: Int? = nil, subject: Subject, modelName: String, key: AuditKey
  ) {
    self.mode = mode
    self.score = score
    self.margin = margin ?? mode.defaultMargin
    self.subject = subject
    self.modelName = modelName
    isChat = false
    tokens = 8
    listed = 20
    prompts = .families
    commitment = key.commitment.hexadecimal
    run = 1
    sentences = PromptFamily.digest
    words = Vocabulary.digest
  }

  package static let marginRange = 100...1_000_000
  package static let tokenRange = 1...64
  package static let listedRange = 1...20
  /// What 1/ρ may be.
  package static let farShares = [80, 50, 20, 10, 5]
  package static let version = 1

  /// 1/ρ.
  package var inverseFarShare: Int { farShare ?? mode.inverseTailShare }
  /// Requests until SAME where there is no distance at all.
  package var fewestForSame: Int { SameClauses.fewestRequests(of: mode, inverseTailShare: farShare) }

  /// The file: one object in canonical form and a line feed.
  package var file: [UInt8] { CanonicalJSON.bytes(json) + [0x0A] }

  /// SHA-256 of the file.
  package var digest: [UInt8] { SHA256.hash(file) }

  private var json: JSONValue {
    func number(_ value: Int) -> JSONValue { .number(String(value)) }
    return CanonicalJSON.object([
      ("audit", number(Self.version)), ("mode", .string(mode.rawValue)), ("score", .string(score.rawValue)),
      ("margin", number(margin)), ("farShare", farShare.map(number)), ("endpoint", subjectJSON),
      ("model", .string(modelName)), ("chat", .bool(isChat)),
      ("tokens", number(tokens)), ("listed", score == .logProbabilities ? number(listed) : nil),
      ("prompts", promptsJSON), ("commitment", .string(commitment)), ("run", number(run)),
      ("previous", previous.map { .string($0) }), ("beacon", beacon.map { .string($0) }),
      ("certificate", certificate.map { .string($0) }), ("modelDigest", modelDigest.map { .string($0) }),
    ])
  }

  private var subjectJSON: JSONValue {
    switch subject {
    case .local: .string("local")
    case .endpoint(let address):
      CanonicalJSON.object([("origin", .string(address.origin)), ("path", .string(address.path))])
    }
  }

  private var promptsJSON: JSONValue {
    switch prompts {
    case .families: CanonicalJSON.object([("sentences", .string(sentences)), ("words", .string(words))])
    case .file(let digest): CanonicalJSON.object([("file", .string(digest))])
    }
  }
}

extension Decision {
  /// One by a plan's rule, before the first request.
  package init(_ plan: AuditPlan) { self.init(mode: plan.mode, inverseTailShare: plan.farShare) }
}

extension AuditPlan {
  /// The questions of this plan.
  /// - Throws: `otherKey`, `otherPrompts`.
  package func questions(
    key: AuditKey, beacon: [UInt8], file: PromptFile?
  ) throws(AuditPlanError) -> PromptSource {
    guard key.commitment.hexadecimal == commitment else { throw .otherKey }
    let challenge = key.challenge(planDigest: digest, beacon: beacon)
    switch (prompts, file) {
    case (.families, nil): return PromptSource(challenge: challenge)
    case (.families, _?): throw .otherPrompts(expected: nil, found: file?.digest)
    case (.file(let expected), nil): throw .otherPrompts(expected: expected, found: nil)
    case (.file(let expected), let file?):
      guard file.digest == expected else { throw .otherPrompts(expected: expected, found: file.digest) }
      return PromptSource(challenge: challenge, file: file)
    }
  }
}
