import Checkpoint
import Foundation
import Testing

/// A folder that is removed with the object.
final class TemporaryFolder {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("driftproof-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { path + "/" + name }

  @discardableResult
  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
    return file(name)
  }
}

/// A safetensors file from a header written by hand.
func safetensors(_ header: String, data: Int = 0) -> [UInt8] {
  let json = Array(header.utf8)
  return littleEndian(UInt64(json.count)) + json + [UInt8](repeating: 0, count: data)
}

func littleEndian<I: FixedWidthInteger>(_ values: I...) -> [UInt8] { littleEndian(values) }

func littleEndian<I: FixedWidthInteger>(_ values: [I]) -> [UInt8] {
  values.flatMap { value in
    stride(from: 0, to: I.bitWidth, by: 8).map { UInt8(truncatingIfNeeded: value >> $0) }
  }
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

/// SplitMix64: the seed in a failure message can be pasted back.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
