// SPDX-License-Identifier: Apache-2.0

import DriftProofField

/// The cells of one bound line: slack_j + carry_{j-1} - 2^15·carry_j, with carry_{-1} = carry_{J-1} = 0.
package enum BoundLineWeights {
  /// Σ weight·table[cell] for lines of any powers: the weights are linear in the powers, so that the sums over digits are
  /// the same for all lines of one table.
  package struct Sums: Sendable {
    /// By limb.
    private var slack: [CubicExtension] = []
    private var carry: [CubicExtension] = []

    /// - Parameter table: a value for each cell of a slot.
    package init(_ table: [CubicExtension]) {
      for limb in 0..<table.count >> BoundLine.logCellsPerLimb {
        func sum(_ digits: Int, cell: (Int) -> Int) -> CubicExtension {
          (0..<digits).reduce(.zero) { $0 + table[cell($1)] * Goldilocks(1 << (Limits.logDigit * $1)) }
        }
        slack.append(sum(Limits.limbDigits) { BoundLine.slackCell(limb: limb, digit: $0) })
        carry.append(sum(Limits.carryDigits) { BoundLine.carryCell(limb: limb, digit: $0) })
      }
    }

    /// What ``BoundLineWeights/forEachCell(powers:_:)`` adds up to.
    /// - Parameter powers: at most as many as the table has limbs.
    package func value(powers: [CubicExtension]) -> CubicExtension {
      var sum = CubicExtension.zero
      for (limb, power) in powers.enumerated() {
        sum += slack[limb] * power
        guard limb + 1 < powers.count else { continue }
        sum += carry[limb] * (powers[limb + 1] - power * Goldilocks(1 << Limits.logLimb))
      }
      return sum
    }
  }

  /// - Parameter powers: λ-power of each limb's line.
  package static func forEachCell(powers: [CubicExtension], _ body: (_ cell: Int, _ weight: CubicExtension) -> Void) {
    for (limb, power) in powers.enumerated() {
      for digit in 0..<Limits.limbDigits {
        body(BoundLine.slackCell(limb: limb, digit: digit), power * Goldilocks(1 << (Limits.logDigit * digit)))
      }
      guard limb + 1 < powers.count else { continue }
      // The carry leaves this line, times 2^15, and enters the next one.
      let weight = powers[limb + 1] - power * Goldilocks(1 << Limits.logLimb)
      for digit in 0..<Limits.carryDigits {
        body(BoundLine.carryCell(limb: limb, digit: digit), weight * Goldilocks(1 << (Limits.logDigit * digit)))
      }
    }
  }
}
