// SPDX-License-Identifier: Apache-2.0

/// The lines of the Miller loop for a fixed point of G2, computed once.
public struct PreparedG2: Sendable {
  /// A line through points of the twist, times w³: c0 + c1·xP·v + c4·yP·v·w at a point (xP, yP) of G1.
  struct Line: Sendable {
    var c0, c1, c4: Fp2
  }

  /// In the order of the loop; empty for infinity, with which every pairing is one.
  let lines: [Line]

  /// The lines of |x|·Q: 63 tangents and 5 chords.
  public init(_ point: G2) {
    guard let (x, y) = point.affine else {
      lines = []
      return
    }
    var lines = [Line]()
    var running = Projective(x: x, y: y)
    for bit in (0..<63).reversed() {
      lines.append(Self.double(&running))
      if G1.parameter >> UInt64(bit) & 1 == 1 { lines.append(Self.add(&running, x, y)) }
    }
    self.lines = lines
  }

  private static let half = (Fp.one + Fp.one).inverse()

  /// T ← 2·T and the tangent at T (Costello, Lange and Naehrig, eprint 2009/615, section 5).
  private static func double(_ t: inout Projective<Fp2>) -> Line {
    let a = (t.x * t.y).scaled(by: half)
    let b = t.y.squared()
    let c = t.z.squared()
    let e = c.timesThriceB()
    let f = e + e + e
    let g = (b + f).scaled(by: half)
    let h = (t.y + t.z).squared() - (b + c)
    let j = t.x.squared()
    let ee = e.squared()
    t = Projective(x: a * (b - f), y: g.squared() - (ee + ee + ee), z: b * h)
    return Line(c0: e - b, c1: j + j + j, c4: -h)
  }

  /// T ← T + Q and the chord through both.
  private static func add(_ t: inout Projective<Fp2>, _ x: Fp2, _ y: Fp2) -> Line {
    let theta = t.y - y * t.z
    let lambda = t.x - x * t.z
    let d = lambda.squared()
    let e = lambda * d
    let f = t.z * theta.squared()
    let g = t.x * d
    let h = e + f - g - g
    t = Projective(x: lambda * h, y: theta * (g - h) - e * t.y, z: t.z * e)
    return Line(c0: theta * x - lambda * y, c1: -theta, c4: lambda)
  }
}
