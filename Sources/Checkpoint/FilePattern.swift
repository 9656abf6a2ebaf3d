// SPDX-License-Identifier: Apache-2.0

/// A pattern for names of files in one folder: `*` stands for any run of characters, `?` for one; all else for itself.
package struct FilePattern: Sendable, Hashable {
  package let text: String

  package init(_ text: String) { self.text = text }

  /// Whether it matches the whole name, by Unicode scalars; in time of the product of both lengths at most.
  package func matches(_ name: String) -> Bool {
    let (pattern, name) = (Array(text.unicodeScalars), Array(name.unicodeScalars))
    var (i, j) = (0, 0)
    // The last star and where it has got to.
    var star: (pattern: Int, name: Int)?
    while j < name.count {
      if i < pattern.count, pattern[i] == "*" {
        star = (i, j)
        i += 1
      } else if i < pattern.count, pattern[i] == "?" || pattern[i] == name[j] {
        i += 1
        j += 1
      } else if let last = star {
        star = (last.pattern, last.name + 1)
        i = last.pattern + 1
        j = last.name + 1
      } else {
        return false
      }
    }
    return pattern[i...].allSatisfy { $0 == "*" }
  }
}
