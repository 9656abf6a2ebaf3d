// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// Loops over many scalars. They stand beside the field, where its arithmetic is compiled into them.
package enum FrVector {
  /// Pairs from which on a loop is spread over the cores.
  private static let parallelPairs = 1 << 13

  /// Ranges that cover 0..<count: one, or several of about equal length for as many cores.
  package static func parts(_ count: Int, least: Int = parallelPairs) -> [Range<Int>] {
    let parts = max(1, min(16, count / max(1, least)))
    return (0..<parts).map { count * $0 / parts..<count * ($0 + 1) / parts }
  }

  /// scale·eq(point, x) for x < 2^point.count; the first coordinate belongs to the lowest bit.
  package static func equality(_ point: some BidirectionalCollection<Fr>, scale: Fr = .one) -> [Fr] {
    var table = [scale]
    table.reserveCapacity(1 << point.count)
    // The highest bit first, so that the table doubles by neighbours.
    for coordinate in point.reversed() {
      var next: [Fr] = []
      next.reserveCapacity(2 * table.count)
      for entry in table {
        let upper = entry * coordinate
        next.append(entry - upper)
        next.append(upper)
      }
      table = next
    }
    return table
  }

  /// eq(point, index); the first coordinate belongs to the lowest bit.
  package static func equality(_ point: some Collection<Fr>, at index: Int) -> Fr {
    var (product, rest) = (Fr.one, index)
    for coordinate in point {
      product = product * (rest & 1 == 1 ? coordinate : .one - coordinate)
      rest >>= 1
    }
    return product
  }

  /// Σ a·b over the shorter length.
  package static func innerProduct(_ a: some Collection<Fr>, _ b: some Collection<Fr>) -> Fr {
    zip(a, b).reduce(.zero) { $0 + $1.0 * $1.1 }
  }

  /// v ← v[2i] + r·(v[2i + 1] - v[2i]).
  package static func fold(_ values: inout [Fr], _ r: Fr) {
    let half = values.count / 2
    let source = values
    let parts = parts(half)
    if parts.count == 1 {
      for i in 0..<half { values[i] = source[2 * i] + r * (source[2 * i + 1] - source[2 * i]) }
      values.removeLast(values.count - half)
      return
    }
    values = Parallel.map(parts.count) { part -> [Fr] in
      parts[part].map { i in source[2 * i] + r * (source[2 * i + 1] - source[2 * i]) }
    }.flatMap { $0 }
  }

  /// Σ over pairs of the even entries' squares, the odd ones', and their differences': what Σ v² is as a polynomial of the
  /// lowest variable.
  package static func pairSquares(_ values: [Fr], pairs: Range<Int>) -> (even: Fr, odd: Fr, difference: Fr) {
    var (even, odd, difference) = (Fr.zero, Fr.zero, Fr.zero)
    for pair in pairs {
      let (low, high) = (values[2 * pair], values[2 * pair + 1])
      let step = high - low
      even = even + low * low
      odd = odd + high * high
      difference = difference + step * step
    }
    return (even, odd, difference)
  }

  /// The same of Σ a·b.
  package static func pairProducts(_ a: [Fr], _ b: [Fr]) -> (even: Fr, odd: Fr, difference: Fr) {
    let parts = parts(min(a.count, b.count) / 2)
    let sums = Parallel.map(parts.count) { part -> (Fr, Fr, Fr) in
      var (even, odd, difference) = (Fr.zero, Fr.zero, Fr.zero)
      for pair in parts[part] {
        let (a0, a1, b0, b1) = (a[2 * pair], a[2 * pair + 1], b[2 * pair], b[2 * pair + 1])
        even = even + a0 * b0
        odd = odd + a1 * b1
        difference = difference + (a1 - a0) * (b1 - b0)
      }
      return (even, odd, difference)
    }
    return sums.reduce((.zero, .zero, .zero)) { ($0.0 + $1.0, $0.1 + $1.1, $0.2 + $1.2) }
  }

  /// At X = 0, 1, 2, 3: Σ over pairs of s(X)·v(X)·(v(X) - shift) + l(X)·v(X), all linear in X.
  package static func pairQuadratics(values: [Fr], squares: [Fr], linear: [Fr], shift: Fr) -> [Fr] {
    let parts = parts(values.count / 2)
    let sums = Parallel.map(parts.count) { part -> [Fr] in
      var (t0, t1, t2, t3) = (Fr.zero, Fr.zero, Fr.zero, Fr.zero)
      for pair in parts[part] {
        var (v, s, l) = (values[2 * pair], squares[2 * pair], linear[2 * pair])
        let (dv, ds, dl) = (values[2 * pair + 1] - v, squares[2 * pair + 1] - s, linear[2 * pair + 1] - l)
        t0 = t0 + v * (s * (v - shift) + l)
        v = v + dv
        s = s + ds
        l = l + dl
        t1 = t1 + v * (s * (v - shift) + l)
        v = v + dv
        s = s + ds
        l = l + dl
        t2 = t2 + v * (s * (v - shift) + l)
        v = v + dv
        s = s + ds
        l = l + dl
        t3 = t3 + v * (s * (v - shift) + l)
      }
      return [t0, t1, t2, t3]
    }
    return sums.reduce([Fr](repeating: .zero, count: 4)) { zip($0, $1).map { $0 + $1 } }
  }

  /// sums[i] += weight·integers[i], counted from the slice's first.
  package static func accumulate(_ sums: inout [FrSum], weight: Fr, integers: ArraySlice<Int64>) {
    var place = 0
    for integer in integers {
      if integer != 0 { sums[place].add(weight, times: integer) }
      place += 1
    }
  }

  /// factor·integers[i].
  package static func scaled(_ integers: ArraySlice<Int64>, by factor: Fr) -> [Fr] {
    integers.map { integer in
      var sum = FrSum()
      sum.add(factor, times: integer)
      return sum.value
    }
  }

  /// Σ weights[i]·integers[start + i] for each run of as many integers as there are weights; a run that is cut short at the end
  /// counts as far as it goes.
  package static func runs(_ integers: ArraySlice<Int64>, weights: [Fr]) -> [Fr] {
    var result: [Fr] = []
    result.reserveCapacity((integers.count + weights.count - 1) / weights.count)
    var start = integers.startIndex
    while start < integers.endIndex {
      let end = min(start + weights.count, integers.endIndex)
      var sum = FrSum()
      for place in start..<end where integers[place] != 0 {
        sum.add(weights[place - start], times: integers[place])
      }
      result.append(sum.value)
      start = end
    }
    return result
  }

  /// Σ over the columns x of sign(m, x)·table[x] for each row m: of every column the set bits of `plus` and of `minus`, a row's bit
  /// being number m from the lowest bit of its first word.
  /// - Parameter words: of a column, in each of the two.
  package static func ternarySums(plus: [UInt64], minus: [UInt64], words: Int, rows: Int, table: [Fr]) -> [Fr] {
    let parts = parts(table.count, least: 1 << 8)
    let sums = Parallel.map(parts.count) { part -> [Fr] in
      var (up, down) = ([FrSum](repeating: FrSum(), count: rows), [FrSum](repeating: FrSum(), count: rows))
      for column in parts[part] {
        let entry = table[column]
        for word in 0..<words {
          var bits = plus[column * words + word]
          while bits != 0 {
            up[64 * word + bits.trailingZeroBitCount].add(entry)
            bits &= bits &- 1
          }
          bits = minus[column * words + word]
          while bits != 0 {
            down[64 * word + bits.trailingZeroBitCount].add(entry)
            bits &= bits &- 1
          }
        }
      }
      return zip(up, down).map { $0.value - $1.value }
    }
    guard var result = sums.first else { return [Fr](repeating: .zero, count: rows) }
    for part in sums.dropFirst() {
      for row in result.indices { result[row] = result[row] + part[row] }
    }
    return result
  }
}
