// SPDX-License-Identifier: Apache-2.0

/// A lattice of integer vectors with a basis kept LLL-reduced. Orthogonalisation is in `Double`, the vectors are exact;
/// whatever does not fit 2^62 is reported by `false`.
struct Lattice: Sendable {
  /// Independent vectors of one length.
  private(set) var basis: [[Int64]] = []

  /// Coordinates of a vector in the basis.
  struct Position {
    /// Real coordinates of the projection into the space of the lattice.
    var real: [Double]
    var rounded: [Double]
    /// Whether the vector is the combination with the rounded coordinates.
    var inside: Bool
  }

  mutating func append(_ vector: [Int64]) { basis.append(vector) }

  /// The dual basis: row k, multiplied with a vector of the space, gives coordinate k.
  func dual(_ search: inout ExactSearch) throws(LinearAlgebraError) -> [[Double]] {
    guard let length = basis.first?.count else { return [] }
    let dimension = basis.count
    // Two products, and an inverse of a few cubes.
    try search.spend(dimension * dimension * (2 * length + 4 * dimension))
    var v = Matrix(zeros: length, dimension)
    for k in 0..<dimension { for i in 0..<length { v[i, k] = Double(basis[k][i]) } }
    let inverse = try IntegerFactors.pseudoInverseGram(v)
    var product = Matrix(zeros: length, dimension)
    Kernel.multiply(length, dimension, dimension, v.values, inverse, into: &product.values)
    return (0..<dimension).map { k in (0..<length).map { product[$0, k] } }
  }

  func locate(
    _ vector: [Int64], dual: [[Double]], _ search: inout ExactSearch
  ) throws(LinearAlgebraError) -> Position {
    try search.spend(2 * dual.count * vector.count)
    let reals = vector.map { Double($0) }
    let coordinates = dual.map { row in Self.dot(row, reals) }
    let rounded = coordinates.map { $0.rounded() }
    let rest = remainder(vector, rounded)
    return Position(real: coordinates, rounded: rounded, inside: rest.map { $0.allSatisfy { $0 == 0 } } ?? false)
  }

  /// Adds a vector that lies in the space but not in the lattice.
  mutating func enlarge(
    by vector: [Int64], at position: Position, _ search: inout ExactSearch
  ) throws(LinearAlgebraError) -> Bool {
    guard let rest = remainder(vector, position.rounded) else { return false }
    let fractions = zip(position.real, position.rounded).map { abs($0 - $1) }
    guard let best = fractions.indices.max(by: { fractions[$0] < fractions[$1] }), fractions[best] > 1e-7 else {
      return false
    }
    // The rest takes the place of a basis vector, and that one waits for its turn: it may be outside now.
    var waiting = [basis[best]]
    basis[best] = rest
    guard try reduce(&search) else { return false }
    var rounds = 0
    while let next = waiting.popLast() {
      rounds += 1
      guard rounds <= 64 * basis.count else { return false }
      let position = try locate(next, dual: try dual(&search), &search)
      if position.inside { continue }
      guard let rest = remainder(next, position.rounded) else { return false }
      let fractions = zip(position.real, position.rounded).map { abs($0 - $1) }
      guard let best = fractions.indices.max(by: { fractions[$0] < fractions[$1] }), fractions[best] > 1e-7 else {
        return false
      }
      waiting.append(basis[best])
      basis[best] = rest
      guard try reduce(&search) else { return false }
    }
    return true
  }

  /// vector - sum of rounded[k] * basis[k], nil on overflow.
  private func remainder(_ vector: [Int64], _ rounded: [Double]) -> [Int64]? {
    var rest = vector
    for (k, coefficient) in rounded.enumerated() where coefficient != 0 {
      guard Self.subtract(coefficient, basis[k], from: &rest) else { return nil }
    }
    return rest
  }

  private static func subtract(_ coefficient: Double, _ vector: [Int64], from target: inout [Int64]) -> Bool {
    guard let factor = Int64(exactly: coefficient) else { return false }
    for index in target.indices {
      let (product, tooLarge) = vector[index].multipliedReportingOverflow(by: factor)
      let (difference, overflow) = target[index].subtractingReportingOverflow(product)
      if tooLarge || overflow || difference.magnitude >= 1 << 62 { return false }
      target[index] = difference
    }
    return true
  }

  private static func dot(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for index in a.indices { sum += a[index] * b[index] }
    return sum
  }

  /// LLL reduction with delta = 0.99 of the independent basis; false on overflow or if rounding errors keep it from
  /// ending.
  mutating func reduce(_ search: inout ExactSearch) throws(LinearAlgebraError) -> Bool {
    let dimension = basis.count
    var mu = [[Double]](repeating: [Double](repeating: 0, count: dimension), count: dimension)
    var orthogonal = [[Double]](repeating: [], count: dimension)
    var norms = [Double](repeating: 0, count: dimension)
    var k = 0
    var steps = 0
    while k < dimension {
      steps += 1
      guard steps <= 2000 * dimension else { return false }
      // Size reduction until nothing moves: large coefficients need more than one round in floating point.
      var moved = true
      var rounds = 0
      while moved {
        moved = false
        rounds += 1
        guard rounds <= 50 else { return false }
        try search.spend(3 * (k + 1) * basis[k].count)
        var rest = basis[k].map { Double($0) }
        for j in 0..<k {
          mu[k][j] = norms[j] > 0 ? Self.dot(rest, orthogonal[j]) / norms[j] : 0
          for i in rest.indices { rest[i] -= mu[k][j] * orthogonal[j][i] }
        }
        orthogonal[k] = rest
        norms[k] = Self.dot(rest, rest)
        for j in stride(from: k - 1, through: 0, by: -1) where abs(mu[k][j]) > 0.5000001 {
          let coefficient = mu[k][j].rounded()
          guard Self.subtract(coefficient, basis[j], from: &basis[k]) else { return false }
          for i in 0..<j { mu[k][i] -= coefficient * mu[j][i] }
          moved = true
        }
      }
      if k > 0, norms[k] < (0.99 - mu[k][k - 1] * mu[k][k - 1]) * norms[k - 1] {
        basis.swapAt(k, k - 1)
        k -= 1
      } else {
        k += 1
      }
    }
    return true
  }
}
