// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore
import Foundation

/// Writes synthetic checkpoints in Hugging Face layout: an index and bf16 shards, on all cores.
///
///     DIR/MODEL/base/           the base
///     DIR/MODEL/DRIFT/tuned/    the fine-tune
///     DIR/MODEL/DRIFT/policy.json
///
/// The file that is written last (index, policy) says that the others are complete.
package struct CheckpointGenerator: Sendable {
  package static let shardLimit = 5_000_000_000

  let model: ModelShape
  let folder: String
  let shards: [Range<Int>]

  /// - Parameters:
  ///   - directory: DIR.
  ///   - shardLimit: bytes of data in a shard; a tensor is never split.
  package init(model: ModelShape, directory: String, shardLimit: Int = CheckpointGenerator.shardLimit) {
    self.model = model
    folder = "\(directory)/\(model.name)"
    var shards: [Range<Int>] = []
    var (start, size) = (0, 0)
    for (index, tensor) in model.tensors.enumerated() {
      let bytes = 2 * tensor.entryCount
      if index > start, size + bytes > shardLimit {
        shards.append(start..<index)
        (start, size) = (index, 0)
      }
      size += bytes
    }
    shards.append(start..<model.tensors.count)
    self.shards = shards
  }

  /// What a case proves about.
  package struct Pair: Sendable {
    package let base: String
    package let tuned: String
    package let policy: String
  }

  package func pair(_ drift: ModelDrift) -> Pair {
    let own = "\(folder)/\(drift.rawValue)"
    return Pair(base: "\(folder)/base", tuned: "\(own)/tuned", policy: "\(own)/policy.json")
  }

  /// Whether both checkpoints and the policy are there.
  package func isComplete(_ drift: ModelDrift) -> Bool {
    let pair = pair(drift)
    return isBaseComplete && FileManager.default.fileExists(atPath: pair.policy)
  }

  private var isBaseComplete: Bool {
    FileManager.default.fileExists(atPath: "\(folder)/base/\(Checkpoint.indexFileName)")
  }

  /// Writes what is missing of the pair.
  package func generate(_ drift: ModelDrift) throws -> Pair {
    let pair = pair(drift)
    if !isBaseComplete {
      try write(to: pair.base, drift: nil)
      try writeIndex(to: pair.base)
    }
    guard !isComplete(drift) else { return pair }
    let sums = try write(to: pair.tuned, drift: drift)
    try writeIndex(to: pair.tuned)
    try PolicyWriter.policy(model: model, drift: drift, sums: sums)
      .write(toFile: pair.policy, atomically: true, encoding: .utf8)
    return pair
  }

  /// Removes the fine-tune, or the whole model.
  package func remove(_ drift: ModelDrift?) {
    try? FileManager.default.removeItem(atPath: drift.map { "\(folder)/\($0.rawValue)" } ?? folder)
  }

  /// The base's first file.
  var firstShard: String { "\(folder)/base/\(shardName(0))" }

  private func shardName(_ index: Int) -> String {
    String(format: "model-%05d-of-%05d.safetensors", index + 1, shards.count)
  }

  private func writeIndex(to path: String) throws {
    var lines: [String] = []
    for (index, shard) in shards.enumerated() {
      for tensor in model.tensors[shard] { lines.append("    \"\(tensor.name)\": \"\(shardName(index))\"") }
    }
    let text = """
      {
        "metadata": { "total_size": \(model.byteCount) },
        "weight_map": {
      \(lines.joined(separator: ",\n"))
        }
      }

      """
    try text.write(toFile: "\(path)/\(Checkpoint.indexFileName)", atomically: true, encoding: .utf8)
  }

  /// Shards in parallel, and the blocks of each shard, too: a single shard uses all cores.
  @discardableResult
  private func write(to path: String, drift: ModelDrift?) throws -> [DriftSums] {
    try? FileManager.default.removeItem(atPath: path)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return try Parallel.map(shards.count) { try writeShard($0, to: path, drift: drift) }.flatMap { $0 }
  }

  private func writeShard(_ index: Int, to path: String, drift: ModelDrift?) throws -> [DriftSums] {
    let tensors = Array(model.tensors[shards[index]])
    let drifts = tensors.map { drift?.drift(of: $0.role, in: model) ?? .none }
    let target = "\(path)/\(shardName(index))"
    if drift != nil, drifts.allSatisfy({ $0 == .none }) {
      // The whole shard is the base's.
      try FileManager.default.linkItem(atPath: "\(folder)/base/\(shardName(index))", toPath: target)
      return [DriftSums](repeating: DriftSums(), count: tensors.count)
    }
    let writer = try SafetensorsWriter(
      path: target, tensors: tensors.map { .init(name: $0.name, dtype: .bf16, shape: $0.shape) },
      metadata: [("format", "pt")])
    var sums: [DriftSums] = []
    for (tensor, drift) in zip(tensors, drifts) {
      sums.append(try writeTensor(WeightSource(tensor, drift: drift), to: writer))
    }
    try writer.finish()
    return sums
  }

  private func writeTensor(_ source: WeightSource, to writer: SafetensorsWriter) throws -> DriftSums {
    /// Blocks in memory at once.
    let batch = 16
    var total = DriftSums()
    for first in stride(from: 0, to: source.blockCount, by: batch) {
      let count = min(batch, source.blockCount - first)
      let made = Parallel.map(count) { index in
        var sums = DriftSums()
        let words = source.drift == .none ? source.base(first + index) : source.tuned(first + index, sums: &sums)
        return (bytes: words.withUnsafeBytes { [UInt8]($0) }, sums: sums)
      }
      for (bytes, sums) in made {
        try writer.append(bytes)
        total.base += sums.base
        total.drift += sums.drift
        total.residual += sums.residual
      }
    }
    return total
  }
}
