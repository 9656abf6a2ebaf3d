// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit

/// A suite's table for people and for programs.
enum AuditSuiteText {
  static func lines(_ table: SuiteTable) -> [String] {
    let unit = AuditText.unit(table.plan)
    let rows = table.rows.map { row -> [String] in
      guard row.unreadable == nil else {
        return [Quoting.plain(row.name), row.expectation.rawValue, "unreadable", "", "", "", "", ""]
      }
      let interval = row.wrongInterval
      return [
        Quoting.plain(row.name), row.expectation.rawValue, Format.count(row.same), Format.count(row.different),
        Format.count(row.undecided),
        "\(row.wrong) [\(percent(interval.low)), \(percent(interval.high))]",
        row.meanRequests.map { "\(Format.number($0, digits: 3)) (\(row.manyRequests ?? 0))" } ?? "-",
        row.meanDistance.map { Format.number($0 / 1e6, digits: 3) } ?? "-",
      ]
    }
    var lines = Format.table(
      header: [
        "condition", "should be", "SAME", "DIFFERENT", "UNDECIDED", "wrong [95 %]", "requests (95 %)", "distance",
      ], rows: rows, leftAligned: 2)
    lines.append("")
    lines.append(
      "\(Format.count(table.audits)) audits each, mode \(table.plan.mode.rawValue), margin "
        + "\(AuditText.decimal(table.plan.margin)) \(unit), drawn from \(Format.count(table.questions)) recorded questions; at most "
        + "\(Format.number(100 / Double(table.plan.mode.inverseAlpha))) % may be wrong where a condition keeps or breaks the margin"
    )
    for row in table.rows {
      if let reason = row.unreadable {
        lines.append("unreadable: \(Quoting.plain(row.name)): \(Quoting.plain(reason))")
      }
    }
    let peaks = table.servers.compactMap { server in
      server.peakMemory.map { "\(Quoting.plain(server.name)) \(Format.byteCount($0, digits: 3))" }
    }
    if !peaks.isEmpty {
      lines.append("memory of the servers, one after the other: \(peaks.joined(separator: ", "))")
    }
    return lines
  }

  private static func percent(_ share: Double) -> String { Format.number(100 * share, digits: 3) + " %" }

  static func json(_ table: SuiteTable, output: String) -> JSONOutput {
    let plan = table.plan
    return .object([
      ("suite", .integer(1)), ("mode", .string(plan.mode.rawValue)), ("score", .string(plan.score.rawValue)),
      ("margin", .number(Double(plan.margin) / 1e6)), ("farShare", .number(1 / Double(plan.inverseFarShare))),
      ("errorAtMost", .number(1 / Double(plan.mode.inverseAlpha))), ("audits", .integer(table.audits)),
      ("questions", .integer(table.questions)),
      (
        "conditions",
        .array(
          table.rows.map { row in
            .object([
              ("name", .string(row.name)), ("expected", .string(row.expectation.rawValue)),
              ("same", .integer(row.same)), ("different", .integer(row.different)),
              ("undecided", .integer(row.undecided)), ("wrong", .integer(row.wrong)),
              (
                "wrongInterval",
                row.unreadable == nil
                  ? .array([.number(row.wrongInterval.low), .number(row.wrongInterval.high)]) : .null
              ),
              ("meanRequests", .number(row.meanRequests)),
              ("requests95", row.manyRequests.map { .integer($0) } ?? .null),
              ("meanDistance", .number(row.meanDistance.map { $0 / 1e6 })),
              ("unreadable", row.unreadable.map { .string($0) } ?? .null),
            ])
          })
      ),
      (
        "servers",
        .array(
          table.servers.map {
            .object([
              ("name", .string($0.name)), ("peakBytes", $0.peakMemory.map { .integer($0) } ?? .null),
            ])
          })
      ), ("out", .string(output)), ("exitCode", .integer(0)),
    ])
  }
}
