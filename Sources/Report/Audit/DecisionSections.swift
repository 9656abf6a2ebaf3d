// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import DriftProofAuditDecision
import DriftProofCore

/// Everything about one verified decision: what is proved, and what is somebody's word.
struct DecisionSections {
  let report: DecisionReport
  let fileName: String
  let keyName: String

  private var plan: AuditPlan { report.plan }
  private var mode: AuditMode { plan.mode }
  private var statement: DecisionStatement { report.statement }
  private var unit: String { plan.score == .logProbabilities ? "nats" : "of the text" }

  var markup: Markup {
    .group([
      banner, figures,
      AuditShell.parts(
        [
          .init(key: "claim", title: "The claim in words", body: claim),
          .init(key: "shows", title: "What it shows, and on whose word", body: shows),
          .init(key: "unchecked", title: "What was not checked", body: unchecked),
          .init(key: "signed", title: "Who says it, about which model", body: signed),
          .init(key: "digests", title: "Plan and digests", body: digests),
          .init(key: "soundness", title: "How sure the proof is", body: soundness),
          .init(key: "verify", title: "Verify it yourself", body: Self.commands(fileName: fileName, keyName: keyName)),
        ], of: fileName),
    ])
  }

  // MARK: Words

  private func distance(_ thousandths: Int) -> String {
    PageNumber.number(Double(thousandths) * Double(plan.margin) / Double(mode.margin) / 1e6, digits: 3)
  }

  private var margin: String { PageNumber.number(Double(plan.margin) / 1e6, digits: 6) }
  private var share: String { PageNumber.number(100 / Double(plan.inverseFarShare), digits: 3) + PageNumber.sign }
  private var alpha: String { PageNumber.number(100 / Double(mode.inverseAlpha), digits: 3) + PageNumber.sign }
  private var requests: String { PageNumber.count(statement.requests, "request") }

  private var banner: Markup {
    tag("div", ["class": "verdict", "role": "group", "aria-label": "Verdict"]) {
      tag("p", ["class": "title"]) {
        AuditShell.sign("")
        tag("span") { "SAME, in zero knowledge" }
      }
      tag("p") {
        "It is proved that the plan's rule says SAME of the scores of \(requests), which nobody shows. That these are the scores of "
        "an endpoint's answers is the signer's word."
      }
    }
  }

  private var figures: Markup {
    tag("dl", ["class": "figures"]) {
      AuditShell.figure("Requests", PageNumber.count(statement.requests), "whose scores were committed to")
      AuditShell.figure(
        "At \(distance(statement.below)) \(unit) or more", PageNumber.count(statement.far),
        "at most; all others are below")
      AuditShell.figure("Wrong at most", alpha, "of such verdicts, whenever one stops")
      AuditShell.figure("Proof", "\(PageNumber.bits(report.securityBits)) bits", "the least term of its soundness")
    }
  }

  private var claim: Markup {
    tag("div") {
      tag("p") {
        "There is one list of \(PageNumber.count(statement.requests, "score")), under the commitment that was signed. "
        statement.far == 0
          ? "Each of them is below "
          : "All but \(PageNumber.count(statement.far)) of them, which may have any value, are below "
        "\(statement.below) thousandths (\(distance(statement.below)) \(unit)); their sum, and the squares that it bounds, are so "
        "small that the rule of mode \(mode.rawValue) says SAME."
      }
      tag("p") {
        "SAME says: over this audit, the expected distance of the endpoint's answers from the reference's was on average below "
        "\(margin) \(unit), and on average fewer than \(share) of its requests could be beyond \(distance(mode.tailScore)). That is "
        "wrong with probability at most \(alpha), also for a provider that reacts to its own answers, changes over time, or mixes "
        "models at random. It is sameness within a margin, on the plan's questions and at that time, not identity of weights."
      }
    }
  }

  private var shows: Markup {
    tag("ul") {
      AuditShell.item(
        "Proved. ", "By the plan's rule the committed scores are SAME. Nobody can prove that of other scores.")
      AuditShell.item(
        "On the signer's word. ",
        "That these are the scores of the two transcripts under the signed roots, and that no verdict came before.")
      AuditShell.item(
        "On the signer's word. ",
        "That the answers came from the endpoint, in this order, and that none was left out, as in every audit.")
      AuditShell.item(
        "Not shown to anybody. ", "Questions, answers, scores, and the key that questions follow from.")
    }
  }

