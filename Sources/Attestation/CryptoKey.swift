// SPDX-License-Identifier: Apache-2.0

import CDriftProofCrypto

/// A key inside libcrypto: the only file of this folder that calls it with keys.
///
/// The key is written once, in an initialiser, and only read afterwards, which libcrypto allows from several threads.
final class CryptoKey: @unchecked Sendable {
  private let key: OpaquePointer
  private let scheme: SignatureScheme

  private init(owning key: OpaquePointer, scheme: SignatureScheme) {
    self.key = key
    self.scheme = scheme
  }

  deinit { EVP_PKEY_free(key) }

  /// A public key; a P-256 point must lie on the curve.
  /// - Throws: `malformed`.
  convenience init(_ publicKey: PublicKey) throws(KeyError) {
    guard publicKey.bytes.count == publicKey.scheme.publicLength else { throw .malformed }
    let key: OpaquePointer?
    switch publicKey.scheme {
    case .ed25519: key = EVP_PKEY_new_raw_public_key_ex(nil, "ED25519", nil, publicKey.bytes, publicKey.bytes.count)
    case .ecdsaP256:
      key = Self.decoding(publicKey.encoded, { d2i_PUBKEY(nil, &$0, $1) }, free: EVP_PKEY_free)
    }
    ERR_clear_error()
    guard let key else { throw .malformed }
    self.init(owning: key, scheme: publicKey.scheme)
  }

  /// A private key from the DER of a PrivateKeyInfo (PKCS#8).
  /// - Throws: `malformed` or `unsupportedAlgorithm`.
  convenience init(privateKeyInfo bytes: [UInt8]) throws(KeyError) {
    defer { ERR_clear_error() }
    guard let info = Self.decoding(bytes, { d2i_PKCS8_PRIV_KEY_INFO(nil, &$0, $1) }, free: PKCS8_PRIV_KEY_INFO_free)
    else { throw .malformed }
    defer { PKCS8_PRIV_KEY_INFO_free(info) }
    guard let key = EVP_PKCS82PKEY(info) else { throw .malformed }
    guard let scheme = Self.scheme(of: key) else {
      EVP_PKEY_free(key)
      throw .unsupportedAlgorithm
    }
    self.init(owning: key, scheme: scheme)
    guard scheme == .ed25519 || isConsistent() else { throw .malformed }
  }

  /// - Throws: `malformed`.
  func publicKey() throws(KeyError) -> PublicKey {
    var bytes = [UInt8](repeating: 0, count: scheme.publicLength)
    switch scheme {
    case .ed25519:
      var count = bytes.count
      guard EVP_PKEY_get_raw_public_key(key, &bytes, &count) == 1, count == bytes.count else { throw .malformed }
    case .ecdsaP256:
      bytes = try coordinate("qx") + coordinate("qy")
    }
    return try PublicKey(scheme: scheme, bytes: bytes)
  }

  /// - Throws: `signingFailed`.
  func sign(_ message: [UInt8]) throws(KeyError) -> [UInt8] {
    guard let context = EVP_MD_CTX_new() else { throw .signingFailed }
    defer {
      EVP_MD_CTX_free(context)
      ERR_clear_error()
    }
    var count = 0
    guard EVP_DigestSignInit(context, nil, digest, nil, key) == 1,
      EVP_DigestSign(context, nil, &count, message, message.count) == 1
    else { throw .signingFailed }
    var signature = [UInt8](repeating: 0, count: count)
    guard EVP_DigestSign(context, &signature, &count, message, message.count) == 1, count <= signature.count else {
      throw .signingFailed
    }
    return Array(signature.prefix(count))
  }

  /// Whether `signature` is this key's for `message`. ECDSA signatures must be DER without anything after them.
  func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
    guard let context = EVP_MD_CTX_new() else { return false }
    defer {
      EVP_MD_CTX_free(context)
      ERR_clear_error()
    }
    return EVP_DigestVerifyInit(context, nil, digest, nil, key) == 1
      && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
  }

  /// Ed25519 hashes inside.
  private var digest: OpaquePointer? { scheme == .ed25519 ? nil : EVP_sha256() }

  /// Calls a decoder of libcrypto; nil unless it takes all of `bytes`.
  private static func decoding(
    _ bytes: [UInt8], _ decode: (inout UnsafePointer<UInt8>?, Int) -> OpaquePointer?,
    free: (OpaquePointer?) -> Void
  ) -> OpaquePointer? {
    bytes.withUnsafeBufferPointer { buffer -> OpaquePointer? in
      var position = buffer.baseAddress
      guard let end = position.map({ $0 + buffer.count }), let object = decode(&position, buffer.count) else {
        return nil
      }
      if position == end { return object }
      free(object)
      return nil
    }
  }

  private static func scheme(of key: OpaquePointer) -> SignatureScheme? {
    if EVP_PKEY_is_a(key, "ED25519") == 1 { return .ed25519 }
    guard EVP_PKEY_is_a(key, "EC") == 1 else { return nil }
    var name = [CChar](repeating: 0, count: 64)
    var count = 0
    guard EVP_PKEY_get_group_name(key, &name, name.count, &count) == 1, count < name.count else { return nil }
    let text = String(decoding: name.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return text == "prime256v1" || text == "P-256" ? .ecdsaP256 : nil
  }

  /// The secret is in range and belongs to the public point.
  private func isConsistent() -> Bool {
    guard let context = EVP_PKEY_CTX_new(key, nil) else { return false }
    defer { EVP_PKEY_CTX_free(context) }
    return EVP_PKEY_check(context) == 1
  }

  /// A coordinate of the public point, 32 bytes, big-endian.
  private func coordinate(_ name: String) throws(KeyError) -> [UInt8] {
    var number: OpaquePointer?
    guard EVP_PKEY_get_bn_param(key, name, &number) == 1, let number else { throw .malformed }
    defer { BN_free(number) }
    var bytes = [UInt8](repeating: 0, count: 32)
    guard BN_bn2binpad(number, &bytes, 32) == 32 else { throw .malformed }
    return bytes
  }
}
