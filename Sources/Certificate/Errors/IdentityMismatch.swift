// SPDX-License-Identifier: Apache-2.0

import DriftProofStatement

/// Which identity differs.
public enum IdentityMismatch: Error, Equatable, Sendable {
  /// Roots in hexadecimal.
  case base(certificate: String, given: String)
  /// Policy digests in hexadecimal.
  case policy(certificate: String, given: String)
  /// Tuned commitments in hexadecimal of the parent that a certificate names and of the one that it should; nil for the
  /// base itself.
  case parent(certificate: String?, given: String?)
  /// A link of a chain whose way to the base is not established; says how.
  case chain(String)
  /// The certificate is about an unmerged adapter, a whole model is at hand.
  case aboutAdapter
  /// The certificate is about a whole model, an unmerged adapter is at hand.
  case aboutCheckpoint
  /// A checkpoint's names differ from those of a document by a prefix. Of `NamePrefix` the side `base` is what stands on
  /// the left when the two are compared: of an identity the checkpoint, of a certificate the certificate.
  case names(NamePrefix, in: Document)
  /// A transition, a tuned model's tableau and a certificate that do not belong together.
  case transition(TransitionMismatch)
  /// The opening of a base that hides its weights is that of another tableau; linked roots in hexadecimal.
  case baseOpening(path: String, opening: String, given: String)
  /// The identity states other pins of a tree of the base's tableau than its rows have.
  case basePins(tree: Int)
  /// A checkpoint at hand is not the one of the certificate; says how.
  case checkpoint(String)
}

extension IdentityMismatch {
  /// What states names of tensors.
  public enum Document: String, Hashable, Sendable {
    case identity = "identity given"
    case certificate
  }
}

extension IdentityMismatch: CustomStringConvertible {
  /// In English, for people and logs.
  public var description: String {
    switch self {
    case .base(let certificate, let given):
      "the certificate is about the base \(certificate), the identity given is \(given); use the identity of its base"
    case .policy(let certificate, let given):
      "the certificate was made for the policy \(certificate), the policy given is \(given); use the same policy"
    case .parent(let certificate?, nil):
      "the certificate is a link of a chain: its drift starts from the model of the tuned commitment \(certificate), not "
        + "from the base; verify it with its chain, or name its parent"
    case .parent(let certificate, let given):
      "the certificate's drift starts from \(Self.model(certificate)), not from \(Self.model(given)); give its own parent"
    case .baseOpening(let path, let opening, let given):
      "\(path): this is the opening of \(opening), the identity given commits to the base as \(given); use the one that was "
        + "written with the identity"
    case .basePins(let tree):
      "the base and its opening give other pins of tree \(tree) of the base's tableau than the identity states; the identity "
        + "was changed, or made by a faulty program: identify the base anew"
    case .aboutAdapter: "the certificate is about an unmerged adapter; give its folder"
    case .aboutCheckpoint: "the certificate is about a whole tuned model; give that"
    case .names(let prefix, let document):
      prefix.text(
        base: document == .identity ? "base on disk" : document.rawValue,
        tuned: document == .identity ? document.rawValue : "tuned model")
    case .transition(let mismatch): "\(mismatch)"
    case .checkpoint(let message), .chain(let message): message
    }
  }
}

extension IdentityMismatch {
  private static func model(_ commitment: String?) -> String {
    commitment.map { "the model of the tuned commitment \($0)" } ?? "the base"
  }
}
