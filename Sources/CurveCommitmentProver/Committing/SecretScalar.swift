// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCurve

extension Fr {
  /// A uniform scalar from the operating system.
  package static func random() -> Fr {
    while true {
      var bytes = SystemRandom.bytes(encodedLength)
      bytes[31] &= 0x7F
      if let scalar = Fr(littleEndian: bytes) { return scalar }
    }
  }

  /// The first of the blocks SHA-256(message ‖ u64 counter), their highest bit cleared, that is below r.
  package static func hashed(_ message: [UInt8]) -> Fr {
    var counter: UInt64 = 0
    while true {
      var input = message
      input.append(littleEndian: counter)
      counter += 1
      var block = SHA256.hash(input)
      block[31] &= 0x7F
      if let scalar = Fr(littleEndian: block) { return scalar }
    }
  }
}
