/// A verdict in plain words: what is known now, and what to do.
package struct VerdictWords: Sendable, Equatable {
  /// One or two words.
  package let title: String
  /// What it means, in full sentences.
  package let sentence: String
  /// What must be known beside it, or done now.
  package let advice: [String]
  /// Something is proved. False for a failure, and for a certificate whose policy leaves out everything.
  package let isGood: Bool

  package init(_ report: CertificateReport) {
    switch report.outcome {
    case .verified(let contents): self.init(contents, report.policySource)
    case .rejected(let error): self.init(error)
    }
  }

  private init(_ contents: VerifiedContents, _ source: CertificateReport.PolicySource) {
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
    title = "Verified"
    sentence =
      "The fine-tuned model differs from its base only as the policy below allows. Whoever made this certificate knew "
      + "such a change. Nobody can make one for a change outside the policy, except by luck: less than 1 in 340 billion "
      + "billion billion billion per attempt."
    var advice: [String] = []
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
      "Whether a file in your hands is the certified model is not known from this; “driftproof check” tells.")
    self.advice = advice
  }

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
    case .operational, .usage, .precisionRefused:
      title = "Not verified: could not be checked"
      sentence = "The certificate could not be checked, so nothing is known about it."
      advice = ["The reason below says what is in the way."]
    }
  }
}
