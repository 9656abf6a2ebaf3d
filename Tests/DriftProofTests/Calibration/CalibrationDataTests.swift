// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofStatement
@testable import DriftProofCalibration
@testable import DriftProofCertificate
@testable import DriftProofDrift
import DriftProofCheckpoint
import Foundation
import Testing

/// The table of docs/calibration.md on real fine-tunes that are too large for the repository: set DRIFTPROOF_DATA to a
/// folder with `mlp` and `cnn`, each a folder of checkpoints. Uses the prover's own checks before any cryptography.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["DRIFTPROOF_DATA"] != nil))
struct CalibrationDataTests {
  /// Runs, and variants that are accepted or refused under the policy calibrated from them.
  struct Case: Sendable, CustomTestStringConvertible {
    let family: String
    let base: String
    let runs: [String]
    var accepted: [String] = []
    var refused: [String] = []
    var testDescription: String { "\(family): \(runs.joined(separator: ", "))" }
  }

  static let cheats = ["rank64_claimed8_bf16", "backdoor_mixed_bf16"]
  static let cases: [Case] = [
    .init(
      family: "mlp", base: "base_bf16", runs: ["lora_r8_bf16", "lora_r8_bf16_native"],
      refused: cheats + ["full_ft_bf16"]),
    .init(family: "mlp", base: "base_bf16", runs: ["full_ft_bf16"], refused: cheats + ["lora_r8_bf16"]),
    // Two recipes in one policy: what a margin of 2.5 cannot refuse.
    .init(family: "mlp", base: "base_bf16", runs: ["lora_r8_bf16", "full_ft_bf16"], accepted: cheats),
    .init(family: "cnn", base: "base_bf16", runs: ["lora_r8_bf16"], refused: cheats + ["full_ft_bf16"]),
    .init(family: "cnn", base: "base_bf16", runs: ["full_ft_bf16"], refused: cheats + ["lora_r8_bf16"]),
    .init(family: "cnn", base: "base_bf16", runs: ["lora_r8_bf16", "full_ft_bf16"], refused: cheats),
    .init(
      family: "mlp", base: "base", runs: ["lora_r8_fp32"],
      refused: ["full_ft_fp32", "sparse_bias_fp32", "sparse_rows_fp32", "sparse_entries_fp32"]),
    .init(
      family: "mlp", base: "base", runs: ["full_ft_fp32"], accepted: ["sparse_rows_fp32", "sparse_entries_fp32"],
      refused: ["lora_r8_fp32", "sparse_bias_fp32"]),
    .init(
      family: "mlp", base: "base", runs: ["sparse_rows_fp32"],
      refused: ["lora_r8_fp32", "full_ft_fp32", "sparse_bias_fp32", "sparse_entries_fp32"]),
    .init(
      family: "mlp", base: "base", runs: ["sparse_entries_fp32"],
      refused: ["lora_r8_fp32", "full_ft_fp32", "sparse_bias_fp32", "sparse_rows_fp32"]),
    .init(
      family: "mlp", base: "base", runs: ["sparse_bias_fp32"],
      refused: ["lora_r8_fp32", "full_ft_fp32", "sparse_rows_fp32", "sparse_entries_fp32"]),
    .init(family: "mlp", base: "base_fp16", runs: ["lora_r8_fp16"]),
  ]

  @Test(arguments: cases)
  func refusesWhatItCan(_ setting: Case) throws {
    let root = try #require(ProcessInfo.processInfo.environment["DRIFTPROOF_DATA"])
    func open(_ name: String) throws -> Checkpoint { try Checkpoint.open("\(root)/\(setting.family)/\(name)") }
    let base = try open(setting.base)
    let runs = try setting.runs.map { (path: $0, checkpoint: try open($0)) }
    let policy = try Calibration.calibrate(base: base, runs: runs).policy
    let identity = try BaseIdentity.compute(checkpoint: base)
    for name in setting.runs + setting.accepted + setting.refused {
      let tuned = try open(name)
      let pass = try CheckpointPass.run(base: base, tuned: tuned, policy: policy, given: identity)
      var violations: [PolicyViolation] = []
      do {
        _ = try DriftMeasurer(base: base, tuned: tuned).measure(
          differences: pass.differences, tensors: pass.derived.tensors, squares: pass.drifts.map(\.sumOfSquares),
          totalBound: pass.derived.totalBound)
      } catch DriftProofError.policyViolated(let lines) {
        violations = lines
      }
      #expect(violations.isEmpty == !setting.refused.contains(name), "\(name): \(violations)")
    }
  }
}
