// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import DriftProofAuditBundle
import DriftProofCore

/// Everything about one verified bundle.
struct AuditSections {
  let report: BundleReport
  let fileName: String
  let keyName: String

  private var plan: AuditPlan { report.plan }
  private var mode: AuditMode { plan.mode }
  private var summary: AuditSummary { report.summary }
  private var unit: String { plan.score == .logProbabilities ? "nats" : "of the text" }
  private var path: EvidencePath { EvidencePath(summary, plan: plan) }

  var markup: Markup {
    let parts: [AuditShell.Part] = [
      .init(key: "means", title: "What \(report.verdict.rawValue) means", body: meaning),
      .init(key: "evidence", title: "The evidence over the requests", body: path.markup),
      .init(key: "families", title: "Distances", body: AuditDistances(report: report).markup),
      .init(key: "unchecked", title: "What was not checked", body: limits),
      .init(key: "signed", title: "Who says it, about which model", body: signed),
      .init(key: "digests", title: "Plan and digests", body: digests),
      .init(key: "verify", title: "Verify it yourself", body: Self.commands(fileName: fileName, keyName: keyName)),
    ]
    return .group([banner, figures, AuditShell.parts(parts, of: fileName)])
  }

  // MARK: Words

  private func distance(_ thousandths: Int) -> String {
    PageNumber.number(Double(thousandths) * Double(plan.margin) / Double(mode.margin) / 1e6, digits: 3)
  }

  private var margin: String { PageNumber.number(Double(plan.margin) / 1e6, digits: 6) }
  private var share: String { PageNumber.number(100 / Double(plan.inverseFarShare), digits: 3) + PageNumber.sign }
  private var alpha: String { PageNumber.number(100 / Double(mode.inverseAlpha), digits: 3) + PageNumber.sign }

  private var banner: Markup {
    let style = report.verdict == .same ? "" : report.verdict == .different ? " failed" : " open"
    return tag("div", ["class": "verdict\(style)", "role": "group", "aria-label": "Verdict"]) {
      tag("p", ["class": "title"]) {
        AuditShell.sign(String(style.drop { $0 == " " }))
        tag("span") { report.verdict.rawValue + (report.isWithheld ? ", not recomputed" : "") }
      }
      tag("p") { sentence }
      if report.isWithheld {
        tag("p") {
          tag("strong") { "Questions and answers are withheld. " }
          "That the decision follows from the scores was computed again; that the scores follow from answers is the signer's word"
          report.opened.isEmpty
            ? "." : ", except of \(PageNumber.count(report.opened.count, "record")) that were opened and do follow."
        }
      }
    }
  }

  private var sentence: String {
    let requests = PageNumber.count(summary.scores.count, "request")
    switch report.verdict {
    case .same: return "After \(requests) the endpoint's answers are shown to be the reference's, within the margin."
    case .different: return "After \(requests) the endpoint's answers are shown not to be the reference's."
    case .undecided: return "After \(requests) neither is shown. That is no accusation, and no clearance."
    }
  }

  private var figures: Markup {
    let decision = path.decision
    return tag("dl", ["class": "figures"]) {
      AuditShell.figure(
        "Requests", PageNumber.count(summary.scores.count), "at most \(PageNumber.count(mode.budget)) were planned")
      AuditShell.figure("Beyond \(distance(mode.tailScore)) \(unit)", PageNumber.count(decision.far), "\(share) may be")
      AuditShell.figure("Missing", PageNumber.count(summary.missing), "they accuse nobody, and count against SAME")
      report.verdict == .undecided
        ? AuditShell.figure("A verdict's risk", alpha, "of being wrong, had one been found")
        : AuditShell.figure("Wrong at most", alpha, "of such verdicts, whenever one stops")
    }
  }

  private var meaning: Markup {
    let same =
      "Over this audit, the expected distance of the endpoint's answers from the reference's was on average below \(margin) \(unit), "
      + "and on average fewer than \(share) of its requests could be beyond \(distance(mode.tailScore)). That is wrong with "
      + "probability at most \(alpha), also for a provider that reacts to its own answers, changes over time, or mixes models "
      + "at random. It is sameness within a margin, on the plan's questions and at that time, not identity of weights."
    let different =
      "At some request the expected distance was above \(margin) \(unit), or more than \(share) of requests could be beyond "
      + "\(distance(mode.tailScore)). An endpoint that keeps both would hear this with probability at most \(alpha). It does not "
      + "say what is served instead, or why."
    return tag("div") {
      switch report.verdict {
      case .same: tag("p") { same }
      case .different: tag("p") { different }
      case .undecided:
        tag("p") {
          "Neither SAME nor DIFFERENT was shown within the requests that were asked. Refusals and lost answers end here: whoever "
          "needs to know that an endpoint is right must demand SAME. The same audit can go on, and its error rates hold."
        }
      }
      tag("p") {
        "A distance is "
        plan.score == .logProbabilities
          ? "the mean difference of log probabilities of the likeliest tokens, in nats; "
          : "the share of the text behind the common beginning; "
        "one request counts at most \(distance(1000)). "
        bounds
      }
    }
  }

