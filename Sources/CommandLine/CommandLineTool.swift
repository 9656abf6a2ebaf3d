// SPDX-License-Identifier: Apache-2.0

import DriftProof
import DriftProofCore
import DriftProofCertificate
import DriftProofLinearAlgebra

/// The tool as a whole: from arguments to an exit code.
enum CommandLineTool {
  static let version = ToolVersion.current

  static func run(_ arguments: [String]) -> Int32 {
    let options = arguments.prefix { $0 != "--" }
    // Also where the command line cannot be parsed, whoever asked for JSON gets JSON.
    let wantsJSON = options.contains("--json")
    MemoryExhaustion.handle(wantsJSON: wantsJSON)
    let console = Console(isQuiet: options.contains("--quiet") || options.contains("-q"))
    AlgebraLibrary.whenSlow {
      console.remark(
        "OpenBLAS is not on this machine, and fits of ranks take longer without it: install it (Debian: libopenblas0), "
          + "or name the library in DRIFTPROOF_OPENBLAS")
    }
    do {
      let output: String
      var exitCode = ExitCode.success
      switch try ArgumentParser(commands: CommandList.descriptions).parse(arguments) {
      case .help(nil): output = HelpText.overview(of: CommandList.shownDescriptions)
      case .help(let command?): output = HelpText.page(of: command)
      case .version: output = "driftproof \(version)\n"
      case .command(let parsed):
        let result = try run(parsed, console: console)
        exitCode = result.exitCode
        output = wantsJSON ? result.json.rendered() + "\n" : result.text
      }
      return console.writeResult(output) ? exitCode.rawValue : reportFullOutput(console)
    } catch let error as UsageError {
      return report(CommandFailure(error), wantsJSON: wantsJSON, console: console)
    } catch let failure as CommandFailure {
      return report(failure, wantsJSON: wantsJSON, console: console)
    } catch {
      return report(CommandFailure(.operational, "\(error)"), wantsJSON: wantsJSON, console: console)
    }
  }

  private static func run(_ parsed: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    guard let command = CommandList.commands.first(where: { $0.description.name == parsed.command.name }) else {
      throw CommandFailure(.usage, "unknown command \(parsed.command.name)")
    }
    try OutputPlace.check(parsed)
    return try command.run(parsed, console: console)
  }

  private static func report(_ failure: CommandFailure, wantsJSON: Bool, console: Console) -> Int32 {
    console.error(failure)
    if wantsJSON, !console.writeResult(failure.json.rendered() + "\n") { return reportFullOutput(console) }
    return failure.exitCode.rawValue
  }

  private static func reportFullOutput(_ console: Console) -> Int32 {
    console.error(
      CommandFailure(.operational, "standard output cannot be written", remedy: "Is the disk full?"))
    return ExitCode.operational.rawValue
  }
}
