// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofPolicy
import Foundation
import TestSupport

/// A tensor of a generated checkpoint.
struct TestTensor {
  var shape: [Int]
  /// bf16 when true: values are rounded when written; else fp32.
  var isHalf = false
  var values: [Float]

  /// Random weights of about 1/2.
  init(_ shape: [Int], isHalf: Bool = false, random: inout SeededGenerator) {
    self.shape = shape
    self.isHalf = isHalf
    values = (0..<shape.reduce(1, *)).map { _ in random.signed() }
    if isHalf { values = values.map(Self.rounded) }
  }

  static func rounded(_ value: Float) -> Float { Float(bitPattern: UInt32(code(value)) << 16) }

  /// bf16, to nearest even.
  static func code(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
  }

  /// Adds scale·A·B with random A (rows × rank) and B (rank × columns).
  mutating func addLowRank(_ rank: Int, scale: Float, random: inout SeededGenerator) {
    let (rows, columns) = (shape[0], shape[1])
    let left = (0..<rows * rank).map { _ in random.signed() }
    let right = (0..<rank * columns).map { _ in random.signed() }
    for row in 0..<rows {
      for column in 0..<columns {
        var sum: Float = 0
        for k in 0..<rank { sum += left[row * rank + k] * right[k * columns + column] }
        values[row * columns + column] += scale * sum
      }
    }
  }
}

/// Named tensors that become a safetensors file.
struct TestModel {
  var tensors: [String: TestTensor] = [:]
  /// One I64 tensor beside the floating ones.
  var counter: (name: String, value: Int64)?

  func write(_ name: String, in folder: TemporaryFolder) throws -> Checkpoint {
    let path = folder.file(name + ".safetensors")
    let names = tensors.keys.sorted()
    var declarations = names.map { name in
      SafetensorsWriter.Declaration(
        name: name, dtype: tensors[name]?.isHalf == true ? .bf16 : .f32, shape: tensors[name]?.shape ?? [])
    }
    if let counter { declarations.append(.init(name: counter.name, dtype: .i64, shape: [])) }
    let writer = try SafetensorsWriter(path: path, tensors: declarations)
    for name in names {
      guard let tensor = tensors[name] else { continue }
      if tensor.isHalf {
        try writer.append(words: tensor.values.map(TestTensor.code))
      } else {
        try writer.append(words: tensor.values.map(\.bitPattern))
      }
    }
    if let counter { try writer.append(words: [UInt64(bitPattern: counter.value)]) }
    try writer.finish()
    return try Checkpoint.open(path)
  }
}

/// A policy from pairs of pattern and JSON allowance, then "frozen" for the rest when asked for.
func testPolicy(_ rules: [(String, String)], frozenRest: Bool = false, total: String? = nil) throws -> Policy {
  var lines = rules.map { "{ \"tensors\": \"\($0.0)\", \"allow\": \($0.1) }" }
  if frozenRest { lines.append("{ \"tensors\": \"*\", \"allow\": \"frozen\" }") }
  var text = "{ \"driftPolicy\": 1, \"name\": \"test\", \"securityBits\": 128, "
  text += "\"rules\": [\(lines.joined(separator: ","))]"
  if let total { text += ", \"total\": \(total)" }
  return try Policy.parse(Array((text + " }").utf8))
}
