// SPDX-License-Identifier: Apache-2.0

import DriftProofProving
import Foundation

/// `driftproof worker`, which `prove --workers` starts: it reads frames and writes frames, and nothing else on standard output.
enum WorkerCommand: Command {
  static let description = CommandDescription(
    name: "worker", summary: "hold rows of a proof that another process makes",
    details: ["Started by driftproof prove --workers; standard input and output are frames between the two."],
    positionals: [], ownOptions: [], isHidden: true)

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    do {
      try WorkerProgram.run(input: .standardInput, output: .standardOutput)
    } catch {
      throw CommandFailure(.operational, "worker: \(error)")
    }
    return CommandResult(text: "", json: .null)
  }
}
