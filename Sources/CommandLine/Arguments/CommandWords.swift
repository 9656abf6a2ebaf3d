// SPDX-License-Identifier: Apache-2.0

/// The words of commands' names, of which some share the first: `policy init`, `policy explain`.
struct CommandWords {
  /// A first word that is a command's name by itself or begins several.
  struct Group {
    let word: String
    /// In order; the second word is nil for a command of one.
    var commands: [(verb: String?, command: CommandDescription)]

    var verbs: [String] { commands.compactMap(\.verb) }

    /// One line about all of them.
    var summary: String {
      verbs.isEmpty ? commands.first?.command.summary ?? "" : verbs.joined(separator: ", ")
    }
  }

  /// In the order of the commands.
  let groups: [Group]

  init(_ commands: [CommandDescription]) {
    var groups: [Group] = []
    for command in commands {
      let words = command.name.split(separator: " ", maxSplits: 1).map(String.init)
      let entry = (verb: words.count > 1 ? words[1] : nil, command: command)
      if let place = groups.firstIndex(where: { $0.word == words[0] }) {
        groups[place].commands.append(entry)
      } else {
        groups.append(Group(word: words[0], commands: [entry]))
      }
    }
    self.groups = groups
  }

  var firstWords: [String] { groups.map(\.word) }
  /// Those that a second word must follow.
  var prefixes: [Group] { groups.filter { !$0.verbs.isEmpty } }
}
