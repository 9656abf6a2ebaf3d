// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// Bytes that only the holder of a key can tell from random ones: HMAC-SHA-256(seed, u64 0) ‖ HMAC-SHA-256(seed, u64 1) ‖ …
package struct KeyedStream {
  private let seed: [UInt8]
  private var counter: UInt64 = 0
  private var block: ArraySlice<UInt8> = []
  /// A lower bound for the bits of choice that were drawn: the sum of ⌊log2⌋ of what was chosen among.
  package private(set) var bits = 0

  /// - Parameter seed: 32 bytes, for this stream only.
  package init(seed: [UInt8]) { self.seed = seed }

  private mutating func byte() -> UInt8 {
    if let byte = block.popFirst() { return byte }
    var message: [UInt8] = []
    message.append(littleEndian: counter)
    counter += 1
    block = SHA256.authenticate(key: seed, message: message)[...]
    return block.popFirst() ?? 0
  }

  /// A number from 0 to `bound` - 1, each as likely as the others: as many bytes as hold bound - 1, lowest first, cut to its
  /// bits, drawn anew while they say `bound` or more.
  /// - Parameter bound: from 1.
  package mutating func below(_ bound: Int) -> Int {
    guard bound > 1 else { return 0 }
    let digits = Int.bitWidth - (bound - 1).leadingZeroBitCount
    bits += Int.bitWidth - 1 - bound.leadingZeroBitCount
    while true {
      var value: UInt64 = 0
      for place in 0..<(digits + 7) / 8 { value |= UInt64(byte()) << UInt64(8 * place) }
      let cut = Int(value & (1 << UInt64(digits) - 1))
      if cut < bound { return cut }
    }
  }

  /// One of these, which are not none.
  package mutating func pick<T>(_ choices: [T]) -> T { choices[below(choices.count)] }
}
