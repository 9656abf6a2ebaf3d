// SPDX-License-Identifier: Apache-2.0

import DriftProofReportFacts
import DriftProofCore

/// Pairs of a term and what it is.
struct FactList {
  let facts: [(term: String, value: Markup)]

  var markup: Markup {
    tag("dl", ["class": "facts"]) {
      for fact in facts {
        tag("dt") { fact.term }
        tag("dd") { fact.value }
      }
    }
  }

  static func digest(_ hexadecimal: String) -> Markup { tag("code") { hexadecimal } }
}

/// How large the certificate is, and how long looking at it took.
struct SizesSection {
  let report: MeasuredReport
  let contents: VerifiedContents

  var markup: Markup {
    let verification = contents.verification
    var facts: [(term: String, value: Markup)] = [
      ("Certificate", "\(PageNumber.byteCount(report.byteCount))"),
      ("Proof in it", "\(PageNumber.byteCount(verification.proofBytes))"),
      ("Verification took", "\(PageNumber.seconds(verification.verifySeconds)), without any weights"),
      (
        "Model",
        "\(PageNumber.count(contents.coverage.all.tensors, "tensor")), \(PageNumber.count(contents.coverage.all.parameters, "parameter"))"
      ),
    ]
    if let code = verification.code { facts.append(("Code parameters", .text(code))) }
    if let transition = contents.transition {
      facts.append(
        (
          "Transition to the tableau",
          "\(PageNumber.byteCount(transition.byteCount)), verified in \(PageNumber.seconds(transition.verifySeconds))"
        ))
    }
    if let measurement = report.measurement {
      facts.append(("Measuring the weights took", "\(PageNumber.seconds(measurement.seconds))"))
    }
    return .group([
      FactList(facts: facts).markup,
      tag("p", ["class": "soft small"]) {
        "Size and time of verification hardly grow with the model. How long proving took is not in a certificate."
      },
    ])
  }
}

/// Digests to compare with others.
struct IdentitySection {
  let report: CertificateReport

  var markup: Markup {
    var facts: [(term: String, value: Markup)] = [("SHA-256 of the file", FactList.digest(report.sha256))]
    if let claims = report.claims {
      facts += [
        ("Base identity", FactList.digest(claims.baseIdentity)),
        ("Tuned commitment", FactList.digest(claims.tunedCommitment)),
        ("Policy", .name(claims.policyName)),
        ("Policy digest", FactList.digest(claims.policyDigest)),
      ]
    }
    if let transition = report.contents?.transition {
      facts.append(("Tableau of the fine-tuned model", FactList.digest(transition.tableau)))
    }
    if report.claims?.baseIdentity != report.givenBase {
      facts.append(("Base identity that was given", FactList.digest(report.givenBase)))
    }
    let source =
      report.policySource == .given
      ? "The policy was given by whoever made this page." : "The policy is the one inside the certificate."
    return .group([
      report.failure == nil
        ? tag("p") {
          "Compare the base identity with one from a source that you trust, or compute it from the base's files: "
          "everything here is relative to it. \(source)"
        }
        : tag("p") { "None of this was proved." },
      report.claims == nil ? tag("p") { "The file could not be read as a certificate." } : .nothing,
      FactList(facts: facts).markup,
      report.failure == nil
        ? tag("p", ["class": "soft small"]) {
          "The tuned commitment fixes the fine-tuned model and hides it: from it nobody learns the weights, and two "
          "certificates with the same one are about the same change."
        } : .nothing,
      report.contents?.transition == nil
        ? .nothing
        : tag("p", ["class": "soft small"]) {
          "The tableau is a commitment to the fine-tuned model's own weights. A second proof, the transition, was verified, "
          "too: what the tableau holds is the base's weights plus this certificate's change, and nothing else, for all "
          "tensors of 16 bits."
        },
    ])
  }
}

/// Words of this page.
enum Glossary {
  private static let words: [(term: String, meaning: String)] = [
    ("Base, fine-tuned model", "The model that was published before, and the one made from it by further training."),
    ("Certificate", "A file that proves that the fine-tuned model obeys a policy, and shows no weights."),
    (
      "Change, Δ",
      "For each weight: the fine-tuned value minus that of the base, or of the model that a link continues."
    ),
    ("Norm, ‖Δ‖ or ‖W‖", "The size of a change, or of a tensor: the square root of the sum of all squares."),
    ("Policy", "A list of rules that say which tensors may change, and how."),
    ("Rank", "How many independent patterns a change consists of. Adapters such as LoRA make changes of low rank."),
    ("Residual", "The rest that may remain beside a change of a given form, mostly from rounding."),
    ("Tensor", "A table of weights with a name, such as one matrix of a layer."),
  ]

  static var markup: Markup {
    tag("section", ["aria-labelledby": "words"]) {
      tag("h2", ["id": "words"]) { "Words on this page" }
      tag("dl", ["class": "facts"]) {
        for word in words {
          tag("dt") { word.term }
          tag("dd") { word.meaning }
        }
      }
    }
  }
}
