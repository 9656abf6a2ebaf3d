// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore
import DriftProofCurveCertificate
import DriftProofCurveCommitment
import DriftProofCurveCommitmentProver
import DriftProofCurveProving

/// `driftproof identify --commit --backend kzg`.
enum CurveIdentify {
  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    try arguments.refuse(["hiding", "opening", "proofs", "cache"])
    guard arguments.has("commit") else {
      throw CommandFailure(UsageError("--backend is how --commit commits: give both", command: arguments.command))
    }
    let setup = try arguments.requiredSetup(console)
    let base = try arguments.openCheckpoint("BASE")
    let output = try arguments.required("out")
    console.remark("identifying \(Format.count(base.tensors.count, "tensor")) of \(Quoting.plain(base.path))")
    let identity: BaseIdentity
    do throws(CheckpointError) {
      identity = try BaseIdentity.compute(checkpoint: base) { done, total in
        console.progress("identify", fraction: total > 0 ? Double(done) / Double(total) : 1)
      }
    } catch { throw CommandFailure(error) }
    let parameters = identity.tensors.reduce(0) { $0 + (Shape.entryCount($1.shape) ?? 0) }
    let log = try logLength(arguments, setup, parameters: parameters)
    let result: CurveIdentity
    let path = try arguments.required("setup")
    do {
      let committer = try setup.committer(log: log) { console.progress("setup", fraction: $0) }
      result = try CurveBaseCommitter.commit(base: base, identity: identity, committer: committer) {
        console.progress("commit", fraction: $0)
      }
    } catch let error as CurveSetupError {
      throw CommandFailure(error, path: path)
    } catch let error as CurveProvingError {
      throw CommandFailure(error)
    } catch {
      throw CommandFailure(.operational, "\(error)")
    }
    let bytes = result.jsonBytes()
    if output == OutputPlace.standardOutput {
      return CommandResult(text: String(decoding: bytes, as: UTF8.self), json: .null)
    }
    try AtomicFile.write(bytes, to: output)
    let rows = result.blocks.reduce(0) { $0 + $1.rowCount }
    let known = KnownCurveSetup.with(id: setup.id)
    let text = """
      base identity  \(identity.rootHex)
      curve root     \(result.root.hexadecimal)
      tensors        \(Format.count(identity.tensors.count))
      parameters     \(Format.count(parameters))
      committed to   \(Format.count(rows, "row")) of 2^\(log) cells
      setup          \(setup.id.hexadecimal) (\(known?.name ?? "not known to this program"))
      written to     \(Quoting.plain(output)) (\(Format.byteCount(bytes.count)))

      """
    let json: JSONOutput = .object([
      ("baseIdentity", .string(identity.rootHex)), ("curveRoot", .string(result.root.hexadecimal)),
      ("backend", .string(CurveIdentity.backend)), ("setup", .string(setup.id.hexadecimal)),
      ("logRows", .integer(log)), ("rows", .integer(rows)), ("tensors", .integer(identity.tensors.count)),
      ("parameters", .integer(parameters)), ("out", .string(output)), ("bytes", .integer(bytes.count)),
    ])
    return CommandResult(text: text, json: json)
  }

  private static func logLength(
    _ arguments: ParsedArguments, _ setup: CheckedSetup, parameters: Int
  ) throws(CommandFailure) -> Int {
    guard setup.logLength >= 8 else {
      throw CommandFailure(
        CurveSetupError.tooSmall(log: 8, have: setup.logLength), path: try arguments.required("setup"))
    }
    guard let text = arguments.values["log-rows"] else {
      return CurveBaseCommitter.logLength(parameters: parameters, available: setup.logLength)
    }
    guard let number = Int(text), number >= 8, number <= setup.logLength else {
      throw CommandFailure(
        UsageError(
          "--log-rows is a number from 8 to \(setup.logLength), the setup's length, not \(Quoting.shown(text))",
          command: arguments.command))
    }
    return number
  }
}
