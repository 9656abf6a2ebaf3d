// SPDX-License-Identifier: Apache-2.0

import DriftProofReportFacts
import DriftProofPolicy

/// The policy in words, and what stays possible inside it.
struct PolicySection {
  let contents: VerifiedContents

  /// Rules that are shown; a policy may have a thousand.
  static let shownRules = 200

  private var rules: ArraySlice<PolicyExplanation.RuleEffect> { contents.explanation.rules.prefix(Self.shownRules) }

  var proved: Markup {
    .group([
      tag("p") {
        "The fine-tuned model is \(contents.verification.parent == nil ? "the base" : "the model that it continues") plus a "
        "change. It was proved, without showing either model, that this change "
        "obeys the policy "
        Markup.name(contents.policy.name)
        ". The first rule that fits a tensor's name decides what may happen to it:"
      },
      table,
      total,
      tag("p", ["class": "soft small"]) {
        "The norm ‖W‖ of a tensor is its size: the square root of the sum of the squares of its weights. The exact bounds "
        "are whole numbers that follow from the policy; figures on this page are rounded."
      },
    ])
  }

  private var table: Markup {
    PageTable(
      label: "Rules of the policy",
      caption: .text(
        "Rules of the policy, in order"
          + (rules.count < contents.policy.rules.count ? ", the first \(rules.count)" : "")),
      columns: [
        .init("Tensors named", "wide"), .init("May change by", "wide"), .init("Tensors", "num"),
        .init("Parameters", "num"),
      ],
      rows: rules.map { rule in
        let members = rule.tensors.map { contents.tensors[$0] }
        return [
          .name(rule.pattern), .text(rule.words), .text(PageNumber.count(members.count)),
          .text(PageNumber.count(members.reduce(0) { $0 &+ $1.parameters })),
        ]
      }
    ).markup
  }

  private var total: Markup {
    guard let total = contents.explanation.totalNorm else {
      return tag("p") { "There is no bound on all changes together." }
    }
    let base = contents.explanation.baseNorm
    let share = base > 0 ? ", which is \(PageNumber.percent(total / base)) of the base's norm" : ""
    return tag("p") {
      "Besides, all changes together have a norm of at most \(PageNumber.number(total))\(share). Tensors outside the proof "
      "do not count."
    }
  }

  var remarks: Markup {
    let spoken = rules.filter { !$0.remarks.isEmpty }
    return .group([
      tag("p") {
        "A policy makes the room for a hidden change small and known. It does not make it empty. Inside this policy the "
        "following could still be done. These remarks are advice, not part of the proof."
      },
      tag("ul") { for remark in contents.explanation.remarks { tag("li") { Markup.clipped(remark) } } },
      spoken.isEmpty
        ? .nothing
        : tag("details", ["open": spoken.count <= 3 ? "open" : nil]) {
          tag("summary") { "Rule by rule" }
          for rule in spoken {
            tag("h4") { Markup.name(rule.pattern) }
            tag("ul") { for remark in rule.remarks { tag("li") { Markup.clipped(remark) } } }
          }
        },
    ])
  }
}
