// SPDX-License-Identifier: Apache-2.0

import DriftProofProving
import DriftProofCheckpoint
import DriftProofPolicy

/// `driftproof prove --dry-run`: what the proof would be and cost. Reads headers, writes nothing.
enum ForecastCommand {
  static func run(_ arguments: ParsedArguments) throws(CommandFailure) -> CommandResult {
    let bands = try arguments.bands()
    let identity = try arguments.readIdentity()
    let policy = try arguments.readPolicy()
    let model = try arguments.tunedModel(identity, policy: policy)
    let parent = try arguments.readParent(identity)
    let hasTransition = try TransitionArguments.isForecast(arguments)
    let forecast: Forecast
    do {
      forecast = try Forecast(
        model, policy: policy, identity: identity, parent: parent, bands: bands,
        hasBaseCache: arguments.values["cache"] != nil,
        hasTransition: hasTransition)
    } catch {
      throw CommandFailure(error)
    }
    let folders = FolderFacts(model, identity: identity)
    return CommandResult(text: text(forecast, folders), json: json(forecast, folders))
  }

  private static func text(_ forecast: Forecast, _ folders: FolderFacts) -> String {
    let phases = forecast.phases.map { "\($0.name) \(Format.number($0.seconds, digits: 2))" }
    var lines = [
      "DRY RUN: nothing was proved, no weight was read",
      "time              about \(Format.number(forecast.seconds, digits: 2)) s (\(phases.joined(separator: ", ")))",
      "peak memory       about \(Format.byteCount(forecast.peakMemoryBytes, digits: 2))",
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
    if !forecast.excluded.isEmpty {
      lines.append("NOT COVERED       \(forecast.excluded.map(Quoting.plain).joined(separator: ", "))")
    }
    lines += folders.lines
    if !forecast.isExact {
      lines.append("without --identity, norms of the base are guessed; the figures may move a little")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func json(_ forecast: Forecast, _ folders: FolderFacts) -> JSONOutput {
    .object(
      folders.members + [
        ("dryRun", .boolean(true)),
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
        ("exitCode", .integer(0)),
      ])
  }
}
