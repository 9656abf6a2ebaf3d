// SPDX-License-Identifier: Apache-2.0

extension BigUInt {
  /// floor(√self), or a number that is below it by a factor of at most 1 - 2^-61.
  package var squareRoot: BigUInt { root(roundsUp: false) }

  /// ceil(√self), or a number that exceeds it by a factor of at most 1 + 2^-61.
  package var squareRootRoundedUp: BigUInt { root(roundsUp: true) }

  /// Exact below 2^126; of larger numbers the root of the leading 125 or 126 bits.
  private func root(roundsUp: Bool) -> BigUInt {
    let shift = max(0, (bitCount - 125) / 2)
    let leading = self >> (2 * shift)
    var square = leading.limbs.reversed().reduce(UInt128(0)) { $0 << 32 | UInt128($1) }
    if roundsUp, leading << (2 * shift) != self { square += 1 }
    var root: UInt128 = 0
    for bit in (0..<64).reversed() {
      let candidate = root | UInt128(1) << bit
      // Below 2^64, so the product fits.
      if candidate * candidate <= square { root = candidate }
    }
    if roundsUp, root * root < square { root += 1 }
    return BigUInt(root) << shift
  }
}
