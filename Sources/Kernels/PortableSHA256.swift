// SPDX-License-Identifier: Apache-2.0

/// One SHA-256 computation, block by block.
struct PortableSHA256 {
  private var h: [UInt32]

  init() {
    h = [
      0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
    ]
  }

  init(_ state: UnsafePointer<UInt32>) { h = Array(UnsafeBufferPointer(start: state, count: 8)) }

  func store(_ state: UnsafeMutablePointer<UInt32>) {
    for k in 0..<8 { state[k] = h[k] }
  }

  func digest(_ bytes: UnsafeMutablePointer<UInt8>) {
    for k in 0..<32 { bytes[k] = UInt8(truncatingIfNeeded: h[k / 4] >> UInt32(24 - 8 * (k % 4))) }
  }

  /// Big-endian words.
  static func words(_ bytes: some Collection<UInt8>) -> [UInt32] {
    var words = [UInt32](repeating: 0, count: bytes.count / 4)
    for (k, byte) in bytes.enumerated() { words[k / 4] |= UInt32(byte) << UInt32(24 - 8 * (k % 4)) }
    return words
  }

  /// Takes in one block of 16 words.
  mutating func compress(_ block: [UInt32]) {
    func rotated(_ x: UInt32, _ n: UInt32) -> UInt32 { x >> n | x << (32 - n) }
    var w = block
    for i in 16..<64 {
      let s0 = rotated(w[i - 15], 7) ^ rotated(w[i - 15], 18) ^ w[i - 15] >> 3
      let s1 = rotated(w[i - 2], 17) ^ rotated(w[i - 2], 19) ^ w[i - 2] >> 10
      w.append(w[i - 16] &+ s0 &+ w[i - 7] &+ s1)
    }
    var (a, b, c, d, e, f, g, x) = (h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7])
    for i in 0..<64 {
      let s1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)
      let t1 = x &+ s1 &+ ((e & f) ^ (~e & g)) &+ Self.constants[i] &+ w[i]
      let s0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)
      let t2 = s0 &+ ((a & b) ^ (a & c) ^ (b & c))
      (a, b, c, d, e, f, g, x) = (t1 &+ t2, a, b, c, d &+ t1, e, f, g)
    }
    for (k, value) in [a, b, c, d, e, f, g, x].enumerated() { h[k] &+= value }
  }

  private static let constants: [UInt32] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
  ]
}
