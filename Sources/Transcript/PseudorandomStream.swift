import CCrypto
import Field

/// A pseudorandom stream: AES-256-CTR under a key that HMAC-SHA-256 derives from a secret and a context.
///
/// Streams with different (secret, label, context) are independent; one stream is read once, in order.
package final class PseudorandomStream {
  private let cipher: OpaquePointer
  private var words: [UInt64] = []
  private var position = 0
  private static let wordsPerBlock = 1 << 12

  package init(secret: [UInt8], label: String, context: [UInt8] = []) {
    var message: [UInt8] = []
    message.append(lengthPrefixed: "driftproof/prf/v1")
    message.append(lengthPrefixed: label)
    message.append(lengthPrefixed: context)
    let key = SHA256.authenticate(key: secret, message: message)
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

  /// The next element of F, uniform by rejection.
  package func element() -> Goldilocks {
    while true {
      if position == words.count {
        words = nextWords()
        position = 0
      }
      let word = words[position]
      position += 1
      if let element = Goldilocks(canonical: word) { return element }
    }
  }

  private func nextWords() -> [UInt64] {
    bytes(8 * Self.wordsPerBlock).withUnsafeBytes { raw in
      (0..<Self.wordsPerBlock).map {
        UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self))
      }
    }
  }

  package func elements(_ count: Int) -> [Goldilocks] { (0..<count).map { _ in element() } }

  package func extensionElement() -> CubicExtension { CubicExtension(element(), element(), element()) }
}
