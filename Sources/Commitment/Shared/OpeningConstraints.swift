// SPDX-License-Identifier: Apache-2.0

import DriftProofField

/// The linear claims on folded combinations, on both sides; docs/protocol.md section 6.

extension OpeningLayout {
  /// What one folded claim says about the low part of its combination u: ⟨c, u_low⟩ first, then u_low(z) for its pins.
  package struct Targets {
    package var functional: CubicExtension
    /// u(z) of the whole combination, tail included, in the order of ``OpeningLayout/pins``.
    package var pins: [CubicExtension]

    package init(functional: CubicExtension, pins: [CubicExtension]) {
      self.functional = functional
      self.pins = pins
    }
  }

  /// Claims and pins of all folded claims together: each gets its own power of χ.
  package var constraintCount: Int { foldedClaims.reduce(0) { $0 + 1 + pins[$1].count } }

  /// u(z) = Σ_b (β + β_b)·P_b(z) + mask(z), β_b = 0 for trees without pins.
  ///
  /// - Parameters:
  ///   - own: P_a(z) of the pinned tree a itself, from its pins.
  ///   - others: P_b(z), in the order of `pin.others`.
  package func pinTarget(
    claim: Int, pin: Pin, own: CubicExtension, others: [CubicExtension], mask: CubicExtension, beta: CubicExtension,
    pinBetas: [CubicExtension]
  ) -> CubicExtension {
    func coefficient(_ tree: Int) -> CubicExtension {
      pins[claim].firstIndex { $0.tree == tree }.map { beta + pinBetas[$0] } ?? beta
    }
    var sum = mask + coefficient(pin.tree) * own
    for (tree, value) in zip(pin.others, others) { sum += coefficient(tree) * value }
    return sum
  }
}
