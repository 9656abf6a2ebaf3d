// SPDX-License-Identifier: Apache-2.0

import CDriftProofCrypto

/// AES-256-GCM: bytes that nobody without the key reads or changes.
package enum Sealing {
  package static let keyLength = 32
  package static let nonceLength = 12
  /// What sealed bytes are longer than plain ones.
  package static let tagLength = 16

  /// - Parameters:
  ///   - bytes: fewer than 2^31.
  ///   - nonce: 12 bytes, never twice under one key.
  ///   - associated: not in the result, and needed to open it.
  package static func seal(_ bytes: [UInt8], key: [UInt8], nonce: [UInt8], associated: [UInt8]) -> [UInt8] {
    let context = begin(key, nonce)
    defer { EVP_CIPHER_CTX_free(context) }
    var written: Int32 = 0
    var result = [UInt8](repeating: 0, count: bytes.count + tagLength)
    var tag = [UInt8](repeating: 0, count: tagLength)
    let isDone =
      EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce) == 1
      && EVP_EncryptUpdate(context, nil, &written, associated, Int32(associated.count)) == 1
      && EVP_EncryptUpdate(context, &result, &written, bytes, Int32(bytes.count)) == 1
      && EVP_EncryptFinal_ex(context, &tag, &written) == 1
      && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(tagLength), &tag) == 1
    precondition(isDone, "libcrypto failed in AES-256-GCM")
    result.replaceSubrange(bytes.count..., with: tag)
    return result
  }

  /// The bytes that ``seal(_:key:nonce:associated:)`` was given; nil for anything else.
  package static func open(_ sealed: [UInt8], key: [UInt8], nonce: [UInt8], associated: [UInt8]) -> [UInt8]? {
    guard sealed.count >= tagLength, sealed.count < 1 << 31 else { return nil }
    let context = begin(key, nonce)
    defer {
      EVP_CIPHER_CTX_free(context)
      ERR_clear_error()
    }
    let count = sealed.count - tagLength
    var tag = Array(sealed[count...])
    var written: Int32 = 0
    var result = [UInt8](repeating: 0, count: count)
    var last = [UInt8](repeating: 0, count: tagLength)
    guard EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce) == 1,
      EVP_DecryptUpdate(context, nil, &written, associated, Int32(associated.count)) == 1,
      EVP_DecryptUpdate(context, &result, &written, sealed, Int32(count)) == 1,
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tagLength), &tag) == 1,
      EVP_DecryptFinal_ex(context, &last, &written) == 1
    else { return nil }
    return result
  }

  private static func begin(_ key: [UInt8], _ nonce: [UInt8]) -> OpaquePointer {
    precondition(key.count == keyLength && nonce.count == nonceLength, "a key of 32 bytes and a nonce of 12")
    guard let context = EVP_CIPHER_CTX_new() else { preconditionFailure("libcrypto is out of memory") }
    return context
  }
}
