// SPDX-License-Identifier: Apache-2.0

import CDriftProofCurveKernels
import DriftProofKernels

/// Buckets that signed digits name: digit d ≠ 0 adds its point, or the negative, to bucket |d| - 1.
protocol Buckets {
  var count: Int { get }
  /// Adds the points from `first` on, by the first `count` digits.
  mutating func add(digits: [Int32], count: Int, first: Int)
  /// Σ B and Σ (i + 1)·B over the i-th bucket of a range.
  func weighted(_ range: Range<Int>) -> (total: G1, weighted: G1)
}

/// The twin: one point after the other, by complete formulas.
struct TwinBuckets: Buckets {
  private let points: [Projective<Fp>]
  private var sums: [Projective<Fp>]

  init(points: [Projective<Fp>], count: Int) {
    self.points = points
    sums = [Projective<Fp>](repeating: .infinity, count: count)
  }

  var count: Int { sums.count }

  mutating func add(digits: [Int32], count: Int, first: Int) {
    for index in 0..<count where digits[index] != 0 {
      let bucket = Int(digits[index].magnitude) - 1
      let point = points[first + index]
      sums[bucket] = sums[bucket] + (digits[index] < 0 ? -point : point)
    }
  }

  func weighted(_ range: Range<Int>) -> (total: G1, weighted: G1) {
    var total = Projective<Fp>.infinity
    var weighted = total
    for index in range.reversed() {
      total = total + sums[index]
      weighted = weighted + total
    }
    return (G1(total), G1(weighted))
  }
}

/// The kernels' buckets.
struct KernelBuckets: Buckets {
  let count: Int
  private let points: AlignedBuffer<UInt64>
  private let level: CurveKernelLevel
  private let sums: AlignedBuffer<UInt64>
  private let full: AlignedBuffer<UInt8>
  private let workspace: AlignedBuffer<UInt8>

  init(points: AlignedBuffer<UInt64>, level: CurveKernelLevel, count: Int) {
    self.count = count
    self.points = points
    self.level = level
    sums = AlignedBuffer(count: count * PointTable.pointWords, cleared: false)
    full = AlignedBuffer(count: count)
    workspace = AlignedBuffer(count: dpc_workspace_bytes(count), cleared: false)
  }

  mutating func add(digits: [Int32], count: Int, first: Int) {
    precondition(
      count <= digits.count && (first + count) * PointTable.pointWords <= points.count, "more digits than points")
    dpc_accumulate(
      level.rawValue, points.pointer + first * PointTable.pointWords, digits, count, sums.pointer, full.pointer,
      self.count, workspace.pointer)
  }

  func weighted(_ range: Range<Int>) -> (total: G1, weighted: G1) {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "buckets outside of 0..<\(count)")
    var words = [UInt64](repeating: 0, count: 8 * 36)
    dpc_aggregate(
      level.rawValue, sums.pointer + range.lowerBound * PointTable.pointWords, full.pointer + range.lowerBound,
      range.count, &words)
    func point(_ index: Int) -> G1 {
      let words = words[18 * index..<18 * index + 18]
      return G1(
        Projective(
          x: Fp(montgomeryWords: words.prefix(6)), y: Fp(montgomeryWords: words.dropFirst(6).prefix(6)),
          z: Fp(montgomeryWords: words.dropFirst(12))))
    }
    // Σ S_j + length·Σ j·R_j, the latter by running sums.
    var (total, weighted, later) = (G1.infinity, G1.infinity, G1.infinity)
    for segment in (0..<8).reversed() {
      later = later + total
      total = total + point(2 * segment)
      weighted = weighted + point(2 * segment + 1)
    }
    let length = UInt64((range.count + 7) / 8)
    return (total, weighted + G1(later.point.times(publicWords: [length])))
  }
}
