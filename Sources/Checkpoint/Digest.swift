import CCrypto

/// SHA-256 (FIPS 180-4) by libcrypto: the only contact of this module with the C library.
package enum Digest {
  /// The digest's size in bytes.
  package static let byteCount = 32

  /// SHA-256 of `bytes`, 32 bytes.
  package static func sha256(_ bytes: [UInt8]) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: byteCount)
    _ = SHA256(bytes, bytes.count, &result)
    return result
  }

  /// A running SHA-256; one thread at a time.
  package final class Stream {
    private let context: OpaquePointer

    /// Throws `digestUnavailable` when libcrypto has no memory or no SHA-256.
    package init() throws(CheckpointError) {
      guard let context = EVP_MD_CTX_new() else { throw .digestUnavailable }
      guard EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
        EVP_MD_CTX_free(context)
        throw .digestUnavailable
      }
      self.context = context
    }

    /// A stream that continues from where `other` is.
    init(copying other: Stream) throws(CheckpointError) {
      guard let context = EVP_MD_CTX_new() else { throw .digestUnavailable }
      guard EVP_MD_CTX_copy_ex(context, other.context) == 1 else {
        EVP_MD_CTX_free(context)
        throw .digestUnavailable
      }
      self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Appends `bytes` to the message.
    package func update(_ bytes: RawSpan) throws(CheckpointError) {
      let status = bytes.withUnsafeBytes { EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
      guard status == 1 else { throw .digestUnavailable }
    }

    /// The digest of everything appended, 32 bytes; call it once.
    package func finish() throws(CheckpointError) -> [UInt8] {
      var result = [UInt8](repeating: 0, count: byteCount)
      guard EVP_DigestFinal_ex(context, &result, nil) == 1 else { throw .digestUnavailable }
      return result
    }
  }
}
