// SPDX-License-Identifier: Apache-2.0

import DriftProofField
import Foundation

/// What is proven about Reed-Solomon codes below the Johnson radius; docs/protocol.md section 6 names the theorems.
///
/// A code of n points and degree below ρn, multiplicity m ≥ 3, radius δ = 1 - α with α = √ρ·(1 + 1/(2m)).
struct JohnsonRadius {
  /// m of the rows' code: query phases come within 1/(2m) of √ρ. The exceptions below grow with m⁵; 32 leaves them
  /// under 2^-130 for rows.
  static let rowMultiplicity = 32
  /// m of the inner layers, whose lower rates have more exceptions and lose less to a small m.
  static let layerMultiplicity = 8

  let multiplicity: Int

  /// ρ: the number of coefficients over n.
  let rate: Double
  /// n.
  let length: Double

  /// The theorem for lists of codewords takes ⌈√ρ/(α - √ρ)⌉ = 2m where the one for a single codeword takes m.
  private var shifted: Double { Double(2 * multiplicity) + 0.5 }

  /// α: a word at distance δ or more agrees with every codeword on less than α of the positions.
  var agreement: Double { rate.squareRoot() * (1 + 1 / (2 * Double(multiplicity))) }

  /// ℓ: codewords within distance δ of a word; also of interleaved words, which are words over an extension field.
  var listSize: Double { shifted / rate.squareRoot() }

  /// a: challenges of a line f₀ + z·f₁ for which some set of αn positions carries a codeword of the line's point, but
  /// not codewords of f₀ and f₁; d·a for a curve of degree d.
  var exceptions: Double {
    let delta = 1 - agreement
    return (2 * pow(shifted, 5) + 3 * shifted * delta * rate) / (3 * rate * rate.squareRoot()) * length
      + shifted / rate.squareRoot()
  }

  /// log2 |K| = 3·log2 p.
  static let fieldBits = 3 * log2(Double(Goldilocks.modulus))

  /// -log2 of the probability that two of the list's words agree at a random point of K: ℓ²/2·(coefficients)/|K|.
  func outOfDomainBits(coefficients: Double) -> Double {
    Self.fieldBits - log2(listSize * listSize / 2 * coefficients)
  }
}
