// SPDX-License-Identifier: Apache-2.0

import CDriftProofCrypto

/// SHA-256 (FIPS 180-4) and HMAC-SHA-256 (FIPS 198-1) through libcrypto: the one wrapper of the project.
///
/// Hashing bytes in memory is infallible here, as callers have no use for an error: the one-shot functions require that
/// libcrypto has SHA-256 and a few hundred bytes for a context, and trap otherwise. The algorithm is fetched once, and with
/// it libcrypto's only way to refuse is to be out of memory, where Swift's own arrays trap as well. A ``Stream`` reads files
/// for minutes in code that reports errors anyway, so it throws ``HashUnavailable`` instead.
package enum SHA256 {
  /// Bytes of a digest.
  package static let digestLength = 32

  /// The digest of `bytes`, 32 bytes.
  package static func hash(_ bytes: [UInt8]) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: digestLength)
    let context = Context()
    digest.withUnsafeMutableBufferPointer { out in
      bytes.withUnsafeBufferPointer { context.digest($0, into: out.baseAddress) }
    }
    return digest
  }

  /// The digest of the parts one after the other.
  package static func hash(_ parts: [UInt8]...) -> [UInt8] { hash(Array(parts.joined())) }

  /// SHA-256 in counter mode: SHA-256(prefix ‖ UInt64 0) ‖ SHA-256(prefix ‖ UInt64 1) ‖ …, cut to `count` bytes.
  package static func expand(_ prefix: [UInt8], count: Int) -> [UInt8] {
    let blocks = (count + digestLength - 1) / digestLength
    var result = [UInt8](repeating: 0, count: blocks * digestLength)
    var message = prefix + [UInt8](repeating: 0, count: 8)
    let context = Context()
    result.withUnsafeMutableBufferPointer { out in
      guard let target = out.baseAddress else { return }
      message.withUnsafeMutableBufferPointer { input in
        for counter in 0..<blocks {
          for i in 0..<8 { input[prefix.count + i] = UInt8(truncatingIfNeeded: counter >> (8 * i)) }
          context.digest(UnsafeBufferPointer(input), into: target + counter * digestLength)
        }
      }
    }
    result.removeLast(result.count - count)
    return result
  }

  /// HMAC-SHA-256, 32 bytes.
  package static func authenticate(key: [UInt8], message: [UInt8]) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: digestLength)
    var length = UInt32(digestLength)
    let result = HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &digest, &length)
    precondition(result != nil, "libcrypto refused HMAC-SHA-256")
    return digest
  }

  /// Hashes message after message. libcrypto's one-shot function looks its algorithm up, under a lock, on each call.
  private struct Context: ~Copyable {
    private let algorithm: OpaquePointer
    private let context: OpaquePointer

    init() {
      guard let algorithm = Algorithm.shared.pointer else { preconditionFailure("libcrypto has no SHA-256") }
      guard let context = EVP_MD_CTX_new() else { preconditionFailure("libcrypto is out of memory") }
      self.algorithm = algorithm
      self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    func digest(_ message: UnsafeBufferPointer<UInt8>, into target: UnsafeMutablePointer<UInt8>?) {
      let status =
        EVP_DigestInit_ex(context, algorithm, nil) & EVP_DigestUpdate(context, message.baseAddress, message.count)
        & EVP_DigestFinal_ex(context, target, nil)
      precondition(status == 1, "libcrypto failed in SHA-256")
    }
  }

  /// SHA-256, fetched once; immutable and shared. Nil where libcrypto has it not.
  private final class Algorithm: @unchecked Sendable {
    static let shared = Algorithm()
    let pointer: OpaquePointer?

    private init() { pointer = EVP_MD_fetch(nil, "SHA256", nil) }
  }

  /// A running SHA-256 of a message that comes in pieces; one thread at a time.
  package final class Stream {
    private let context: OpaquePointer

    /// A stream of the empty message.
    package init() throws(HashUnavailable) {
      guard let algorithm = Algorithm.shared.pointer, let context = EVP_MD_CTX_new() else { throw HashUnavailable() }
      guard EVP_DigestInit_ex(context, algorithm, nil) == 1 else {
        EVP_MD_CTX_free(context)
        throw HashUnavailable()
      }
      self.context = context
    }

    /// A stream that continues from where `other` is.
    package init(copying other: Stream) throws(HashUnavailable) {
      guard let context = EVP_MD_CTX_new() else { throw HashUnavailable() }
      guard EVP_MD_CTX_copy_ex(context, other.context) == 1 else {
        EVP_MD_CTX_free(context)
        throw HashUnavailable()
      }
      self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Appends `bytes` to the message.
    package func update(_ bytes: RawSpan) throws(HashUnavailable) {
      let status = bytes.withUnsafeBytes { EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
      guard status == 1 else { throw HashUnavailable() }
    }

    /// The digest of everything appended, 32 bytes; call it once.
    package func finish() throws(HashUnavailable) -> [UInt8] {
      var result = [UInt8](repeating: 0, count: digestLength)
      guard EVP_DigestFinal_ex(context, &result, nil) == 1 else { throw HashUnavailable() }
      return result
    }
  }
}

/// libcrypto has no memory left, or no SHA-256: it may be disabled by the system's configuration.
package struct HashUnavailable: Error, Equatable, Sendable, CustomStringConvertible {
  package init() {}

  package var description: String {
    "libcrypto could not compute SHA-256 (out of memory, or the algorithm is disabled)"
  }
}
