// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import Foundation

/// A setup whose ceremony this program knows: proofs under it are taken without naming it.
public struct KnownCurveSetup: Sendable, Equatable {
  /// A name for people.
  public let name: String
  /// The setup's id.
  public let id: [UInt8]
  /// The logarithm of how many powers of this τ were published, whatever a file has of them: what attacks on τ may use.
  public let logPowers: Int

  /// All that are known.
  public static let all: [KnownCurveSetup] = [
    // The smallest of the four sets of Ethereum's KZG ceremony of 2023: 4096 powers in the first group, 65 in the second.
    KnownCurveSetup(
      name: "ethereum-kzg-4096",
      id: [UInt8](hexadecimal: "b6d0dd6ad6b0e934660547c2779711e10822e85674ba897e02a693d95b172925") ?? [], logPowers: 12)
  ]

  /// Nil where no known setup has the id.
  public static func with(id: [UInt8]) -> KnownCurveSetup? { all.first { $0.id == id } }
}

/// What the best known attacks cost, in bits: not part of the statistical soundness, printed beside it.
public enum CurveSecurity {
  /// Cheon's attack on τ where q = 2^logPowers powers are known: about √(r/q) steps, r being 2^254.86.
  public static func genericBits(logPowers: Int) -> Double { (254.857 - Double(logPowers)) / 2 }

  /// What publications estimate for the number field sieve in the pairing's field: from the lowest to the highest.
  public static let fieldSieveBits = 117...126
}
