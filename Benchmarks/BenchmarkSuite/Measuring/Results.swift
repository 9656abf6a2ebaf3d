import Foundation

/// What the suite writes: `results.json`. Seconds are wall-clock seconds unless the name says otherwise.
public struct SuiteResults: Codable, Sendable, Equatable {
  public static let currentFormat = 1

  public var format = SuiteResults.currentFormat
  /// As the caller or the system gave it.
  public var date: String
  public var size: String
  public var machine: MachineDescription
  public var cases: [CaseResult] = []
  /// Cases that did not end, with the reason.
  public var failures: [CaseFailure] = []
  public var floor: FloorResult?

  public init(date: String, size: String, machine: MachineDescription) {
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

  public static func load(_ path: String) throws -> SuiteResults {
    try JSONDecoder().decode(SuiteResults.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
  }

  public func write(to path: String) throws {
    try encoded(self).write(to: URL(fileURLWithPath: path), options: .atomic)
  }
}

/// Readable, and the same bytes for the same values.
func encoded(_ value: some Encodable) throws -> Data {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  return try encoder.encode(value) + Data("\n".utf8)
}

public struct CaseFailure: Codable, Sendable, Equatable, Error {
  public var name: String
  public var reason: String
}

/// A named amount, in an order that says something.
public struct NamedSeconds: Codable, Sendable, Equatable {
  public var name: String
  public var seconds: Double
}

public struct NamedBytes: Codable, Sendable, Equatable {
  public var name: String
  public var bytes: Int
}

/// The figures of one case. Where there are several runs, single figures are those of the median run.
public struct CaseResult: Codable, Sendable, Equatable {
  public var name: String
  public var model: String
  public var drift: String
  public var tensors: Int
  /// Entries of the whole model; of the tensors that the proof is about; of those that are shown to be equal.
  public var parameters: Int
  public var certifiedParameters: Int
  public var frozenParameters: Int
  /// Bytes of the base checkpoint.
  public var checkpointBytes: Int
  /// Of each run.
  public var proveSeconds: [Double]
  public var medianProveSeconds: Double
  /// Processor seconds of all threads in the median run.
  public var processorSeconds: Double
  /// Cores that everything else on the machine used meanwhile, on average.
  public var otherCores: Double
  /// In the order in which they began; their sum is the run's total.
  public var phases: [NamedSeconds]
  public var nanosecondsPerParameter: Double
  public var nanosecondsPerCertifiedParameter: Double
  /// Wall time by cores: what one core would need at best.
  public var coreNanosecondsPerParameter: Double
  /// VmHWM, mapped checkpoints included; and the largest sampled private memory, without them. 0: not known.
  public var peakMemoryBytes: Int
  public var peakPrivateBytes: Int
  /// From the three files' bytes to the answer; all runs, and their median.
  public var verifyMilliseconds: [Double]
  public var medianVerifyMilliseconds: Double
  /// Making the base identity, which is done once per base and not part of a proof's time.
  public var identifySeconds: Double
  public var proofBytes: Int
  public var certificateBytes: Int
  public var proofSections: [NamedBytes]
  /// As in the verification's report.
  public var code: String
  public var securityBits: Double
  /// All certificates of all runs were verified.
  public var verified: Bool
}
