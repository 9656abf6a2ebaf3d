// SPDX-License-Identifier: Apache-2.0

/// Help pages, made from the descriptions alone.
enum HelpText {
  static func overview(of commands: [CommandDescription]) -> String {
    var lines = [
      "driftproof: prove in zero knowledge that a fine-tuned network differs from its base only as a policy allows.",
      "", "Usage: driftproof COMMAND ARGUMENTS...", "", "Commands:",
    ]
    lines += columns(commands.map { ($0.name, $0.summary) })
    lines += ["", "Every command:"]
    lines += columns(CommandDescription.commonOptions.map(entry))
    lines += ["", "driftproof COMMAND --help explains a command, driftproof --version prints the version.", ""]
    lines += ["Exit codes:"]
    lines += columns(ExitCode.allCases.map { (String($0.rawValue), $0.meaning) })
    return lines.joined(separator: "\n") + "\n"
  }

  static func page(of command: CommandDescription) -> String {
    var lines = ["\(command.name): \(command.summary)", "", "Usage: \(command.usage)", ""]
    for paragraph in command.details { lines += wrap(paragraph, width: 100) + [""] }
    if !command.positionals.isEmpty {
      lines.append("Arguments:")
      lines += columns(command.positionals.map { ($0.name, $0.help) })
      lines.append("")
    }
    lines.append("Options:")
    lines += columns(command.shownOptions.map(entry))
    return lines.joined(separator: "\n") + "\n"
  }

  private static func entry(_ option: CommandDescription.Option) -> (String, String) {
    let short = option.short.map { "-\($0), " } ?? ""
    let value = option.value.map { " \($0)" } ?? ""
    return (short + option.spelling + value, option.help)
  }

  private static func columns(_ entries: [(String, String)]) -> [String] {
    let width = entries.map(\.0.count).max() ?? 0
    return entries.flatMap { name, text in
      wrap(text, width: max(40, 96 - width)).enumerated().map { index, line in
        let start = index == 0 ? name : ""
        return "  " + start + String(repeating: " ", count: width - start.count + 2) + line
      }
    }
  }

  private static func wrap(_ text: String, width: Int) -> [String] {
    var lines: [String] = [""]
    for word in text.split(separator: " ") {
      let last = lines[lines.count - 1]
      if last.isEmpty {
        lines[lines.count - 1] = String(word)
      } else if last.count + 1 + word.count <= width {
        lines[lines.count - 1] = last + " " + word
      } else {
        lines.append(String(word))
      }
    }
    return lines
  }
}
