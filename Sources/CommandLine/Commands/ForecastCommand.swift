// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofChain
import DriftProofCheckpoint
import DriftProofCurveCertificate
import DriftProofCurveProving
import DriftProofPolicy
import DriftProofProving

/// `driftproof prove --dry-run`: what the proof would be and cost, by each backend. Reads headers, writes nothing.
enum ForecastCommand {
  static func run(_ arguments: ParsedArguments) throws(CommandFailure) -> CommandResult {
    if arguments.wantsCurve { try arguments.refuse(CurveProve.refused) }
    let bands = try arguments.bands()
    let given = try arguments.readAnyIdentity()
    let identity = given?.base
    let policy = try arguments.readPolicy()
    let model = try arguments.tunedModel(identity, policy: policy)
    let folders = FolderFacts(model, identity: identity)
    let permits = try arguments.assumption() == .bls12381 || policy.assumption == .bls12381
    let hash = Result { () throws(CommandFailure) -> Forecast in
      try hashForecast(arguments, model, policy, identity, bands: bands)
    }
    let curve = Result { () throws(CommandFailure) -> CurveForecast in
      try curveForecast(arguments, model, policy, identity, given?.rows)
    }
    let backends = [BackendColumn(hash), BackendColumn(curve, isPermitted: permits)]
    if arguments.wantsCurve {
      guard permits else { throw CommandFailure(CurveCertificateError.assumptionNotAllowed) }
      let forecast = try curve.get()
      return CommandResult(
        text: text(forecast, folders, backends),
        json: .object(
          folders.members + members(forecast, hasIdentity: identity != nil) + [BackendColumn.member(backends)]
            + [("exitCode", .integer(0))]))
    }
    let forecast = try hash.get()
    return CommandResult(
      text: text(forecast, folders, backends),
      json: .object(
        folders.members + members(forecast) + [BackendColumn.member(backends)] + [("exitCode", .integer(0))]))
  }

  // MARK: Forecasts

  private static func hashForecast(
    _ arguments: ParsedArguments, _ model: TunedModel, _ policy: Policy, _ identity: BaseIdentity?, bands: Int
  ) throws(CommandFailure) -> Forecast {
    let parent = try arguments.readParent(identity)
    let hasTransition = try TransitionArguments.isForecast(arguments)
    do throws(DriftProofError) {
      return try Forecast(
        model, policy: policy, identity: identity, parent: parent, bands: bands,
        hasBaseCache: arguments.values["cache"] != nil,
        hasTransition: hasTransition)
    } catch {
      throw CommandFailure(error)
    }
  }

  private static func curveForecast(
    _ arguments: ParsedArguments, _ model: TunedModel, _ policy: Policy, _ identity: BaseIdentity?,
    _ rows: CurveIdentity?
  ) throws(CommandFailure) -> CurveForecast {
    try arguments.refuse(CurveProve.refused)
    guard case .checkpoint(let tuned, let base) = model else { throw CommandFailure(.notYet("--adapter")) }
    if arguments.values["parent"] != nil {
      let parent = try arguments.readFile("parent", limit: FileLimits.certificate)
      guard parent.starts(with: CurveCertificate.magic) else {
        throw CommandFailure(.notYet("--parent, a certificate of the hash backend"))
      }
    }
    let available = arguments.values["setup"] == nil ? nil : try arguments.openSetup("setup").logLength
    do throws(CurveProvingError) {
      return try CurveForecast(
        outline: identity ?? BaseIdentity.guess(of: base), identity: rows, policy: policy, base: base, tuned: tuned,
        available: available, isLink: arguments.values["parent"] != nil)
    } catch {
      throw CommandFailure(error)
    }
  }

  // MARK: Text

  private static func head(seconds: String, memory: Int) -> [String] {
    [
      "DRY RUN: nothing was proved, no weight was read",
      "time              \(seconds)",
      "peak memory       about \(Format.byteCount(memory, digits: 2))",
    ]
  }

  private static func tail(_ excluded: [String], _ folders: FolderFacts, _ backends: [BackendColumn]) -> [String] {
    (excluded.isEmpty ? [] : ["NOT COVERED       \(excluded.map(Quoting.plain).joined(separator: ", "))"])
      + folders.lines + BackendColumn.lines(backends)
  }

