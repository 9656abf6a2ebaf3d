// SPDX-License-Identifier: Apache-2.0

import CDriftProofCrypto

/// Secrets from the operating system.
package enum SystemRandom {
  /// `count` bytes, 0...2^31 - 1, from the operating system through libcrypto's generator. Traps when that fails, as no
  /// secret may be made without it.
  package static func bytes(_ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    precondition(RAND_bytes(&bytes, Int32(count)) == 1, "the system's random generator failed")
    return bytes
  }
}
