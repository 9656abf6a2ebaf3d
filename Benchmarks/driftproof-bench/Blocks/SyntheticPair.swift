// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofPolicy
import Foundation

/// A base and a tuned checkpoint of one bf16 matrix with realistic spread, written to a folder.
struct SyntheticPair {
  enum Drift: String, CaseIterable {
    case norm, rank, entries, rows

    /// The clause that an honest publisher would claim.
    var allowance: String {
      switch self {
      case .norm: #"{"norm": {"relative": 0.1}}"#
      case .rank: #"{"rank": 8, "residual": {"relative": 0.004}}"#
      case .entries: #"{"entries": 500}"#
      case .rows: #"{"rows": 20}"#
      }
    }
  }

  let folder: String
  var base: String { folder + "/base.safetensors" }
  var tuned: String { folder + "/tuned.safetensors" }

  init(shapes: [(name: String, rows: Int, columns: Int)], drift: Drift, folder: String) throws {
    self.folder = folder
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let declarations = shapes.map {
      SafetensorsWriter.Declaration(name: $0.name, dtype: .bf16, shape: [$0.rows, $0.columns])
    }
    let baseWriter = try SafetensorsWriter(path: base, tensors: declarations)
    let tunedWriter = try SafetensorsWriter(path: tuned, tensors: declarations)
    for (index, shape) in shapes.enumerated() {
      var random = Gaussian(seed: UInt64(index + 1))
      let count = shape.rows * shape.columns
      let weights = (0..<count).map { _ in Self.rounded(random.next() * 0.02) }
      var changed = weights
      switch drift {
      case .norm: for i in 0..<count { changed[i] = Self.rounded(weights[i] + random.next() * 0.001) }
      case .rank:
        let left = (0..<shape.rows * 8).map { _ in random.next() * 0.02 }
        let right = (0..<shape.columns * 8).map { _ in random.next() * 0.02 }
        for i in 0..<shape.rows {
          for j in 0..<shape.columns {
            var sum: Float = 0
            for k in 0..<8 { sum += left[i * 8 + k] * right[j * 8 + k] }
            changed[i * shape.columns + j] = Self.rounded(weights[i * shape.columns + j] + sum)
          }
        }
      case .entries:
        for k in 0..<500 { changed[k * (count / 500)] = Self.rounded(weights[k * (count / 500)] + 0.01) }
      case .rows:
        for k in 0..<20 {
          let row = k * (shape.rows / 20)
          for j in 0..<shape.columns {
            let i = row * shape.columns + j
            changed[i] = Self.rounded(weights[i] + random.next() * 0.01)
          }
        }
      }
      try baseWriter.append(words: weights.map(Self.pattern))
      try tunedWriter.append(words: changed.map(Self.pattern))
    }
    try baseWriter.finish()
    try tunedWriter.finish()
  }

  /// A policy with one rule for every tensor.
  static func policy(_ allowance: String) throws -> Policy {
    try Policy.parse(
      Array(
        #"{"driftPolicy": 1, "name": "bench", "securityBits": 128, "rules": [{"tensors": "*", "allow": \#(allowance)}]}"#
          .utf8))
  }

  /// To the nearest bf16.
  private static func rounded(_ value: Float) -> Float {
    let bits = value.bitPattern
    return Float(bitPattern: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) & 0xFFFF_0000)
  }

  /// To the nearest bf16, as its bits.
  static func code(_ value: Float) -> UInt16 { pattern(rounded(value)) }

  private static func pattern(_ value: Float) -> UInt16 { UInt16(truncatingIfNeeded: value.bitPattern >> 16) }
}

/// Sums of twelve uniform numbers: near enough to a normal distribution, and the same everywhere.
private struct Gaussian {
  private var state: UInt64
  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 }

  mutating func next() -> Float {
    var sum: Float = -6
    for _ in 0..<3 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let bits = state >> 4
      for part in 0..<4 { sum += Float(bits >> (15 * UInt64(part)) & 0x7FFF) / 32768 }
    }
    return sum
  }
}
