// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import DriftProofCore

/// `driftproof audit calibrate`: a margin from endpoints that are known to be honest.
enum AuditCalibrateCommand: Command {
  static let description = CommandDescription(
    name: "audit calibrate",
    summary: "pick an audit's margin from transcripts of endpoints that are honest",
    details: [
      "Takes the transcripts that audit run made of servers which you accept: another machine, batch size or type of number, weights "
        + "of eight bits if these are fine with you. All are of one plan with a wide margin, so that they go on until SAME. Picks, "
        + "on the grid 1, 2, 5, 10, ... thousandths, one step above the smallest margin at which the rule says SAME of each; "
        + "of texts also the share of requests that may be far off.",
      "audit plan --calibration makes a new plan with it. What counts as honest is your policy; the transcripts are no part of "
        + "the audit, whose error rates stay as they are.",
    ],
    positionals: [],
    ownOptions: [
      .required("plan", "PLAN", "the plan that the transcripts are of"),
      .required("reference", "REF.ndjson", "the reference's transcript"),
      .requiredList("honest", "H.ndjson", "the transcripts of honest endpoints"),
      .required("out", short: "o", "CALIBRATION.json", "where the calibration is written"),
      .flag("force", "replace the file if there is one"),
    ])

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    let output = try arguments.required("out")
    try OutputPlace.checkNew(arguments)
    try AtomicFile.checkFolder(of: output)
    let plan = try ParsedArguments.auditPlan(at: try arguments.required("plan"))
    let reference = try arguments.transcript("reference", .reference, plan: plan)
    let paths = arguments.lists["honest"] ?? []
    var honest: [Transcript] = []
    for path in paths { honest.append(try ParsedArguments.transcriptFile(at: path, .candidate, plan: plan).transcript) }
    let calibration: MarginCalibration
    do throws(CalibrationFailure) {
      calibration = try MarginCalibration(plan: plan, reference: reference, honest: honest)
    } catch {
      throw failure(error, paths)
    }
    let unit = AuditText.unit(plan)
    if output == OutputPlace.standardOutput {
      return CommandResult(text: String(decoding: calibration.file, as: UTF8.self), json: .null)
    }
    try AtomicFile.write(calibration.file, to: output)
    var lines = [
      "CALIBRATED  margin \(AuditText.decimal(calibration.margin)) \(unit), from \(Format.count(paths.count, "honest transcript"))"
    ]
    if let share = calibration.inverseFarShare {
      lines.append(
        "far ones    1 in \(share) may be, not 1 in \(plan.mode.inverseTailShare): a substitution that rare goes unseen"
      )
    }
    for (path, entry) in zip(paths, calibration.honest) {
      lines.append(
        "honest      \(Quoting.plain(path)): SAME from \(AuditText.decimal(entry.least)) on, "
          + "\(Format.count(entry.requests, "request")), \(entry.missing) missing")
    }
    lines.append("written to  \(Quoting.plain(output)); audit plan takes it with --calibration")
    return CommandResult(
      text: lines.joined(separator: "\n") + "\n",
      json: .object([
        ("margin", .number(Double(calibration.margin) / 1e6)),
        ("farShare", .number(calibration.inverseFarShare.map { 1 / Double($0) })),
        ("least", .array(calibration.honest.map { .number(Double($0.least) / 1e6) })), ("out", .string(output)),
        ("exitCode", .integer(0)),
      ]))
  }

  private static func failure(_ error: CalibrationFailure, _ paths: [String]) -> CommandFailure {
    switch error {
    case .rejected(let rejection): return CommandFailure(rejection)
    case .noMargin(let place, let requests, let needed):
      return CommandFailure(
        .operational, "\(paths.indices.contains(place) ? paths[place] : ""): \(error)",
        remedy: requests < needed
          ? "Record it under a plan with a wide margin, so that audit run goes on until SAME."
          : "Is it honest? Its answers are too far from the reference's.")
    case .malformed, .noTranscript: return CommandFailure(.operational, error.description)
    }
  }
}

extension ParsedArguments {
  /// The calibration of `--calibration`, of a plan's mode and score; nil without one.
  func calibration(_ mode: AuditMode, _ score: AuditPlan.Score) throws(CommandFailure) -> MarginCalibration? {
    guard let path = values["calibration"] else { return nil }
    guard values["margin"] == nil else { throw usage("--margin and --calibration exclude each other") }
    let bytes = try Self.readFile(at: path, limit: CanonicalJSON.maximumBytes)
    let calibration: MarginCalibration
    do throws(CalibrationFailure) {
      calibration = try MarginCalibration(file: bytes)
    } catch {
      throw CommandFailure(.operational, "\(path): \(error)", remedy: "driftproof audit calibrate writes one.")
    }
    guard calibration.mode == mode, calibration.score == score else {
      throw CommandFailure(
        .identityMismatch,
        "\(path): it is for --mode \(calibration.mode.rawValue) and --score \(calibration.score.rawValue)")
    }
    return calibration
  }
}
