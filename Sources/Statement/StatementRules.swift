// SPDX-License-Identifier: Apache-2.0

/// Which rules turn policy, identity and tuned tensors into a statement. The manifest's version chooses them, so that a
/// certificate made under earlier rules is verified under those (docs/protocol.md section 2).
package enum StatementRules: Hashable, Sendable, CaseIterable {
  /// Of manifests 2 and 3.
  case original
  /// Of manifests 4 and 5.
  case revised

  /// What provers use.
  package static let current = StatementRules.revised
}
