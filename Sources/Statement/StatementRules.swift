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
  /// Of manifest 9: the revised ones, of policies with patterns, and whatever other bounds.
  case patterns
  /// Of manifest 10: the revised ones, of policies with sums of Kronecker products, and whatever other bounds.
  case blocks
  /// Of manifest 13: the revised ones, of policies with circulant blocks, and whatever else.
  case circulants

  /// What provers use for policies without entrywise bounds.
  package static let current = StatementRules.revised

  /// What provers use. Who knows no bounds on single entries can go on verifying all other certificates.
  package static func current(for policy: Policy) -> StatementRules {
    if policy.firstRuleWithCirculants != nil { return .circulants }
    if policy.firstRuleWithBlocks != nil { return .blocks }
    if policy.firstRuleWithPattern != nil { return .patterns }
    if policy.firstRuleWithRounding != nil { return .rounding }
    return policy.firstRuleWithEntryBounds == nil ? .current : .entrywise
  }

  /// What stands against a policy in a link of a chain: what is committed to is the chain's base, and not the model before the
  /// link.
  package static func gapInLink(_ policy: Policy) -> CoverageGap? {
    policy.firstRuleWithRounding.map { .roundingInLink(rule: $0) }
      ?? policy.firstRuleWithBasePattern.map { .patternInLink(rule: $0) }
  }

  /// - Throws: where a certificate's rules are not those of its policy: every statement has one version.
  func check(_ policy: Policy) throws(StatementError) {
    switch (policy.firstRuleWithCirculants, self) {
    case (_?, .circulants): return
    case (let rule?, _): throw .circulantsUnderEarlierRules(rule: rule)
    case (nil, .circulants): throw .circulantRulesWithoutCirculants
    case (nil, _): break
    }
    switch (policy.firstRuleWithBlocks, self) {
    case (_?, .blocks): return
    case (let rule?, _): throw .blocksUnderEarlierRules(rule: rule)
    case (nil, .blocks): throw .blockRulesWithoutBlocks
    case (nil, _): break
    }
    switch (policy.firstRuleWithPattern, self) {
    case (_?, .patterns): return
    case (let rule?, _): throw .patternsUnderEarlierRules(rule: rule)
    case (nil, .patterns): throw .patternRulesWithoutPatterns
    case (nil, _): break
    }
    switch (policy.firstRuleWithRounding, self) {
    case (let rule?, .original), (let rule?, .revised), (let rule?, .entrywise):
      throw .roundingUnderEarlierRules(rule: rule)
    case (nil, .rounding): throw .roundingRulesWithoutRounding
    case (_?, .rounding): return
    case (nil, _), (_?, .patterns), (_?, .blocks), (_?, .circulants): break
    }
    switch (policy.firstRuleWithEntryBounds, self) {
    case (let rule?, .original), (let rule?, .revised): throw .entryBoundsUnderEarlierRules(rule: rule)
    case (nil, .entrywise): throw .entryRulesWithoutEntryBounds
    case (_?, .entrywise), (_?, .rounding), (_?, .patterns), (_?, .blocks), (_?, .circulants), (nil, _): break
    }
  }

  /// Of a base: the one under which its tableau lies, for statements that speak of it, and the weights' for all others. Of a next
  /// base always the former: the leaves below the latter are its base's.
  /// - Throws: `coverageGap` where the policy needs a tableau that the identity has not.
  /// - Parameter isAligned: the statement's tensors lie where the base's tableau has them.
  package static func baseRoot(
    _ identity: BaseIdentity, for policy: Policy, isAligned: Bool = false
  ) throws(StatementError) -> [UInt8] {
    if isAligned || identity.linked?.isNext ?? false {
      guard let root = identity.linkedRoot else { throw .coverageGap([.nothingToAlignWith]) }
      return root
    }
    guard policy.speaksOfBase else { return identity.root }
    guard let root = identity.linkedRoot else {
      throw .coverageGap([
        policy.firstRuleWithRounding.map { .baseNotCommitted(rule: $0) }
          ?? .patternNeedsBase(rule: policy.firstRuleWithBasePattern ?? 0)
      ])
    }
    return root
  }
}
