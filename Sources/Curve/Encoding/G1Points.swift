// SPDX-License-Identifier: Apache-2.0

import CDriftProofCurveKernels
import DriftProofCore

/// Which of several encoded points is none, and why.
public struct CurvePointError: Error, Equatable, Sendable {
  /// Counted from zero.
  public let index: Int
  /// What is wrong with it.
  public let reason: CurveEncodingError

  package init(index: Int, reason: CurveEncodingError) {
    self.index = index
    self.reason = reason
  }
}

/// Many points at once: the same points and errors as one by one, by kernels and on all cores.
///
/// Each point is checked by itself: a random sum of many misses points of small order.
extension G1 {
  /// Points that the kernels take at a time, and that one core does before it looks for more.
  private static let part = 16

  /// The points of encodings of 48 bytes each; see ``init(compressed:)``.
  /// - Throws: the first that is no point of the group. What remains beyond a multiple of 48 bytes is one of the wrong length.
  public static func points(compressed bytes: [UInt8]) throws(CurvePointError) -> [G1] {
    try points(compressed: bytes, level: .selected)
  }

  /// The points of encodings of 96 bytes each; see ``init(uncompressed:)``, and without a check of the order
  /// ``init(curvePoint:)``.
  /// - Throws: the first that is none. What remains beyond a multiple of 96 bytes is one of the wrong length.
  public static func points(uncompressed bytes: [UInt8], isOrderChecked: Bool = true) throws(CurvePointError) -> [G1] {
    try points(uncompressed: bytes, isOrderChecked: isOrderChecked, level: .selected)
  }

  /// - Parameter level: the code that takes roots; one that the processor lacks becomes the next below.
  package static func points(compressed bytes: [UInt8], level: CurveKernelLevel) throws(CurvePointError) -> [G1] {
    try inParts(bytes, length: compressedLength) { decode(compressed: $0, level: level.available) }
  }

  package static func points(
    uncompressed bytes: [UInt8], isOrderChecked: Bool, level: CurveKernelLevel
  ) throws(CurvePointError) -> [G1] {
    try inParts(bytes, length: uncompressedLength) {
      decode(uncompressed: $0, isOrderChecked: isOrderChecked, level: level.available)
    }
  }

  /// Splits encodings into parts for all cores, and finds the first error.
  private static func inParts(
    _ bytes: [UInt8], length: Int, _ decode: @Sendable ([[UInt8]]) -> [Result<G1, CurveEncodingError>]
  ) throws(CurvePointError) -> [G1] {
    let count = bytes.count / length
    // At most 2^10 parts, so that long files do not cost a task for every few points.
    let part = max(part, (count + 1023) / 1024)
    let parts = try Parallel.map((count + part - 1) / part) { block throws(CurvePointError) -> [G1] in
      let range = block * part..<min(count, (block + 1) * part)
      var points: [G1] = []
      points.reserveCapacity(range.count)
      for (index, result) in decode(range.map { Array(bytes[$0 * length..<($0 + 1) * length]) }).enumerated() {
        do throws(CurveEncodingError) { points.append(try result.get()) } catch {
          throw CurvePointError(index: range.lowerBound + index, reason: error)
        }
      }
      return points
    }
    guard bytes.count == count * length else {
      throw CurvePointError(index: count, reason: .length(expected: length, found: bytes.count - count * length))
    }
    return parts.flatMap { $0 }
  }

  /// Flags and coordinates as ever; the roots of all x together, then the orders of what is on the curve.
  /// - Parameter level: one that the processor has.
  static func decode(compressed encodings: [[UInt8]], level: CurveKernelLevel) -> [Result<G1, CurveEncodingError>] {
    if level == .portable {
      return encodings.map { bytes in
        Result { () throws(CurveEncodingError) in try G1(compressed: bytes) }
      }
    }
    var results: [Result<G1, CurveEncodingError>] = []
    var (places, coordinates, isLarger) = ([Int](), [Fp](), [Bool]())
    for (index, bytes) in encodings.enumerated() {
      do throws(CurveEncodingError) {
        if let parts = try PointBytes.open(bytes, count: compressedLength, isCompressed: true) {
          coordinates.append(try PointBytes.element(parts.coordinates[...]))
          isLarger.append(parts.isLarger)
          places.append(index)
        }
        results.append(.success(.infinity))
      } catch { results.append(.failure(error)) }
    }
    let count = places.count
    guard count > 0 else { return results }
    var roots = [UInt64](repeating: 0, count: 6 * count)
    var found = [UInt8](repeating: 0, count: count)
    dpc_lift(level.rawValue, coordinates.flatMap(\.words), count, &roots, &found)
    for index in 0..<count {
      let root = Fp(montgomeryWords: roots[6 * index..<6 * index + 6])
      results[places[index]] =
        found[index] == 1
        ? .success(G1(Projective(x: coordinates[index], y: root.isLarger == isLarger[index] ? root : -root)))
        : .failure(.notOnCurve)
    }
    checkOrder(&results, level: level)
    return results
  }

  /// - Parameter level: one that the processor has.
  static func decode(
    uncompressed encodings: [[UInt8]], isOrderChecked: Bool, level: CurveKernelLevel
  ) -> [Result<G1, CurveEncodingError>] {
    var results = encodings.map { bytes in
      Result { () throws(CurveEncodingError) in
        try isOrderChecked && level == .portable ? G1(uncompressed: bytes) : G1(curvePoint: bytes)
      }
    }
    if isOrderChecked, level != .portable { checkOrder(&results, level: level) }
    return results
  }

  /// Puts `wrongOrder` in the place of affine points of the curve that are not in the group.
  private static func checkOrder(_ results: inout [Result<G1, CurveEncodingError>], level: CurveKernelLevel) {
    var (places, words) = ([Int](), [UInt64]())
    for (index, result) in results.enumerated() {
      guard case .success(let point) = result, !point.isInfinity else { continue }
      places.append(index)
      words += point.point.x.words + point.point.y.words
    }
    guard !places.isEmpty else { return }
    var inside = [UInt8](repeating: 0, count: places.count)
    dpc_in_group(level.rawValue, words, places.count, &inside)
    for (place, isInside) in zip(places, inside) where isInside != 1 { results[place] = .failure(.wrongOrder) }
  }
}
