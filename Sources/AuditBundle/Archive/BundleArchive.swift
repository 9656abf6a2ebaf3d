// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// The frame of a bundle: a plain tar (ustar) of named files in one order, of mode 644, owner 0 and time 0, so that equal content
/// is equal bytes. The reader takes nothing else.
package struct BundleArchive: Equatable, Sendable {
  /// Bytes of an archive.
  package static let maximumBytes = 256 << 20
  private static let block = 512

  /// Of an archive that was read, parts of its bytes: transcripts may be nearly all of it.
  private var parts: [BundleFile: ArraySlice<UInt8>]

  /// - Parameter files: the required ones among them.
  package init(_ files: [BundleFile: [UInt8]]) { parts = files.mapValues { $0[...] } }

  /// A copy of a file; of one that is not there, nothing.
  package subscript(_ file: BundleFile) -> [UInt8] { Array(part(file)) }

  /// A copy of a file; nil where it is not there.
  package func optional(_ file: BundleFile) -> [UInt8]? { parts[file].map { Array($0) } }

  /// A file as a part of the archive.
  package func part(_ file: BundleFile) -> ArraySlice<UInt8> { parts[file] ?? [] }

  /// All of its files.
  package var files: [BundleFile: [UInt8]] { parts.mapValues { Array($0) } }

  /// The archive's bytes.
  package var tar: [UInt8] {
    var result: [UInt8] = []
    for file in BundleFile.allCases {
      guard let content = parts[file] else { continue }
      result += Self.header(file, size: content.count) + content + Self.zeros(Self.padding(content.count))
    }
    return result + Self.zeros(2 * Self.block)
  }

  /// Reads an archive. No bytes make it trap.
  package init(tar: [UInt8]) throws(ArchiveError) {
    guard tar.count <= Self.maximumBytes else { throw .tooLarge(bytes: tar.count) }
    parts = [:]
    var position = 0
    var last: BundleFile?
    while true {
      guard position + Self.block <= tar.count else { throw .truncated }
      let header = tar[position..<position + Self.block]
      if header.allSatisfy({ $0 == 0 }) { break }
      let name = String(decoding: header.prefix(100).prefix { $0 != 0 }, as: UTF8.self)
      guard let file = BundleFile(rawValue: name) else { throw .unknownFile(name: StrictJSON.shown(name)) }
      guard !BundleFile.unsupported.contains(file) else { throw .unsupportedFile(file) }
      guard last.map({ Self.place($0) < Self.place(file) }) ?? true else { throw .order(file) }
      // Eleven octal digits; the comparison below sees whatever else stands there.
      let size = header.dropFirst(124).prefix(11).reduce(0) { $0 << 3 | Int($1 & 7) }
      guard header.elementsEqual(Self.header(file, size: size)) else { throw .header(file) }
      let (start, padding) = (position + Self.block, Self.padding(size))
      guard size + padding <= tar.count - start else { throw .truncated }
      guard tar[start + size..<start + size + padding].allSatisfy({ $0 == 0 }) else { throw .padding(file) }
      parts[file] = tar[start..<start + size]
      last = file
      position = start + size + padding
    }
    guard tar.count == position + 2 * Self.block, tar[position...].allSatisfy({ $0 == 0 }) else { throw .end }
    if let missing = BundleFile.required.first(where: { parts[$0] == nil }) { throw .missingFile(missing) }
  }

  private static func place(_ file: BundleFile) -> Int { BundleFile.allCases.firstIndex(of: file) ?? 0 }

  private static func padding(_ size: Int) -> Int { (block - size % block) % block }

  private static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

  /// What all headers have: name, size and checksum are missing, of which the last is over itself as blanks.
  private static let commonHeader: [UInt8] = {
    var header = zeros(block)
    for (text, offset) in [
      ("0000644", 100), ("0000000", 108), ("0000000", 116), ("00000000000", 136), ("        ", 148), ("0", 156),
      ("ustar\u{0}00", 257), ("0000000", 329), ("0000000", 337),
    ] {
      header.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
    }
    return header
  }()

  /// The one header that a file of this name and size has.
  static func header(_ file: BundleFile, size: Int) -> [UInt8] {
    var header = commonHeader
    let name = Array(file.rawValue.utf8)
    header.replaceSubrange(0..<name.count, with: name)
    octal(size, &header, 124..<135)
    let sum = header.reduce(0) { $0 + Int($1) }
    octal(sum, &header, 148..<154)
    header[154] = 0
    return header
  }

  private static func octal(_ value: Int, _ header: inout [UInt8], _ digits: Range<Int>) {
    var rest = value
    for place in digits.reversed() {
      header[place] = 0x30 + UInt8(rest & 7)
      rest >>= 3
    }
  }
}

/// Why bytes are no bundle's archive.
package enum ArchiveError: Error, Equatable, Sendable, CustomStringConvertible {
  case tooLarge(bytes: Int)
  case truncated
  case unknownFile(name: String)
  case unsupportedFile(BundleFile)
  /// A file before another one that it follows, or twice.
  case order(BundleFile)
  case header(BundleFile)
  case padding(BundleFile)
  case end
  case missingFile(BundleFile)

  package var description: String {
    switch self {
    case .tooLarge(let bytes): "it has \(bytes) bytes, more than the \(BundleArchive.maximumBytes) of a bundle"
    case .truncated: "it ends in the middle: it was cut off, or is no tar archive"
    case .unknownFile(let name): "it has a file \(name), which no bundle has"
    case .unsupportedFile(let file):
      "it has \(file.rawValue), which this version cannot check: nothing in a bundle stays unchecked"
    case .order(let file): "\(file.rawValue) stands behind a file that comes after it, or twice"
    case .header(let file):
      "the header of \(file.rawValue) is not a bundle's: a regular file, mode 644, owner 0, time 0"
    case .padding(let file): "there is something behind the end of \(file.rawValue)"
    case .end: "it does not end with two empty blocks and nothing else"
    case .missingFile(let file): "it has no \(file.rawValue)"
    }
  }
}
