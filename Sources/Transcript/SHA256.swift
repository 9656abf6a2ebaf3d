import CCrypto

/// SHA-256 (FIPS 180-4) and HMAC-SHA-256 through libcrypto.
package enum SHA256 {
  package static let digestLength = 32

  package static func hash(_ bytes: [UInt8]) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: digestLength)
    let context = Context()
    digest.withUnsafeMutableBufferPointer { out in
      bytes.withUnsafeBufferPointer { context.digest($0, into: out.baseAddress) }
    }
    return digest
  }

  /// Hashes message after message. libcrypto's one-shot function looks its algorithm up, under a lock, on each call.
  private struct Context: ~Copyable {
    private static let algorithm = Algorithm()
    private let context: OpaquePointer

    init() {
      guard let context = EVP_MD_CTX_new() else { preconditionFailure("libcrypto is out of memory") }
      self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    func digest(_ message: UnsafeBufferPointer<UInt8>, into target: UnsafeMutablePointer<UInt8>?) {
      let status =
        EVP_DigestInit_ex(context, Self.algorithm.pointer, nil)
        & EVP_DigestUpdate(context, message.baseAddress, message.count) & EVP_DigestFinal_ex(context, target, nil)
      precondition(status == 1, "libcrypto failed in SHA-256")
    }
  }

  /// SHA-256, fetched once; immutable and shared.
  private final class Algorithm: @unchecked Sendable {
    let pointer: OpaquePointer

    init() {
      guard let pointer = EVP_MD_fetch(nil, "SHA256", nil) else { preconditionFailure("libcrypto has no SHA-256") }
      self.pointer = pointer
    }
  }

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

  package static func authenticate(key: [UInt8], message: [UInt8]) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: digestLength)
    var length = UInt32(digestLength)
    let result = HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &digest, &length)
    precondition(result != nil, "libcrypto refused HMAC-SHA-256")
    return digest
  }

  /// `count` bytes from the operating system through libcrypto's generator.
  package static func systemRandom(_ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    precondition(RAND_bytes(&bytes, Int32(count)) == 1, "the system's random generator failed")
    return bytes
  }
}

extension Array where Element == UInt8 {
  /// Little-endian bytes of an integer, the only integer encoding of the project.
  package mutating func append(littleEndian value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }

  package mutating func append(lengthPrefixed bytes: some Collection<UInt8>) {
    append(littleEndian: UInt64(bytes.count))
    append(contentsOf: bytes)
  }

  package mutating func append(lengthPrefixed text: String) { append(lengthPrefixed: Array(text.utf8)) }

  package var hexadecimal: String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  /// Nil unless `text` is an even number of lower-case hexadecimal digits.
  package init?(hexadecimal text: String) {
    let digits = Array(text.utf8)
    guard digits.count.isMultiple(of: 2) else { return nil }
    func nibble(_ c: UInt8) -> UInt8? {
      switch c {
      case 0x30...0x39: c - 0x30
      case 0x61...0x66: c - 0x61 + 10
      default: nil
      }
    }
    var result: [UInt8] = []
    for i in stride(from: 0, to: digits.count, by: 2) {
      guard let high = nibble(digits[i]), let low = nibble(digits[i + 1]) else { return nil }
      result.append(high << 4 | low)
    }
    self = result
  }
}
