// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit

/// How one side is asked.
package struct EndpointAccess: Sendable {
  /// What goes into the transcript: `local` for a server that was started, whose port differs each time.
  package let origin: String
  /// Where requests go: origin and path.
  package let url: String
  package let path: String
  package let modelName: String
  /// Goes to `url` and nowhere else, and into no file.
  let apiKey: String?
  let client: any HTTPAsking

  /// - Parameter actualOrigin: where a server that was started listens; nil for an endpoint elsewhere.
  package init(
    plan: AuditPlan, address: EndpointAddress, actualOrigin: String? = nil, modelName: String, apiKey: String?,
    client: any HTTPAsking
  ) {
    origin = actualOrigin == nil ? address.origin : "local"
    path = address.path + EndpointRequest.suffix(isChat: plan.isChat)
    url = (actualOrigin ?? address.origin) + path
    self.modelName = modelName
    self.apiKey = apiKey
    self.client = client
  }

  /// Seconds until an answer is complete.
  static let timeout = 60.0

  /// What came of one request, in the transcript's terms.
  enum Outcome: Sendable {
    case answer(EndpointResponse, body: [UInt8])
    /// - Parameter words: for people, where there is more to say than the reason.
    case failure(FailureReason, status: Int?, retryAfter: Int?, words: String?)
  }

  func ask(_ request: EndpointRequest, _ prompt: String, plan: AuditPlan, seconds: Double = timeout) -> Outcome {
    switch client.ask(url, body: request.body(prompt), apiKey: apiKey, seconds: seconds) {
    case .timedOut: return .failure(.timeout, status: nil, retryAfter: nil, words: nil)
    case .broken(let words): return .failure(.connection, status: nil, retryAfter: nil, words: words)
    case .tooLarge: return .failure(.tooLarge, status: nil, retryAfter: nil, words: nil)
    case .redirected(let status): return .failure(.redirect, status: status, retryAfter: nil, words: nil)
    case .answered(status: 200, let body, _):
      guard
        let response = try? EndpointResponse(
          body: body, tokens: plan.tokens, wantsLogProbabilities: plan.score == .logProbabilities)
      else { return .failure(.malformed, status: 200, retryAfter: nil, words: nil) }
      return .answer(response, body: body)
    case .answered(let status, _, let retryAfter):
      return .failure(
        .status, status: (100...999).contains(status) ? status : nil, retryAfter: retryAfter, words: "status \(status)")
    }
  }
}

/// What to do about an attempt that failed.
enum FailureRule {
  /// Attempts at one question.
  static let attempts = 5
  /// Seconds that a server may ask to wait.
  static let longestWait = 600

  /// Whether another attempt may bring an answer.
  static func isRepeatable(_ reason: FailureReason, _ status: Int?) -> Bool {
    switch reason {
    case .timeout, .connection, .malformed: true
    case .tooLarge, .redirect: false
    case .status: status.map { [408, 409, 425, 429].contains($0) || $0 >= 500 } ?? false
    }
  }

  /// Nil where the audit can go on.
  /// - Parameter hasAnswers: whether the endpoint has answered anything yet: then a refusal is about its question.
  static func fatal(_ reason: FailureReason, _ status: Int?, hasAnswers: Bool) -> AskError? {
    if reason == .redirect { return .redirected(status: status ?? 0) }
    guard reason == .status, let status else { return nil }
    if status == 401 || status == 402 { return .refused(status: status) }
    return !isRepeatable(reason, status) && !hasAnswers ? .refused(status: status) : nil
  }

  /// Seconds until the next attempt, the `failures`-th having failed: what the server asks for, else twice as long each
  /// time, a little more or less by the key.
  static func wait(failures: Int, retryAfter: Int?, jitter: Int) -> Double {
    if let retryAfter { return Double(min(retryAfter, longestWait)) }
    let base = Double(1 << min(failures - 1, 6))
    return base * (0.5 + Double(jitter) / 1000)
  }
}
