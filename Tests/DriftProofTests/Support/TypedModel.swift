// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import Foundation
import TestSupport

/// Named tensors of any floating type, written with each value rounded to it.
struct TypedModel {
  struct Tensor {
    var dtype: DataType
    var shape: [Int]
    var values: [Double]
  }

  var tensors: [String: Tensor] = [:]

  /// Random weights below 1 that every type but BF16 and F16 has as they are; `exact` ones those have, too.
  mutating func add(
    _ name: String, _ dtype: DataType, _ shape: [Int], exact: Bool = false, random: inout SeededGenerator
  ) {
    let values = (0..<shape.reduce(1, *)).map { _ in
      let value = Double(random.signed())
      return exact ? (value * 64).rounded() / 64 : value
    }
    tensors[name] = Tensor(dtype: dtype, shape: shape, values: values)
  }

  mutating func append(rows: Int, to name: String, scale: Double, random: inout SeededGenerator) {
    guard let tensor = tensors[name] else { return }
    let count = rows * tensor.shape.dropFirst().reduce(1, *)
    tensors[name]?.shape[0] += rows
    tensors[name]?.values += (0..<count).map { _ in scale * Double(random.signed()) }
  }

  func write(_ name: String, in folder: TemporaryFolder, only names: Set<String>? = nil) throws -> Checkpoint {
    let path = folder.file(name + ".safetensors")
    try write(to: path, names: tensors.keys.filter { names?.contains($0) ?? true }.sorted())
    return try Checkpoint.open(path)
  }

  private func write(to path: String, names: [String]) throws {
    let writer = try SafetensorsWriter(
      path: path,
      tensors: names.compactMap { name in tensors[name].map { .init(name: name, dtype: $0.dtype, shape: $0.shape) } })
    for name in names {
      guard let tensor = tensors[name] else { continue }
      switch tensor.dtype {
      case .bf16: try writer.append(words: tensor.values.map { TestTensor.code(Float($0)) })
      case .f16: try writer.append(words: tensor.values.map { Float16($0).bitPattern })
      case .f32: try writer.append(words: tensor.values.map { Float($0).bitPattern })
      case .f64: try writer.append(words: tensor.values.map(\.bitPattern))
      default: try writer.append([UInt8](repeating: 0, count: tensor.values.count * tensor.dtype.bits / 8))
      }
    }
    try writer.finish()
  }

  /// The same in two shards and an index.
  func writeSharded(_ name: String, in folder: TemporaryFolder) throws -> Checkpoint {
    let path = folder.file(name)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let names = tensors.keys.sorted()
    let half = names.count / 2
    var map: [String] = []
    for (index, part) in [Array(names[..<half]), Array(names[half...])].enumerated() {
      let file = "model-0000\(index + 1)-of-00002.safetensors"
      try write(to: path + "/" + file, names: part)
      map += part.map { "\"\($0)\": \"\(file)\"" }
    }
    let index = "{\"metadata\": {}, \"weight_map\": {\(map.joined(separator: ", "))}}"
    try Data(index.utf8).write(to: URL(fileURLWithPath: path + "/model.safetensors.index.json"))
    return try Checkpoint.open(path)
  }
}
