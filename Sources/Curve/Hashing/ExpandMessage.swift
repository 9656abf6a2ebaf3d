// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// expand_message_xmd of RFC 9380, section 5.3.1, with SHA-256.
enum ExpandMessage {
  /// - Parameters:
  ///   - count: bytes wanted, at most 255·32.
  static func expand(_ message: [UInt8], domain: [UInt8], count: Int) -> [UInt8] {
    precondition(count <= 255 * 32, "expand_message_xmd gives at most 8,160 bytes")
    // Section 5.3.3: a tag of more than 255 bytes is hashed.
    let tag = domain.count > 255 ? SHA256.hash(Array("H2C-OVERSIZE-DST-".utf8) + domain) : domain
    let suffix = tag + [UInt8(tag.count)]
    let length = [UInt8(count >> 8), UInt8(count & 0xFF)]
    let first = SHA256.hash([UInt8](repeating: 0, count: 64) + message + length + [0] + suffix)
    var block = SHA256.hash(first + [1] + suffix)
    var result = block
    var index: UInt8 = 1
    while result.count < count {
      index += 1
      block = SHA256.hash(zip(first, block).map { $0 ^ $1 } + [index] + suffix)
      result += block
    }
    return Array(result.prefix(count))
  }
}
