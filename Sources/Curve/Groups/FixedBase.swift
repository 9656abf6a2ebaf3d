// SPDX-License-Identifier: Apache-2.0

/// Multiples of one point of G1 by scalars that may be secret, from a table: 64 additions, whatever the scalar is. No branch
/// and no index depends on it.
public struct FixedBase: Sendable {
  /// digit·16^position·P.
  private let tables: [[Projective<Fp>]]

  /// Makes the table, 64 times 16 points.
  public init(_ point: G1) {
    var base = point.point
    tables = (0..<64).map { _ in
      var table = [Projective<Fp>.infinity]
      for _ in 1..<16 { table.append(table[table.count - 1] + base) }
      base = table[15] + base
      return table
    }
  }

  /// The multiple.
  public func times(_ scalar: Fr) -> G1 {
    let words = scalar.canonicalWords
    var result = Projective<Fp>.infinity
    for (position, table) in tables.enumerated() {
      let digit = words[position / 16] >> UInt64(4 * (position % 16)) & 15
      result = result + Projective.lookUp(table, digit)
    }
    return G1(result)
  }
}
