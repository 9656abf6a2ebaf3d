// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofDrift

import DriftProofArgument
import DriftProofCheckpoint
import DriftProofPolicy
import Foundation
import DriftProofKernels
import DriftProofLinearAlgebra

/// `throughput`: gigabytes per second of the passes over two checkpoints.
enum ThroughputTimings {
  static func run() throws {
    for dtype in [DataType.bf16, .f16, .f32] { try passes(dtype) }
  }

  private static func passes(_ dtype: DataType) throws {
    let folder = NSTemporaryDirectory() + "driftproof-bench-\(ProcessInfo.processInfo.processIdentifier)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let (count, side) = (8, 2048)
    var random = SplitMix64(seed: 5)
    let noise = (0..<1 << 20).map { _ in 0.02 * Float(random.nextSigned()) }
    func write(_ name: String, drift: Float) throws -> Checkpoint {
      let path = folder + "/" + name
      let names = (0..<count).map { "t\($0)" }
      let writer = try SafetensorsWriter(
        path: path, tensors: names.map { .init(name: $0, dtype: dtype, shape: [side, side]) })
      for tensor in 0..<count {
        let values = (0..<side * side).map { i -> Float in
          noise[i & (1 << 20 - 1)] + drift * noise[(i * 7 + tensor) & (1 << 20 - 1)]
        }
        switch dtype {
        case .bf16: try writer.append(words: values.map(SyntheticPair.code))
        case .f16: try writer.append(words: values.map { Float16($0).bitPattern })
        default: try writer.append(words: values.map(\.bitPattern))
        }
      }
      try writer.finish()
      return try Checkpoint.open(path)
    }
    let (base, tuned) = (try write("base", drift: 0), try write("tuned", drift: 0.01))
    let bytes = Double(2 * count * side * side * dtype.bits / 8)
    func measure(_ name: String, _ body: () throws -> Void) rethrows {
      let best = try Timing.best(body)
      print(
        "\(dtype.rawValue) \(name): \(bytes / best / 1e9) GB/s of both files,",
        "\(best * 1e9 / Double(count * side * side)) ns per entry")
    }
    let norm = try SyntheticPair.policy(SyntheticPair.Drift.norm.allowance)
    let frozen = try SyntheticPair.policy("\"frozen\"")
    let identity = try BaseIdentity.compute(checkpoint: base)
    try measure("scan, all measured") { _ = try CheckpointPass.run(base: base, tuned: tuned, policy: norm) }
    try measure("scan, frozen and equal") { _ = try CheckpointPass.run(base: base, tuned: base, policy: frozen) }
    try measure("scan, frozen, identity given") {
      _ = try CheckpointPass.run(base: base, tuned: base, policy: frozen, given: identity)
    }
    let pass = try CheckpointPass.run(base: base, tuned: tuned, policy: norm)
    let plan = TableauPlan(tensors: pass.derived.tensors, logLength: 20)
    let rows = try CheckpointRows(
      plan: plan, tensors: pass.derived.tensors, base: base, tuned: tuned, room: RowRoom(whole: 0))
    try measure("rows, one thread") { for row in 0..<rows.rowCount { _ = try rows.message(row) } }
    measure("rows, all threads") { Parallel.forEach(rows.rowCount) { _ = try? rows.message($0) } }
  }
}
