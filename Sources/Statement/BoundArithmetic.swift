// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofPolicy

/// Squared bounds as exact integers: N = floor of a rational that prover and verifier compute alike; docs/protocol.md section 4.
///
/// Units: a tensor of f fractional bits holds integers q = w·2^f, so a bound B on ‖Δ‖ becomes B²·4^f on Σ q².
enum BoundArithmetic {
  /// floor(value²·factor·2^shift).
  static func square(of value: Decimal10, times factor: BigUInt, shift: Int) -> BigUInt {
    let mantissa = BigUInt(value.mantissa)
    var result = mantissa * mantissa * factor
    // All multiplications before all divisions: the floor is taken once.
    if shift > 0 { result = result << shift }
    result = result.timesPowerOfTen(2 * value.exponent)
    return shift < 0 ? result >> -shift : result
  }

  /// The bound on Σ (2^scale·δ)² over one tensor.
  /// - Parameter sumOfSquares: Σ q² of the base tensor, in units 4^-f.
  static func tensorBound(_ bound: Bound, fractionBits: Int, scale: Int, sumOfSquares: UInt128) -> BigUInt {
    switch bound {
    case .absolute(let value):
      square(of: value, times: BigUInt(1 as UInt), shift: 2 * (fractionBits + scale))
    case .relative(let value):
      square(of: value, times: BigUInt(sumOfSquares), shift: 2 * scale)
    }
  }

  /// The bound on Σ_i 4^(F - f_i)·‖Δ_i‖² in units 4^-F.
  /// - Parameters:
  ///   - finest: F, the largest f of the tableau's tensors that count.
  ///   - base: f and Σ q² of every floating tensor of the base, frozen and excluded ones included; f may exceed F.
  ///   - extraShift: the result is of 2^extraShift times the bound's square.
  static func totalBound(
    _ bound: Bound, finest: Int, base: [(fractionBits: Int, sumOfSquares: UInt128)], extraShift: Int = 0
  ) -> BigUInt {
    switch bound {
    case .absolute(let value):
      return square(of: value, times: BigUInt(1 as UInt), shift: 2 * finest + extraShift)
    case .relative(let value):
      let unit = max(finest, base.map(\.fractionBits).max() ?? finest)
      let sum = base.reduce(BigUInt.zero) {
        $0 + BigUInt($1.sumOfSquares) << (2 * (unit - $1.fractionBits))
      }
      return square(of: value, times: sum, shift: 2 * (finest - unit) + extraShift)
    }
  }

  /// Limbs of a tensor's bound: 6 of 15 bits, held at 2^90 - 1.
  ///
  /// Holding is sound, as it only lowers N. It never rejects an honest prover: each of at most 2^27 chunks has a
  /// sum of squares below 2^61.1 (four limbs), so no provable ΣS exceeds 2^89.
  static func tensorDigits(_ bound: BigUInt) -> [UInt16] { digits(bound, count: Limits.boundLimbs) }

  /// Limbs of the total: as many as its line has (`DigitLayout.lines`), held likewise. Σ_i 4^(F - f_i)·S_i is below
  /// 2^(89 + 2(F - min f)), and 15·(6 + floor(2(F - min f)/15) + 1) > 90 + 2(F - min f).
  /// - Parameter fractionBits: those of the tableau's tensors.
  static func totalDigits(_ bound: BigUInt, fractionBits: [Int]) -> [UInt16] {
    let spread = 2 * ((fractionBits.max() ?? 0) - (fractionBits.min() ?? 0))
    return digits(bound, count: Limits.boundLimbs + spread / Limits.logLimb + 1)
  }

  private static func digits(_ bound: BigUInt, count: Int) -> [UInt16] {
    min(bound, BigUInt(ones: Limits.logLimb * count)).digits(count: count)
  }
}
