// SPDX-License-Identifier: Apache-2.0

/// One line of the suite: a model, its drift, and how often to prove it.
package struct BenchmarkCase: Sendable, Equatable {
  package let model: String
  package let drift: ModelDrift
  package let runs: Int

  package var name: String { "\(model)/\(drift.rawValue)" }

  init(_ model: String, _ drift: ModelDrift, runs: Int = 3) {
    self.model = model
    self.drift = drift
    self.runs = runs
  }

  /// Any model with any drift, as `MODEL/DRIFT`.
  package init?(named name: String) {
    let parts = name.split(separator: "/").map(String.init)
    guard parts.count == 2, let drift = ModelDrift(rawValue: parts[1]), let shape = ModelShape(named: parts[0]) else {
      return nil
    }
    self.init(parts[0], drift, runs: shape.parameterCount > 1 << 28 ? 1 : 3)
  }
}

/// Which cases a run of the suite has.
package enum SuiteSize: String, Sendable, CaseIterable {
  /// A million parameters of each family, one run: seconds, for continuous integration.
  case ci
  /// What fits in minutes and 2 GiB.
  case small
  /// Up to LLaMA 7B: 45 GB of disk.
  case full

  package var cases: [BenchmarkCase] {
    switch self {
    case .ci:
      return [
        BenchmarkCase("mlp-6", .lora, runs: 1), BenchmarkCase("resnet-50-narrow", .mixed, runs: 1),
        BenchmarkCase("llama-1m", .mixed, runs: 1), BenchmarkCase("transformer-20", .dense, runs: 1),
        BenchmarkCase("transformer-20", .rows, runs: 1),
      ]
    case .small:
      return [
        BenchmarkCase("mlp-6", .dense), BenchmarkCase("mlp-6", .lora), BenchmarkCase("resnet-50", .dense),
        BenchmarkCase("resnet-50", .mixed), BenchmarkCase("transformer-20", .dense),
        BenchmarkCase("transformer-22", .dense), BenchmarkCase("transformer-24", .dense),
        BenchmarkCase("transformer-24", .lora), BenchmarkCase("transformer-24", .loraAll),
        BenchmarkCase("transformer-24", .rows), BenchmarkCase("transformer-24", .mixed),
      ]
    case .full:
      return SuiteSize.small.cases + [
        BenchmarkCase("transformer-26", .dense), BenchmarkCase("transformer-28", .dense, runs: 2),
        BenchmarkCase("transformer-30", .dense, runs: 1), BenchmarkCase("llama-7b", .dense, runs: 1),
        BenchmarkCase("llama-7b", .lora, runs: 1),
      ]
    }
  }
}
