// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCurve
import DriftProofCurveCommitment

/// Commits to rows of at most 2^l cells: Σ q_x·[τ^x]_1 + ρ·H.
///
/// The multiple of H takes the same time for every blinding. Sums over cells do not: which buckets they touch depends on
/// the cells.
package struct CurveCommitter: Sendable {
  package let key: CurveSetupKey
  /// l.
  package let logLength: Int
  /// [τ^x]_1 for x < 2^l.
  package let powers: PointTable
  private static let blindingBase = FixedBase(HashedGenerators.blinding)

  /// - Parameter powers: exactly 2^logLength points.
  package init(key: CurveSetupKey, logLength: Int, powers: PointTable) {
    precondition(powers.count == 1 << logLength, "\(powers.count) powers for rows of 2^\(logLength) cells")
    self.key = key
    self.logLength = logLength
    self.powers = powers
  }

  package func commit(_ cells: [Int64], blinding: Fr) -> G1 { powers.sum(cells) + Self.blinding(blinding) }

  package func commit(_ cells: [Fr], blinding: Fr) -> G1 { powers.sum(cells) + Self.blinding(blinding) }

  /// ρ·H.
  package static func blinding(_ scalar: Fr) -> G1 {
    scalar.isZero ? .infinity : blindingBase.times(scalar)
  }
}

extension CurveCommitter {
  /// The powers of a τ that the caller knows, who can forge proofs under them.
  package init(secret: Fr, logLength: Int) {
    self.init(
      key: CurveSetupKey(
        first: secret * G1.generator, second: secret * G2.generator, secondSquare: (secret * secret) * G2.generator),
      logLength: logLength, powers: PointTable(Self.powers(of: secret, count: 1 << logLength)))
  }

  /// [s^x]_1 for x < count.
  package static func powers(of secret: Fr, count: Int) -> [G1] {
    let base = FixedBase(.generator)
    let part = 1 << 8
    return Parallel.map((count + part - 1) / part) { index -> [G1] in
      var power = secret.power(index * part)
      return (index * part..<min(count, (index + 1) * part)).map { _ in
        defer { power = power * secret }
        return base.times(power)
      }
    }.flatMap { $0 }
  }
}
