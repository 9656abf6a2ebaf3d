/// What a finished command has to say, once for people and once for machines.
struct CommandResult: Sendable {
  /// Complete lines.
  let text: String
  let json: JSONOutput
}

/// Why a command stopped: an exit code, one message with its remedy, and figures for `--json`.
struct CommandFailure: Error, Sendable {
  let exitCode: ExitCode
  let reason: String
  /// Further lines for people.
  let details: [String]
  /// Further members of the JSON object.
  let members: [(key: String, value: JSONOutput)]

  init(
    _ exitCode: ExitCode, _ reason: String, details: [String] = [], members: [(key: String, value: JSONOutput)] = []
  ) {
    self.exitCode = exitCode
    self.reason = reason
    self.details = details
    self.members = members
  }

  init(_ error: UsageError) {
    self.init(.usage, error.reason, details: [error.remedy])
  }

  /// The object that `--json` prints for a failure.
  var json: JSONOutput {
    .object(
      [
        ("verified", .boolean(false)), ("reason", .string(reason)), ("exitCode", .integer(Int(exitCode.rawValue))),
      ] + members)
  }
}
