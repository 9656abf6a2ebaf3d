// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What the suite writes: `results.json`. Seconds are wall-clock seconds unless the name says otherwise.
package struct SuiteResults: Codable, Sendable, Equatable {
  package static let currentFormat = 1

  package var format = SuiteResults.currentFormat
  /// As the caller or the system gave it.
  package var date: String
  package var size: String
  package var machine: MachineDescription
  package var cases: [CaseResult] = []
  /// Cases that did not end, with the reason.
  package var failures: [CaseFailure] = []
  package var floor: FloorResult?

  package init(date: String, size: String, machine: MachineDescription) {
    self.date = date
    self.size = size
    self.machine = machine
  }

  /// Others were using the cores: wall-clock times mean little. Short cases are too coarse to tell.
  var isDisturbed: Bool { cases.contains { $0.otherCores > 0.2 && $0.proveSeconds.reduce(0, +) > 1 } }

  /// Replaces the result of the same name, or adds it.
  mutating func record(_ result: CaseResult) {
    failures.removeAll { $0.name == result.name }
    if let index = cases.firstIndex(where: { $0.name == result.name }) {
      cases[index] = result
    } else {
      cases.append(result)
    }
  }

  mutating func record(_ failure: CaseFailure) {
    cases.removeAll { $0.name == failure.name }
    failures.removeAll { $0.name == failure.name }
    failures.append(failure)
  }

  package static func load(_ path: String) throws -> SuiteResults {
    try JSONDecoder().decode(SuiteResults.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
  }

  package func write(to path: String) throws {
    try encoded(self).write(to: URL(fileURLWithPath: path), options: .atomic)
  }
}

/// Readable, and the same bytes for the same values.
func encoded(_ value: some Encodable) throws -> Data {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  return try encoder.encode(value) + Data("\n".utf8)
}

package struct CaseFailure: Codable, Sendable, Equatable, Error {
  package var name: String
  package var reason: String
}

/// A named amount, in an order that says something.
package struct NamedSeconds: Codable, Sendable, Equatable {
  package var name: String
  package var seconds: Double
}

package struct NamedBytes: Codable, Sendable, Equatable {
  package var name: String
  package var bytes: Int
}

/// The figures of one case. Where there are several runs, single figures are those of the median run.
package struct CaseResult: Codable, Sendable, Equatable {
  package var name: String
  package var model: String
  package var drift: String
  package var tensors: Int
  /// Entries of the whole model; of the tensors that the proof is about; of those that are shown to be equal.
  package var parameters: Int
  package var certifiedParameters: Int
  package var frozenParameters: Int
  /// Bytes of the base checkpoint.
  package var checkpointBytes: Int
  /// Of each run.
  package var proveSeconds: [Double]
  package var medianProveSeconds: Double
  /// Processor seconds of all threads in the median run.
  package var processorSeconds: Double
  /// Cores that everything else on the machine used meanwhile, on average.
  package var otherCores: Double
  /// In the order in which they began; their sum is the run's total.
  package var phases: [NamedSeconds]
  package var nanosecondsPerParameter: Double
  package var nanosecondsPerCertifiedParameter: Double
  /// Wall time by cores: what one core would need at best.
  package var coreNanosecondsPerParameter: Double
  /// VmHWM, mapped checkpoints included; and the largest sampled private memory, without them. 0: not known.
  package var peakMemoryBytes: Int
  package var peakPrivateBytes: Int
  /// From the three files' bytes to the answer; all runs, and their median.
  package var verifyMilliseconds: [Double]
  package var medianVerifyMilliseconds: Double
  /// Making the base identity, which is done once per base and not part of a proof's time.
  package var identifySeconds: Double
  package var proofBytes: Int
  package var certificateBytes: Int
  package var proofSections: [NamedBytes]
  /// As in the verification's report.
  package var code: String
  package var securityBits: Double
  /// All certificates of all runs were verified.
  package var verified: Bool
}
