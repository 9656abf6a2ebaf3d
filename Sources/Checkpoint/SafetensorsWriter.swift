// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Writes one safetensors file tensor after tensor: names, types and shapes are declared first, data are streamed.
///
/// The header is padded with spaces to a multiple of 8 bytes. One thread at a time.
package final class SafetensorsWriter {
  /// A tensor to come.
  package struct Declaration: Sendable, Hashable {
    package let name: String
    package let dtype: DataType
    package let shape: [Int]

    package init(name: String, dtype: DataType, shape: [Int]) {
      self.name = name
      self.dtype = dtype
      self.shape = shape
    }
  }

  package let path: String
  private var file: UnsafeMutablePointer<FILE>?
  /// Bytes declared in all, and written so far.
  private let byteCount: Int
  private var written = 0

  /// Creates (or replaces) the file and writes the header. Data are laid out in the order of `tensors`.
  ///
  /// Throws `writerOrder` (duplicate name), `sizeOverflow`, `partialByte`, `headerTooLarge` or `cannotWrite`.
  package init(
    path: String, tensors: [Declaration], metadata: [(key: String, value: String)] = []
  ) throws(CheckpointError) {
    self.path = path
    let (header, byteCount) = try Self.header(path: path, tensors: tensors, metadata: metadata)
    self.byteCount = byteCount
    guard !path.utf8.contains(0) else { throw .cannotWrite(file: path, reason: "the path contains a NUL byte") }
    file = fopen(path, "wbe")
    guard file != nil else { throw .cannotWrite(file: path, reason: String(cString: strerror(errno))) }
    try put(header)
  }

  deinit {
    if let file { fclose(file) }
  }

  /// Appends raw little-endian data; pieces may be cut anywhere. Throws `writerOrder` beyond the declared size.
  package func append(_ bytes: [UInt8]) throws(CheckpointError) {
    guard bytes.count <= byteCount - written else {
      throw .writerOrder(file: path, reason: "more data than the \(byteCount) bytes declared")
    }
    try put(bytes)
    written += bytes.count
  }

  /// Appends words (for example bit patterns of weights) in little-endian order.
  package func append<Word: FixedWidthInteger & BitwiseCopyable>(words: [Word]) throws(CheckpointError) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(words.count * MemoryLayout<Word>.size)
    for word in words { bytes.append(littleEndian: word) }
    try append(bytes)
  }

  /// Closes the file; throws `writerOrder` when data are missing.
  /// - Parameter synchronizing: whether to wait until the bytes are on disk.
  package func finish(synchronizing: Bool = false) throws(CheckpointError) {
    guard written == byteCount else {
      throw .writerOrder(file: path, reason: "only \(written) of the \(byteCount) bytes declared were written")
    }
    guard let file else { return }
    self.file = nil
    let isOnDisk = !synchronizing || fflush(file) == 0 && fsync(fileno(file)) == 0
    let reason = String(cString: strerror(errno))
    guard isOnDisk else {
      fclose(file)
      throw .cannotWrite(file: path, reason: reason)
    }
    guard fclose(file) == 0 else { throw .cannotWrite(file: path, reason: String(cString: strerror(errno))) }
  }

  private func put(_ bytes: [UInt8]) throws(CheckpointError) {
    guard let file else { throw .writerOrder(file: path, reason: "the file is already finished") }
    guard fwrite(bytes, 1, bytes.count, file) == bytes.count else {
      throw .cannotWrite(file: path, reason: String(cString: strerror(errno)))
    }
  }

  private static func header(
    path: String, tensors: [Declaration], metadata: [(key: String, value: String)]
  ) throws(CheckpointError) -> (bytes: [UInt8], byteCount: Int) {
    var members: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.map { "\(StrictJSON.quoted($0.key)):\(StrictJSON.quoted($0.value))" }
      members.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
    }
    var names: Set<String> = ["__metadata__"]
    var position = 0
    for tensor in tensors {
      guard names.insert(tensor.name).inserted else {
        throw .writerOrder(file: path, reason: "the name \(StrictJSON.quoted(tensor.name)) is taken")
      }
      guard let entryCount = Shape.entryCount(tensor.shape),
        let byteCount = Shape.byteCount(entryCount: entryCount, dtype: tensor.dtype)
      else { throw .sizeOverflow(file: path, tensor: tensor.name, shape: tensor.shape) }
      let (end, overflow) = position.addingReportingOverflow(byteCount)
      guard !overflow else { throw .sizeOverflow(file: path, tensor: tensor.name, shape: tensor.shape) }
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      members.append(
        "\(StrictJSON.quoted(tensor.name)):{\"dtype\":\"\(tensor.dtype.rawValue)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(position),\(end)]}")
      position = end
    }
    var json = Array("{\(members.joined(separator: ","))}".utf8)
    while json.count % 8 != 0 { json.append(UInt8(ascii: " ")) }
    guard UInt64(json.count) <= SafetensorsHeader.byteLimit else {
      throw .headerTooLarge(file: path, count: UInt64(json.count), limit: SafetensorsHeader.byteLimit)
    }
    var bytes: [UInt8] = []
    bytes.append(littleEndian: UInt64(json.count))
    return (bytes + json, position)
  }
}
