// SPDX-License-Identifier: Apache-2.0

import TestSupport

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

extension Fixture {
  /// Matrices with orthonormal rows, up to rounding: Gram-Schmidt on random rows, in units of 2^-f.
  static func orthonormal(_ shapes: [(rows: Int, columns: Int)], fractionBits: Int = 20, seed: UInt64 = 3) -> Fixture {
    var generator = SeededGenerator(seed: seed)
    var fixture = Fixture(tensors: [], drifts: [])
    for (index, (rows, columns)) in shapes.enumerated() {
      var basis: [[Double]] = []
      for _ in 0..<rows {
        var row = (0..<columns).map { _ in Double.random(in: -1...1, using: &generator) }
        for _ in 0..<2 {
          for other in basis {
            let dot = zip(row, other).reduce(0) { $0 + $1.0 * $1.1 }
            for x in row.indices { row[x] -= dot * other[x] }
          }
        }
        let norm = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
        basis.append(row.map { $0 / norm })
      }
      let unit = Double(1 << fractionBits)
      fixture.tensors.append(
        .orthonormal(name: "a\(index)", rows: rows, columns: columns, fractionBits: fractionBits))
      fixture.drifts.append(basis.joined().map { Int64(($0 * unit).rounded()) })
    }
    return fixture
  }

  /// Rows 2^f·e_j with a common last column: ΔΔᵀ = 2^(2f)·1 + entry²·(1, …, 1)ᵀ(1, …, 1).
  static func almostOrthonormal(rows: Int, entry: Int64, fractionBits: Int = 20) -> Fixture {
    var drift = [Int64](repeating: 0, count: rows * (rows + 1))
    for j in 0..<rows {
      drift[j * (rows + 1) + j] = 1 << Int64(fractionBits)
      drift[j * (rows + 1) + rows] = entry
    }
    return Fixture(
      tensors: [.orthonormal(name: "a", rows: rows, columns: rows + 1, fractionBits: fractionBits)], drifts: [drift])
  }

  /// Adds another fixture's tensors behind these; the code stays.
  mutating func add(_ other: Fixture) {
    let first = tensors.count
    tensors += other.tensors
    drifts += other.drifts
    for (id, value) in other.factors { factors[.init(tensor: first + id.tensor, clause: id.clause)] = value }
    for (id, value) in other.supports { supports[.init(tensor: first + id.tensor, clause: id.clause)] = value }
  }
}

extension TableauTensor {
  /// With the bound that its claim implies.
  static func orthonormal(name: String, rows: Int, columns: Int, fractionBits: Int = 20) -> TableauTensor {
    TableauTensor(
      name: name, rows: rows, columns: columns, fractionBits: fractionBits, isPlain: true,
      plainBound: Fixture.digits(rows * (1 << (2 * fractionBits) + Limits.halfRange)), clauses: [], isOrthonormal: true)
  }
}

extension TensorCube {
  /// The E-space index of an entry of the padded matrix.
  func position(_ row: Int, _ column: Int) -> Int {
    var index = origin
    for (bit, variable) in rowVariables.enumerated() where row >> bit & 1 == 1 { index |= 1 << variable }
    for (bit, variable) in columnVariables.enumerated() where column >> bit & 1 == 1 { index |= 1 << variable }
    return index
  }
}
