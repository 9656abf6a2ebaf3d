// SPDX-License-Identifier: Apache-2.0

import DriftProofPolicy

/// Which rules turn policy, identity and tuned tensors into a statement. The manifest's version chooses them, so that a
/// certificate made under earlier rules is verified under those (docs/protocol.md section 2).
package enum StatementRules: Hashable, Sendable, CaseIterable {
  /// Of manifests 2 and 3.
  case original
  /// Of manifests 4 and 5: of policies without entrywise bounds.
  case revised
  /// Of manifests 6 and 7: the revised ones, of policies with entrywise bounds.
  case entrywise

  /// What provers use for policies without entrywise bounds.
  package static let current = StatementRules.revised

  /// What provers use. Who knows no entrywise bounds can go on verifying all other certificates.
  package static func current(for policy: Policy) -> StatementRules {
    policy.firstRuleWithEntryBounds == nil ? .current : .entrywise
  }
}
