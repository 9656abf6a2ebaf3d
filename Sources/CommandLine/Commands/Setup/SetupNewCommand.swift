// SPDX-License-Identifier: Apache-2.0

import DriftProofCurveCommitment
import DriftProofCurveCommitmentProver

/// `driftproof setup new`: powers of a τ drawn here.
enum SetupNewCommand: Command {
  static let description = CommandDescription(
    name: "setup new",
    summary: "make a setup of the curve backend, for tests and closed circles",
    details: [
      "Commitments on the curve need powers of a number that nobody knows: whoever knows it can forge proofs (and still "
        + "learns nothing that proofs hide). This command draws one and forgets it; others cannot tell whether it was kept. "
        + "Reports say INSECURE SETUP, also after contributions (driftproof setup contribute), but to those who name their own with --mine.",
      "For more than tests import a ceremony's setup: driftproof setup import.",
      "2^N powers serve rows of 2^N cells; 2^20 take some five minutes of a core, and 96 bytes each.",
    ],
    positionals: [],
    ownOptions: [
      .required("log-powers", "N", "how many powers: 2^N, N from 1 to 26"),
      .required("out", short: "o", "FILE", "where the setup is written"),
    ],
    refusesStandardOutput: "a setup is binary and long")

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    let path = try arguments.required("out")
    let log = try arguments.logPowers() ?? 1
    try AtomicFile.checkFolder(of: path)
    console.remark("computing 2^\(log) powers")
    do throws(CurveSetupError) {
      try SetupMaking.new(logLength: log, to: path) { console.progress("setup", fraction: $0) }
      let setup = try SetupFile(path: path)
      CheckedSetups.remember(setup)
      return SetupReport(setup: setup, path: path).result(written: true)
    } catch {
      throw CommandFailure(error, path: path)
    }
  }
}
