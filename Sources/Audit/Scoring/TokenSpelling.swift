// SPDX-License-Identifier: Apache-2.0

/// How a server writes the bytes of a token. One and the same token is ` the`, `Ġthe` or `▁the` to different servers, so
/// tokens are compared by the bytes that they stand for.
package enum TokenSpelling: String, CaseIterable, Sendable {
  /// As in the answer's text.
  case plain
  /// Every byte as one printable character, as byte-level BPE does it: `Ġ` for a blank.
  case byteLevel
  /// `▁` for a blank and `<0x0A>` for a byte, as SentencePiece does it.
  case sentencePiece

  /// The bytes that the token stands for; nil for what cannot be written this way.
  package func bytes(of token: [UInt8]) -> [UInt8]? {
    switch self {
    case .plain: token
    case .byteLevel: Self.byteLevel(token)
    case .sentencePiece: Self.sentencePiece(token)
    }
  }

  /// The same of a token's bytes.
  func bytes(of token: TokenBytes) -> TokenBytes? {
    self == .plain ? token : bytes(of: token.bytes).map { TokenBytes($0) }
  }

  /// Printable bytes of Latin-1 stand for themselves, the 68 others for U+0100 and what follows.
  private static let byteOfScalar: [UInt32: UInt8] = {
    var table: [UInt32: UInt8] = [:]
    var next: UInt32 = 0x100
    for byte in UInt8.min...UInt8.max {
      switch byte {
      case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: table[UInt32(byte)] = byte
      default:
        table[next] = byte
        next += 1
      }
    }
    return table
  }()

  private static func byteLevel(_ token: [UInt8]) -> [UInt8]? {
    guard let text = String(validating: token, as: UTF8.self) else { return nil }
    var bytes: [UInt8] = []
    for scalar in text.unicodeScalars {
      guard let byte = byteOfScalar[scalar.value] else { return nil }
      bytes.append(byte)
    }
    return bytes
  }

  private static let blank: [UInt8] = [0xE2, 0x96, 0x81]

  private static func sentencePiece(_ token: [UInt8]) -> [UInt8] {
    if let byte = byteToken(token) { return [byte] }
    var bytes: [UInt8] = []
    var rest = token[...]
    while let first = rest.first {
      if rest.starts(with: blank) {
        bytes.append(0x20)
        rest = rest.dropFirst(blank.count)
      } else {
        bytes.append(first)
        rest = rest.dropFirst()
      }
    }
    return bytes
  }

  /// `<0x0A>`.
  private static func byteToken(_ token: [UInt8]) -> UInt8? {
    // The library's reading of numbers takes a sign, too.
    guard token.count == 6, token.starts(with: Array("<0x".utf8)), token[5] == UInt8(ascii: ">"),
      token[3] != UInt8(ascii: "+"), token[3] != UInt8(ascii: "-")
    else { return nil }
    return UInt8(String(decoding: token[3...4], as: UTF8.self), radix: 16)
  }

  /// Whether the tokens join to the text, up to blanks at the text's start, parts of characters, and a stop token at the end
  /// that is not shown.
  /// - Returns: how many tokens the text consists of; nil where they do not join.
  package static func joined(_ tokens: [[UInt8]], _ text: [UInt8]) -> Int? {
    let shown = readable(text)
    func matches(_ tokens: ArraySlice<[UInt8]>) -> Bool { readable(Array(tokens.joined())) == shown }
    if matches(tokens[...]) { return tokens.count }
    // A stop token is written out by some servers, and is not part of the text.
    if !tokens.isEmpty, matches(tokens.dropLast()) { return tokens.count - 1 }
    return nil
  }

  /// Without blanks at the start, and without what is no character: a token may be a part of one, for which servers write
  /// U+FFFD into the text, or nothing.
  private static func readable(_ bytes: [UInt8]) -> [UInt8] {
    let text = String(decoding: bytes, as: UTF8.self)
    let scalars = text.unicodeScalars.filter { $0 != "\u{FFFD}" }.drop { $0 == " " }
    return Array(String(String.UnicodeScalarView(scalars)).utf8)
  }
}
