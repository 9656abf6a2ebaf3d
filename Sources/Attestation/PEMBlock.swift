// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// One block of PEM text (RFC 7468), strictly: nothing before or after it but white space, strict base64 inside.
struct PEMBlock: Equatable {
  static let privateLabel = "PRIVATE KEY"
  static let encryptedLabel = "ENCRYPTED PRIVATE KEY"
  static let publicLabel = "PUBLIC KEY"
  /// Keys of these kinds have some hundred bytes; comments and other keys are longer.
  static let maximumBytes = 1 << 16

  let label: String
  let content: [UInt8]

  /// - Throws: `tooLarge` or `notPEM`.
  init(parsing bytes: [UInt8]) throws(KeyError) {
    guard bytes.count <= Self.maximumBytes else { throw .tooLarge(count: bytes.count) }
    let lines = bytes.split(omittingEmptySubsequences: true) { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
    guard lines.count >= 3, let first = lines.first, let last = lines.last,
      let label = Self.label(first, "BEGIN"), Self.label(last, "END") == label,
      let content = Base64.decode(Array(lines.dropFirst().dropLast().joined())), !content.isEmpty
    else { throw .notPEM }
    self.label = label
    self.content = content
  }

  init(label: String, content: [UInt8]) {
    self.label = label
    self.content = content
  }

  /// Lines of 64 characters with a newline at the end, as every tool writes them.
  var text: String {
    let base64 = Array(Base64.encode(content).utf8)
    var text = "-----BEGIN \(label)-----\n"
    for start in stride(from: 0, to: base64.count, by: 64) {
      text += String(decoding: base64[start..<min(start + 64, base64.count)], as: UTF8.self) + "\n"
    }
    return text + "-----END \(label)-----\n"
  }

  /// Capital letters and spaces between `-----BEGIN ` (or END) and `-----`.
  private static func label(_ line: ArraySlice<UInt8>, _ word: String) -> String? {
    let (head, tail) = (Array("-----\(word) ".utf8), Array("-----".utf8))
    guard line.count > head.count + tail.count, line.starts(with: head), line.suffix(tail.count).elementsEqual(tail)
    else { return nil }
    let label = line.dropFirst(head.count).dropLast(tail.count)
    guard label.allSatisfy({ $0 == 0x20 || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }) else { return nil }
    return String(decoding: label, as: UTF8.self)
  }
}
