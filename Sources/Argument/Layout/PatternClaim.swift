// SPDX-License-Identifier: Apache-2.0

/// Where a tensor may differ from zero, place by place; docs/protocol.md section 4.
///
/// The prover commits to a cell z for each place. With X = Δ and T the base's integers the argument proves, in the field,
///
///     z² - z = 0     (1 - z)·X = 0             Σ z = N over every group       drift
///     z² - z = 0     (1 - z)·(X + T) = 0       Σ z = N over every group       tuned
///     X - z·T = 0                                                             base
///
/// so that at most N of M neighbours in a row of the drift, or of the tuned weights, are not 0; or that no weight is changed that
/// is 0 in the base.
package struct PatternClaim: Hashable, Sendable {
  package enum Form: UInt8, Hashable, Sendable, CaseIterable {
    case drift = 0
    case tuned
    case base
  }

  package var form: Form
  /// N; 0 of the base's pattern.
  package var count: Int
  /// log2 of M; 0 of the base's pattern.
  package var logGroup: Int

  package init(form: Form, count: Int = 0, logGroup: Int = 0) {
    self.form = form
    self.count = count
    self.logGroup = logGroup
  }

  /// N of every M neighbours in a row may differ from 0.
  package static func drift(_ count: Int, of group: Int) -> PatternClaim {
    PatternClaim(form: .drift, count: count, logGroup: ceilLog2(group))
  }

  package static func tuned(_ count: Int, of group: Int) -> PatternClaim {
    PatternClaim(form: .tuned, count: count, logGroup: ceilLog2(group))
  }

  package static let base = PatternClaim(form: .base)

  /// M.
  package var group: Int { 1 << logGroup }
  package var hasGroups: Bool { form != .base }
  package var speaksOfBase: Bool { form != .drift }

  /// At most the smallest sub-cube, so that a group lies in one tensor's places, and below the rounds in which the prover
  /// streams.
  package static let logGroups = 1...Limits.logSmallestCube
  /// As many clauses as a policy's rule has.
  package static let maximumClaims = 16
}

/// Oracles of Z-space, in the order of their evaluations.
package enum PatternOracle: Int, CaseIterable, Hashable, Sendable {
  /// z: rows of P1.
  case cells = 0
  /// X: rows of the drift.
  case drift
  /// T: rows of the base.
  case base
}

/// The relations of pattern claims, each with a power of λ of its own.
package enum PatternRelation: Int, CaseIterable, Sendable {
  /// z² - z.
  case cellBits = 0
  /// (1 - z)·X, (1 - z)·(X + T), or X - z·T.
  case support
  /// Σ z - N.
  case groups
}
