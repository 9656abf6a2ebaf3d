// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import DriftProofPolicy

/// The policies of the issue and of the shared data, as text.
enum Fixtures {
  static let issue = #"""
    { "driftPolicy": 1, "name": "lora-r8-attention", "securityBits": 128,
      "rules": [
        { "tensors": "encoder.layer.*.attention.self.{query,value}.weight",
          "allow": { "rank": 8, "residual": { "relative": 0.004 } } },
        { "tensors": "*word_embeddings.weight", "allow": { "rows": 20 } },
        { "tensors": "*intermediate.dense.weight",
          "allow": { "rank": 8, "entries": 500, "residual": { "absolute": 0.05 } } },
        { "tensors": "*output.dense.weight",
          "allow": [ { "norm": { "relative": 0.02 } }, { "rank": 16, "residual": { "relative": 0.004 } } ] },
        { "tensors": "*.bias", "allow": { "norm": { "absolute": 0.5 } } },
        { "tensors": "*", "allow": "frozen" } ],
      "total": { "norm": { "absolute": 3.0 } } }
    """#

  static let issueTensors = [
    "embeddings.word_embeddings.weight",
    "embeddings.position_embeddings.weight",
    "encoder.layer.0.attention.self.query.weight",
    "encoder.layer.0.attention.self.query.bias",
    "encoder.layer.0.attention.self.key.weight",
    "encoder.layer.0.attention.self.value.weight",
    "encoder.layer.0.attention.output.dense.weight",
    "encoder.layer.0.intermediate.dense.weight",
    "encoder.layer.0.output.dense.weight",
  ]

  static let cnnLora = simple(
    "cnn-lora-r8",
    #"{"tensors": "layers.*.conv*.weight", "allow": {"rank": 8, "residual": {"relative": 0.003}}}, \#(frozen)"#)
  static let cnnNorm = simple(
    "cnn-norm",
    #"""
    {"tensors": "*.num_batches_tracked", "allow": "any"},
    {"tensors": "*.running_{mean,var}", "allow": {"norm": {"relative": 2.5}}},
    {"tensors": "*conv*.weight", "allow": {"norm": {"relative": 0.2}}},
    {"tensors": "*", "allow": {"norm": {"absolute": 2.0}}}
    """#)
  static let mlpBias = simple(
    "mlp-bias-only", #"{"tensors": "*.bias", "allow": {"norm": {"absolute": 8.0}}}, \#(frozen)"#)
  static let mlpEntries = simple(
    "mlp-500-entries", #"{"tensors": "fc.3.weight", "allow": {"entries": 500}}, \#(frozen)"#)
  static let mlpLora = simple(
    "mlp-lora-r8",
    #"{"tensors": "fc.*.weight", "allow": {"rank": 8, "residual": {"relative": 0.003}}}, \#(frozen)"#)
  static let mlpNorm = simple(
    "mlp-norm",
    #"""
    {"tensors": "*.weight", "allow": {"norm": {"relative": 0.16}}},
    {"tensors": "*.bias", "allow": {"norm": {"absolute": 0.2}}}
    """#, tail: #", "total": {"norm": {"absolute": 8.0}}"#)
  static let mlpRows = simple(
    "mlp-20-rows", #"{"tensors": "fc.2.weight", "allow": {"rows": 20}}, \#(frozen)"#)

  static let shared = [cnnLora, cnnNorm, mlpBias, mlpEntries, mlpLora, mlpNorm, mlpRows]

  static let frozen = #"{"tensors": "*", "allow": "frozen"}"#

  /// A policy with these rules, and `tail` before its closing brace.
  static func simple(_ name: String, _ rules: String, tail: String = "") -> String {
    #"{"driftPolicy": 1, "name": "\#(name)", "securityBits": 128, "rules": [\#(rules)]\#(tail)}"#
  }

  /// A policy whose one rule has this allowance.
  static func allowing(_ allowance: String) -> String {
    simple("p", #"{"tensors": "*", "allow": \#(allowance)}"#)
  }

  /// A policy whose one rule has this pattern.
  static func matching(_ pattern: String) -> String {
    simple("p", #"{"tensors": "\#(pattern)", "allow": "frozen"}"#)
  }
}

func parse(_ text: String) throws(PolicyError) -> Policy {
  try Policy.parse(Array(text.utf8))
}

/// The error that reading `text` throws; a test that expects another one sees this in its message.
func rejection(_ text: String) -> PolicyError? {
  do throws(PolicyError) {
    _ = try parse(text)
    return nil
  } catch {
    return error
  }
}

/// Expects `error`, and that its description holds its path and a remedy.
func expect(
  _ found: PolicyError?, _ expected: PolicyError, path: String, sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(found == expected, sourceLocation: sourceLocation)
  #expect(found?.path == path, sourceLocation: sourceLocation)
  #expect(expected.description.hasPrefix("\(path): "), sourceLocation: sourceLocation)
  #expect(!expected.problem.isEmpty && !expected.remedy.isEmpty, sourceLocation: sourceLocation)
  #expect(expected.description.hasSuffix("; \(expected.remedy)"), sourceLocation: sourceLocation)
}
