// SPDX-License-Identifier: Apache-2.0

/// What a document may be beyond the grammar of RFC 8259: limits that bound a reader's time and memory, and comments.
package struct JSONDialect: Sendable {
  /// Bytes of a document.
  package let maximumBytes: Int
  /// Arrays and objects inside one another.
  package let maximumDepth: Int
  /// Values in all, those of members and elements among them.
  package let maximumValues: Int
  /// Whether comments from `//` to the end of the line may stand wherever white space may.
  package let allowsComments: Bool

  package init(maximumBytes: Int, maximumDepth: Int, maximumValues: Int, allowsComments: Bool) {
    self.maximumBytes = maximumBytes
    self.maximumDepth = maximumDepth
    self.maximumValues = maximumValues
    self.allowsComments = allowsComments
  }

  /// Documents that programs write: whoever reads the file limits its size; 2^25 values are more than any checkpoint's
  /// identity has.
  package static let standard = JSONDialect(
    maximumBytes: .max, maximumDepth: 64, maximumValues: 1 << 25, allowsComments: false)
}
