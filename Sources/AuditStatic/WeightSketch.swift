// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore

/// 256 bits about the weights of one tensor: signs of sums over pseudorandom shares of them with pseudorandom signs, both
/// drawn from the tensor's name. Of two tensors whose weights stand at an angle θ to one another each bit differs with
/// probability about θ/π, whatever their types and shards. Nothing is secret in it: who guesses weights can confirm them.
package struct WeightSketch: Equatable, Sendable {
  /// Bits of a tensor.
  package static let bits = 256
  /// Entries that a sum has on average at least, as far as a tensor's entries may be used again and again.
  private static let leastShare = 256

  /// 32 bytes; bit k of a sketch is bit k mod 8 of byte k / 8.
  package let bytes: [UInt8]

  package init(bytes: [UInt8]) { self.bytes = bytes }

  /// Of a floating tensor.
  ///
  /// Entry i, row-major, goes `repeats` times into one of 256 sums: draw n = i·repeats + j of the stream says into which (its
  /// low 8 bits) and whether it is added or subtracted (bit 8). A bit is 1 where its sum is above zero.
  /// - Throws: `notFinite`, or a file error.
  package init(_ checkpoint: Checkpoint, _ tensor: TensorInfo) throws(CheckpointError) {
    let seed = Self.seed(tensor.name)
    let repeats = Self.repeats(entries: tensor.entryCount)
    var sums = [Double](repeating: 0, count: Self.bits)
    let block = 1 << 16
    for start in stride(from: 0, to: tensor.entryCount, by: block) {
      let entries = start..<min(start + block, tensor.entryCount)
      let values = try checkpoint.doubles(of: tensor, in: entries)
      var place = UInt64(start) &* UInt64(repeats)
      for value in values {
        for _ in 0..<repeats {
          let draw = Self.draw(seed, place)
          sums[Int(draw & 0xFF)] += draw & 0x100 == 0 ? value : -value
          place &+= 1
        }
      }
    }
    var bytes = [UInt8](repeating: 0, count: Self.bits / 8)
    for (place, sum) in sums.enumerated() where sum > 0 { bytes[place / 8] |= 1 << UInt8(place % 8) }
    self.bytes = bytes
  }

  /// Bits that differ.
  package func distance(to other: WeightSketch) -> Int {
    zip(bytes, other.bytes).reduce(0) { $0 + ($1.0 ^ $1.1).nonzeroBitCount }
  }

  /// How often each entry is used: small tensors more than once.
  static func repeats(entries: Int) -> Int {
    min(bits, max(1, (bits * leastShare + max(1, entries) - 1) / max(1, entries)))
  }

  static func seed(_ name: String) -> UInt64 {
    SHA256.hash(Array("driftproof/audit/sketch/v1".utf8) + Array(name.utf8)).prefix(8).enumerated()
      .reduce(0) { $0 | UInt64($1.element) << UInt64(8 * $1.offset) }
  }

  /// Draw `place` of a stream: SplitMix64 from `seed`, counted from 0.
  @inline(__always)
  static func draw(_ seed: UInt64, _ place: UInt64) -> UInt64 {
    var z = seed &+ (place &+ 1) &* 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
