// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The commands of a text with what it says that they print.
///
/// In blocks of the language `console`, a line `$ COMMAND` (which goes on after a line that ends in a backslash) is
/// followed by lines of its output. A line `...` stands for any number of lines, `…` in a line for any characters.
struct Tutorial {
  struct Step {
    let line: Int
    let command: String
    let expected: [String]
  }

  let steps: [Step]

  init(_ text: String) {
    var steps: [Step] = []
    var isInside = false
    var command: (line: Int, text: String)?
    var expected: [String] = []
    var isOpen = false
    func finish() {
      if let command { steps.append(Step(line: command.line, command: command.text, expected: expected)) }
      command = nil
      expected = []
    }
    for (index, line) in text.components(separatedBy: "\n").enumerated() {
      if line.hasPrefix("```") {
        finish()
        isInside = line == "```console"
        isOpen = false
      } else if isInside, isOpen {
        command?.text += "\n" + line
        isOpen = line.hasSuffix("\\")
      } else if isInside, line.hasPrefix("$ ") {
        finish()
        command = (index + 1, String(line.dropFirst(2)))
        isOpen = line.hasSuffix("\\")
      } else if isInside {
        expected.append(line)
      }
    }
    finish()
    self.steps = steps
  }
}

extension Tutorial.Step {
  /// The first expected line that the output lacks; nil when it is as the text says.
  func missingLine(in output: [String]) -> String? {
    var position = 0
    var mayskip = false
    let shown = expected.drop { $0.isEmpty }.reversed().drop { $0.isEmpty }.reversed()
    for line in shown {
      if line == "..." {
        mayskip = true
        continue
      }
      guard let found = output[position...].firstIndex(where: { Self.matches($0, pattern: line) }),
        mayskip || found == position
      else { return line }
      position = found + 1
      mayskip = false
    }
    // Output that the text does not show must be announced by dots.
    if !mayskip, position < output.count, !shown.isEmpty { return "(nothing after this: \(output[position]))" }
    return nil
  }

  private static func matches(_ line: String, pattern: String) -> Bool {
    let parts = pattern.components(separatedBy: "…")
    guard parts.count > 1 else { return line == pattern }
    guard let first = parts.first, let last = parts.last, line.hasPrefix(first) else { return false }
    var rest = line.dropFirst(first.count)
    for part in parts.dropFirst().dropLast() where !part.isEmpty {
      guard let range = rest.range(of: part) else { return false }
      rest = rest[range.upperBound...]
    }
    return rest.hasSuffix(last)
  }
}
