// SPDX-License-Identifier: Apache-2.0

/// The names of the files that the reader gave, without folders, for commands that are shown.
package struct ReportFileNames: Sendable {
  package let identity: String
  /// Nil where the policies inside the certificates were used.
  package let policy: String?
  /// Nil where no transition was given.
  package let transition: (tableau: String, transition: String)?

  package init(identity: String, policy: String?, transition: (tableau: String, transition: String)? = nil) {
    self.identity = identity
    self.policy = policy
    self.transition = transition
  }
}
