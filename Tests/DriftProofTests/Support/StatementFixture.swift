// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofCertificate
@testable import DriftProofStatement
import DriftProofArgument
import DriftProofCheckpoint
import DriftProofPolicy
import Foundation
import TestSupport
import Testing

/// A small base with every kind of tensor, written to disk once so that its identity is a real one.
struct StatementFixture {
  let identity: BaseIdentity
  let tuned: [TunedTensor]

  static let shapes: [(name: String, dtype: DataType, shape: [Int])] = [
    ("a.weight", .f32, [64, 64]), ("b.bias", .f32, [10]), ("c.weight", .f32, [32, 48]), ("counter", .i64, [1]),
    ("d.weight", .f32, [8, 4, 3, 3]), ("emb.weight", .f32, [100, 16]), ("empty", .f32, [0, 4]),
    ("frozen.weight", .f32, [8, 8]),
  ]

  init() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("base.safetensors")
    let writer = try SafetensorsWriter(
      path: path, tensors: Self.shapes.map { .init(name: $0.name, dtype: $0.dtype, shape: $0.shape) })
    for (index, tensor) in Self.shapes.enumerated() {
      let count = tensor.shape.reduce(1, *)
      var bytes: [UInt8] = []
      for i in 0..<count {
        if tensor.dtype == .i64 {
          bytes.append(contentsOf: [7, 0, 0, 0, 0, 0, 0, 0])
        } else {
          let value = Float((i * 37 + index * 11) % 101 - 50) / 256
          withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
        }
      }
      try writer.append(bytes)
    }
    try writer.finish()
    identity = try withExtendedLifetime(folder) { try BaseIdentity.compute(checkpoint: try Checkpoint.open(path)) }
    tuned = identity.tensors.map { TunedTensor(name: $0.name, dtype: $0.dtype, shape: $0.shape) }
  }

  static func policy(_ rules: String, total: String = "") throws -> Policy {
    let text = "{\"driftPolicy\": 1, \"name\": \"test\", \"securityBits\": 128, \"rules\": [\(rules)]\(total)}"
    return try Policy.parse(Array(text.utf8))
  }

  /// `{"tensors": pattern, "allow": allow}`.
  static func rule(_ pattern: String, _ allow: String) -> String {
    "{\"tensors\": \"\(pattern)\", \"allow\": \(allow)}"
  }

  static let frozenRest = rule("*", "\"frozen\"")

  func derive(_ rules: [String], total: String = "", tuned: [TunedTensor]? = nil) throws -> DerivedStatement {
    let policy = try Self.policy((rules + [Self.frozenRest]).joined(separator: ","), total: total)
    return try DerivedStatement.derive(identity: identity, tuned: tuned ?? self.tuned, policy: policy)
  }

  /// The gaps of a derivation that must fail.
  func gaps(_ rules: [String], tuned: [TunedTensor]) throws -> [CoverageGap] {
    do {
      _ = try derive(rules, tuned: tuned)
      Issue.record("no coverage gap")
      return []
    } catch StatementError.coverageGap(let gaps) {
      return gaps
    }
  }
}
