// SPDX-License-Identifier: Apache-2.0

import CDriftProofCrypto
import DriftProofCore

/// One side's fresh part of X25519: what two processes have in common afterwards nobody learns who reads their messages.
package final class KeyAgreement {
  private let key: OpaquePointer
  /// 32 bytes for the other side.
  package let point: [UInt8]

  package static let length = 32

  package init() {
    let secret = SystemRandom.bytes(Self.length)
    guard let key = EVP_PKEY_new_raw_private_key_ex(nil, "X25519", nil, secret, secret.count) else {
      preconditionFailure("libcrypto refused X25519")
    }
    self.key = key
    var point = [UInt8](repeating: 0, count: Self.length)
    var count = point.count
    precondition(
      EVP_PKEY_get_raw_public_key(key, &point, &count) == 1 && count == Self.length, "libcrypto failed in X25519")
    self.point = point
  }

  deinit { EVP_PKEY_free(key) }

  /// 32 bytes; nil for a point with which nothing would be secret.
  package func shared(with other: [UInt8]) -> [UInt8]? {
    defer { ERR_clear_error() }
    guard other.count == Self.length,
      let peer = EVP_PKEY_new_raw_public_key_ex(nil, "X25519", nil, other, other.count)
    else { return nil }
    defer { EVP_PKEY_free(peer) }
    guard let context = EVP_PKEY_CTX_new(key, nil) else { return nil }
    defer { EVP_PKEY_CTX_free(context) }
    var result = [UInt8](repeating: 0, count: Self.length)
    var count = result.count
    guard EVP_PKEY_derive_init(context) == 1, EVP_PKEY_derive_set_peer(context, peer) == 1,
      EVP_PKEY_derive(context, &result, &count) == 1, count == Self.length
    else { return nil }
    return result
  }
}
