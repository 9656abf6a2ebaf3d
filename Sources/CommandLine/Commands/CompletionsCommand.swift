// SPDX-License-Identifier: Apache-2.0

/// `driftproof completions`: a script for a shell, generated from the command descriptions.
enum CompletionsCommand: Command {
  static let description = CommandDescription(
    name: "completions",
    summary: "print a completion script for a shell",
    details: [
      "bash: driftproof completions bash > /etc/bash_completion.d/driftproof, or source it from ~/.bashrc.",
      "zsh: driftproof completions zsh > _driftproof, in a folder of $fpath.",
      "fish: driftproof completions fish > ~/.config/fish/completions/driftproof.fish.",
    ],
    positionals: [.init(name: shellPlace, help: "the shell")],
    ownOptions: [])

  private static let shellPlace = "{bash,zsh,fish}"

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    let shell = try arguments.required(shellPlace)
    let commands = CommandList.shownDescriptions
    let script: String
    switch shell {
    case "bash": script = BashCompletions.script(commands)
    case "zsh": script = ZshCompletions.script(commands)
    case "fish": script = FishCompletions.script(commands)
    default:
      throw CommandFailure(
        UsageError("no completions for \(Quoting.shown(shell)): bash, zsh or fish", command: description))
    }
    return CommandResult(text: script, json: .object([("shell", .string(shell)), ("script", .string(script))]))
  }
}
