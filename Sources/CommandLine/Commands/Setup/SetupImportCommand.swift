// SPDX-License-Identifier: Apache-2.0

import DriftProofCurveCommitment
import DriftProofCurveCommitmentProver

/// `driftproof setup import`: a ceremony's setup in the form that this program reads.
enum SetupImportCommand: Command {
  static let description = CommandDescription(
    name: "setup import",
    summary: "convert a ceremony's powers of tau into a setup",
    details: [
      "FILE is trusted_setup.txt of Ethereum's KZG ceremony (PyPI's ckzg and eth-account have it), the same as JSON, the "
        + "ceremony's transcript (of its four sets --log-powers chooses one), or a challenge file of Zcash's powers of tau. "
        + "Powers of BN254 (.ptau) are on another curve.",
      "Every power is checked, one by one and all together; the report says whether the ceremony is known.",
    ],
    positionals: [.init(name: "FILE", help: "the published powers")],
    ownOptions: [
      .required("out", short: "o", "SETUP", "where the setup is written"),
      .optional("log-powers", "N", "take 2^N powers, N from 1 to 26 (all)"),
    ],
    refusesStandardOutput: "a setup is binary and long")

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    let input = try arguments.required("FILE")
    let path = try arguments.required("out")
    let log = try arguments.logPowers()
    try AtomicFile.checkFolder(of: path)
    console.remark("reading \(Quoting.plain(input))")
    do throws(CurveSetupError) {
      let setup = try SetupImport.convert(input, to: path, logLength: log) { console.progress("setup", fraction: $0) }
      CheckedSetups.remember(setup)
      return SetupReport(setup: setup, path: path).result(written: true)
    } catch {
      throw CommandFailure(error, path: input)
    }
  }
}
