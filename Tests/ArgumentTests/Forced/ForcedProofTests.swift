// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Many proofs of false statements, for `scripts/evaluate`: other tests show which check stops which cheat, this one counts.
///
/// `DRIFTPROOF_FORCED` is how many proofs of each case; the outcomes go to the file that `DRIFTPROOF_FORCED_OUT` names.
@Suite struct ForcedProofTests {
  private static let count = ForcedProofCount.asked

  @Test(.enabled(if: ForcedProofCount.asked > 0)) func everyForcedProofIsRejected() throws {
    // Two at a time: proofs of a single tile leave cores idle.
    let results = ForcedResults(count: ForcedCase.all.count)
    DispatchQueue.concurrentPerform(iterations: ForcedCase.all.count) { index in
      let own = ForcedCase.all[index]
      results.store(Result { try own.run(count: Self.count, controls: min(5, 1 + Self.count / 10)) }, at: index)
    }
    let outcomes = try results.all()
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    if let path = ProcessInfo.processInfo.environment["DRIFTPROOF_FORCED_OUT"] {
      try encoder.encode(outcomes).write(to: URL(fileURLWithPath: path))
    }
    for outcome in outcomes {
      let name: Comment = "\(outcome.clause), \(outcome.attack)"
      #expect(outcome.accepted == 0, name)
      #expect(outcome.proofs >= Self.count, name)
      #expect(outcome.securityBits >= 128, name)
      #expect(outcome.honestAccepted == outcome.honestProofs && outcome.honestProofs > 0, name)
      #expect(outcome.refused == outcome.attempts && outcome.attempts > 0, name)
      #expect(ForcedCase.checks.isSuperset(of: outcome.rejections.keys), name)
    }
  }
}

enum ForcedProofCount {
  static let asked = Int(ProcessInfo.processInfo.environment["DRIFTPROOF_FORCED"] ?? "") ?? 0
}

/// Outcomes of cases that run side by side.
final class ForcedResults: @unchecked Sendable {
  private let lock = NSLock()
  private var results: [Result<ForcedCase.Outcome, any Error>?]

  init(count: Int) { results = Array(repeating: nil, count: count) }

  func store(_ result: Result<ForcedCase.Outcome, any Error>, at index: Int) {
    lock.withLock { results[index] = result }
  }

  func all() throws -> [ForcedCase.Outcome] {
    try lock.withLock { try results.compactMap { try $0?.get() } }
  }
}
