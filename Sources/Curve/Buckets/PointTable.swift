// SPDX-License-Identifier: Apache-2.0

import CDriftProofCurveKernels
import DriftProofKernels

/// Points of G1 whose sums of multiples are wanted again and again, in the form of the kernels: 128 bytes each.
public struct PointTable: Sendable {
  /// The number of points.
  public let count: Int
  let level: CurveKernelLevel
  let storage: Storage

  enum Storage: Sendable {
    case twin([Projective<Fp>])
    case kernel(AlignedBuffer<UInt64>)
  }

  /// Words of a point in a kernel's form.
  static let pointWords = 16

  /// Points of the group, infinity among them if need be.
  public init(_ points: [G1]) { self.init(points, level: .selected) }

  /// - Parameter level: the code that will add them up; one that the processor lacks becomes the next below.
  package init(_ points: [G1], level: CurveKernelLevel) {
    count = points.count
    self.level = level.available
    guard self.level != .portable else {
      storage = .twin(points.map(\.point))
      return
    }
    let buffer = AlignedBuffer<UInt64>(count: points.count * Self.pointWords)
    for start in stride(from: 0, to: points.count, by: Self.part) {
      Self.store(Array(points[start..<min(start + Self.part, points.count)]), at: start, in: buffer, level: self.level)
    }
    storage = .kernel(buffer)
  }

  /// A table of `count` points that come in parts, so that all of them never stand beside it.
  /// - Parameter points: those of a range, called with rising ranges.
  package init<Failure: Error>(
    count: Int, level: CurveKernelLevel = .selected, points: (Range<Int>) throws(Failure) -> [G1]
  ) throws(Failure) {
    self.count = count
    self.level = level.available
    var twins: [Projective<Fp>] = []
    let buffer = AlignedBuffer<UInt64>(count: self.level == .portable ? 0 : count * Self.pointWords)
    for start in stride(from: 0, to: count, by: Self.part) {
      let range = start..<min(start + Self.part, count)
      let part = try points(range)
      precondition(part.count == range.count, "\(part.count) points for \(range.count)")
      if self.level == .portable {
        twins += part.map(\.point)
      } else {
        Self.store(part, at: start, in: buffer, level: self.level)
      }
    }
    storage = self.level == .portable ? .twin(twins) : .kernel(buffer)
  }

  /// In parts, so that the words of all points do not stand beside them.
  private static let part = 1 << 12

  private static func store(_ points: [G1], at start: Int, in buffer: AlignedBuffer<UInt64>, level: CurveKernelLevel) {
    let words = G1.affine(points).flatMap { point in
      point.map { $0.x.words + $0.y.words } ?? [UInt64](repeating: 0, count: 12)
    }
    precondition((start + points.count) * pointWords <= buffer.count, "more points than the table has")
    dpc_import(level.rawValue, words, points.count, buffer.pointer + start * pointWords)
  }

  /// The points as they are stored, for tests.
  package var points: [G1] {
    switch storage {
    case .twin(let points): return points.map { G1($0) }
    case .kernel(let buffer):
      var words = [UInt64](repeating: 0, count: 12 * count)
      dpc_export(level.rawValue, buffer.pointer, count, &words)
      return (0..<count).map { G1(affineWords: words[12 * $0..<12 * $0 + 12]) }
    }
  }
}

extension G1 {
  /// From twelve words x, y in Montgomery form, which must be a point of the curve; all zero for infinity.
  init(affineWords words: ArraySlice<UInt64>) {
    if words.allSatisfy({ $0 == 0 }) {
      self = .infinity
    } else {
      self.init(Projective(x: Fp(montgomeryWords: words.prefix(6)), y: Fp(montgomeryWords: words.dropFirst(6))))
    }
  }
}

extension Fp {
  /// From six words in Montgomery form, which must be below p.
  init(montgomeryWords words: ArraySlice<UInt64>) {
    let first = words.startIndex
    self.init(
      words[first], words[first + 1], words[first + 2], words[first + 3], words[first + 4], words[first + 5])
  }
}
