// SPDX-License-Identifier: Apache-2.0

import CDriftProofKernels
import DriftProofCore

/// Products of matrices of doubles where no BLAS is at hand. Sums are rounded, in an order that depends on the shape alone.
package enum MatrixProduct {
  /// c = alpha * op(a) * op(b) + beta * c, with op(a) m x k, op(b) k x n and c m x n, row-major, each starting at its offset.
  /// - Parameter workers: how many threads may share the work, at least 1; it does not change the result.
  package static func multiply(
    _ m: Int, _ n: Int, _ k: Int, alpha: Double = 1,
    _ a: [Double], aOffset: Int = 0, aTransposed: Bool = false,
    _ b: [Double], bOffset: Int = 0, bTransposed: Bool = false,
    beta: Double = 0, into c: inout [Double], cOffset: Int = 0, workers: Int = 1, path: KernelPath = .selected
  ) {
    guard m > 0, n > 0 else { return }
    precondition(aOffset >= 0 && aOffset + m * k <= a.count, "a is too short")
    precondition(bOffset >= 0 && bOffset + k * n <= b.count, "b is too short")
    precondition(cOffset >= 0 && cOffset + m * n <= c.count, "c is too short")
    if beta != 1 { for index in cOffset..<cOffset + m * n { c[index] = beta == 0 ? 0 : beta * c[index] } }
    guard k > 0 else { return }
    // The kernel wants rows on the left. With a transposed, those of op(b)ᵀ, for the transposed product.
    let flipped = aTransposed && !bTransposed ? transposed(b, offset: bOffset, rows: k, columns: n) : []
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        flipped.withUnsafeBufferPointer { flipped in
          c.withUnsafeMutableBufferPointer { c in
            guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else { return }
            let turned = flipped.baseAddress.flatMap { flipped.isEmpty ? nil : $0 } ?? b + bOffset
            let strips =
              aTransposed
              ? Strips(
                left: SharedConst(turned), leftCount: n, right: SharedConst(a + aOffset), rightCount: m,
                rightIsTransposed: false, depth: k, alpha: alpha, result: Shared(c + cOffset), resultIsTransposed: true,
                level: path.level)
              : Strips(
                left: SharedConst(a + aOffset), leftCount: m, right: SharedConst(b + bOffset), rightCount: n,
                rightIsTransposed: bTransposed, depth: k, alpha: alpha, result: Shared(c + cOffset),
                resultIsTransposed: false, level: path.level)
            strips.run(workers: m * n * k < 1 << 20 ? 1 : workers)
          }
        }
      }
    }
  }

  private static func transposed(_ values: [Double], offset: Int, rows: Int, columns: Int) -> [Double] {
    var result = [Double](repeating: 0, count: rows * columns)
    for row in 0..<rows {
      for column in 0..<columns { result[column * rows + row] = values[offset + row * columns + column] }
    }
    return result
  }
}

/// result += alpha * left * right, right cut into strips that the processor's caches keep while all rows of left meet them.
private struct Strips: Sendable {
  /// leftCount x depth.
  let left: SharedConst<Double>
  let leftCount: Int
  /// depth x rightCount; rightCount x depth if it is transposed.
  let right: SharedConst<Double>
  let rightCount: Int
  let rightIsTransposed: Bool
  let depth: Int
  let alpha: Double
  /// leftCount x rightCount, or the transpose of that.
  let result: Shared<Double>
  let resultIsTransposed: Bool
  let level: Int32?

  private static let width = 128
  private static let height = 128
  /// Numbers that the kernel sums side by side; fewer take as long.
  private static let group = 32

  func run(workers: Int) {
    let strips = (rightCount + Self.width - 1) / Self.width
    if workers <= 1 {
      add(rows: 0..<leftCount, strips: 0..<strips)
    } else if strips >= workers {
      Parallel.forEach(workers) { add(rows: 0..<leftCount, strips: Self.part($0, of: workers, strips)) }
    } else {
      Parallel.forEach(workers) { add(rows: Self.part($0, of: workers, leftCount), strips: 0..<strips) }
    }
  }

  private static func part(_ index: Int, of parts: Int, _ count: Int) -> Range<Int> {
    count * index / parts..<count * (index + 1) / parts
  }

  private func add(rows: Range<Int>, strips: Range<Int>) {
    guard !rows.isEmpty, !strips.isEmpty else { return }
    var packed = [Double](repeating: 0, count: Self.width * Self.height)
    var sums = [Double](repeating: 0, count: Self.width)
    for strip in strips {
      let first = strip * Self.width
      let width = min(Self.width, rightCount - first)
      let padded = width <= 8 ? 8 : (width + Self.group - 1) / Self.group * Self.group
      for top in stride(from: 0, to: depth, by: Self.height) {
        let height = min(Self.height, depth - top)
        pack(&packed, columns: first..<first + width, rows: top..<top + height, stride: padded)
        packed.withUnsafeBufferPointer { packed in
          sums.withUnsafeMutableBufferPointer { sums in
            guard let packed = packed.baseAddress, let sums = sums.baseAddress else { return }
            for row in rows {
              multiply(sums, padded, left.pointer + row * depth + top, height, packed)
              if resultIsTransposed {
                let target = result.pointer + first * leftCount + row
                for x in 0..<width { target[x * leftCount] += alpha * sums[x] }
              } else {
                let target = result.pointer + row * rightCount + first
                for x in 0..<width { target[x] += alpha * sums[x] }
              }
            }
          }
        }
      }
    }
  }

  /// A part of right, row after row, with zeros on its right side.
  private func pack(_ packed: inout [Double], columns: Range<Int>, rows: Range<Int>, stride: Int) {
    packed.withUnsafeMutableBufferPointer { packed in
      for row in rows {
        let target = (row - rows.lowerBound) * stride
        for column in columns {
          packed[target + column - columns.lowerBound] =
            right.pointer[rightIsTransposed ? column * depth + row : row * rightCount + column]
        }
        for x in columns.count..<stride { packed[target + x] = 0 }
      }
    }
  }

  /// sums[x] = sum over k of u[k] * v[count * k + x].
  private func multiply(
    _ sums: UnsafeMutablePointer<Double>, _ count: Int, _ u: UnsafePointer<Double>, _ rank: Int,
    _ v: UnsafePointer<Double>
  ) {
    if let level { return dp_product_row(level, sums, count, u, rank, v, count) }
    for x in 0..<count {
      var sum = 0.0
      for k in 0..<rank { sum += u[k] * v[count * k + x] }
      sums[x] = sum
    }
  }
}
