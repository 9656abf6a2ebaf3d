// SPDX-License-Identifier: Apache-2.0

/// How sure a verdict must be, and how many questions it may take: the three presets of docs/audit.md.
package enum AuditMode: String, CaseIterable, Sendable {
  case quick, audit, extended

  /// 1/α, where α bounds the probability of a wrong verdict, for each of the two by itself.
  package var inverseAlpha: Int {
    switch self {
    case .quick: 40
    case .audit: 100
    case .extended: 1000
    }
  }

  /// The margin on the scale of thousandths on which evidence is counted: what a request at the margin scores.
  package var margin: Int {
    switch self {
    case .quick: 150
    case .audit: 100
    case .extended: 80
    }
  }

  /// From this score on, a request counts as far off.
  package var tailScore: Int { 500 }

  /// 1/ρ, where ρ is the share of requests that may be far off.
  package var inverseTailShare: Int {
    switch self {
    case .quick: 20
    case .audit: 50
    case .extended: 80
    }
  }

  /// Requests that an audit asks unless it is told to go on.
  package var budget: Int {
    switch self {
    case .quick: 120
    case .audit: 400
    case .extended: 800
    }
  }

  /// The margin of a plan that names none, in millionths of the score's unit.
  package var defaultMargin: Int { margin * 1000 }

  /// Requests after which endpoints of no distance at all hear SAME: the last line of the tail clause.
  package var fewestForSame: Int { SameClauses.fewestRequests(of: self) }
}
