// SPDX-License-Identifier: Apache-2.0

import DriftProofField

/// The cells of one bound line: slack_j + carry_{j-1} - 2^15·carry_j, with carry_{-1} = carry_{J-1} = 0.
package enum BoundLineWeights {
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
