// SPDX-License-Identifier: Apache-2.0

import DriftProofAdapter
import DriftProofCertificate
import DriftProofCheckpoint
@testable import DriftProofDrift
import DriftProofPolicy
@testable import DriftProofProving
import DriftProofStatement
import Foundation
import TestSupport
import Testing

/// Rounding bounds on real fine-tunes that are too large for the repository: set DRIFTPROOF_DATA to a folder with `mlp`, a
/// folder of checkpoints. Everything that the prover decides before any cryptography.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["DRIFTPROOF_DATA"] != nil))
struct RoundingDataTests {
  private let folder: TemporaryFolder
  private let root: String

  init() throws {
    folder = try TemporaryFolder()
    root = try #require(ProcessInfo.processInfo.environment["DRIFTPROOF_DATA"]) + "/mlp/"
  }

  /// By tensor: entries outside, of all; nil where the drift is inside.
  private func outside(_ name: String, _ base: Checkpoint, _ tuned: Checkpoint, _ rounding: String) throws -> [Double] {
    let identity = try BaseTableau.link(BaseIdentity.compute(checkpoint: base), base: base)
    let policy = try testPolicy(
      [("fc.*.weight", #"[{"norm": {"relative": 1}}, {"rank": 8, "rounding": \#(rounding)}]"#)], frozenRest: true)
    var request = DriftProver.Request(
      .checkpoint(tuned, base: base), policy: policy, openingPath: folder.file("opening"))
    request.identity = identity
    request.hint = try Adapter.open(root + "lora_r8_adapter")
    do {
      _ = try PreparedModel(request, clock: PhaseClock(meter: ProgressMeter(handler: nil)))
      return []
    } catch DriftProofError.policyViolated(let violations) {
      return violations.map { violation in
        guard case .rounding(let found, _, _, _, _) = violation.excess,
          let tensor = tuned.tensor(named: violation.tensor)
        else { return 1 }
        return Double(found) / Double(tensor.entryCount)
      }
    }
  }

  private func merged(_ base: Checkpoint) throws -> Checkpoint {
    let path = folder.file("merged-\(UUID().uuidString).safetensors")
    _ = try ModelMerge.merge(base: base, adapter: Adapter.open(root + "lora_r8_adapter"), to: path)
    return try Checkpoint.open(path)
  }

  @Test func mergesThatRoundOnceAreInside() throws {
    let base = try Checkpoint.open(root + "base_bf16")
    let native = try Checkpoint.open(root + "lora_r8_bf16_native")
    #expect(try outside("native", base, native, #"{"halfUlps": 1.01}"#).isEmpty)
    #expect(try outside("merge", base, merged(base), #"{"halfUlps": 1.01}"#).isEmpty)
    let half = try Checkpoint.open(root + "base_fp16")
    #expect(try outside("merge", half, merged(half), #"{"halfUlps": 1.04}"#).isEmpty)
  }

  @Test func mergesThatRoundTwiceNeedRoundoffs() throws {
    let base = try Checkpoint.open(root + "base_bf16")
    let twice = try Checkpoint.open(root + "lora_r8_bf16")
    let found = try outside("twice", base, twice, #"{"halfUlps": 2}"#)
    #expect(!found.isEmpty && found.allSatisfy { $0 > 0 && $0 < 1 })
    #expect(try outside("twice", base, twice, #"{"roundoffs": 1, "of": ["tuned", "base"]}"#).isEmpty)
  }

  @Test func otherChangesAreOutside() throws {
    let base = try Checkpoint.open(root + "base_bf16")
    for name in ["rank64_claimed8_bf16", "full_ft_bf16", "backdoor_mixed_bf16"] {
      let tuned = try Checkpoint.open(root + name)
      for rounding in [#"{"halfUlps": 1.01}"#, #"{"roundoffs": 1, "of": ["tuned", "base"]}"#] {
        let found = try outside(name, base, tuned, rounding)
        #expect(!found.isEmpty)
      }
    }
  }
}
