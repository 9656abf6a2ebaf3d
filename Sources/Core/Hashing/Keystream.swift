// SPDX-License-Identifier: Apache-2.0

import CDriftProofCrypto

/// The keystream of AES-256 in counter mode from counter 0, through libcrypto; read once, in order, by one thread.
///
/// Requires that libcrypto has AES-256-CTR and memory for a context, and traps otherwise: what draws randomness from it
/// cannot go on without, and must not go on with less.
package final class Keystream {
  private let cipher: OpaquePointer

  /// - Parameter key: 32 bytes, which serve one stream only.
  package init(key: [UInt8]) {
    precondition(key.count == 32, "a key of AES-256 has 32 bytes")
    guard let context = EVP_CIPHER_CTX_new() else { preconditionFailure("libcrypto is out of memory") }
    cipher = context
    let zeroCounter = [UInt8](repeating: 0, count: 16)
    precondition(
      EVP_EncryptInit_ex(cipher, EVP_aes_256_ctr(), nil, key, zeroCounter) == 1, "libcrypto refused AES-256-CTR")
  }

  deinit { EVP_CIPHER_CTX_free(cipher) }

  /// The next `count` bytes.
  package func bytes(_ count: Int) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: count)
    let zeros = result
    var done = 0
    while done < count {
      let step = min(count - done, 1 << 30)
      var written = Int32(0)
      let status = result.withUnsafeMutableBufferPointer { out in
        zeros.withUnsafeBufferPointer { input in
          guard let target = out.baseAddress, let source = input.baseAddress else { return Int32(1) }
          return EVP_EncryptUpdate(cipher, target + done, &written, source + done, Int32(step))
        }
      }
      precondition(status == 1 && Int(written) == step, "libcrypto failed in AES-256-CTR")
      done += step
    }
    return result
  }
}
