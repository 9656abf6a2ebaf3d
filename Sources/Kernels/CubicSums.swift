// SPDX-License-Identifier: Apache-2.0

import CDriftProofKernels
import DriftProofField

/// Sums over tables of elements of K, for the rounds of sumchecks. All are exact, so that their order does not matter.
package enum CubicSums {
  /// Σ a[i]·b[i] over a range of both tables.
  package static func dot(
    _ a: [CubicExtension], _ b: [CubicExtension], _ range: Range<Int>, path: KernelPath = .selected
  ) -> CubicExtension {
    check(range, in: a)
    check(range, in: b)
    guard let level = path.level else {
      return range.reduce(.zero) { $0 + a[$1] * b[$1] }
    }
    return sums(1) { out in
      coordinates(a) { a in
        coordinates(b) { b in
          dp_dot(level, a + 3 * range.lowerBound, b + 3 * range.lowerBound, range.count, out)
        }
      }
    }[0]
  }

  /// The values at 1 and at 2 of Σ a(X)·b(X) over some pairs i, a(X) being the line through a[2i] at 0 and a[2i + 1] at 1.
  package static func pairs(
    _ a: [CubicExtension], _ b: [CubicExtension], _ range: Range<Int>, path: KernelPath = .selected
  ) -> (one: CubicExtension, two: CubicExtension) {
    check(2 * range.lowerBound..<2 * range.upperBound, in: a)
    check(2 * range.lowerBound..<2 * range.upperBound, in: b)
    guard let level = path.level else {
      var (one, two) = (CubicExtension.zero, CubicExtension.zero)
      for i in range {
        let (a0, a1, b0, b1) = (a[2 * i], a[2 * i + 1], b[2 * i], b[2 * i + 1])
        one += a1 * b1
        two += (a1 + a1 - a0) * (b1 + b1 - b0)
      }
      return (one, two)
    }
    let found = sums(2) { out in
      coordinates(a) { a in
        coordinates(b) { b in
          dp_dot_pairs(level, a + 6 * range.lowerBound, b + 6 * range.lowerBound, range.count, out)
        }
      }
    }
    return (found[0], found[1])
  }

  /// Σ w·V(a + X·δ) with V(d) = d(d-1)(d-2)(d-3), and Σ (v0 + X·(v1 - v0))·(a + X·δ), each but for the coefficient of X.
  package struct Quartic: Sendable, Equatable {
    /// Coefficients of 1, X², X³ and X⁴.
    package var quartic = [CubicExtension](repeating: .zero, count: 4)
    /// Coefficients of 1 and X².
    package var linear = [CubicExtension](repeating: .zero, count: 2)
  }

  /// The sums over some pairs i: a and a + δ are values[2i] and values[2i + 1], v0 and v1 linear[2i] and linear[2i + 1], w is
  /// rest[i].
  package static func quartic(
    values: [CubicExtension], linear: [CubicExtension], rest: [CubicExtension], _ range: Range<Int>,
    path: KernelPath = .selected
  ) -> Quartic {
    check(2 * range.lowerBound..<2 * range.upperBound, in: values)
    check(2 * range.lowerBound..<2 * range.upperBound, in: linear)
    check(range, in: rest)
    guard let level = path.level else {
      var result = Quartic()
      for i in range {
        let (a, delta, w) = (values[2 * i], values[2 * i + 1] - values[2 * i], rest[i])
        // V(a + Xδ) = V(a) + … + δ²(6u + 11)X² + δ³(4a - 6)X³ + δ⁴X⁴ with u = a² - 3a, V(a) = u(u + 2).
        let u = a * a - (a + a + a)
        let square = delta * delta
        let p = w * square
        result.quartic[0] += w * (u * (u + CubicExtension(2)))
        result.quartic[1] += p * (u * Goldilocks(6) + CubicExtension(11))
        result.quartic[2] += p * delta * (a * Goldilocks(4) - CubicExtension(6))
        result.quartic[3] += p * square
        result.linear[0] += linear[2 * i] * a
        result.linear[1] += (linear[2 * i + 1] - linear[2 * i]) * delta
      }
      return result
    }
    let found = sums(6) { out in
      coordinates(values) { values in
        coordinates(linear) { linear in
          coordinates(rest) { rest in
            let first = range.lowerBound
            dp_quartic(level, values + 6 * first, rest + 3 * first, linear + 6 * first, range.count, out)
          }
        }
      }
    }
    return Quartic(quartic: Array(found[..<4]), linear: Array(found[4...]))
  }

  // MARK: Memory

  private static func check(_ range: Range<Int>, in table: [CubicExtension]) {
    precondition(range.lowerBound >= 0 && range.upperBound <= table.count, "\(range) of \(table.count) elements")
  }

  /// Elements whose canonical coordinates the body writes.
  private static func sums(_ count: Int, _ body: (UnsafeMutablePointer<UInt64>) -> Void) -> [CubicExtension] {
    var out = [UInt64](repeating: 0, count: 3 * count)
    out.withUnsafeMutableBufferPointer { out in
      if let base = out.baseAddress { body(base) }
    }
    return (0..<count).map { k in
      CubicExtension(
        Goldilocks(reducing: out[3 * k]), Goldilocks(reducing: out[3 * k + 1]), Goldilocks(reducing: out[3 * k + 2]))
    }
  }

  /// Three numbers an element; an empty table's are not asked for.
  private static func coordinates(_ elements: [CubicExtension], _ body: (UnsafePointer<UInt64>) -> Void) {
    precondition(MemoryLayout<CubicExtension>.stride == 24 && MemoryLayout<CubicExtension>.alignment == 8)
    elements.withUnsafeBytes { bytes in
      if let base = bytes.assumingMemoryBound(to: UInt64.self).baseAddress { body(base) }
    }
  }
}

/// Sums of squares of integers.
package enum IntegerSquares {
  /// Σ e² over a range of fewer than 2^32 entries, exactly.
  package static func sum(_ entries: [Int32], _ range: Range<Int>, path: KernelPath = .selected) -> UInt128 {
    precondition(range.lowerBound >= 0 && range.upperBound <= entries.count && range.count < 1 << 32, "\(range)")
    guard let level = path.level else {
      return range.reduce(UInt128(0)) { $0 + UInt128(UInt64(entries[$1].magnitude) * UInt64(entries[$1].magnitude)) }
    }
    // Halves of the squares are summed apart.
    var halves: [UInt64] = [0, 0]
    entries.withUnsafeBufferPointer { entries in
      if let base = entries.baseAddress { dp_squares(level, base + range.lowerBound, range.count, &halves) }
    }
    return UInt128(halves[1]) << 32 + UInt128(halves[0])
  }
}
