// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate

/// What a finished command has to say, once for people and once for machines.
struct CommandResult: Sendable {
  /// Complete lines.
  let text: String
  let json: JSONOutput
  /// Of a command that did its work and found something wrong.
  var exitCode = ExitCode.success
}

/// Why a command stopped: an exit code, one message with its remedy, and the findings in detail.
struct CommandFailure: Error, Sendable {
  /// Several findings of one kind, such as the tensors that exceed a policy.
  struct Findings: Sendable {
    /// Their key in the JSON object.
    let key: String
    /// The first of them; a forged certificate can have millions.
    let lines: [String]
    /// How many there are.
    let count: Int

    init(key: String, _ findings: some Collection<some CustomStringConvertible>) {
      self.key = key
      lines = findings.prefix(MessageList.shownLines).map(\.description)
      count = findings.count
    }

    /// The lines, and how many more there are.
    var summary: [String] { count > lines.count ? lines + ["and \(Format.count(count - lines.count)) more"] : lines }
  }

  let exitCode: ExitCode
  let reason: String
  let findings: Findings?
  /// What to do about it, where the reason does not say so itself.
  let remedy: String?
  /// More members of the JSON object.
  var members: [(key: String, value: JSONOutput)] = []

  init(_ exitCode: ExitCode, _ reason: String, findings: Findings? = nil, remedy: String? = nil) {
    self.exitCode = exitCode
    self.reason = reason
    self.findings = findings
    self.remedy = remedy
  }

  init(_ error: UsageError) {
    self.init(.usage, error.reason, remedy: error.remedy)
  }

  /// The lines after the first that people see.
  var details: [String] { (findings?.summary ?? []).map { "  \($0)" } + (remedy.map { [$0] } ?? []) }

  /// The object that `--json` prints for a failure; the reason stands by itself, findings included.
  var json: JSONOutput {
    let lines = findings?.summary ?? []
    let full = lines.isEmpty ? reason : "\(reason): \(lines.joined(separator: "; "))"
    var members: [(key: String, value: JSONOutput)] = [
      ("verified", .boolean(false)),
      ("reason", .string(full)),
      ("exitCode", .integer(Int(exitCode.rawValue))),
    ]
    if let findings {
      members.append((findings.key, .array(findings.lines.map { .string($0) })))
      members.append(("\(findings.key)Count", .integer(findings.count)))
    }
    return .object(members + self.members)
  }
}
