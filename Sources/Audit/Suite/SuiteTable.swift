// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// How often audits of one mode and margin find out what a server does: many audits drawn from answers that were recorded
/// once, each in an order of its own.
package struct SuiteTable: Sendable {
  /// What an audit of a condition should say.
  package enum Expectation: String, Sendable {
    case same = "SAME"
    case different = "DIFFERENT"
    /// It is the model, but too little can be read to show it.
    case notDifferent = "never DIFFERENT"
    /// It is not the model, and too rarely so to be found each time.
    case notSame = "never SAME"
  }

  package struct Row: Sendable {
    package let name: String
    package let expectation: Expectation
    package let audits: Int
    package let same: Int
    package let different: Int
    /// Requests until the verdict, of the audits that had one, rising.
    package let requests: [Int]
    /// Millionths of the score's unit; nil where nothing could be read.
    package let meanDistance: Double?
    /// Why the server's answers cannot be read at all; the counts are 0 then.
    package let unreadable: String?

    package var undecided: Int { audits - same - different }

    /// Audits that accused the model, or acquitted another: what α bounds.
    package var wrong: Int {
      switch expectation {
      case .same, .notDifferent: different
      case .different, .notSame: same
      }
    }

    package var wrongInterval: ClopperPearson { ClopperPearson(wrong, of: audits) }

    package var meanRequests: Double? {
      requests.isEmpty ? nil : Double(requests.reduce(0, +)) / Double(requests.count)
    }

    /// So many do for 95 of 100 audits that have a verdict.
    package var manyRequests: Int? { requests.isEmpty ? nil : requests[(requests.count * 95 + 99) / 100 - 1] }
  }

  /// A server that was started for the suite.
  package struct Server: Sendable {
    package let name: String
    /// Bytes that its processes had at most; nil where the system does not say.
    package let peakMemory: Int?

    package init(name: String, peakMemory: Int?) {
      self.name = name
      self.peakMemory = peakMemory
    }
  }

  package let plan: AuditPlan
  package let audits: Int
  package let questions: Int
  package private(set) var rows: [Row] = []
  package var servers: [Server] = []
  private let seed: [UInt8]

  /// - Parameters:
  ///   - audits: of each condition.
  ///   - questions: that were recorded.
  ///   - seed: of the orders.
  package init(plan: AuditPlan, audits: Int, questions: Int, seed: [UInt8]) {
    self.plan = plan
    self.audits = audits
    self.questions = questions
    self.seed = seed
  }

  /// Shares of requests, in percent, that a mixing provider answers with another model.
  package static let mixtures = [50, 20, 10, 5]
  /// Requests that a cautious provider answers honestly first.
  package static let honestFirst = 50

  /// A server whose answers cannot be read.
  package mutating func add(unreadable name: String, _ expectation: Expectation, reason: String) {
    rows.append(
      Row(
        name: name, expectation: expectation, audits: 0, same: 0, different: 0, requests: [], meanDistance: nil,
        unreadable: reason))
  }

  package mutating func add(_ scores: SuiteScores, _ expectation: Expectation) {
    add(scores.name, expectation, scores.meanDistance, scores.scores.count) { _, _, index in scores.scores[index] }
  }

  /// The model itself, one of twenty answers lost.
  package mutating func addLosses(_ honest: SuiteScores) {
    add("5 % of answers lost", .notDifferent, honest.meanDistance, honest.scores.count) { draws, _, index in
      draws.below(20) == 0 ? honest.scores[index].map { _ in .missing } : honest.scores[index]
    }
  }

  /// A provider that answers some requests with another model, and one that begins honestly.
  package mutating func addMixtures(_ honest: SuiteScores, _ other: SuiteScores) {
    let count = min(honest.scores.count, other.scores.count)
    for percent in Self.mixtures {
      // At the margin's own share an endpoint keeps the margin; twice that is found within a budget.
      let isRare = percent * plan.inverseFarShare < 200
      add("\(percent) % of requests: \(other.name)", isRare ? .notSame : .different, nil, count) { draws, _, index in
        draws.below(100) < percent ? other.scores[index] : honest.scores[index]
      }
    }
    add("after \(Self.honestFirst) requests: \(other.name)", .notSame, nil, count) { _, place, index in
      place < Self.honestFirst ? honest.scores[index] : other.scores[index]
    }
  }

  private mutating func add(
    _ name: String, _ expectation: Expectation, _ meanDistance: Double?, _ count: Int,
    score: (inout KeyedStream, _ place: Int, _ index: Int) -> RequestScore?
  ) {
    var draws = KeyedStream(seed: SHA256.authenticate(key: seed, message: Array(name.utf8)))
    var (same, different, requests) = (0, 0, [Int]())
    for _ in 0..<audits {
      var order = Array(0..<count)
      var decision = Decision(plan)
      for place in 0..<count where decision.verdict == .undecided && decision.count < plan.mode.budget {
        order.swapAt(place, place + draws.below(count - place))
        guard let score = score(&draws, decision.count, order[place]) else { continue }
        decision.add(score)
      }
      switch decision.verdict {
      case .same: same += 1
      case .different: different += 1
      case .undecided: continue
      }
      requests.append(decision.count)
    }
    rows.append(
      Row(
        name: name, expectation: expectation, audits: audits, same: same, different: different,
        requests: requests.sorted(), meanDistance: meanDistance, unreadable: nil))
  }
}
