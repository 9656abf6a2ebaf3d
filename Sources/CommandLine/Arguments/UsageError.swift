// SPDX-License-Identifier: Apache-2.0

/// A command line that cannot be understood: exit code 2.
struct UsageError: Error {
  let message: String
  /// The nearest thing that would have been right.
  let suggestion: String?
  let command: CommandDescription?

  init(_ message: String, suggestion: String? = nil, command: CommandDescription? = nil) {
    self.message = message
    self.suggestion = suggestion
    self.command = command
  }

  /// One sentence, with the suggestion where there is one.
  var reason: String { suggestion.map { "\(message); did you mean \($0)?" } ?? message }

  /// What to type instead.
  var remedy: String {
    command.map { "usage: \($0.usage)\n\($0.name)'s help: driftproof \($0.name) --help" }
      ?? "usage: driftproof COMMAND ...; see driftproof --help"
  }
}

/// The nearest of some words, for suggestions.
enum Similarity {
  /// The candidate with the fewest edits, if these are few against its length; the first of equals.
  static func nearest(to word: String, in candidates: [String]) -> String? {
    let near = candidates.map { (word: $0, edits: edits(word, $0)) }.min { $0.edits < $1.edits }
    guard let near, near.edits <= max(2, near.word.count / 2) else { return nil }
    return near.word
  }

  /// Levenshtein's distance.
  private static func edits(_ left: String, _ right: String) -> Int {
    // A line of thousands of characters is no misspelling; its distance need not be known.
    let (a, b) = (Array(left.prefix(64)), Array(right.prefix(64)))
    var row = Array(0...b.count)
    for (i, character) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, other) in b.enumerated() {
        let replaced = diagonal + (character == other ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
      }
    }
    return row[b.count]
  }
}
