// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofCore
import Foundation

/// A verdict in plain words: what is known now, and what to do.
public struct VerdictWords: Sendable, Equatable {
  /// One or two words.
  public let title: String
  /// What it means, in full sentences.
  public let sentence: String
  /// What must be known beside it, or done now.
  public let advice: [String]
  /// Something is proved. False for a failure, and for a certificate whose policy leaves out everything.
  public let isGood: Bool

  /// The words about one certificate.
  public init(_ report: CertificateReport) {
    switch report.outcome {
    case .verified(let contents): self.init(contents, report.policySource, report.link)
    case .rejected(let error): self.init(error)
    }
  }

  private init(_ contents: VerifiedContents, _ source: CertificateReport.PolicySource, _ link: ReportedLink?) {
    let coverage = contents.coverage
    isGood = coverage.proved.tensors + coverage.identical.tensors > 0
    guard isGood else {
      title = "Verified, but nothing is proved"
      sentence =
        "The proof is valid, but the policy leaves every tensor outside it: about the fine-tuned model this certificate "
        + "says nothing."
      advice = ["Do not rely on it. Ask for a certificate with a policy that limits the change."]
      return
    }
    title = link == nil ? "Verified" : "Verified as a link"
    // A link's drift starts from its parent's model, which the reader must not take for the base.
    let start = link.map { "the model of “\($0.parent)”" } ?? "its base"
    sentence =
      "The fine-tuned model differs from \(start) only as the policy below allows. Whoever made this certificate knew "
      + "such a change. Nobody can make one for a change outside the policy, except by luck: less than 1 in 340 billion "
      + "billion billion billion per attempt."
    var advice: [String] = []
    if let link { advice += Self.advice(link) }
    if source == .embedded {
      advice.append(
        "The policy is the one inside the certificate: its maker chose it. Read what it allows, or verify with a policy "
          + "of your own.")
    }
    if coverage.excluded.tensors > 0 {
      advice.append("The policy leaves tensors outside the proof. They are listed under “What was not proved”.")
    }
    if coverage.proved.tensors == 0 {
      advice.append("All tensors inside the proof are unchanged.")
    }
    advice.append(
      "Whether a file in your hands is the certified model is not known from this; a check with the opening tells.")
    self.advice = advice
  }

  private static func advice(_ link: ReportedLink) -> [String] {
    let steps = link.path.count
    let way =
      "The certificates from the base to this one are \(steps), all verified for this page: each says how far its model "
      + "is from the one before."
    let scale = "Percentages of norms refer to the base's norms, not to those of the model before."
    // What a step before this one left out is not among the tensors that this certificate leaves out.
    let outside = link.excluded.count == 1 ? "1 tensor" : "\(link.excluded.count) tensors"
    let names = link.excluded.prefix(shownNames).map(StrictJSON.shown) + (link.excluded.count > shownNames ? ["…"] : [])
    let gap =
      link.excluded.isEmpty
      ? []
      : [
        "On the way from the base \(outside) may have changed without limit, since a certificate leaves them outside its "
          + "proof: \(names.joined(separator: ", "))."
      ]
    let subject = link.excluded.isEmpty ? "All changes together" : "All changes of the other tensors together"
    guard let drift = link.driftFromBase else {
      return [way + " Their policies give no bound on all \(steps) changes together."] + gap + [scale]
    }
    let share = link.baseNorm > 0 ? String(format: " (%.3g %% of the base's norm)", 100 * drift / link.baseNorm) : ""
    return [way + " \(subject)" + String(format: " have a norm of at most %.4g", drift) + share + "."] + gap + [scale]
  }

  /// Excluded tensors that a sentence names.
  private static let shownNames = 8

  init(_ error: DriftProofError) {
    isGood = false
    switch error {
    case .proofInvalid:
      title = "Not verified: invalid"
      sentence = "This file does not prove what it says. It was damaged, changed, or made without a valid proof."
      advice = ["Do not rely on it. Ask its maker for the certificate anew, and compare its SHA-256."]
    case .identityMismatch(.policy):
      title = "Not verified: another policy"
      sentence =
        "The certificate was made for another policy than the one it was compared with. About yours it says nothing."
      advice = ["Find out which policy its maker used, and decide whether you accept that one."]
    case .identityMismatch(.parent), .identityMismatch(.chain):
      title = "Not verified: a link without its chain"
      sentence =
        "The certificate continues another one, and the way from there to the base is not established. Alone it says nothing "
        + "about the base."
      advice = ["Make this page with the certificates of all steps, from the base to this one."]
    case .identityMismatch:
      title = "Not verified: another base"
      sentence = "The certificate is about another base model than the one it was compared with."
      advice = ["Make sure that you have the identity of the right base model, and the right version of it."]
    case .coverageGap:
      title = "Not verified: tensors not covered"
      sentence =
        "The policy does not fit the tensors of base and fine-tuned model: some are missing, added, of another shape, or "
        + "no rule is about them."
      advice = ["A certificate that an honest program made cannot look like this. Do not rely on it."]
    case .policyViolated:
      title = "Not verified: outside the policy"
      sentence = "The change is not inside the policy."
      advice = ["Do not rely on it."]
    case .operational, .missingInput, .tooLarge, .notEnoughMemory, .precisionRefused:
      title = "Not verified: could not be checked"
      sentence = "The certificate could not be checked, so nothing is known about it."
      advice = ["The reason below says what is in the way."]
    }
  }
}