  private var unchecked: Markup {
    tag("ul") {
      AuditShell.item(
        "The scores against the answers. ",
        "Whoever gets the bundle that reveals the key can check them: driftproof audit verify --decision.")
      AuditShell.item(
        "The provider's honesty to others. ",
        "A provider who recognises an audit's requests or account can serve it well and others not. Asking cannot see that."
      )
      AuditShell.item(
        "Other questions, other hours, and the weights. ",
        "The verdict is about the plan's questions, at the time of the audit; two models may answer alike within the margin."
      )
      AuditShell.item(
        "The reference. ",
        plan.modelDigest == nil
          ? "It is whatever answered when the reference was recorded: nothing binds it to a model."
          : "The plan names the files of its model; that these were served is the signer's word.")
      if plan.certificate != nil {
        AuditShell.item(
          "The certificate's proof. ", "The plan names a certificate, which is no part of this file.")
      }
      if plan.beacon != nil, statement.beacon == nil {
        AuditShell.item("The beacon. ", "The plan names one, and none went into the questions.")
      }
      AuditShell.item("An enclave. ", "No quote is part of this file.")
    }
  }

  // MARK: Facts

  private var signed: Markup {
    let origin: String =
      switch plan.subject {
      case .local: "local"
      case .endpoint(let address): address.origin + address.path
      }
    var facts: [(term: String, value: Markup)] = [
      ("Signed by key", FactList.digest(report.keyID)), ("Endpoint", .name(origin)),
      ("Model that was asked for", .name(plan.modelName)), ("Reference", .name(statement.referenceModel)),
      ("From", .name(statement.startedAt)), ("To", .name(statement.finishedAt)),
    ]
    if let digest = plan.modelDigest { facts.append(("Files of the reference's model", FactList.digest(digest))) }
    if let digest = plan.certificate { facts.append(("Certificate", FactList.digest(digest))) }
    return FactList(facts: facts).markup
  }

  private var digests: Markup {
    var facts: [(term: String, value: Markup)] = [
      ("Plan", FactList.digest(plan.digest.hexadecimal)), ("Commitment to the key", FactList.digest(plan.commitment)),
      ("Number of the plan", "\(PageNumber.count(plan.run))"),
    ]
    if let previous = plan.previous { facts.append(("Plan before", FactList.digest(previous))) }
    if let beacon = statement.beacon { facts.append(("Beacon", FactList.digest(beacon))) }
    if let source = plan.beacon { facts.append(("Beacon by the plan", .name(source))) }
    facts += [
      ("Reference's transcript", FactList.digest(statement.reference.root)),
      ("Endpoint's transcript", FactList.digest(statement.candidate.root)),
      ("Scores", FactList.digest(statement.scores)),
    ]
    return .group([
      tag("p") {
        "Compare the plan's digest with the one that was published before the first question: the rule, its margin and the endpoint "
        "are under it."
      }, FactList(facts: facts).markup,
    ])
  }

  private var soundness: Markup {
    .group([
      tag("p") {
        "Whoever has no such scores makes such a proof by luck only. The chance of that is below the sum of these terms, of b bits "
        "each 2 to the power of -b:"
      },
      tag("details", ["open": "open"]) {
        tag("summary") { PageNumber.count(report.soundness.count, "term") }
        FactList(facts: report.soundness.map { ($0.name, "\(PageNumber.bits($0.bits)) bits") }).markup
      },
      tag("p") { "The proof has \(PageNumber.count(report.proofBytes, "byte"))." },
    ])
  }

  static func commands(fileName: String, keyName: String) -> Markup {
    .group([
      tag("p") {
        "Do not trust this page: anybody can write one. With the program driftproof, the file and the auditor's public key, the "
        "following verifies signature and proof, without network or model; --plan compares the plan that was published."
      },
      tag("pre") {
        tag("code") {
          "driftproof audit verify \(CommandsSection.quoted(fileName)) --zero-knowledge --public-key "
          CommandsSection.quoted(keyName)
        }
      },
    ])
  }
}
