// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAdapter
@testable import DriftProofProving
@testable import DriftProofStatement
import DriftProofCheckpoint
import DriftProofPolicy
import Foundation
import TestSupport
import Testing

/// Adapters that somebody trained, against the models into which they were merged.
@Suite struct RealAdapterTests {
  /// Largest |base + product - merged| over what two roundings to bf16 allow: half a unit in the last place of each.
  private func excess(adapter: String, base: String, merged: String) throws -> (worst: Double, changed: Int) {
    let adapter = try Adapter.open(adapter)
    let (base, merged) = (try Checkpoint.open(base), try Checkpoint.open(merged))
    let policy = try testPolicy([("*", "\"any\"")])
    let model = try AdapterModel(
      adapter, identity: BaseIdentity.outline(of: base), policy: policy, comparesBytes: false)
    var (worst, changed) = (0.0, 0)
    for product in model.products {
      let (leftBits, rightBits) = (
        22, ProductPrecision.rightBits(rank: product.rank, columns: product.columns)
      )
      let factors = try ProductFactors(product, of: adapter, leftBits: leftBits, rightBits: rightBits)
      let unit = Double(sign: .plus, exponent: -leftBits - rightBits, significand: 1)
      let before = try base.doubles(of: #require(base.tensor(named: product.tensor)))
      let after = try merged.doubles(of: #require(merged.tensor(named: product.tensor)))
      let (left, right) = (factors.left.narrow.map(Double.init), factors.right.narrow.map(Double.init))
      for row in 0..<product.rows {
        for column in 0..<product.columns {
          let index = row * product.columns + column
          // Exact: the integers have fewer than 53 bits.
          let entry = (0..<product.rank).reduce(0.0) {
            $0 + left[row * product.rank + $1] * right[$1 * product.columns + column]
          }
          let expected = before[index] + entry * unit
          // bf16 has 8 bits: half a unit is at most 2^-8 of a number. 2^-20 for the factors' own precision.
          let allowed = 0x1p-8 * max(abs(before[index]), abs(expected)) * 2 + 0x1p-20
          worst = max(worst, abs(expected - after[index]) / allowed)
          if before[index] != after[index] { changed += 1 }
        }
      }
    }
    return (worst, changed)
  }

  /// The certified model is the one that was merged, up to the merge's rounding.
  @Test func mergedModelOfTheExample() throws {
    let folder = String(TestAdapter.shipped.dropLast("/adapter".count))
    let found = try excess(adapter: TestAdapter.shipped, base: folder + "/base", merged: folder + "/tuned")
    #expect(found.worst <= 1 && found.changed > 100_000, "\(found)")
  }

  /// Convolutions, from outside the repository.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["DRIFTPROOF_DATA"] != nil))
  func convolutions() throws {
    let root = try #require(ProcessInfo.processInfo.environment["DRIFTPROOF_DATA"]) + "/cnn"
    let found = try excess(
      adapter: root + "/lora_r8_adapter", base: root + "/base_bf16", merged: root + "/lora_r8_bf16")
    #expect(found.worst <= 1 && found.changed > 100_000, "\(found)")
    let folder = try TemporaryFolder()
    let base = try Checkpoint.open(root + "/base_bf16")
    let policy = try testPolicy(
      [("layers.*.conv*.weight", "[{\"rank\": 8}, {\"norm\": {\"relative\": 0.6}}]")], frozenRest: true,
      total: "{\"norm\": {\"relative\": 0.5}}")
    let adapter = try Adapter.open(root + "/lora_r8_adapter")
    let result = try DriftProver.prove(
      DriftProver.Request(adapter: adapter, base: base, policy: policy, openingPath: folder.file("opening")))
    #expect(result.verification.adapter?.modules == 16)
    let checked = try CertificateChecker.check(
      certificate: result.certificate, base: base, identity: nil, adapter: adapter, openingPath: folder.file("opening"))
    #expect(checked.tunedCommitment == result.verification.tunedCommitment)
  }
}
