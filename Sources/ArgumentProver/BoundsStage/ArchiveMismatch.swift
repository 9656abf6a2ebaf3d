// SPDX-License-Identifier: Apache-2.0

/// An archive holds a record of another proof, or a damaged one.
package struct ArchiveMismatch: Error, Equatable, Sendable, CustomStringConvertible {
  package let name: String

  package init(name: String) { self.name = name }

  package var description: String { "what is kept as \"\(name)\" does not belong to this proof" }
}