  private var bounds: String {
    let intervals = summary.intervals
    var parts: [String] = []
    if intervals.meanAbove > 0 { parts.append("above \(distance(intervals.meanAbove)) at some request") }
    if let below = intervals.meanBelow { parts.append("below \(distance(below)) on average") }
    return parts.isEmpty
      ? ""
      : "The mean was shown to be \(parts.joined(separator: ", and ")), each wrong with probability at most \(alpha)."
  }

  private var limits: Markup {
    tag("ul") {
      AuditShell.item(
        "The provider's honesty to others. ",
        "A provider who recognises an audit's requests or account can serve it well and others not. Asking cannot see that."
      )
      AuditShell.item(
        "Other questions and other hours. ",
        "The verdict is about the plan's questions, at the time of the audit. What stands behind the tokens that were asked for "
          + "was not looked at.")
      AuditShell.item("The weights. ", "Answers were compared. Two models may answer alike within the margin.")
      AuditShell.item(
        "That the endpoint was asked. ",
        "Nobody but the signer saw the answers come in. Whoever signs can leave out the last requests, or invent all of it."
      )
      AuditShell.item("The reference. ", Self.bindingWords(report.statement.binding))
      if report.isWithheld {
        AuditShell.item(
          "Questions and answers. ",
          "They are withheld. Ask for records that you choose: driftproof audit open discloses them, audit verify --opened checks them."
        )
      }
      if plan.certificate != nil, report.certificate?.verification == nil {
        AuditShell.item(
          "The certificate's proof. ", "The plan names a certificate; its proof was not verified for this page.")
      }
      if plan.beacon != nil, report.statement.candidate.beacon == nil {
        AuditShell.item("The beacon. ", "The plan names a beacon, and none went into the questions.")
      }
      if summary.skipped > 0 {
        AuditShell.item(
          "Questions without a reference. ",
          "\(PageNumber.count(summary.skipped, "question")) had no answer of the reference and were left out.")
      }
    }
  }

  static func bindingWords(_ binding: ReferenceBinding) -> String {
    switch binding {
    case .recorded: "It is whatever answered when the reference was recorded: nothing binds it to a model."
    case .declared: "The plan names the files of its model; that these were served is the signer's word."
    case .checked:
      "The signer checked that the plan's certificate is about the files that the plan names; that these were served is the "
        + "signer's word."
    }
  }

  // MARK: Facts

  private var signed: Markup {
    let statement = report.statement
    var facts: [(term: String, value: Markup)] = [
      ("Signed by key", FactList.digest(report.keyID)),
      ("Endpoint", .name(statement.candidate.origin + statement.candidate.path)),
      ("Model that was asked for", .name(statement.candidate.model)),
      ("Reference", .name("\(statement.reference.model) (\(statement.binding.rawValue))")),
      ("From", .name(statement.candidate.started)), ("To", .name(statement.finishedAt)),
    ]
    if let digest = plan.modelDigest { facts.append(("Files of the reference's model", FactList.digest(digest))) }
    if let certificate = report.certificate {
      facts += [
        ("Certificate", FactList.digest(certificate.facts.sha256)),
        ("Its policy", .name(certificate.facts.policyName)),
        (
          "Its proof",
          certificate.verification == nil
            ? "not verified for this page" : "verified, against the base's identity in the bundle"
        ), ("Tuned commitment", FactList.digest(certificate.facts.tunedCommitment)),
      ]
    }
    if !report.opened.isEmpty {
      facts.append(("Opened records", .text(report.opened.prefix(100).map(String.init).joined(separator: ", "))))
    }
    return FactList(facts: facts).markup
  }

  private var digests: Markup {
    var facts: [(term: String, value: Markup)] = [
      ("Plan", FactList.digest(plan.digest.hexadecimal)), ("Commitment to the key", FactList.digest(plan.commitment)),
      ("Number of the plan", "\(PageNumber.count(plan.run))"),
    ]
    if let previous = plan.previous { facts.append(("Plan before", FactList.digest(previous))) }
    if let beacon = report.statement.candidate.beacon { facts.append(("Beacon", FactList.digest(beacon))) }
    if let source = plan.beacon { facts.append(("Beacon by the plan", .name(source))) }
    let roots = report.statement.roots
    facts += [
      ("Reference's transcript", FactList.digest(roots.reference.root.hexadecimal)),
      ("Endpoint's transcript", FactList.digest(roots.candidate.root.hexadecimal)),
    ]
    return .group([
      tag("p") {
        "Compare the plan's digest with the one that was published before the first question: everything that decides is "
        "under it, and nobody could choose the questions afterwards."
      }, FactList(facts: facts).markup,
    ])
  }

  static func commands(fileName: String, keyName: String) -> Markup {
    .group([
      tag("p") {
        "Do not trust this page: anybody can write one. With the program driftproof, the bundle and the auditor's public key, the "
        "following computes everything again, without network or model."
      },
      tag("pre") {
        tag("code") {
          "driftproof audit verify \(CommandsSection.quoted(fileName)) --public-key \(CommandsSection.quoted(keyName))"
        }
      },
    ])
  }
}
