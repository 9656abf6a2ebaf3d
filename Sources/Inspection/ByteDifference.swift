// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint

/// Entry-by-entry comparison of bytes, for tensors without an encoding.
enum ByteDifference {
  /// Bytes compared at once: a multiple of 3 and 8, so that no entry of 4, 6, ... 64 bits straddles two blocks.
  private static let byteBlock = 3 << 18

  /// Number of entries whose bits differ. The tensors must agree in dtype and shape.
  static func count(
    base: Checkpoint, _ before: TensorInfo, tuned: Checkpoint, _ after: TensorInfo
  ) throws(CheckpointError) -> Int {
    let total = before.byteRange.count
    let bits = before.dtype.bits
    var changed = 0
    for start in stride(from: 0, to: total, by: byteBlock) {
      let range = start..<min(total, start + byteBlock)
      let (old, new) = (try base.bytes(of: before, range: range), try tuned.bytes(of: after, range: range))
      guard old != new else { continue }
      changed += bits % 8 == 0 ? countWhole(old, new, width: bits / 8) : countPacked(old, new, bits: bits)
    }
    return changed
  }

  private static func countWhole(_ old: [UInt8], _ new: [UInt8], width: Int) -> Int {
    var changed = 0
    for start in stride(from: 0, to: old.count, by: width) {
      let range = start..<start + width
      if old[range] != new[range] { changed += 1 }
    }
    return changed
  }

  /// Entries of fewer than 8 bits, packed from the lowest bit of each byte on.
  private static func countPacked(_ old: [UInt8], _ new: [UInt8], bits: Int) -> Int {
    var changed = 0
    for entry in 0..<old.count * 8 / bits {
      var differs = false
      for bit in entry * bits..<(entry + 1) * bits {
        let difference = (old[bit / 8] ^ new[bit / 8]) >> UInt8(bit % 8)
        if difference & 1 != 0 { differs = true }
      }
      if differs { changed += 1 }
    }
    return changed
  }
}
