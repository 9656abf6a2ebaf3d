// SPDX-License-Identifier: Apache-2.0

/// SplitMix64: the same numbers in every run, and the seed in a failure's message can be pasted back.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }

  /// Uniform in [-1, 1).
  package mutating func signed() -> Float { Float(Int64(bitPattern: next()) >> 11) / Float(1 << 52) }

  package mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
