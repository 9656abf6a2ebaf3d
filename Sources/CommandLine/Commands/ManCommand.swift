// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// `driftproof man`: the manual page, generated from the command descriptions.
enum ManCommand: Command {
  static let description = CommandDescription(
    name: "man",
    summary: "print the manual page",
    details: [
      "driftproof man > /usr/local/share/man/man1/driftproof.1 installs it, driftproof man | man -l - shows it."
    ],
    positionals: [],
    ownOptions: [])

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    let page = ManualPage.render(CommandList.shownDescriptions, version: ToolVersion.current)
    return CommandResult(text: page, json: .object([("page", .string(page))]))
  }
}