  private static func text(
    _ forecast: Forecast, _ folders: FolderFacts, _ backends: [BackendColumn]
  ) -> String {
    let phases = forecast.phases.map { "\($0.name) \(Format.number($0.seconds, digits: 2))" }
    var lines = head(
      seconds: "about \(Format.number(forecast.seconds, digits: 2)) s (\(phases.joined(separator: ", ")))",
      memory: forecast.peakMemoryBytes)
    lines += [
      "proof             about \(Format.byteCount(forecast.proofBytes, digits: 3))",
      "parameters        \(Format.count(forecast.certifiedParameters)) certified, "
        + "\(Format.count(forecast.frozenParameters)) frozen",
    ]
    if forecast.transitionBytes > 0 {
      lines.append("transition        about \(Format.byteCount(forecast.transitionBytes, digits: 3))")
    }
    if forecast.logLength > 0 {
      lines.append(
        "code              rows of 2^\(forecast.logLength), blow-up \(forecast.blowup), \(forecast.queries) queries; "
          + "\(forecast.driftRows) drift rows, \(forecast.proofRows) rows of the proof's own"
          + (forecast.baseRows > 0 ? ", \(forecast.baseRows) of the base's" : ""))
    }
    lines += tail(forecast.excluded, folders, backends)
    if !forecast.isExact {
      lines.append("without --identity, norms of the base are guessed; the figures may move a little")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func text(
    _ forecast: CurveForecast, _ folders: FolderFacts, _ backends: [BackendColumn]
  ) -> String {
    var lines = head(
      seconds: "about \(Format.number(forecast.proveSeconds, digits: 2)) s", memory: forecast.peakMemoryBytes)
    lines += [
      "proof             \(Format.byteCount(forecast.proofBytes)) of a certificate of \(Format.byteCount(forecast.certificateBytes))",
      "parameters        \(Format.count(forecast.certifiedParameters)) certified, "
        + "\(Format.count(forecast.frozenParameters)) frozen",
      "rows              of 2^\(forecast.logLength) cells; \(forecast.tunedRows) of the tuned model's, "
        + "\(forecast.proofRows) of the proof's own",
    ]
    if !forecast.hasRows {
      lines.append(
        "once for a base   identify --commit --backend kzg, about \(Format.number(forecast.identifySeconds, digits: 2)) s"
      )
    }
    return (lines + tail(forecast.excluded, folders, backends)).joined(separator: "\n") + "\n"
  }

  // MARK: JSON

  private static func members(_ forecast: Forecast) -> [(key: String, value: JSONOutput)] {
    [
      ("dryRun", .boolean(true)),
      ("backend", .string("hash")),
      ("seconds", .number(forecast.seconds)),
      ("phases", .object(ProveCommand.phaseMembers(forecast.phases))),
      ("peakMemoryBytes", .integer(forecast.peakMemoryBytes)),
      ("proofBytes", .integer(forecast.proofBytes)),
      ("transitionBytes", .integer(forecast.transitionBytes)),
      ("certifiedParameters", .integer(forecast.certifiedParameters)),
      ("frozenParameters", .integer(forecast.frozenParameters)),
      ("excluded", .array(forecast.excluded.map { .string($0) })),
      ("logLength", .integer(forecast.logLength)),
      ("blowup", .integer(forecast.blowup)),
      ("queries", .integer(forecast.queries)),
      ("driftRows", .integer(forecast.driftRows)),
      ("proofRows", .integer(forecast.proofRows)),
      ("baseRows", .integer(forecast.baseRows)),
      ("identityGiven", .boolean(forecast.isExact)),
    ]
  }

  private static func members(
    _ forecast: CurveForecast, hasIdentity: Bool
  ) -> [(key: String, value: JSONOutput)] {
    [
      ("dryRun", .boolean(true)),
      ("backend", .string(CurveIdentity.backend)),
      ("seconds", .number(forecast.proveSeconds)),
      ("phases", .object([])),
      ("peakMemoryBytes", .integer(forecast.peakMemoryBytes)),
      ("proofBytes", .integer(forecast.proofBytes)),
      ("transitionBytes", .integer(0)),
      ("certifiedParameters", .integer(forecast.certifiedParameters)),
      ("frozenParameters", .integer(forecast.frozenParameters)),
      ("excluded", .array(forecast.excluded.map { .string($0) })),
      ("logLength", .integer(forecast.logLength)),
      ("blowup", .null),
      ("queries", .null),
      ("driftRows", .integer(forecast.tunedRows)),
      ("proofRows", .integer(forecast.proofRows)),
      ("baseRows", .null),
      ("identityGiven", .boolean(hasIdentity)),
    ]
  }
}
