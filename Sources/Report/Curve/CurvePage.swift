// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore
import DriftProofCurveCertificate
import DriftProofCurveCommitment
import DriftProofPolicy
import DriftProofReportFacts

/// The page about one certificate of the curve backend: what is proved, and by which assumption.
package struct CurvePage: Sendable {
  package let report: Result<CurveCertificateVerifier.Report, CurveCertificateError>
  /// Against which it was verified; nil where nothing could be read from the certificate.
  package let policy: Policy?
  /// The caller gave it; otherwise it is the one inside the certificate.
  package let isPolicyGiven: Bool
  package let identity: CurveIdentity
  /// Without folders: of the certificate, the identity and the policy.
  package let files: (certificate: String, identity: String, policy: String?)
  /// SHA-256 of the certificate's file.
  package let sha256: [UInt8]
  package let madeAt: Timestamp
  /// With which `driftproof verify` ends.
  package let exitCode: Int32

  package init(
    report: Result<CurveCertificateVerifier.Report, CurveCertificateError>, policy: Policy?, isPolicyGiven: Bool,
    identity: CurveIdentity, files: (certificate: String, identity: String, policy: String?), sha256: [UInt8],
    madeAt: Timestamp, exitCode: Int32
  ) {
    self.report = report
    self.policy = policy
    self.isPolicyGiven = isPolicyGiven
    self.identity = identity
    self.files = files
    self.sha256 = sha256
    self.madeAt = madeAt
    self.exitCode = exitCode
  }

  /// The whole file.
  package var html: String { "<!DOCTYPE html>\n" + document.html }

  /// What stands over the page, in a few words.
  package var title: String {
    switch report {
    case .success: "Verified, by assumption"
    case .failure: "Not verified"
    }
  }

  private var document: Markup {
    PageFrame(title: "Drift report: \(title), \(files.certificate)").document {
      tag("header") {
        tag("p", ["class": "brand"]) { "DriftProof report" }
        tag("h1") { "What may have changed in a fine-tuned model, and what was proved about it" }
        tag("p", ["class": "soft"]) {
          "The certificate was verified while this page was made, on "
          tag("time", ["datetime": madeAt.text]) { PageFrame.readable(madeAt) }
          ", by driftproof \(ToolVersion.current). The page itself is no proof: at its end it says how to verify the "
          "certificate yourself."
        }
      }
      tag("main", ["id": "content", "tabindex": "-1"]) {
        tag("section", ["class": "certificate", "aria-labelledby": "title"]) {
          tag("h2", ["id": "title"]) {
            "Certificate "
            Markup.name(files.certificate)
          }
          switch report {
          case .success(let report): verified(report)
          case .failure(let error): failed(error)
          }
        }
      }
      tag("footer") { PageFrame.imprint }
    }
  }

  // MARK: Failed

  /// Of a certificate that failed nothing is shown as if it were so.
  private func failed(_ error: CurveCertificateError) -> Markup {
    .group([
      tag("div", ["class": "verdict failed", "role": "group", "aria-label": "Verdict"]) {
        tag("p", ["class": "title"]) {
          AuditShell.sign("failed")
          tag("span") { title }
        }
        tag("p") { "This file proves nothing about a model, as far as this page's reader should be concerned." }
        tag("div", ["class": "reason"]) {
          tag("p") {
            tag("strong") { "Reason: " }
            Markup.clipped(error.description)
          }
          tag("p", ["class": "small"]) { "driftproof verify ends with exit code \(exitCode)." }
        }
      },
      AuditShell.parts([.init(key: "verify", title: "Verify it yourself", body: commands(nil))], of: files.certificate),
    ])
  }

  // MARK: Verified

  private func verified(_ report: CurveCertificateVerifier.Report) -> Markup {
    .group([
      tag("div", ["class": "verdict", "role": "group", "aria-label": "Verdict"]) {
        tag("p", ["class": "title"]) {
          AuditShell.sign("")
          tag("span") { title }
        }
        tag("p") {
          "The change from the base obeys the policy, if discrete logarithms on the curve BLS12-381 are hard and nobody knows the "
          "setup's secret. Neither model was shown."
        }
      },
      figures(report),
      AuditShell.parts(
        [
          .init(key: "proved", title: "What is proved", body: proved(report)),
          .init(key: "rests", title: "By which assumption", body: rests(report)),
          .init(key: "unchecked", title: "What was not proved", body: unproved(report)),
          .init(key: "digests", title: "Digests", body: digests(report)),
          .init(key: "verify", title: "Verify it yourself", body: commands(report)),
        ], of: files.certificate),
    ])
  }

  private func count(_ report: CurveCertificateVerifier.Report, _ kind: CurvePlan.Kind) -> Int {
    report.kinds.count { $0 == kind }
  }

  private func logPowers(_ report: CurveCertificateVerifier.Report) -> Int {
    report.known?.logPowers ?? report.logLength
  }

  private func attack(_ report: CurveCertificateVerifier.Report) -> String {
    "2^\(Int(CurveSecurity.genericBits(logPowers: logPowers(report))))"
  }

  private func figures(_ report: CurveCertificateVerifier.Report) -> Markup {
    tag("dl", ["class": "figures"]) {
      AuditShell.figure("Tensors bounded", PageNumber.count(count(report, .bounded)), "their changes are proved small")
      AuditShell.figure("Tensors frozen", PageNumber.count(count(report, .frozen)), "unchanged")
      AuditShell.figure(
        "Statistical", "\(PageNumber.bits(report.statisticalBits)) bits", "proved, the least term of the soundness")
      AuditShell.figure("Best attack known", attack(report), "steps on the assumption, \(powers(report))")
      AuditShell.figure(
        "Size", PageNumber.byteCount(report.certificateBytes),
        "of which the proof \(PageNumber.byteCount(report.proofBytes))"
      )
    }
  }

  private func powers(_ report: CurveCertificateVerifier.Report) -> String {
    "for a setup of \(report.known == nil ? "at least " : "")2^\(logPowers(report)) powers"
  }

  private func proved(_ report: CurveCertificateVerifier.Report) -> Markup {
    guard let policy else { return .nothing }
    let explanation = PolicyExplanation(policy, tensors: identity.base.tensors.map { PolicyTensor($0) })
    let rules = explanation.rules.prefix(PolicySection.shownRules)
    return .group([
      tag("p") {
        "The fine-tuned model is \(report.parent == nil ? "the base" : "the model that it continues") plus a change that obeys the "
        "policy "
        Markup.name(policy.name)
        isPolicyGiven ? ". " : ", which is the one inside the certificate: its maker chose what is allowed. "
        "The first rule that fits a tensor's name decides what may happen to it:"
      },
      PageTable(
        label: "Rules of the policy", caption: .text("Rules of the policy, in order"),
        columns: [.init("Tensors named", "wide"), .init("May change by", "wide"), .init("Tensors", "num")],
        rows: rules.map { [.name($0.pattern), .text($0.words), .text(PageNumber.count($0.tensors.count))] }
      ).markup,
      tag("p") {
        explanation.totalNorm.map {
          "Besides, all changes together have a norm of at most \(PageNumber.number($0)). Tensors outside the proof do not count."
        } ?? "There is no bound on all changes together."
      },
      tag("p") {
        "Inside this policy the following could still be done. These remarks are advice, not part of the proof."
      },
      tag("ul") { for remark in explanation.remarks { tag("li") { Markup.clipped(remark) } } },
    ])
  }

  private func rests(_ report: CurveCertificateVerifier.Report) -> Markup {
    let sieve = CurveSecurity.fieldSieveBits
    return tag("ul") {
      AuditShell.item(
        "Discrete logarithms on BLS12-381: ",
        "q-DLOG in the algebraic group model. The best attacks known take about \(attack(report)) steps, \(powers(report)), or "
          + "2^\(sieve.lowerBound) to 2^\(sieve.upperBound) by the number field sieve, as estimates differ.")
      AuditShell.item(
        "A setup whose secret nobody kept: ",
        report.known.map { "\($0.name), known to the program." }
          ?? "\(report.setupID.hexadecimal), which whoever made this page named. Who knows its secret can forge.")
      AuditShell.item("SHA-256 ", "behaves like a random function.")
      AuditShell.item("A large quantum computer ", "would forge such certificates. What they hide stays hidden.")
      AuditShell.item(
        "Permitted ",
        policy?.assumption == .bls12381 && isPolicyGiven
          ? "by the policy."
          : "by whoever made this page, for this once: the policy given does not say so, or is the maker's own.")
    }
  }

  private func unproved(_ report: CurveCertificateVerifier.Report) -> Markup {
    let names = zip(identity.base.tensors, report.kinds).filter { $1 == .free || $1 == .opaque }.map(\.0.name)
    return .group([
      names.isEmpty
        ? tag("p") { "Every tensor of the model is bounded or frozen." }
        : .group([
          tag("p") { "Nothing is proved of \(PageNumber.count(names.count, "tensor")), which may be anything:" },
          tag("ul") { for name in names.prefix(PolicySection.shownRules) { tag("li") { Markup.name(name) } } },
        ]),
      tag("p") {
        "Configuration, tokenizer, chat template and code are not covered, and a change inside the bounds may be harmful. That a "
        "model's files hold these weights tells who has them and the opening: driftproof check."
      },
    ])
  }

  private func digests(_ report: CurveCertificateVerifier.Report) -> Markup {
    var rows = [
      ("Curve root of the base", report.baseRoot), ("Tuned commitment", report.tunedCommitment),
      ("Setup", report.setupID), ("Certificate file, SHA-256", sha256),
    ]
    if let policy { rows.append(("Policy", SHA256.hash(policy.canonicalBytes()))) }
    if let parent = report.parent { rows.append(("Parent's tuned commitment", parent)) }
    return PageTable(
      label: "Digests", caption: .text("Compare the first with a value that you trust"),
      columns: [.init("Of"), .init("Hexadecimal", "wide")],
      rows: rows.map { title, digest in [.text(title), tag("code") { digest.hexadecimal }] }
    ).markup
  }

  private func commands(_ report: CurveCertificateVerifier.Report?) -> Markup {
    let quoted = CommandsSection.quoted
    let setup = report.map { $0.known == nil ? " --setup \($0.setupID.hexadecimal)" : "" } ?? ""
    return .group([
      tag("p") {
        "Do not trust this page: anybody can write one. With the program driftproof, the certificate, the base's identity with "
        "rows and the policy, the following repeats its verdict in less than a second."
      },
      tag("pre") {
        tag("code") {
          "driftproof verify \(quoted(files.certificate)) --base-identity \(quoted(files.identity)) "
          "--policy \(files.policy.map(quoted) ?? "POLICY.json") --assume bls12-381\(setup)"
        }
      },
    ])
  }
}
