// SPDX-License-Identifier: Apache-2.0

import DriftProofField

/// The numbers Y that digits of Y + H allow: -H ≤ Y < H, H ≤ 2^30.
///
/// A number has two words of digits: eight of weights 4^i, and seven (eight where H exceeds 2^29) of weights c·4^i with
/// c = ⌊(2H - 2^16)/(4^7 - 1)⌋ (4^8 - 1). Their sum never exceeds 2H - 1, and c ≤ 2^16 leaves no number below it out but the last
/// few: 2^16 - 1 + c·(4^7 - 1) > 2H - 1 - (4^7 - 1). For H = 2^29 c is 4^8, and these are plain base-4 digits.
package struct DigitRange: Hashable, Sendable {
  /// H; 0 for numbers that must be 0, of which there are no digits.
  package let half: Int

  /// - Parameter half: 0, or ``halves``.
  package init(half: Int) { self.half = half }

  /// -2^29 ..< 2^29, of projections of E and of factors.
  package static let projections = DigitRange(half: Limits.halfRange)
  /// What must be 0.
  package static let zero = DigitRange(half: 0)
  /// So that c is at least 1, and at most 2^16.
  package static let halves = (1 << 15 + 1 << 13)...(1 << 30)

  package static let wordDigits = 8
  /// Digits of the second word.
  package var highDigits: Int { half > Limits.halfRange ? 8 : 7 }
  private var highLimit: Int { 1 << (2 * highDigits) - 1 }
  /// c.
  package var highWeight: Int { half == 0 ? 0 : (2 * half - 1 << 16) / highLimit }

  /// The digits of Y + H as two words; nil for a number that has none.
  package func words(_ number: Int64) -> (low: Int64, high: Int64)? {
    let value = Int(number) + half
    guard half > 0, value >= 0 else { return nil }
    let high = min(highLimit, value / highWeight)
    let low = value - high * highWeight
    return low < 1 << 16 ? (Int64(low), Int64(high)) : nil
  }

  /// What every honest number is: its chunk's norm² times ``Limits/completenessFactor`` is at most H².
  package var largestHonestSquare: UInt128 {
    UInt128(half) * UInt128(half) / UInt128(Limits.completenessFactor)
  }
}
