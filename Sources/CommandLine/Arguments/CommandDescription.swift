// SPDX-License-Identifier: Apache-2.0

/// One command as a value: help, parsing and usage errors all derive from it.
struct CommandDescription: Sendable {
  /// An argument given by its place.
  struct Positional: Sendable {
    let name: String
    let help: String
    /// Takes one or several arguments; the last of its command.
    var isList = false
  }

  /// An argument given by its name.
  struct Option: Sendable {
    /// Without the dashes.
    let name: String
    let short: Character?
    /// What the help calls its value; nil for a flag.
    let value: String?
    let isRequired: Bool
    let help: String
    /// Takes one or several values, up to the next option.
    var isList = false
    /// It may be given several times.
    var isRepeatable = false
    /// Taken, but in no help, manual or completion: what is not finished, or is for tests.
    var isHidden = false

    /// An option with a value that must be given.
    static func required(_ name: String, short: Character? = nil, _ value: String, _ help: String) -> Option {
      Option(name: name, short: short, value: value, isRequired: true, help: help)
    }

    /// An option with a value that may be missing: `ParsedArguments.values` has it or not. A value that is spelled
    /// `{a,b}` is one of these words.
    static func optional(_ name: String, short: Character? = nil, _ value: String, _ help: String) -> Option {
      Option(name: name, short: short, value: value, isRequired: false, help: help)
    }

    /// An option with one or several values that may be missing; given again, it takes more.
    static func optionalList(_ name: String, _ value: String, _ help: String) -> Option {
      Option(name: name, short: nil, value: value, isRequired: false, help: help, isList: true, isRepeatable: true)
    }

    /// An option with one value that may be given several times: `ParsedArguments.lists` has them.
    static func repeatable(_ name: String, _ value: String, _ help: String) -> Option {
      Option(name: name, short: nil, value: value, isRequired: false, help: help, isRepeatable: true)
    }

    /// Of every command that reads a model or adapter folder.
    static let leaveOut = repeatable(
      "leave-out", "PATTERN",
      "a file in a folder that is knowingly no part of the model, such as 'adapter_*' (* and ?); may be repeated")

    /// An option that must be given, with one or several values.
    static func requiredList(_ name: String, _ value: String, _ help: String) -> Option {
      Option(name: name, short: nil, value: value, isRequired: true, help: help, isList: true, isRepeatable: true)
    }

    static func flag(_ name: String, short: Character? = nil, _ help: String) -> Option {
      Option(name: name, short: short, value: nil, isRequired: false, help: help)
    }

    /// The same, for those who know of it.
    var hidden: Option {
      var option = self
      option.isHidden = true
      return option
    }

    /// As a user types it: the short form where the contract shows it so.
    var spelling: String { "--\(name)" }
  }

  let name: String
  /// One line for the list of commands.
  let summary: String
  /// Paragraphs for the command's own help.
  let details: [String]
  let positionals: [Positional]
  /// Without those that every command has.
  let ownOptions: [Option]
  /// A flag with which some required options need not be given.
  var freeingFlag: (flag: String, options: Set<String>)?
  /// Why `--out -` is no standard output; nil where it is, because the result is one text.
  var refusesStandardOutput: String?
  /// In no help, manual or completion: what the program runs itself.
  var isHidden = false

  /// Options of every command.
  static let commonOptions: [Option] = [
    .flag("json", "print one JSON object on standard output, for failures too"),
    .flag("quiet", short: "q", "no progress and no remarks on standard error"),
    .flag("help", short: "h", "show this help"),
  ]

  var options: [Option] { ownOptions + Self.commonOptions }
  /// Those that people are told of.
  var shownOptions: [Option] { options.filter { !$0.isHidden } }

  /// One line: `driftproof identify BASE --out FILE [--json] [--quiet]`.
  var usage: String {
    var words = ["driftproof", name]
    words += positionals.map { $0.isList ? "\($0.name) ..." : $0.name }
    for option in shownOptions where option.name != "help" {
      let word =
        option.value.map { "\(option.spelling) \($0)\(option.isList || option.isRepeatable ? " ..." : "")" }
        ?? option.spelling
      words.append(option.isRequired ? word : "[\(word)]")
    }
    return words.joined(separator: " ")
  }
}
