// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// The header of one safetensors file: `UInt64 N` little-endian, N bytes of JSON, then the tensors' bytes.
///
/// Stricter than the reference reader: duplicate names, unknown keys and a header that does not start with `{` are
/// rejected. White space may pad the header's end.
struct SafetensorsHeader {
  /// The format's limit for N.
  static let byteLimit: UInt64 = 100_000_000

  /// One tensor; `byteRange` counts from the file's first byte.
  struct Entry {
    let name: String
    let dtype: DataType
    let shape: [Int]
    let entryCount: Int
    let byteRange: Range<Int>
  }

  /// In the order of the data.
  let entries: [Entry]
  /// `__metadata__`, which says nothing about the tensors' bytes.
  let metadata: [String: String]

  /// Reads and checks the header of `file`; on success every byte range lies inside the file.
  init(_ file: MappedFile) throws(CheckpointError) {
    let path = file.path
    let start = try file.bytes(in: 0..<min(file.count, FileKind.window))
    // As a length, the first bytes of all these would be beyond the limit.
    if let kind = FileKind(start), kind != .safetensors { throw .wrongKind(file: path, kind) }
    guard file.count >= 8 else { throw .fileTooShort(file: path, count: file.count) }
    let prefix = start.prefix(8)
    let length = prefix.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= Self.byteLimit else {
      throw .headerTooLarge(file: path, count: length, limit: Self.byteLimit)
    }
    let dataStart = 8 + Int(length)
    guard dataStart <= file.count else {
      throw .headerBeyondFile(file: path, count: length, fileCount: file.count)
    }
    let bytes = try file.bytes(in: 8..<dataStart)
    guard let first = bytes.first else { throw .fileTooShort(file: path, count: file.count) }
    guard first == UInt8(ascii: "{") else { throw .headerStart(file: path, byte: first) }

    let raw: [RawEntry]
    do {
      (raw, metadata) = try Self.read(bytes)
    } catch {
      throw .json(file: path, error)
    }
    entries = try Self.check(raw, file: file, dataStart: dataStart)
  }

  /// A tensor's line as written, not yet checked.
  private struct RawEntry {
    let name: String
    let dtype: String
    let shape: [Int]
    let offsets: [Int]
  }

  private static func read(_ bytes: [UInt8]) throws(JSONError) -> ([RawEntry], [String: String]) {
    var entries: [RawEntry] = []
    var metadata: [String: String] = [:]
    for (name, node) in try JSONNode(parsing: bytes).members() {
      guard name != "__metadata__" else {
        for (key, value) in try node.members() { metadata[key] = try value.string() }
        continue
      }
      try node.requireKeys(["dtype", "shape", "data_offsets"])
      entries.append(
        RawEntry(
          name: name, dtype: try node.member("dtype").string(), shape: try sizes(node.member("shape")),
          offsets: try sizes(node.member("data_offsets"))))
    }
    return (entries, metadata)
  }

  private static func sizes(_ node: JSONNode) throws(JSONError) -> [Int] {
    var sizes: [Int] = []
    for element in try node.elements() { sizes.append(try element.integer(in: 0...Int.max)) }
    return sizes
  }

  /// Sizes fit the offsets, and the offsets tile the data without hole or overlap up to the file's end.
  private static func check(
    _ raw: [RawEntry], file: MappedFile, dataStart: Int
  ) throws(CheckpointError) -> [Entry] {
    let path = file.path
    var checked: [(begin: Int, end: Int, entry: RawEntry, dtype: DataType, entryCount: Int)] = []
    for entry in raw {
      guard let dtype = DataType(rawValue: entry.dtype) else {
        throw .unknownDataType(file: path, tensor: entry.name, dtype: entry.dtype)
      }
      guard entry.offsets.count == 2, entry.offsets[0] <= entry.offsets[1] else {
        throw .malformedOffsets(file: path, tensor: entry.name)
      }
      guard let entryCount = Shape.entryCount(entry.shape) else {
        throw .sizeOverflow(file: path, tensor: entry.name, shape: entry.shape)
      }
      let (bits, overflow) = entryCount.multipliedReportingOverflow(by: dtype.bits)
      guard !overflow else { throw .sizeOverflow(file: path, tensor: entry.name, shape: entry.shape) }
      guard bits % 8 == 0 else { throw .partialByte(file: path, tensor: entry.name, bits: bits) }
      let (begin, end) = (entry.offsets[0], entry.offsets[1])
      guard end - begin == bits / 8 else {
        throw .sizeMismatch(file: path, tensor: entry.name, expected: bits / 8, found: end - begin)
      }
      checked.append((begin, end, entry, dtype, entryCount))
    }
    checked.sort { ($0.begin, $0.end) < ($1.begin, $1.end) }

    var position = 0
    for item in checked {
      guard item.begin == position else {
        throw .notContiguous(file: path, tensor: item.entry.name, expectedStart: position, start: item.begin)
      }
      position = item.end
    }
    guard position == file.count - dataStart else {
      throw .dataSizeMismatch(file: path, expected: position, found: file.count - dataStart)
    }
    return checked.map { item in
      Entry(
        name: item.entry.name, dtype: item.dtype, shape: item.entry.shape, entryCount: item.entryCount,
        byteRange: dataStart + item.begin..<dataStart + item.end)
    }
  }
}
