// SPDX-License-Identifier: Apache-2.0

/// A point (X : Y : Z) of y²·z = x³ + b·z³, infinity being (0 : 1 : 0).
///
/// The formulas are those of Renes, Costello and Batina (eprint 2015/1060, algorithms 7 and 9) for a = 0. They are
/// complete where no point has order 2: right for all pairs, equal ones, opposite ones and infinity, without a branch. The
/// numbers of points of both curves are odd.
struct Projective<Coordinate: CurveField>: Sendable {
  var x, y, z: Coordinate

  init(x: Coordinate, y: Coordinate, z: Coordinate) {
    self.x = x
    self.y = y
    self.z = z
  }

  /// The point of affine coordinates, which must be on the curve.
  init(x: Coordinate, y: Coordinate) { self.init(x: x, y: y, z: .one) }

  static var infinity: Projective { Projective(x: .zero, y: .one, z: .zero) }

  var isInfinity: Bool { z.isZero }

  static func isOnCurve(x: Coordinate, y: Coordinate) -> Bool { y.squared() == x.squared() * x + .curveB }

  static func + (a: Projective, b: Projective) -> Projective {
    let xx = a.x * b.x
    let yy = a.y * b.y
    let bzz = (a.z * b.z).timesThriceB()
    let xy = (a.x + a.y) * (b.x + b.y) - xx - yy
    let zz = a.z * b.z
    let yz = (a.y + a.z) * (b.y + b.z) - yy - zz
    let bxz = ((a.x + a.z) * (b.x + b.z) - xx - zz).timesThriceB()
    let xx3 = xx + xx + xx
    let sum = yy + bzz
    let difference = yy - bzz
    return Projective(
      x: xy * difference - yz * bxz, y: difference * sum + bxz * xx3, z: sum * yz + xx3 * xy)
  }

  func doubled() -> Projective {
    let yy = y.squared()
    let yy2 = yy + yy
    let yy4 = yy2 + yy2
    let yy8 = yy4 + yy4
    let bzz = z.squared().timesThriceB()
    let difference = yy - (bzz + bzz + bzz)
    let xy = x * y
    return Projective(
      x: (xy + xy) * difference, y: bzz * yy8 + difference * (yy + bzz), z: yy8 * (y * z))
  }

  static prefix func - (a: Projective) -> Projective { Projective(x: a.x, y: -a.y, z: a.z) }

  static func - (a: Projective, b: Projective) -> Projective { a + (-b) }

  /// Whether both are the same point: X·Z' = X'·Z and Y·Z' = Y'·Z, with infinity equal to itself alone.
  static func == (a: Projective, b: Projective) -> Bool {
    if a.isInfinity || b.isInfinity { return a.isInfinity && b.isInfinity }
    return a.x * b.z == b.x * a.z && a.y * b.z == b.y * a.z
  }

  static func select(_ mask: UInt64, _ a: Projective, _ b: Projective) -> Projective {
    Projective(
      x: .select(mask, a.x, b.x), y: .select(mask, a.y, b.y), z: .select(mask, a.z, b.z))
  }

  /// The multiple by a *public* number, words lowest first; its time tells the number.
  func times(publicWords words: [UInt64]) -> Projective {
    var result = Projective.infinity
    var isLeading = true
    for word in words.reversed() {
      for bit in (0..<64).reversed() {
        if !isLeading { result = result.doubled() }
        if word >> UInt64(bit) & 1 == 1 {
          result = result + self
          isLeading = false
        }
      }
    }
    return result
  }

  /// The multiple by a number of four words that may be secret: no branch and no index depends on it.
  func times(secretWords words: [UInt64]) -> Projective {
    var table = [Projective.infinity, self]
    for _ in 2..<16 { table.append(table[table.count - 1] + self) }
    var result = Projective.infinity
    for word in words.reversed() {
      for shift in stride(from: 60, through: 0, by: -4) {
        result = result.doubled().doubled().doubled().doubled()
        result = result + Self.lookUp(table, word >> UInt64(shift) & 15)
      }
    }
    return result
  }

  /// table[index], after reading every entry.
  static func lookUp(_ table: [Projective], _ index: UInt64) -> Projective {
    var result = Projective.infinity
    for (position, entry) in table.enumerated() {
      result = select(WideArithmetic.zeroMask(index ^ UInt64(position)), entry, result)
    }
    return result
  }

  /// The affine coordinates of all points, nil for infinity, with one inversion, or none where all Z are one.
  static func affine(_ points: [Projective]) -> [(x: Coordinate, y: Coordinate)?] {
    if points.allSatisfy({ $0.z == .one }) { return points.map { ($0.x, $0.y) } }
    return zip(points, Coordinate.inverses(of: points.map(\.z))).map { point, inverse in
      point.isInfinity ? nil : (point.x * inverse, point.y * inverse)
    }
  }
}
