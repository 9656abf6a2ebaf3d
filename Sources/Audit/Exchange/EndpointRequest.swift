// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// What is sent for one question: the same bytes whoever asks, so that a transcript's digests can be computed again.
package struct EndpointRequest: Sendable {
  private let plan: AuditPlan
  private let modelName: String

  /// - Parameter modelName: what the endpoint calls the model.
  package init(plan: AuditPlan, modelName: String) {
    self.plan = plan
    self.modelName = modelName
  }

  /// Below the API's path.
  package static func suffix(isChat: Bool) -> String { isChat ? "/chat/completions" : "/completions" }

  /// In canonical form. No seed: a counter would show the audit, and its place in it.
  package func body(_ prompt: String) -> [UInt8] {
    let wantsList = plan.score == .logProbabilities
    func number(_ value: Int) -> JSONValue { .number(String(value)) }
    var members: [(key: String, value: JSONValue?)] = [
      ("model", .string(modelName)), ("max_tokens", number(plan.tokens)), ("temperature", number(0)),
      ("stream", .bool(false)),
    ]
    if plan.isChat {
      let message = CanonicalJSON.object([("role", .string("user")), ("content", .string(prompt))])
      members += [
        ("messages", .array([message])), ("logprobs", wantsList ? .bool(true) : nil),
        ("top_logprobs", wantsList ? number(plan.listed) : nil),
      ]
    } else {
      members += [("prompt", .string(prompt)), ("logprobs", wantsList ? number(plan.listed) : nil)]
    }
    return CanonicalJSON.bytes(CanonicalJSON.object(members))
  }
}
