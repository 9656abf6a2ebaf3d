// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import Foundation
import TestSupport
import Testing

/// A safetensors file from a header written by hand.
func safetensors(_ header: String, data: Int = 0) -> [UInt8] {
  let json = Array(header.utf8)
  return littleEndian(UInt64(json.count)) + json + [UInt8](repeating: 0, count: data)
}

/// A tensor for `writeFile`.
struct Sample {
  let name: String
  let dtype: DataType
  let shape: [Int]
  let bytes: [UInt8]

  init(_ name: String, _ dtype: DataType, _ shape: [Int], _ bytes: [UInt8]) {
    self.name = name
    self.dtype = dtype
    self.shape = shape
    self.bytes = bytes
  }

  var declaration: SafetensorsWriter.Declaration { .init(name: name, dtype: dtype, shape: shape) }
}

@discardableResult
func writeFile(_ samples: [Sample], _ path: String) throws -> String {
  let writer = try SafetensorsWriter(
    path: path, tensors: samples.map(\.declaration), metadata: [("format", "pt")])
  for sample in samples { try writer.append(sample.bytes) }
  try writer.finish()
  return path
}

/// Three tensors whose identity is known from an independent Python script.
let knownSamples = [
  Sample("c", .f16, [2], littleEndian([0x2e66, 0xb266] as [UInt16])),
  Sample(
    "a", .f32, [2, 3],
    littleEndian([0x3f00_0000, 0xbf80_0000, 0x3e80_0000, 0x4040_0000, 0xc030_0000, 0x3dcc_cccd] as [UInt32])),
  Sample("b.count", .i64, [], littleEndian(7 as Int64)),
]
