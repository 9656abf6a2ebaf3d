// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// The number-theoretic transform over Fr: values of a polynomial at the powers of a root of unity of order 2^log.
///
/// Above 2^14 values it goes in two passes over columns and rows of a matrix, each in parallel and within the caches.
public enum ScalarTransform {
  /// The largest log: 2^32 divides r - 1.
  public static let maximumLog = 32
  private static let logPart = 13

  /// A root of unity of order 2^log: 7^((r - 1)/2^log).
  public static func root(log: Int) -> Fr {
    precondition(log >= 0 && log <= maximumLog, "no root of order 2^\(log)")
    var root = primitive
    for _ in log..<maximumLog { root = root * root }
    return root
  }

  /// 7^((r - 1)/2^32).
  private static let primitive: Fr = {
    var exponent = Fr.modulus
    exponent[0] -= 1
    for word in 0..<4 { exponent[word] = exponent[word] >> 32 | (word < 3 ? exponent[word + 1] << 32 : 0) }
    var result = Fr.one
    for word in exponent.reversed() {
      for bit in (0..<64).reversed() {
        result = result * result
        if word >> UInt64(bit) & 1 == 1 { result = result * Fr(7) }
      }
    }
    return result
  }()

  /// Σ_j coefficients[j]·ω^(jk) for all k < 2^log, ω of order 2^log.
  /// - Parameter coefficients: at most 2^log; the missing ones are zero.
  public static func values(of coefficients: [Fr], log: Int) -> [Fr] {
    precondition(coefficients.count <= 1 << log, "\(coefficients.count) coefficients for 2^\(log) values")
    return transform(coefficients, log: log, root: root(log: log), scale: nil)
  }

  /// The coefficients of the polynomial of degree below 2^log with these values: the inverse of ``values(of:log:)``.
  public static func coefficients(of values: [Fr], log: Int) -> [Fr] {
    precondition(values.count == 1 << log, "\(values.count) values, not 2^\(log)")
    let scale = Fr(Int64(1) << Int64(log)).inverse()
    return transform(values, log: log, root: root(log: log).inverse(), scale: scale)
  }

  /// Σ_j input[j]·root^(jk)·scale; nil is one.
  static func transform(
    _ input: [Fr], log: Int, root: Fr, scale: Fr? = nil, level: CurveKernelLevel = .selected
  ) -> [Fr] {
    if log > logPart, level == .lanes {
      return LaneTransform.transform(input, log: log, root: root, scale: scale ?? .one)
    }
    var result = transform(input, log: log, root: root)
    if let scale {
      for index in result.indices { result[index] = result[index] * scale }
    }
    return result
  }

  private static func transform(_ input: [Fr], log: Int, root: Fr) -> [Fr] {
    if log <= logPart {
      var values = input + [Fr](repeating: .zero, count: 1 << log - input.count)
      transform(&values, log: log, twiddles: powers(of: root, count: max(1, 1 << log / 2)))
      return values
    }
    // Index r·C + c, frequency k + R·l: column c is transformed to k, times root^(c·k); then row k to l.
    let (logRows, logColumns) = (log / 2, log - log / 2)
    let (rows, columns) = (1 << logRows, 1 << logColumns)
    let rowTwiddles = powers(of: power(root, columns), count: rows / 2)
    let columnTwiddles = powers(of: power(root, rows), count: columns / 2)
    let block = 1 << min(5, logRows)
    // Of each block of columns its rows, `block` values each.
    let first = Parallel.map(columns / block) { index -> [Fr] in
      var result = [Fr](repeating: .zero, count: rows * block)
      for place in 0..<block {
        let column = index * block + place
        var values = [Fr](repeating: .zero, count: rows)
        var source = column
        for row in 0..<rows where source < input.count {
          values[row] = input[source]
          source += columns
        }
        transform(&values, log: logRows, twiddles: rowTwiddles)
        let step = power(root, column)
        var twiddle = Fr.one
        for row in 0..<rows {
          result[row * block + place] = values[row] * twiddle
          twiddle = twiddle * step
        }
      }
      return result
    }
    // Of each block of rows the frequencies, `block` values for each l.
    let second = Parallel.map(rows / block) { index -> [Fr] in
      var result = [Fr](repeating: .zero, count: columns * block)
      for place in 0..<block {
        let row = index * block + place
        var values: [Fr] = []
        values.reserveCapacity(columns)
        for part in first { values += part[row * block..<(row + 1) * block] }
        transform(&values, log: logColumns, twiddles: columnTwiddles)
        for column in 0..<columns { result[column * block + place] = values[column] }
      }
      return result
    }
    var output: [Fr] = []
    output.reserveCapacity(1 << log)
    for column in 0..<columns {
      for part in second { output += part[column * block..<(column + 1) * block] }
    }
    return output
  }

  /// In place: reversed bits, then butterflies of rising length.
  private static func transform(_ values: inout [Fr], log: Int, twiddles: [Fr]) {
    guard log > 0 else { return }
    let count = 1 << log
    for index in 0..<count {
      var (reversed, rest) = (0, index)
      for _ in 0..<log {
        reversed = reversed << 1 | rest & 1
        rest >>= 1
      }
      if index < reversed { values.swapAt(index, reversed) }
    }
    var span = values.mutableSpan
    let factors = twiddles.span
    // All indices stay below count = values.count, those of factors below count / 2 = twiddles.count.
    precondition(span.count == count && factors.count >= count / 2, "a transform of another size")
    var half = 1
    while half < count {
      let stride = count / (2 * half)
      for start in Swift.stride(from: 0, to: count, by: 2 * half) {
        for offset in 0..<half {
          let high = span[unchecked: start + half + offset] * factors[unchecked: offset * stride]
          let low = span[unchecked: start + offset]
          span[unchecked: start + offset] = low + high
          span[unchecked: start + half + offset] = low - high
        }
      }
      half *= 2
    }
  }

  static func powers(of base: Fr, count: Int) -> [Fr] {
    var result: [Fr] = []
    result.reserveCapacity(count)
    var power = Fr.one
    for _ in 0..<count {
      result.append(power)
      power = power * base
    }
    return result
  }

  static func power(_ base: Fr, _ exponent: Int) -> Fr {
    var (result, square, rest) = (Fr.one, base, exponent)
    while rest > 0 {
      if rest & 1 == 1 { result = result * square }
      square = square * square
      rest >>= 1
    }
    return result
  }
}
