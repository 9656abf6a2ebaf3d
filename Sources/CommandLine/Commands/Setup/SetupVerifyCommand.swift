// SPDX-License-Identifier: Apache-2.0

import DriftProofCurveCommitment
import DriftProofCurveCommitmentProver

/// `driftproof setup verify`: everything about a setup that can be checked.
enum SetupVerifyCommand: Command {
  static let description = CommandDescription(
    name: "setup verify",
    summary: "check a setup's powers and contributions",
    details: [
      "Every power must be in the group and tau times the one before, the key must be of the same tau, and each contribution must "
        + "lead from one tau to the next. That nobody knows tau cannot be checked: see the line about trust.",
      "2^20 powers take three to four minutes of a core.",
    ],
    positionals: [.init(name: "SETUP", help: "a setup")],
    ownOptions: [
      .repeatable("mine", "DIGEST", "a contribution of yours, as setup contribute printed it: with it you trust nobody")
    ])

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    let setup = try arguments.openSetup("SETUP")
    let path = try arguments.required("SETUP")
    do throws(CurveSetupError) {
      try setup.check { console.progress("setup", fraction: $0) }
    } catch {
      throw CommandFailure(error, path: path)
    }
    CheckedSetups.remember(setup)
    return SetupReport(setup: setup, path: path, mine: arguments.lists["mine"] ?? []).result()
  }
}

/// `driftproof setup info`: what a setup says about itself.
enum SetupInfoCommand: Command {
  static let description = CommandDescription(
    name: "setup info",
    summary: "show a setup's id, length and contributions without checking its powers",
    details: [
      "Reads head and contributions; driftproof setup verify checks everything; until then nothing that it says is to be believed."
    ],
    positionals: [.init(name: "SETUP", help: "a setup")],
    ownOptions: [])

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    let setup = try arguments.openSetup("SETUP")
    return SetupReport(setup: setup, path: try arguments.required("SETUP"), isChecked: false).result()
  }
}
