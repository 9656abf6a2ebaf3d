// SPDX-License-Identifier: Apache-2.0

/// What a command line asks for.
enum Invocation {
  /// Help about a command, or about the tool.
  case help(CommandDescription?)
  case version
  case command(ParsedArguments)
}

/// The arguments of one command, complete: everything required is there.
struct ParsedArguments {
  let command: CommandDescription
  fileprivate(set) var values: [String: String] = [:]
  fileprivate(set) var flags: Set<String> = []
  /// All values of each option and positional argument that takes several.
  fileprivate(set) var lists: [String: [String]] = [:]

  /// The value of a positional argument or of an option, by the name that its description gives it.
  func value(_ name: String) throws(UsageError) -> String {
    guard let value = values[name] else { throw UsageError("\(name) is missing", command: command) }
    return value
  }

  func has(_ flag: String) -> Bool { flags.contains(flag) }
}

/// Reads command lines against descriptions: `--x v`, `--x=v`, `-x v`, positionals anywhere, `--` ends the options.
struct ArgumentParser {
  let commands: [CommandDescription]

  func parse(_ arguments: [String]) throws(UsageError) -> Invocation {
    guard let first = arguments.first else { throw UsageError("no command given", suggestion: "--help") }
    switch first {
    case "--help", "-h": return .help(nil)
    case "--version": return .version
    case "help":
      guard arguments.count > 1 else { return .help(nil) }
      return .help(try command(at: Array(arguments.dropFirst())).command)
    default: break
    }
    if first.hasPrefix("-") {
      throw UsageError("the command comes before options, found \(Quoting.shown(first))", suggestion: "--help")
    }
    // The first word of commands of two words.
    if commands.contains(where: { $0.name.hasPrefix("\(first) ") }),
      ["--help", "-h"].contains(arguments.dropFirst().first)
    {
      return .help(nil)
    }
    let (command, rest) = try command(at: arguments)
    // Help is given even where the rest of the line is wrong: that is when it is needed.
    if rest.prefix(while: { $0 != "--" }).contains(where: { $0 == "--help" || $0 == "-h" }) { return .help(command) }
    return .command(try parse(rest, of: command))
  }

  /// The command that the line begins with, whose name may be two words, and what follows it.
  private func command(
    at arguments: [String]
  ) throws(UsageError) -> (command: CommandDescription, rest: ArraySlice<String>) {
    let words = arguments.prefix(2).joined(separator: " ")
    if let command = commands.first(where: { $0.name == words }), arguments.count > 1 {
      return (command, arguments.dropFirst(2))
    }
    let first = arguments.first ?? ""
    let verbs = commands.compactMap { command -> String? in
      let parts = command.name.split(separator: " ", maxSplits: 1)
      return parts.count == 2 && parts[0] == first ? String(parts[1]) : nil
    }
    guard verbs.isEmpty else {
      throw UsageError(
        "\(first) is followed by one of \(verbs.joined(separator: ", "))", suggestion: "\(first) \(verbs[0])")
    }
    return (try command(named: first), arguments.dropFirst())
  }

  private func command(named name: String) throws(UsageError) -> CommandDescription {
    if let command = commands.first(where: { $0.name == name }) { return command }
    throw UsageError(
      "unknown command \(Quoting.shown(name))", suggestion: Similarity.nearest(to: name, in: commands.map(\.name)))
  }

  private func parse(
    _ arguments: ArraySlice<String>, of command: CommandDescription
  ) throws(UsageError) -> ParsedArguments {
    var parsed = ParsedArguments(command: command)
    var rest = arguments
    var places = command.positionals[...]
    var optionsEnded = false
    while let argument = rest.popFirst() {
      if argument == "--", !optionsEnded {
        optionsEnded = true
      } else if !optionsEnded, argument.hasPrefix("-"), argument != "-" {
        try parseOption(argument, &rest, into: &parsed)
      } else if let place = places.first {
        guard !argument.isEmpty else { throw UsageError("\(place.name) is empty", command: command) }
        // A list stays in its place for what follows.
        if place.isList {
          parsed.lists[place.name, default: []].append(argument)
        } else {
          places.removeFirst()
        }
        parsed.values[place.name] = parsed.values[place.name] ?? argument
      } else {
        let names = command.positionals.map(\.name).joined(separator: " ")
        let expected = names.isEmpty ? "none" : "only \(names)"
        throw UsageError(
          "unexpected argument \(Quoting.shown(argument)): \(command.name) takes \(expected) besides options",
          command: command)
      }
    }
    if let place = places.first, parsed.values[place.name] == nil {
      throw UsageError("\(place.name) is missing", command: command)
    }
    let isOptional = command.freeingFlag.map { parsed.flags.contains($0.flag) ? $0.options : [] } ?? []
    for option in command.options
    where option.isRequired && !isOptional.contains(option.name)
      && parsed.values[option.name] == nil
    {
      throw UsageError("\(option.spelling) \(option.value ?? "") is missing", command: command)
    }
    return parsed
  }

  private func parseOption(
    _ argument: String, _ rest: inout ArraySlice<String>, into parsed: inout ParsedArguments
  ) throws(UsageError) {
    let command = parsed.command
    let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let (spelling, attached) = (parts[0], parts.count > 1 ? parts[1] : nil)
    let found = command.options.first { option in
      spelling == option.spelling || option.short.map { spelling == "-\($0)" } ?? false
    }
    guard let option = found else {
      throw UsageError(
        "unknown option \(Quoting.shown(spelling)) for \(command.name)",
        suggestion: Similarity.nearest(to: spelling, in: command.shownOptions.map(\.spelling)), command: command)
    }
    guard parsed.values[option.name] == nil || option.isRepeatable, !parsed.flags.contains(option.name) else {
      throw UsageError("\(option.spelling) is given twice", command: command)
    }
    guard option.value != nil else {
      guard attached == nil else { throw UsageError("\(option.spelling) takes no value", command: command) }
      parsed.flags.insert(option.name)
      return
    }
    guard let value = attached ?? rest.popFirst(), !value.isEmpty else {
      throw UsageError("\(option.spelling) needs a value", command: command)
    }
    // A forgotten value would otherwise swallow the next option.
    guard attached != nil || value == "-" || !value.hasPrefix("-") else {
      throw UsageError(
        "\(option.spelling) needs a value, found \(Quoting.shown(value)) (for a value with a dash write "
          + "\(option.spelling)=\(value))", command: command)
    }
    parsed.values[option.name] = parsed.values[option.name] ?? value
    guard option.isList || option.isRepeatable else { return }
    parsed.lists[option.name, default: []].append(value)
    while option.isList, let next = rest.first, !next.hasPrefix("-"), !next.isEmpty {
      parsed.lists[option.name]?.append(next)
      rest.removeFirst()
    }
  }
}
