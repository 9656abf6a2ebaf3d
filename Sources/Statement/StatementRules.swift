// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
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
  /// Of manifest 8: the revised ones, of policies with rounding bounds, about a base that is committed to. No link has them.
  case rounding

  /// What provers use for policies without entrywise bounds.
  package static let current = StatementRules.revised

  /// What provers use. Who knows no bounds on single entries can go on verifying all other certificates.
  package static func current(for policy: Policy) -> StatementRules {
    if policy.firstRuleWithRounding != nil { return .rounding }
    return policy.firstRuleWithEntryBounds == nil ? .current : .entrywise
  }

  /// - Throws: where a certificate's rules are not those of its policy: every statement has one version.
  func check(_ policy: Policy) throws(StatementError) {
    switch (policy.firstRuleWithRounding, self) {
    case (let rule?, .original), (let rule?, .revised), (let rule?, .entrywise):
      throw .roundingUnderEarlierRules(rule: rule)
    case (nil, .rounding): throw .roundingRulesWithoutRounding
    case (_?, .rounding): return
    case (nil, _): break
    }
    switch (policy.firstRuleWithEntryBounds, self) {
    case (let rule?, .original), (let rule?, .revised): throw .entryBoundsUnderEarlierRules(rule: rule)
    case (nil, .entrywise): throw .entryRulesWithoutEntryBounds
    case (_?, .entrywise), (_?, .rounding), (nil, _): break
    }
  }

  /// Of a base: the one under which its tableau lies, for statements that speak of it, and the weights' for all others.
  /// - Throws: `coverageGap` where the policy needs a tableau that the identity has not.
  /// - Parameter isAligned: the statement's tensors lie where the base's tableau has them.
  package static func baseRoot(
    _ identity: BaseIdentity, for policy: Policy, isAligned: Bool = false
  ) throws(StatementError) -> [UInt8] {
    if isAligned {
      guard let root = identity.linkedRoot else { throw .coverageGap([.nothingToAlignWith]) }
      return root
    }
    guard let rule = policy.firstRuleWithRounding else { return identity.root }
    guard let root = identity.linkedRoot else { throw .coverageGap([.baseNotCommitted(rule: rule)]) }
    return root
  }
}
