// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import DriftProofCore

/// The page about one suite: which substitutions audits find, and after how many requests.
package struct SuitePage: Sendable {
  package let table: SuiteTable
  package let madeAt: Timestamp

  package init(table: SuiteTable, madeAt: Timestamp) {
    self.table = table
    self.madeAt = madeAt
  }

  /// The whole file.
  package var html: String { "<!DOCTYPE html>\n" + document.html }

  private var plan: AuditPlan { table.plan }
  private var unit: String { plan.score == .logProbabilities ? "nats" : "of the text" }

  private var document: Markup {
    PageFrame(title: "Audit suite: what audits find").document {
      tag("header") {
        tag("p", ["class": "brand"]) { "DriftProof audit suite" }
        tag("h1") { "Which substitutions audits find, and after how many requests" }
        tag("p", ["class": "soft"]) {
          "Measured on "
          tag("time", ["datetime": madeAt.text]) { PageFrame.readable(madeAt) }
          " with servers of whoever made this page, by driftproof \(ToolVersion.current). It is no proof and signed by nobody."
        }
      }
      tag("main", ["id": "content", "tabindex": "-1"]) {
        tag("section", ["class": "certificate", "aria-labelledby": "table"]) {
          tag("h2", ["id": "table"]) { "Verdicts" }
          tag("p") { introduction }
          verdicts
          tag("h3") { "How to read it" }
          tag("ul") {
            tag("li") {
              "Each server was asked the same questions once, one server after the other. Every audit takes these answers in an order "
              "of its own, so figures are about these answers."
            }
            tag("li") {
              "“Wrong” are audits that call the model DIFFERENT, or another one SAME; UNDECIDED is never wrong. The interval is that of "
              "Clopper and Pearson at 95\(PageNumber.sign)."
            }
            tag("li") {
              "Requests are the mean until the verdict, and in brackets what 95 of 100 audits with a verdict needed."
            }
          }
          if !unreadable.isEmpty {
            tag("h3") { "What could not be read" }
            tag("ul") { for row in unreadable { tag("li") { Markup.clipped("\(row.name): \(row.unreadable ?? "")") } } }
          }
          if !table.servers.isEmpty {
            tag("h3") { "Memory" }
            memory
          }
        }
      }
      tag("footer") { PageFrame.imprint }
    }
  }

  private var unreadable: [SuiteTable.Row] { table.rows.filter { $0.unreadable != nil } }

  private var introduction: String {
    "\(PageNumber.count(table.audits)) audits for each condition, mode \(plan.mode.rawValue), margin "
      + "\(PageNumber.number(Double(plan.margin) / 1e6, digits: 6)) \(unit), from \(PageNumber.count(table.questions)) questions. "
      + "At most \(PageNumber.number(100 / Double(plan.mode.inverseAlpha), digits: 3))\(PageNumber.sign) of audits are wrong in each "
      + "way, by the rule's proof."
  }

  private func meter(_ share: Double) -> Markup {
    tag("svg", ["viewBox": "0 0 100 8", "aria-hidden": "true", "focusable": "false", "preserveAspectRatio": "none"]) {
      tag("rect", ["class": "track", "x": "0", "y": "0", "width": "100", "height": "8"])
      tag("rect", ["class": "fill", "x": "0", "y": "0", "width": PageNumber.coordinate(100 * share), "height": "8"])
    }
  }

  private var verdicts: Markup {
    PageTable(
      label: "Verdicts by condition", caption: .text("Audits by what the server does"),
      columns: [
        .init("Condition"), .init("Should be"), .init("SAME", "num"), .init("DIFFERENT", "num"), .init("", "meter"),
        .init("UNDECIDED", "num"), .init("Wrong", "num"), .init("Requests", "num"), .init("Distance", "num"),
      ],
      rows: table.rows.map { row in
        let interval = row.wrongInterval
        let isRead = row.unreadable == nil
        return [
          Markup.clipped(row.name), .text(row.expectation.rawValue),
          .text(isRead ? PageNumber.count(row.same) : "unreadable"),
          .text(isRead ? PageNumber.count(row.different) : ""),
          isRead ? meter(Double(row.different) / Double(max(1, row.audits))) : .text(""),
          .text(isRead ? PageNumber.count(row.undecided) : ""),
          .text(
            isRead
              ? "\(PageNumber.count(row.wrong)) (\(PageNumber.percent(interval.low)) to \(PageNumber.percent(interval.high)))"
              : ""),
          .text(row.meanRequests.map { "\(PageNumber.number($0, digits: 3)) (\(row.manyRequests ?? 0))" } ?? "–"),
          .text(row.meanDistance.map { PageNumber.number($0 / 1e6, digits: 3) } ?? "–"),
        ]
      }
    ).markup
  }

  private var memory: Markup {
    PageTable(
      label: "Memory of the servers",
      caption: .text("The most that each server's processes had; no two ran at once"),
      columns: [.init("Server"), .init("Peak memory", "num")],
      rows: table.servers.map {
        [Markup.clipped($0.name), .text($0.peakMemory.map { PageNumber.byteCount($0) } ?? "not known")]
      }
    ).markup
  }
}
