// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofField

/// A pseudorandom stream: AES-256-CTR under a key that HMAC-SHA-256 derives from a secret and a context.
///
/// Streams with different (secret, label, context) are independent; one stream is read once, in order.
package final class PseudorandomStream {
  private let keystream: Keystream
  private var words: [UInt64] = []
  private var position = 0
  private static let wordsPerBlock = 1 << 12

  package convenience init(secret: [UInt8], label: String, context: [UInt8] = []) {
    self.init(key: Self.key(secret: secret, label: label, context: context))
  }

  /// - Parameter key: 32 bytes of ``key(secret:label:context:)``.
  package init(key: [UInt8]) { keystream = Keystream(key: key) }

  /// The key of one stream: what somebody gets who must read this stream and no other.
  package static func key(secret: [UInt8], label: String, context: [UInt8] = []) -> [UInt8] {
    var message: [UInt8] = []
    message.append(lengthPrefixed: "driftproof/prf/v1")
    message.append(lengthPrefixed: label)
    message.append(lengthPrefixed: context)
    return SHA256.authenticate(key: secret, message: message)
  }

  /// The next `count` bytes.
  package func bytes(_ count: Int) -> [UInt8] { keystream.bytes(count) }

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

  /// The next elements as canonical integers, as many as the target has places.
  package func fill(_ target: inout MutableSpan<UInt64>) {
    var filled = 0
    while filled < target.count {
      if position == words.count {
        words = nextWords()
        position = 0
      }
      let source = words.span
      var next = position
      while next < source.count, filled < target.count {
        let word = source[unchecked: next]
        next += 1
        guard word < Goldilocks.modulus else { continue }
        target[unchecked: filled] = word
        filled += 1
      }
      position = next
    }
  }

  package func extensionElement() -> CubicExtension { CubicExtension(element(), element(), element()) }
}
