// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAdapter
import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofPolicy
import Foundation
import TestSupport
import Testing

/// LoKr adapters that PEFT saved (Tests/Interoperability/lokr_adapters.py), against what PEFT merges them to.
@Suite struct LoKrMergeTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static func path(_ name: String) -> String { Repository.root.path + "/Tests/Fixtures/lokr/" + name }

  private func merge(_ name: String) throws -> (base: Checkpoint, ours: Checkpoint, theirs: Checkpoint) {
    let base = try Checkpoint.open(Self.path(name + "/base.safetensors"))
    let adapter = try Adapter.open(Self.path(name + "/adapter"))
    let merged = folder.file(name + ".safetensors")
    let result = try ModelMerge.merge(base: base, adapter: adapter, to: merged)
    #expect(result.merged == adapter.modules.count && result.replaced == 0)
    return (base, try Checkpoint.open(merged), try Checkpoint.open(Self.path(name + "/merged.safetensors")))
  }

  /// W1 and W2 as stored: the same operations in the same order as PEFT's in double precision.
  @Test func wholeFactorsBitByBit() throws {
    let (base, ours, theirs) = try merge("whole-f64")
    var changed = 0
    for tensor in theirs.tensors {
      let own = try #require(ours.tensor(named: tensor.name))
      let before = try #require(base.tensor(named: tensor.name))
      #expect(try ours.doubles(of: own) == theirs.doubles(of: tensor), "\(tensor.name)")
      if try base.digest(of: before) != ours.digest(of: own) { changed += 1 }
    }
    #expect(changed == 5)
  }

  /// Sums over the rank, of whose order libraries make no promise: a few units of 2^-52 of the terms.
  @Test(arguments: ["factored-f64", "effective-f64", "flat-line-f64"]) func factoredMatrices(_ name: String) throws {
    let (base, ours, theirs) = try merge(name)
    for tensor in theirs.tensors {
      let own = try ours.doubles(of: try #require(ours.tensor(named: tensor.name)))
      let before = try base.doubles(of: try #require(base.tensor(named: tensor.name)))
      for (index, value) in try theirs.doubles(of: tensor).enumerated() {
        let size = max(abs(value), abs(before[index]), 1)
        #expect(abs(own[index] - value) <= 0x1p-48 * size, "\(tensor.name) \(index)")
      }
    }
    #expect(
      try ours.tensors.contains {
        try ours.digest(of: $0) != base.digest(of: try #require(base.tensor(named: $0.name)))
      })
  }

  /// PEFT multiplies in single precision and rounds the sum once, as is done here: the same bits but for ties that its rounding makes,
  /// of which there are none here.
  @Test func sixteenBits() throws {
    let (_, ours, theirs) = try merge("whole-bf16")
    for tensor in theirs.tensors {
      let own = try #require(ours.tensor(named: tensor.name))
      #expect(own.dtype == .bf16)
      #expect(try ours.doubles(of: own) == theirs.doubles(of: tensor), "\(tensor.name)")
    }
  }

  /// PEFT 0.21 puts entries elsewhere there.
  @Test func oneDimensionalKernels() throws {
    let base = try Checkpoint.open(Self.path("refused-line/base.safetensors"))
    let adapter = try Adapter.open(Self.path("refused-line/adapter"))
    #expect(
      throws: AdapterError.kernelOrder(file: adapter.file, module: "line").asDriftProofError
    ) { try ModelMerge.merge(base: base, adapter: adapter, to: folder.file("refused.safetensors")) }
  }

  /// Sizes that PEFT's factorisation finds, with 0.21.
  @Test(arguments: [
    (4096, -1, 64, 64), (11008, -1, 86, 128), (48, -1, 6, 8), (127, -1, 1, 127), (100, 8, 5, 20), (48, 8, 8, 6),
    (768, -1, 24, 32), (1, -1, 1, 1), (4096, 8, 8, 512), (14336, 50, 32, 448),
  ])
  func factorisation(_ dimension: Int, _ factor: Int, _ outer: Int, _ inner: Int) {
    #expect(BlockForm.factorisation(of: dimension, factor: factor) == (outer, inner))
  }
}
