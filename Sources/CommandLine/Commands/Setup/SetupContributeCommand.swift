// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCurveCommitment
import DriftProofCurveCommitmentProver

/// `driftproof setup contribute`: makes a setup one that its contributor can trust.
enum SetupContributeCommand: Command {
  static let description = CommandDescription(
    name: "setup contribute",
    summary: "multiply a setup's secret by one of your own, which is forgotten",
    details: [
      "Checks SETUP, then raises its powers. The new setup records that somebody who knew the factor made it. It is sound if one "
        + "contributor forgot the factor: whoever finds their own contribution in a setup that driftproof setup verify takes, by "
        + "the digest that this command prints, needs to trust nobody.",
      "2^20 powers take about a quarter of an hour of a core.",
    ],
    positionals: [.init(name: "SETUP", help: "the setup before")],
    ownOptions: [.required("out", short: "o", "FILE", "where the new setup is written")],
    refusesStandardOutput: "a setup is binary and long")

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    let before = try arguments.openSetup("SETUP")
    let (input, path) = (try arguments.required("SETUP"), try arguments.required("out"))
    try AtomicFile.checkFolder(of: path)
    console.remark("checking and raising 2^\(before.logLength) powers")
    do throws(CurveSetupError) {
      let record = try SetupMaking.contribute(to: before, writing: path) { console.progress("setup", fraction: $0) }
      console.remark("your contribution is \(record.digest.hexadecimal): keep this number")
      let setup = try SetupFile(path: path)
      CheckedSetups.remember(setup)
      return SetupReport(setup: setup, path: path, mine: [record.digest.hexadecimal]).result(written: true)
    } catch {
      throw CommandFailure(error, path: input)
    }
  }
}
