// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore
import DriftProofCurve
import DriftProofCurveCommitment

/// A setup's file, docs/format.md: key, powers [τ^x]_1 for x < 2^l, contributions.
package final class SetupFile: Sendable {
  package let logLength: Int
  package let key: CurveSetupKey
  /// The key before the first contribution; nil where there is none.
  package let origin: CurveSetupKey?
  package let contributions: [SetupContribution]
  private let file: MappedFile

  static let magic = Array("DPSETUP1".utf8)
  static let pointsOffset = 8 + 4 + CurveSetupKey.encodedLength
  /// Lengths that are read.
  package static let logLengths = 1...28
  /// Contributions that are read.
  static let maximumContributions = 1 << 16
  static let part = 1 << 12

  /// Reads all but the powers. Every point is checked by itself, nothing else: ``check(progress:)``.
  package init(path: String) throws(CurveSetupError) {
    do throws(CheckpointError) { file = try MappedFile(path: path) } catch { throw .file(error.description) }
    let size = file.count
    let head = try Self.read(file, 0..<min(size, Self.pointsOffset))
    guard head.starts(with: Self.magic) else { throw .notASetup("it does not begin with DPSETUP1") }
    guard head.count == Self.pointsOffset else { throw .truncated(section: "its head") }
    let stated = (0..<4).reduce(0) { $0 | Int(head[8 + $1]) << (8 * $1) }
    guard Self.logLengths.contains(stated) else { throw .length(log: stated) }
    logLength = stated
    key = try CurveSetupKey(encoded: Array(head[12...]))
    let end = Self.pointsOffset + G1.uncompressedLength << stated
    guard end + 4 <= size else { throw .truncated(section: "its powers") }
    var reader = ByteReader<CurveSetupError>(
      try Self.read(file, end..<min(size, end + 4 + 240 + Self.maximumContributions * SetupContribution.encodedLength)))
    let count = Int(try reader.integer("its contributions", as: UInt32.self))
    origin =
      count > 0
      ? try CurveSetupKey(encoded: try reader.bytes("its first key", count: CurveSetupKey.encodedLength)) : nil
    guard count <= reader.remaining / SetupContribution.encodedLength else {
      throw .truncated(section: "its contributions")
    }
    var contributions: [SetupContribution] = []
    for index in 0..<count {
      contributions.append(
        try SetupContribution(
          encoded: try reader.bytes("its contributions", count: SetupContribution.encodedLength), index: index))
    }
    self.contributions = contributions
    let used = end + 4 + (count > 0 ? 240 : 0) + count * SetupContribution.encodedLength
    guard used == size else { throw .trailingBytes(count: size - used) }
  }

  package var id: [UInt8] { key.id }

  /// SHA-256 of the whole file.
  package func digest() throws(CurveSetupError) -> [UInt8] {
    do {
      let stream = try SHA256.Stream()
      let step = 1 << 24
      for start in stride(from: 0, to: file.count, by: step) {
        let bytes = try Self.read(file, start..<min(file.count, start + step))
        try stream.update(bytes.span.bytes)
      }
      return try stream.finish()
    } catch let error as CurveSetupError { throw error } catch { throw .file("\(error)") }
  }

  private static func read(_ file: MappedFile, _ range: Range<Int>) throws(CurveSetupError) -> [UInt8] {
    do throws(CheckpointError) { return try file.bytes(in: range) } catch { throw .file(error.description) }
  }

  /// Powers, each a point of the curve and not infinity.
  /// - Parameter isOrderChecked: whether each is also known to be of the group.
  package func powers(_ range: Range<Int>, isOrderChecked: Bool) throws(CurveSetupError) -> [G1] {
    let length = G1.uncompressedLength
    let bytes = try Self.read(
      file, Self.pointsOffset + length * range.lowerBound..<Self.pointsOffset + length * range.upperBound)
    let points: [G1]
    do throws(CurvePointError) { points = try G1.points(uncompressed: bytes, isOrderChecked: isOrderChecked) } catch {
      // Infinity before it comes first.
      let before = bytes[..<(length * error.index)]
      if let place = Self.firstInfinity(before) { throw .infinity(index: range.lowerBound + place) }
      throw .point(index: range.lowerBound + error.index, reason: error.reason)
    }
    if let place = points.firstIndex(where: \.isInfinity) { throw .infinity(index: range.lowerBound + place) }
    return points
  }

  /// The first encoding of infinity among points that are valid.
  private static func firstInfinity(_ bytes: ArraySlice<UInt8>) -> Int? {
    (0..<bytes.count / G1.uncompressedLength).first { bytes[bytes.startIndex + $0 * G1.uncompressedLength] & 0x40 != 0 }
  }

  /// Writes a file, its powers in parts.
  /// - Parameter powers: the powers of a range, called with rising ranges.
  package static func write(
    to path: String, logLength: Int, key: CurveSetupKey, origin: CurveSetupKey? = nil,
    contributions: [SetupContribution] = [], progress: (Double) -> Void = { _ in },
    powers: (Range<Int>) throws(CurveSetupError) -> [G1]
  ) throws(CurveSetupError) {
    guard logLengths.contains(logLength) else { throw .length(log: logLength) }
    do {
      let file = try DurableFile(replacing: path, mode: 0o666)
      var head = magic
      head.append(littleEndian: UInt32(logLength))
      try file.append(head + key.encoded)
      for start in stride(from: 0, to: 1 << logLength, by: part) {
        let points = try powers(start..<min(1 << logLength, start + part))
        var bytes: [UInt8] = []
        bytes.reserveCapacity(points.count * G1.uncompressedLength)
        for coordinates in G1.affine(points) {
          guard let (x, y) = coordinates else { throw CurveSetupError.infinity(index: nil) }
          bytes += x.bigEndianBytes + y.bigEndianBytes
        }
        try file.append(bytes)
        progress(Double(start + points.count) / Double(1 << logLength))
      }
      var tail: [UInt8] = []
      tail.append(littleEndian: UInt32(contributions.count))
      if let origin { tail += origin.encoded }
      try file.append(tail + contributions.flatMap(\.encoded))
      try file.commit(folder: .attempted)
    } catch let error as CurveSetupError { throw error } catch { throw .file("cannot be written: \(error)") }
  }
}
