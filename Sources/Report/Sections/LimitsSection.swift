// SPDX-License-Identifier: Apache-2.0

import DriftProofReportFacts

/// What nobody may read into the certificate.
struct LimitsSection {
  let contents: VerifiedContents

  /// Excluded names that are shown.
  static let shownNames = 500

  var markup: Markup {
    .group([
      excluded,
      tag("ul") {
        tag("li") {
          tag("strong") { "Behaviour. " }
          "The proof is about weights. It does not say that the model behaves well: a change inside the bounds may be "
          "harmful."
        }
        tag("li") {
          tag("strong") { "The file in your hands. " }
          "The certificate hides the weights, so it cannot tell that a model you downloaded is the certified one. “driftproof "
          "check” tells somebody who has both models and the secret opening."
        }
        tag("li") {
          tag("strong") { "Very small changes. " }
          precision
        }
        tag("li") {
          tag("strong") { "Everything that is no weight. " }
          "Configuration, tokenizer, chat template and code are not covered, and can change what a model does."
        }
        tag("li") {
          tag("strong") { "Who and when. " }
          "A certificate has no signature and no date. An attestation adds both, on its signer's word."
        }
      },
    ])
  }

  private var excluded: Markup {
    let names = contents.verification.excluded
    guard !names.isEmpty else { return tag("p") { "Every tensor is inside the proof. Still, the following is not:" } }
    return .group([
      tag("div", ["class": "note failed"]) {
        tag("p") {
          tag("strong") { "\(PageNumber.count(names.count, "tensor")) outside the proof. " }
          "The policy allows any change there: these may be replaced, dropped or added, and no total counts them."
        }
        tag("details", ["open": names.count <= 12 ? "open" : nil]) {
          tag("summary") { "Their names" }
          tag("ul") { for name in names.prefix(Self.shownNames) { tag("li") { Markup.name(name) } } }
          if names.count > Self.shownNames {
            tag("p") { "and \(PageNumber.count(names.count - Self.shownNames)) more, which driftproof verify lists." }
          }
        }
      },
      tag("p") { "Nor was this proved:" },
    ])
  }

  private var precision: Markup {
    let units = contents.verification.precision.tensorsByFractionBits
    guard let coarsest = units.first, let finest = units.last else {
      return "Nothing had to be proved by numbers here."
    }
    func unit(_ bits: Int) -> String {
      PageNumber.number(Double(sign: .plus, exponent: -bits, significand: 1), digits: 2)
    }
    let range =
      coarsest.fractionBits == finest.fractionBits
      ? unit(coarsest.fractionBits) : "\(unit(finest.fractionBits)) to \(unit(coarsest.fractionBits))"
    return .text(
      "Weights are compared in steps of \(range), depending on the tensor. Changes below a step are not seen.")
  }
}
