import Field
import Kernels

/// The digit oracle's part of Stage A: Σ_x (1-top)·[scale·eq(z, x)·V(D(x)) + W(x)·D(x)] with V(d) = d(d-1)(d-2)(d-3).
///
/// Only used cells are held: beyond them D = W = 0 and V(0) = 0. The factor eq(z, ·) is kept as a scalar for the bound and
/// the current variables and a table for the rest (Gruen, "Some improvements for the PIOP for ZeroCheck"), so that a round
/// needs the quartic at five points.
struct DigitComponent: SumcheckComponent {
  let rounds: Int
  private let point: [CubicExtension]
  private let mask: [CubicExtension]
  private var values: [CubicExtension]
  private var linear: [CubicExtension]
  /// eq over the variables after the current one.
  private var rest: [CubicExtension] = []
  /// scale·eq over the bound variables.
  private var boundEquality: CubicExtension
  private var topFactor: CubicExtension?
  private var bound = 0

  /// - Parameters:
  ///   - cells: canonical elements; beyond them the oracle is 0.
  ///   - mask: entries at the lowest indices of the half top = 1.
  ///   - linear: W, one weight per cell.
  init(
    variables: Int, cells: [UInt64], mask: [CubicExtension], linear: [CubicExtension], point: [CubicExtension],
    scale: CubicExtension
  ) {
    precondition(point.count == variables && linear.count == cells.count && cells.count <= 1 << variables)
    rounds = variables + 1
    self.point = point
    self.mask = mask
    self.linear = linear
    boundEquality = scale
    values = cells.map { CubicExtension(Goldilocks(reducing: $0)) }
    while values.count < mask.count {
      values.append(.zero)
      self.linear.append(.zero)
    }
  }

  func roundValues(degree: Int) -> [CubicExtension] {
    topFactor == nil ? topRound(degree) : laterRound(degree)
  }

  private func topRound(_ degree: Int) -> [CubicExtension] {
    let equality = Multilinear.equality(point, scale: boundEquality)
    let (values, linear, mask) = (values, linear, mask)
    let complements = (0...degree).map { CubicExtension.one - CubicExtension($0) }
    // Unmasked cells depend on X only through (1-X)·d: collect the weights of each of the honest values 1, 2, 3.
    let sums = parallelSum(count: values.count - mask.count, width: degree + 5) { range, out in
      for offset in range {
        let x = offset + mask.count
        let value = values[x]
        if value == .zero { continue }
        out[0] += linear[x] * value
        if let digit = Self.smallDigit(value) {
          out[digit] += equality[x]
        } else {
          for (i, c) in complements.enumerated() { out[4 + i] += equality[x] * Digits.vanishing(c * value) }
        }
      }
    }
    return (0...degree).map { i in
      let (x, c) = (CubicExtension(i), complements[i])
      var sum = c * sums[0] + sums[4 + i]
      for digit in 1...3 { sum += sums[digit] * Digits.vanishing(c * CubicExtension(digit)) }
      for (index, m) in mask.enumerated() {
        let entry = c * values[index] + x * m
        sum += equality[index] * Digits.vanishing(entry) + linear[index] * entry
      }
      return c * sum
    }
  }

  private static func smallDigit(_ value: CubicExtension) -> Int? {
    value.c1 == .zero && value.c2 == .zero && value.c0.value < 4 ? Int(value.c0.value) : nil
  }

  private func laterRound(_ degree: Int) -> [CubicExtension] {
    let (values, linear, rest) = (values, linear, rest)
    let pairs = (values.count + 1) / 2
    // 0...4: Σ rest·V(D(X)) at X; 5, 6, 7: the linear part at 0, at 1 and its leading coefficient.
    let sums = parallelSum(count: pairs, width: 8) { range, out in
      for pair in range {
        let d0 = values[2 * pair]
        let hasSecond = 2 * pair + 1 < values.count
        let d1 = hasSecond ? values[2 * pair + 1] : .zero
        if d0 == .zero && d1 == .zero { continue }
        let step = d1 - d0
        let weight = rest[pair]
        var d = d0
        for x in 0..<5 {
          out[x] += weight * Digits.vanishing(d)
          d += step
        }
        let w0 = linear[2 * pair]
        let w1 = hasSecond ? linear[2 * pair + 1] : .zero
        out[5] += w0 * d0
        out[6] += w1 * d1
        out[7] += (w1 - w0) * step
      }
    }
    let z = point[bound]
    let slope = sums[6] - sums[5] - sums[7]
    return (0...degree).map { x in
      let quartic = x < 5 ? sums[x] : Univariate.interpolate(Array(sums[0..<5]), at: CubicExtension(x))
      let value = Goldilocks(x)
      let lines = sums[5] + (slope + sums[7] * value) * value
      return (quartic * boundEquality * Multilinear.equality(z, CubicExtension(x)) + lines) * (topFactor ?? .one)
    }
  }

  mutating func bind(_ r: CubicExtension) {
    guard topFactor != nil else {
      let complement = CubicExtension.one - r
      topFactor = complement
      for x in values.indices { values[x] *= complement }
      for (x, m) in mask.enumerated() { values[x] += m * r }
      rest = Multilinear.equality(point.dropFirst())
      return
    }
    boundEquality *= Multilinear.equality(point[bound], r)
    bound += 1
    Self.fold(&values, r)
    Self.fold(&linear, r)
    if rest.count > 1 { rest = (0..<rest.count / 2).map { rest[2 * $0] + rest[2 * $0 + 1] } }
  }

  /// Folds a table whose missing entries are zeros.
  private static func fold(_ table: inout [CubicExtension], _ r: CubicExtension) {
    if !table.count.isMultiple(of: 2) { table.append(.zero) }
    Folding.fold(&table, r)
  }

  var evaluations: [String: CubicExtension] { ["D": values[0]] }

  func contribution(_ evaluations: [String: CubicExtension]) -> CubicExtension {
    let d = evaluations["D"] ?? .zero
    return (boundEquality * Digits.vanishing(d) + linear[0] * d) * (topFactor ?? .one)
  }
}
