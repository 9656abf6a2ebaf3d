// SPDX-License-Identifier: Apache-2.0

import DriftProofPolicy
import Foundation

/// Bounds as a policy shows them: two significant digits, so that a public policy tells little about the runs.
enum RoundedBound {
  /// Relative slack that covers all rounding in `Double` before the bound is written down.
  static let slack = 1e-6

  /// The smallest decimal of two significant digits that is at least value·(1 + slack), so that what was measured as
  /// `value` is inside; nil for numbers that a policy cannot hold (and for zero).
  static func up(_ value: Double) -> Decimal10? {
    guard value.isFinite, value > 0 else { return nil }
    let target = value * (1 + slack)
    var exponent = Int(log10(target).rounded(.down)) - 1
    var mantissa = (target / pow(10, Double(exponent))).rounded(.up)
    if mantissa >= 100 { (mantissa, exponent) = ((mantissa / 10).rounded(.up), exponent + 1) }
    return try? Decimal10("\(Int(mantissa))e\(exponent)")
  }

  /// The same for a whole number of things: the slack would lift 20 to 21.
  static func up(count: Double) -> Decimal10? { up(count / (1 + 2 * slack)) }
}
