// SPDX-License-Identifier: Apache-2.0

/// The names of the files that the reader gave, without folders, for commands that are shown.
package struct ReportFileNames: Sendable {
  package let identity: String
  /// Nil where the policies inside the certificates were used.
  package let policy: String?

  package init(identity: String, policy: String?) {
    self.identity = identity
    self.policy = policy
  }
}
