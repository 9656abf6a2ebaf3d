// SPDX-License-Identifier: Apache-2.0

import DriftProofArgumentProver
import DriftProofCertificate
import DriftProofStatement
import Testing

@testable import DriftProofProving

/// Refusals of the argument have the kinds, and so the exit codes, of those that the measurement makes.
struct ErrorTranslationTests {
  @Test func refusalsOfTheArgumentKeepTheirKind() {
    let violations: [(ArgumentRefusal, String)] = [
      (.exactClauseViolated(tensor: "a", row: 1, column: 2), "a"), (.boundExceeded(tensor: "b"), "b"),
      (.totalExceeded, PolicyViolation.wholeModel),
    ]
    for (refusal, tensor) in violations {
      let error = DriftProofError(translating: refusal)
      guard case .policyViolated(let found) = error, error.exitCode == 10 else {
        Issue.record("\(error)")
        continue
      }
      #expect(found.map(\.tensor) == [tensor])
      #expect(found.first?.description.contains(refusal.description) == true)
    }
  }
}
