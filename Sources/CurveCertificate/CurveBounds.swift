// SPDX-License-Identifier: Apache-2.0

import DriftProofCurveArgument
import DriftProofPolicy
import DriftProofStatement

/// Squared bounds as exact integers, floors of rationals; docs/protocol.md, section 4.
enum CurveBounds {
  /// floor(value²·factor·2^shift), held at 2^bits - 1: no honest drift has a larger sum of squares.
  private static func square(_ value: Decimal10, times factor: BigUInt, shift: Int, bits: Int) -> CurveBound {
    let mantissa = BigUInt(value.mantissa)
    var result = mantissa * mantissa * factor
    // All multiplications before all divisions: the floor is taken once.
    if shift > 0 { result = result << shift }
    result = result.timesPowerOfTen(2 * value.exponent)
    if shift < 0 { result = result >> -shift }
    return held(result, bits: bits)
  }

  static func held(_ value: BigUInt, bits: Int) -> CurveBound {
    guard value < BigUInt(ones: bits) else { return CurveBound(ones: bits) }
    var words = [UInt64](repeating: 0, count: 4)
    for (place, digit) in value.digits(count: (bits + 14) / 15).enumerated() {
      let (word, shift) = (15 * place).quotientAndRemainder(dividingBy: 64)
      words[word] |= UInt64(digit) << UInt64(shift)
      if shift > 49, word < 3 { words[word + 1] |= UInt64(digit) >> UInt64(64 - shift) }
    }
    return CurveBound(words: words) ?? CurveBound(ones: bits)
  }

  /// On Σ (2^scale·δ)² of a tensor.
  static func tensor(_ bound: Bound, fractionBits: Int, sumOfSquares: UInt128, scale: Int = 0) -> CurveBound {
    switch bound {
    case .absolute(let value):
      square(value, times: BigUInt(1 as UInt), shift: 2 * (fractionBits + scale), bits: CurveLimits.boundBits)
    case .relative(let value):
      square(value, times: BigUInt(sumOfSquares), shift: 2 * scale, bits: CurveLimits.boundBits)
    }
  }

  /// On Σ 4^(F - f)·Σ δ² over all tensors that count, F the finest of them.
  /// - Parameter base: f and Σ q² of every floating tensor of the base.
  static func total(_ bound: Bound, finest: Int, base: [(fractionBits: Int, sumOfSquares: UInt128)]) -> CurveBound {
    switch bound {
    case .absolute(let value):
      return square(value, times: BigUInt(1 as UInt), shift: 2 * finest, bits: CurveLimits.totalBits)
    case .relative(let value):
      let unit = max(finest, base.map(\.fractionBits).max() ?? finest)
      let sum = base.reduce(BigUInt.zero) { $0 + BigUInt($1.sumOfSquares) << (2 * (unit - $1.fractionBits)) }
      return square(value, times: sum, shift: 2 * (finest - unit), bits: CurveLimits.totalBits)
    }
  }
}
