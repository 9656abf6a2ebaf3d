// SPDX-License-Identifier: Apache-2.0

/// What a shell may offer in place of a value's name.
enum ValueKind: Equatable {
  /// One of these words: the name is spelled `{a,b}`.
  case words([String])
  case file

  init(name: String) {
    guard name.hasPrefix("{"), name.hasSuffix("}") else {
      self = .file
      return
    }
    self = .words(name.dropFirst().dropLast().split(separator: ",").map(String.init))
  }
}
