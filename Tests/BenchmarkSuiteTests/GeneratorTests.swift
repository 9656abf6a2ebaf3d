// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofPolicy
import Foundation
import TestSupport
import Testing

@testable import BenchmarkSuite

@Suite struct GeneratorTests {
  @Test(arguments: [
    ("llama-7b", 6_738_415_616), ("resnet-50", 25_557_032), ("mlp-6", 6 * 512 * 513),
    ("transformer-20", 1 << 20 + 256), ("transformer-33", 1 << 33 + 42 * 4096),
  ])
  func modelsHaveTheirParameters(name: String, parameters: Int) throws {
    #expect(try #require(ModelShape(named: name)).parameterCount == parameters)
  }

  @Test func transformersAreExactPowersOfTwo() throws {
    for log in 20...33 {
      let model = try #require(ModelShape(named: "transformer-\(log)"))
      let matrices = model.tensors.filter { $0.role != .norm }.reduce(0) { $0 + $1.entryCount }
      #expect(matrices == 1 << log)
    }
    #expect(ModelShape(named: "transformer-34") == nil)
    #expect(ModelShape(named: "bert") == nil)
  }

  /// A pattern that catches too much or too little would change what a case proves.
  @Test(arguments: ["llama-7b", "resnet-50", "resnet-50-narrow", "mlp-6", "transformer-24"])
  func patternsMatchExactlyTheirRoles(name: String) throws {
    let model = try #require(ModelShape(named: name))
    for role in Set(model.tensors.map(\.role)) {
      let pattern = try TensorPattern(try #require(model.patterns[role]))
      for tensor in model.tensors {
        #expect(pattern.matches(tensor.name) == (tensor.role == role), "\(pattern) and \(tensor.name)")
      }
    }
  }

  @Test func aPairIsShardedAndUnchangedTensorsAreEqual() throws {
    let folder = try TemporaryFolder()
    let model = try #require(ModelShape(named: "llama-1m"))
    // Small shards: several per checkpoint, some without any change.
    let generator = CheckpointGenerator(model: model, directory: folder.path, shardLimit: 300_000)
    #expect(generator.shards.count > 3)
    #expect(!generator.isComplete(.mixed))
    let pair = try generator.generate(.mixed)
    #expect(generator.isComplete(.mixed))
    let (base, tuned) = (try Checkpoint.open(pair.base), try Checkpoint.open(pair.tuned))
    #expect(base.tensors.map(\.name) == model.tensors.map(\.name).sorted())
    for tensor in model.tensors {
      let (before, after) = (
        try #require(base.tensor(named: tensor.name)), try #require(tuned.tensor(named: tensor.name))
      )
      #expect(before.shape == tensor.shape && before.dtype == .bf16)
      let isEqual = try base.digest(of: before) == tuned.digest(of: after)
      #expect(isEqual == (ModelDrift.mixed.drift(of: tensor.role, in: model) == .none), "\(tensor.name)")
    }
    // The same again, elsewhere and in one shard.
    let other = try CheckpointGenerator(model: model, directory: folder.path + "/again").generate(.mixed)
    let again = try Checkpoint.open(other.tuned)
    for tensor in tuned.tensors {
      let twin = try #require(again.tensor(named: tensor.name))
      #expect(try tuned.digest(of: tensor) == again.digest(of: twin))
    }
  }

  @Test func weightsHaveTheirSpread() {
    let source = WeightSource(TensorShape("w", [600, 500], .linear, mean: 0.5, deviation: 0.1), drift: .none)
    var values: [Double] = []
    for block in 0..<source.blockCount { values += source.base(block).map { Double(float($0)) } }
    #expect(values.count == 300_000)
    let mean = values.reduce(0, +) / 300_000
    let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 300_000).squareRoot()
    #expect(abs(mean - 0.5) < 0.002)
    #expect(abs(deviation - 0.1) < 0.002)
    #expect(Set(values).count > 100)
  }

  @Test func driftsHaveTheirSizes() {
    func relative(_ drift: ModelDrift.TensorDrift) -> (drift: Double, residual: Double) {
      let source = WeightSource(TensorShape("w", [700, 500], .linear), drift: drift)
      var sums = DriftSums()
      for block in 0..<source.blockCount { _ = source.tuned(block, sums: &sums) }
      return ((sums.drift / sums.base).squareRoot(), (sums.residual / sums.base).squareRoot())
    }
    #expect(abs(relative(.dense(relative: 0.01)).drift - 0.01) < 0.001)
    let lowRank = relative(.lowRank(rank: 8, relative: 0.05))
    #expect(abs(lowRank.drift - 0.05) < 0.005)
    // bf16 rounds to about 2^-9 of a weight.
    #expect(lowRank.residual > 0.001 && lowRank.residual < 0.0025)
    #expect(abs(relative(.rows(28)).drift - 0.1) < 0.02)
  }

  @Test func boundsAreRoundedUp() {
    #expect(PolicyWriter.roundedUp(0.010213) == "0.0103")
    #expect(PolicyWriter.roundedUp(0.0016801) == "0.00169")
    #expect(PolicyWriter.roundedUp(1.2301) == "1.24")
    #expect(PolicyWriter.roundedUp(0) == "0")
  }
}
