// SPDX-License-Identifier: Apache-2.0

/// Multilinear extensions over the hypercube. Index bit 0 belongs to variable 0, which is bound first.
public enum Multilinear {
  /// The table of eq(point, ·), 2^point.count entries, times `scale`.
  @inlinable
  public static func equality(_ point: some Collection<CubicExtension>, scale: CubicExtension = .one)
    -> [CubicExtension]
  {
    var table = [CubicExtension](repeating: .zero, count: 1 << point.count)
    table[0] = scale
    var size = 1
    for r in point {
      for i in 0..<size {
        let high = table[i] * r
        table[i + size] = high
        table[i] -= high
      }
      size <<= 1
    }
    return table
  }

  /// eq(point, bits of index).
  @inlinable
  public static func equality(_ point: some Collection<CubicExtension>, at index: Int) -> CubicExtension {
    var result = CubicExtension.one
    var bits = index
    for r in point {
      result *= bits & 1 == 1 ? r : .one - r
      bits >>= 1
    }
    return result
  }

  /// Π (a_i·b_i + (1-a_i)(1-b_i)) for one coordinate.
  @inlinable @inline(__always)
  public static func equality(_ a: CubicExtension, _ b: CubicExtension) -> CubicExtension {
    let product = a * b
    return .one - a - b + product + product
  }

  /// Π over the coordinates of two points of one length.
  @inlinable
  public static func equality(
    _ a: some Collection<CubicExtension>, _ b: some Collection<CubicExtension>
  ) -> CubicExtension {
    precondition(a.count == b.count)
    var result = CubicExtension.one
    for (x, y) in zip(a, b) { result *= equality(x, y) }
    return result
  }

  /// Binds variable 0 to r: t'[i] = t[2i] + r·(t[2i+1] - t[2i]).
  @inlinable
  public static func fold(_ table: inout [CubicExtension], _ r: CubicExtension) {
    let half = table.count / 2
    table.withUnsafeMutableBufferPointer { t in
      for i in 0..<half {
        let low = t[2 * i]
        t[i] = low + (t[2 * i + 1] - low) * r
      }
    }
    table.removeLast(table.count - half)
  }

  /// The value at a point of the multilinear extension of a table.
  @inlinable
  public static func evaluate(_ table: [CubicExtension], at point: some Collection<CubicExtension>) -> CubicExtension {
    precondition(table.count == 1 << point.count)
    var current = table
    for r in point { fold(&current, r) }
    return current[0]
  }

  /// Σ a_i·b_i of two lists of one length.
  @inlinable
  public static func innerProduct(_ a: [CubicExtension], _ b: [CubicExtension]) -> CubicExtension {
    precondition(a.count == b.count)
    var sum = CubicExtension.zero
    for i in a.indices { sum += a[i] * b[i] }
    return sum
  }

  /// Σ_{i < count} eq(point, i): the multilinear extension of "index below count".
  @inlinable
  public static func prefixSum(_ point: some BidirectionalCollection<CubicExtension>, count: Int) -> CubicExtension {
    precondition(count >= 0 && count <= 1 << point.count)
    if count == 1 << point.count { return .one }
    // From the top bit down: where count has a 1, all indices with a 0 there and equal higher bits are below it.
    var sum = CubicExtension.zero
    var equalSoFar = CubicExtension.one
    for (offset, r) in point.reversed().enumerated() {
      let bit = point.count - 1 - offset
      if count >> bit & 1 == 1 {
        sum += equalSoFar * (.one - r)
        equalSoFar *= r
      } else {
        equalSoFar *= .one - r
      }
    }
    return sum
  }
}

/// Polynomials in one variable.
public enum Univariate {
  /// Σ c_i x^i.
  @inlinable
  public static func evaluate(_ coefficients: some BidirectionalCollection<CubicExtension>, at x: CubicExtension)
    -> CubicExtension
  {
    var result = CubicExtension.zero
    for c in coefficients.reversed() { result = result * x + c }
    return result
  }

  /// Σ c_i x^i at a point of the base field.
  @inlinable
  public static func evaluate(_ coefficients: some BidirectionalCollection<CubicExtension>, at x: Goldilocks)
    -> CubicExtension
  {
    var result = CubicExtension.zero
    for c in coefficients.reversed() { result = result * x + c }
    return result
  }

  /// The value at r of the polynomial of degree d with the given values at 0...d.
  @inlinable
  public static func interpolate(_ values: [CubicExtension], at r: CubicExtension) -> CubicExtension {
    let d = values.count - 1
    // prefix[i] = Π_{j<i} (r - j), suffix[i] = Π_{j>i} (r - j)
    var suffix = [CubicExtension](repeating: .one, count: d + 2)
    for j in stride(from: d, through: 0, by: -1) { suffix[j] = suffix[j + 1] * (r - CubicExtension(j)) }
    var prefix = CubicExtension.one
    var factorials = [Goldilocks.one]
    for j in 0..<max(d, 1) { factorials.append(factorials[j] * Goldilocks(j + 1)) }
    var result = CubicExtension.zero
    for i in 0...d {
      var denominator = factorials[i] * factorials[d - i]
      if (d - i) & 1 == 1 { denominator = -denominator }
      result += values[i] * (prefix * suffix[i + 1]) * denominator.inverse
      prefix *= r - CubicExtension(i)
    }
    return result
  }
}
