// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Quantiles of the normal distribution: a table lookup per weight, and the same weights everywhere.
enum NormalTable {
  static let log = 13
  static let drift = quantiles(log: 12)
  static let weights = quantiles(log: log)

  /// The 2^log quantiles at (i + 1/2)/2^log.
  private static func quantiles(log: Int) -> [Float] {
    let count = 1 << log
    let upper = (count / 2..<count).map { index -> Float in
      let tail = 1 - (Double(index) + 0.5) / Double(count)
      var (low, high) = (0.0, 8.0)
      // erfc decreases: bisection to the last bit of a Float.
      for _ in 0..<40 {
        let middle = (low + high) / 2
        if erfc(middle / 2.0.squareRoot()) / 2 > tail { low = middle } else { high = middle }
      }
      return Float(low)
    }
    return upper.reversed().map { -$0 } + upper
  }
}

/// To the nearest bf16, ties to even; finite values only.
@inline(__always)
func bf16(_ value: Float) -> UInt16 {
  let bits = value.bitPattern
  return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
}

@inline(__always)
func float(_ word: UInt16) -> Float { Float(bitPattern: UInt32(word) << 16) }

/// Random words by position (SplitMix64): any block of a tensor can be made on its own.
struct RandomWords: Sendable {
  private let seed: UInt64

  /// Distinct streams for distinct names.
  init(_ name: String, stream: UInt64) {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    seed = hash &+ stream &* 0xD1B5_4A32_D192_ED03
  }

  @inline(__always)
  subscript(index: Int) -> UInt64 {
    var z = seed &+ UInt64(truncatingIfNeeded: index) &* 0x9E37_79B9_7F4A_7C15
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}

/// The weights of one tensor before and after the fine-tune, block by block: pure functions of its name and drift.
struct WeightSource: Sendable {
  /// Entries of a block; a multiple of the four that share a random word.
  static let block = 1 << 18

  let tensor: TensorShape
  let drift: ModelDrift.TensorDrift
  private let table: [UInt16]
  private let words: RandomWords
  private let driftWords: RandomWords
  private let left: [SIMD8<Float>]
  private let right: [SIMD8<Float>]

  init(_ tensor: TensorShape, drift: ModelDrift.TensorDrift) {
    self.tensor = tensor
    self.drift = drift
    table = NormalTable.weights.map { bf16(tensor.mean + tensor.deviation * $0) }
    words = RandomWords(tensor.name, stream: 0)
    driftWords = RandomWords(tensor.name, stream: 1)
    guard case .lowRank(let rank, let relative) = drift else {
      (left, right) = ([], [])
      return
    }
    precondition(rank == 8, "factors have eight columns")
    // Entries of U·Vᵀ have the deviation sqrt(8)·u·v.
    let scale = (relative * Self.size(tensor) / Float(8).squareRoot()).squareRoot()
    left = Self.factor(RandomWords(tensor.name, stream: 2), rows: tensor.rows, scale: scale)
    right = Self.factor(RandomWords(tensor.name, stream: 3), rows: tensor.columns, scale: scale)
  }

  /// Root mean square of the weights.
  private static func size(_ tensor: TensorShape) -> Float {
    (tensor.mean * tensor.mean + tensor.deviation * tensor.deviation).squareRoot()
  }

  private static func factor(_ random: RandomWords, rows: Int, scale: Float) -> [SIMD8<Float>] {
    (0..<rows).map { row in
      var result = SIMD8<Float>()
      for k in 0..<8 { result[k] = scale * NormalTable.drift[Int(random[8 * row + k] >> 52)] }
      return result
    }
  }

  var blockCount: Int { (tensor.entryCount + Self.block - 1) / Self.block }

  private func range(_ block: Int) -> Range<Int> {
    Self.block * block..<min(tensor.entryCount, Self.block * (block + 1))
  }

  /// Bit patterns of the base's weights.
  func base(_ block: Int) -> [UInt16] {
    let range = range(block)
    return [UInt16](unsafeUninitializedCapacity: range.count + 3) { out, count in
      let mask: UInt64 = 1 << UInt64(NormalTable.log) - 1
      for group in 0..<(range.count + 3) / 4 {
        let word = words[range.lowerBound / 4 + group]
        for lane in 0..<4 {
          out[4 * group + lane] = table[Int(word >> (13 * UInt64(lane)) & mask)]
        }
      }
      count = range.count
    }
  }

  /// Bit patterns of the tuned weights; what moved is added to `sums`.
  func tuned(_ block: Int, sums: inout DriftSums) -> [UInt16] {
    var result = base(block)
    let explained = explained(block)
    let isLowRank = !left.isEmpty
    var (base, moved, residual) = (0.0, 0.0, 0.0)
    for i in 0..<result.count {
      let weight = float(result[i])
      let word = bf16(weight + explained[i])
      let delta = float(word) - weight
      let rest = isLowRank ? delta - explained[i] : 0
      result[i] = word
      base += Double(weight * weight)
      moved += Double(delta * delta)
      residual += Double(rest * rest)
    }
    sums.base += base
    sums.drift += moved
    sums.residual += residual
    return result
  }

  /// The drift before it is rounded.
  private func explained(_ block: Int) -> [Float] {
    let range = range(block)
    let columns = tensor.columns
    switch drift {
    case .none: return [Float](repeating: 0, count: range.count)
    case .dense(let relative): return noise(range, scale: relative * Self.size(tensor))
    case .rows(let count):
      var result = noise(range, scale: 0.5 * Self.size(tensor))
      let step = max(1, tensor.rows / max(1, count))
      for i in range where !((i / columns) % step == 0 && i / columns / step < count) {
        result[i - range.lowerBound] = 0
      }
      return result
    case .lowRank:
      return [Float](unsafeUninitializedCapacity: range.count) { out, initialized in
        var (row, column) = range.lowerBound.quotientAndRemainder(dividingBy: columns)
        for i in 0..<range.count {
          out[i] = (left[row] * right[column]).sum()
          column += 1
          if column == columns { (row, column) = (row + 1, 0) }
        }
        initialized = range.count
      }
    }
  }

  private func noise(_ range: Range<Int>, scale: Float) -> [Float] {
    [Float](unsafeUninitializedCapacity: range.count + 3) { out, count in
      NormalTable.drift.withUnsafeBufferPointer { table in
        for group in 0..<(range.count + 3) / 4 {
          let word = driftWords[range.lowerBound / 4 + group]
          for lane in 0..<4 { out[4 * group + lane] = scale * table[Int(word >> (12 * UInt64(lane)) & 0xFFF)] }
        }
      }
      count = range.count
    }
  }
}
