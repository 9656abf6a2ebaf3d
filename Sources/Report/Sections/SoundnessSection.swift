// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofReportFacts

/// The terms of the soundness error, each with a bar and a sentence.
struct SoundnessSection {
  let contents: VerifiedContents

  private var terms: [SoundnessTerm] { contents.verification.soundness }

  var markup: Markup {
    guard let widest = terms.map(\.bits).max(), let weakest = terms.min(by: { $0.bits < $1.bits }) else {
      return tag("p") {
        "Every tensor is unchanged or outside the proof. What holds is then a comparison of digests with SHA-256, of 128 "
        "bits against collisions."
      }
    }
    return .group([
      tag("p") {
        "The proof is a series of random questions, which nobody can foresee. \(SoundnessWords.bits) The weakest here is "
        "“\(weakest.name)” with \(PageNumber.bits(weakest.bits)) bits."
      },
      tag("p") {
        "This holds as long as the hash function SHA-256 behaves like a random function. Nobody had to be trusted to set "
        "anything up. No quantum computer is known to break such a proof; the figures, though, are for ordinary computers."
      },
      PageTable(
        label: "Soundness",
        caption: "Steps of the proof, and how hard each is to cheat; the line in a bar is at 128 bits",
        columns: [.init("Step"), .init("Bits", "num"), .init("", "meter"), .init("What it means", "wide")],
        rows: terms.map { term in
          [
            .text(term.name), .text(PageNumber.bits(term.bits)), bar(term.bits, of: max(widest, 128)),
            .text(SoundnessWords.sentence(term.name) ?? "A further random question of the proof."),
          ]
        }
      ).markup,
    ])
  }

  private func bar(_ bits: Double, of widest: Double) -> Markup {
    tag("svg", ["viewBox": "0 0 200 10", "preserveAspectRatio": "none", "aria-hidden": "true", "focusable": "false"]) {
      tag("rect", ["class": "track", "width": "200", "height": "10"])
      tag("rect", ["class": "fill", "width": PageNumber.coordinate(200 * bits / widest), "height": "10"])
      tag("rect", ["class": "mark", "x": PageNumber.coordinate(200 * 128 / widest - 1), "width": "2", "height": "10"])
    }
  }
}
