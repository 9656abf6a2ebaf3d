// SPDX-License-Identifier: Apache-2.0

/// Loops over stretches of arrays, with vectors of sixteen. One of the places with unsafe pointers.
enum Stretch {
  /// Sum of the products of `count` entries of a from i and of b from j.
  static func dot(_ a: [Double], _ i: Int, _ b: [Double], _ j: Int, _ count: Int) -> Double {
    guard count > 0 else { return 0 }
    precondition(i >= 0 && i + count <= a.count && j >= 0 && j + count <= b.count, "out of range")
    return a.withUnsafeBytes { a in
      b.withUnsafeBytes { b in
        var sums = SIMD16<Double>.zero
        var x = 0
        while x + 16 <= count {
          sums +=
            a.loadUnaligned(fromByteOffset: 8 * (i + x), as: SIMD16<Double>.self)
            * b.loadUnaligned(fromByteOffset: 8 * (j + x), as: SIMD16<Double>.self)
          x += 16
        }
        var sum = sums.sum()
        while x < count {
          sum +=
            a.loadUnaligned(fromByteOffset: 8 * (i + x), as: Double.self)
            * b.loadUnaligned(fromByteOffset: 8 * (j + x), as: Double.self)
          x += 1
        }
        return sum
      }
    }
  }

  /// Adds `factor` times the stretch from i of the same array to the one from j; the two do not overlap.
  static func add(_ values: inout [Double], from i: Int, times factor: Double, to j: Int, _ count: Int) {
    precondition(i >= 0 && i + count <= values.count && j >= 0 && j + count <= values.count, "out of range")
    values.withUnsafeMutableBufferPointer { values in
      guard let start = values.baseAddress else { return }
      add(UnsafePointer(start + i), factor, start + j, count)
    }
  }

  /// Adds `factor` times the stretch of `source` from i to the one of `values` from j.
  static func add(
    _ values: inout [Double], _ source: [Double], from i: Int, times factor: Double, to j: Int, _ count: Int
  ) {
    precondition(i >= 0 && i + count <= source.count && j >= 0 && j + count <= values.count, "out of range")
    source.withUnsafeBufferPointer { source in
      values.withUnsafeMutableBufferPointer { values in
        guard let source = source.baseAddress, let values = values.baseAddress else { return }
        add(source + i, factor, values + j, count)
      }
    }
  }

  /// (a, b) becomes (cosine a - sine b, sine a + cosine b), for the stretches from i and from j, which do not overlap.
  static func rotate(_ values: inout [Double], _ i: Int, _ j: Int, _ count: Int, cosine: Double, sine: Double) {
    precondition(i >= 0 && i + count <= values.count && j >= 0 && j + count <= values.count, "out of range")
    values.withUnsafeMutableBytes { values in
      var x = 0
      while x + 16 <= count {
        let a = values.loadUnaligned(fromByteOffset: 8 * (i + x), as: SIMD16<Double>.self)
        let b = values.loadUnaligned(fromByteOffset: 8 * (j + x), as: SIMD16<Double>.self)
        values.storeBytes(of: cosine * a - sine * b, toByteOffset: 8 * (i + x), as: SIMD16<Double>.self)
        values.storeBytes(of: sine * a + cosine * b, toByteOffset: 8 * (j + x), as: SIMD16<Double>.self)
        x += 16
      }
      while x < count {
        let a = values.loadUnaligned(fromByteOffset: 8 * (i + x), as: Double.self)
        let b = values.loadUnaligned(fromByteOffset: 8 * (j + x), as: Double.self)
        values.storeBytes(of: cosine * a - sine * b, toByteOffset: 8 * (i + x), as: Double.self)
        values.storeBytes(of: sine * a + cosine * b, toByteOffset: 8 * (j + x), as: Double.self)
        x += 1
      }
    }
  }

  /// result[column * rows + row] = values[row * columns + column], in squares that the caches keep.
  static func transpose(_ values: [Double], rows: Int, columns: Int, into result: inout [Double]) {
    precondition(values.count == rows * columns && result.count == values.count, "the shape does not fit")
    let side = 32
    values.withUnsafeBufferPointer { values in
      result.withUnsafeMutableBufferPointer { result in
        for top in stride(from: 0, to: rows, by: side) {
          for first in stride(from: 0, to: columns, by: side) {
            for row in top..<min(top + side, rows) {
              for column in first..<min(first + side, columns) {
                result[column * rows + row] = values[row * columns + column]
              }
            }
          }
        }
      }
    }
  }

  private static func add(
    _ source: UnsafePointer<Double>, _ factor: Double, _ target: UnsafeMutablePointer<Double>, _ count: Int
  ) {
    let (source, target) = (UnsafeRawPointer(source), UnsafeMutableRawPointer(target))
    var x = 0
    while x + 16 <= count {
      let sum =
        target.loadUnaligned(fromByteOffset: 8 * x, as: SIMD16<Double>.self)
        + factor * source.loadUnaligned(fromByteOffset: 8 * x, as: SIMD16<Double>.self)
      target.storeBytes(of: sum, toByteOffset: 8 * x, as: SIMD16<Double>.self)
      x += 16
    }
    while x < count {
      let sum =
        target.loadUnaligned(fromByteOffset: 8 * x, as: Double.self)
        + factor * source.loadUnaligned(fromByteOffset: 8 * x, as: Double.self)
      target.storeBytes(of: sum, toByteOffset: 8 * x, as: Double.self)
      x += 1
    }
  }
}
