// SPDX-License-Identifier: Apache-2.0

/// The cube of the optimal ate pairing, e(P, Q)³: as 3 and r have no factor in common it is a bilinear map as good, and one
/// where the other is. Only products against one are ever compared, so no encoding of its values is defined.
public enum Pairing {
  /// A value of the map, an element of order r in Fp12.
  public struct Value: Hashable, Sendable {
    let element: Fp12

    /// The value of pairs with infinity.
    public static let one = Value(element: .one)

    /// The product of values.
    public static func * (a: Value, b: Value) -> Value { Value(element: a.element * b.element) }

    /// The inverse.
    public func inverse() -> Value { Value(element: element.conjugated()) }
  }

  /// Π e(P, Q)³ over the pairs, with one loop and one final exponentiation. Both points must be in their groups.
  public static func product(of pairs: [(G1, PreparedG2)]) -> Value {
    Value(element: finalExponentiation(millerLoop(pairs)))
  }

  /// Π e(P, Q)³ over the pairs. Both points must be in their groups.
  public static func product(of pairs: [(G1, G2)]) -> Value {
    product(of: pairs.map { ($0.0, PreparedG2($0.1)) })
  }

  /// Whether Π e(P, Q) = 1: the only question that a verifier asks.
  public static func isProductOne(_ pairs: [(G1, PreparedG2)]) -> Bool { product(of: pairs) == .one }

  private static func millerLoop(_ pairs: [(G1, PreparedG2)]) -> Fp12 {
    var factors = [(x: Fp, y: Fp, lines: [PreparedG2.Line])]()
    for (point, (_, prepared)) in zip(G1.affine(pairs.map(\.0)), pairs) {
      if let point, !prepared.lines.isEmpty { factors.append((point.x, point.y, prepared.lines)) }
    }
    var result = Fp12.one
    var position = 0
    func multiply() {
      for factor in factors {
        let line = factor.lines[position]
        result = result.times(line: line.c0, line.c1.scaled(by: factor.x), line.c4.scaled(by: factor.y))
      }
      position += 1
    }
    for bit in (0..<63).reversed() {
      if bit != 62 { result = result.squared() }
      multiply()
      if G1.parameter >> UInt64(bit) & 1 == 1 { multiply() }
    }
    // x is negative, and f_{-n} = 1/f_n but for what the final exponentiation removes, as the conjugate is.
    return result.conjugated()
  }

  /// f^(3·(p¹² - 1)/r).
  ///
  /// (p¹² - 1)/r = (p⁶ - 1)·(p² + 1)·(p⁴ - p² + 1)/r, and 3·(p⁴ - p² + 1)/r = (x - 1)²·(x + p)·(x² + p² - 1) + 3 (Hayashida,
  /// Hayasaka and Teruya, eprint 2020/875).
  static func finalExponentiation(_ value: Fp12) -> Fp12 {
    var f = value.conjugated() * value.inverse()
    f = f.frobenius().frobenius() * f
    func minusOne(_ a: Fp12) -> Fp12 { raisedToX(a) * a.conjugated() }
    let a = minusOne(minusOne(f))
    let b = raisedToX(a) * a.frobenius()
    let c = raisedToX(raisedToX(b)) * b.frobenius().frobenius() * b.conjugated()
    return c * f.cyclotomicSquared() * f
  }

  /// a^x for an element whose inverse is its conjugate.
  private static func raisedToX(_ a: Fp12) -> Fp12 {
    var result = a
    for bit in (0..<63).reversed() {
      result = result.cyclotomicSquared()
      if G1.parameter >> UInt64(bit) & 1 == 1 { result = result * a }
    }
    return result.conjugated()
  }
}
