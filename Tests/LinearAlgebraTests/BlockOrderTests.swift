// SPDX-License-Identifier: Apache-2.0

import DriftProofLinearAlgebra
import Testing

/// Van Loan's order, and sparse parts beside what is of low rank in it.
@Suite struct BlockOrderTests {
  private let order: BlockOrder

  init() throws { order = try BlockOrder(rows: 24, columns: 40, blockRows: 4, blockColumns: 8) }

  /// A ⊗ B + C ⊗ D with small integers.
  private func products(_ terms: Int, seed: UInt64 = 7) -> [Int64] {
    var generator = SplitMix64(seed: seed)
    let outer = (0..<30 * terms).map { _ in Int64.random(in: -9...9, using: &generator) }
    let inner = (0..<32 * terms).map { _ in Int64.random(in: -9...9, using: &generator) }
    return (0..<24 * 40).map { index in
      let (row, column) = (index / 40, index % 40)
      return (0..<terms).reduce(0) {
        $0 + outer[$1 * 30 + row / 4 * 5 + column / 8] * inner[$1 * 32 + row % 4 * 8 + column % 8]
      }
    }
  }

  @Test func placesAreAPermutation() throws {
    #expect(order.count == 30 && order.entries == 32)
    #expect(Set((0..<960).map(order.place)) == Set(0..<960))
    #expect((0..<960).allSatisfy { order.index(at: order.place(of: $0)) == $0 })
    let matrix = try IntegerMatrix(rows: 24, columns: 40, values: (0..<960).map { Int64($0) << 34 })
    let ordered = order.ordered(matrix)
    #expect(ordered.rows == 30 && ordered.columns == 32)
    #expect((0..<960).allSatisfy { ordered[order.place(of: $0)] == matrix[$0] })
    for sizes in [(5, 8), (4, 7), (0, 8), (4, -8)] {
      #expect(throws: LinearAlgebraError.self) {
        try BlockOrder(rows: 24, columns: 40, blockRows: sizes.0, blockColumns: sizes.1)
      }
    }
  }

  @Test(arguments: [1, 2]) func productsHaveLowRank(_ terms: Int) throws {
    let ordered = order.ordered(try IntegerMatrix(rows: 24, columns: 40, values: products(terms)))
    let (left, right) = try LowRank.approximate(ordered, rank: terms)
    #expect(LowRank.residualNorm(ordered, left: left, right: right) < 1e-9)
    #expect(try IntegerFactors.exact(ordered, rank: terms) != nil)
    let short = try LowRank.approximate(ordered, rank: terms - 1)
    #expect(LowRank.residualNorm(ordered, left: short.left, right: short.right) > 1)
  }

  @Test(arguments: [Sparse.Form.entries(3), .rows(2), .columns(2)])
  func supportsAreFound(_ form: Sparse.Form) throws {
    var values = products(1)
    let expected: [Int]
    switch form {
    case .entries: expected = [3, 481, 900]
    case .rows: expected = [5, 22]
    case .columns: expected = [0, 33]
    }
    for (index, value) in values.enumerated() {
      switch form {
      case .entries: if expected.contains(index) { values[index] = value + 4000 }
      case .rows: if expected.contains(index / 40) { values[index] = value + Int64(700 + index * 37 % 101) }
      case .columns: if expected.contains(index % 40) { values[index] = value - Int64(700 + index * 53 % 97) }
      }
    }
    let drift = try IntegerMatrix(rows: 24, columns: 40, values: values)
    let found = try Sparse.decompose(drift, order: order, terms: 1, form: form)
    #expect(found.support == expected)
    // Without the support the rest is a product again, exactly.
    #expect(try IntegerFactors.exact(found.target, rank: 1) != nil)
  }
}
