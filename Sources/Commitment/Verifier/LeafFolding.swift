// SPDX-License-Identifier: Apache-2.0

import DriftProofField

/// The folding of whole leaves of one layer: a leaf is a coset of the 2^folds-th roots of unity.
///
/// With f(X) = e(X²) + X·o(X²): e(η²) = (f(η) + f(-η))/2, o(η²) = (f(η) - f(-η))/(2η), and the fold is
/// (1-r)·e + r·o, the binding of the lowest variable of the coefficients' multilinear extension.
struct LeafFolding {
  private let inverses: CodeDomain
  private let challenges: [CubicExtension]
  /// Per folding and pair a: ω^{-rev(2a)}/2, ω the root of unity of the order of what is left of the leaf.
  private let twiddles: [[Goldilocks]]

  init(domain: CodeDomain, challenges: [CubicExtension]) {
    inverses = domain.inverted
    self.challenges = challenges
    twiddles = challenges.indices.map { step in
      let log = challenges.count - step
      let root = Goldilocks.rootOfUnity(logOrder: log).inverse
      return (0..<1 << (log - 1)).map { pair in
        root.power(UInt64(CodeDomain.reverseBits(2 * pair, count: log))) * Goldilocks.half
      }
    }
  }

  /// The folded polynomial's value at position `leaf` of the next layer. `values`: 2^challenges.count of them.
  func fold(_ values: ArraySlice<CubicExtension>, leaf: Int) -> CubicExtension {
    var current = Array(values)
    // 1/η of the leaf's first position; it squares with every folding.
    var inverse = inverses.point(leaf << challenges.count)
    for (factors, r) in zip(twiddles, challenges) {
      for (pair, factor) in factors.enumerated() {
        let (a, b) = (current[2 * pair], current[2 * pair + 1])
        let even = (a + b) * Goldilocks.half
        let odd = (a - b) * (factor * inverse)
        current[pair] = even + (odd - even) * r
      }
      inverse *= inverse
    }
    return current[0]
  }
}
