// SPDX-License-Identifier: Apache-2.0

import DriftProofTranscript

/// Why a transition proves nothing (docs/protocol.md, section 13).
public enum TransitionRejection: Error, Equatable, Sendable {
  /// The file is none.
  case file(FormatError)
  /// The tuned model's tableau has not one row for each of the base's.
  case rowCount(stated: Int, derived: Int)
  /// The tuned model's tableau has not one pin for each row.
  case pins(stated: Int, rows: Int)
  /// The drift has a tensor in other places than the base's tableau.
  case placement(tensor: String)
  /// Tensors share rows in more ways than one proof opens.
  case tooManySharedRows(found: Int, limit: Int)
  /// The code gives too few bits for this many claims.
  case insufficientSecurity(bits: Double, required: Int)
  /// A check of its argument failed.
  case argument(ProofRejection)
}

extension TransitionRejection: CustomStringConvertible {
  /// In English, for people and logs.
  public var description: String {
    switch self {
    case .file(let error): "its transition: \(error)"
    case .rowCount(let stated, let derived):
      "the tuned model's tableau states \(stated) rows, that of its base has \(derived)"
    case .pins(let stated, let rows): "the tuned model's tableau has \(stated) pins for \(rows) rows"
    case .placement(let tensor): "tensor \(tensor) lies in other places in the drift than in the base's tableau"
    case .tooManySharedRows(let found, let limit):
      "its small tensors share rows in \(found) ways, more than the \(limit) that a transition opens"
    case .insufficientSecurity(let bits, let required):
      "its transition has \(bits) bits of security, fewer than \(required)"
    case .argument(let rejection): "its transition: \(rejection)"
    }
  }
}

/// Which two of transition, tableau, certificate and base do not belong together; digests in hexadecimal.
public enum TransitionMismatch: Error, Equatable, Sendable {
  /// The certificate's statement is not in the units and places of the base's tableau.
  case notAligned
  /// Nothing changed, so that the certificate has no drift to add.
  case noDrift
  /// The transition is about another base.
  case base(transition: String, given: String)
  /// The tuned model's tableau was made beside another base.
  case tableauBase(tableau: String, given: String)
  /// The transition is about another tuned model's tableau.
  case tableau(transition: String, given: String)
  /// The transition is about another certificate.
  case certificate(transition: String, given: String)
  /// The tableau was committed with another code than the drift.
  case code
  /// The identity that was given as a next base is that of a base.
  case noNextBase
  /// The next base's identity is not that of its base but for the trees.
  case nextBase(NextBasePart)
  /// A next base was given and the transition is about a tableau, or the reverse.
  case kind(isNextBase: Bool)
}

extension TransitionMismatch {
  /// What a next base has of its base.
  public enum NextBasePart: String, Hashable, Sendable {
    case leaves = "leaves"
    case code = "rows or rate"
    case units = "units or places"
  }
}

extension TransitionMismatch: CustomStringConvertible {
  /// In English, for people and logs.
  public var description: String {
    switch self {
    case .notAligned:
      "the certificate was made without a tuned model's tableau, in units and places of its own; prove again with the tableau"
    case .noDrift: "the certificate commits to no drift; the tuned model's identity is the base's"
    case .base(let transition, let given):
      "the transition is about the base \(transition), the identity given is \(given); use the identity of its base"
    case .tableauBase(let tableau, let given):
      "the tuned model's tableau was made beside the base \(tableau), the identity given is \(given); use the identity of its base"
    case .tableau(let transition, let given):
      "the transition is about the tableau \(transition), the one given is \(given); give the tableau that it was made for"
    case .certificate(let transition, let given):
      "the transition is about the tuned commitment \(transition), the certificate's is \(given); give its own certificate"
    case .code:
      "the tuned model's tableau and the certificate's drift were committed with different codes, so that no proof can add "
        + "them; commit to both for the same number of proofs"
    case .noNextBase:
      "the identity given as the next base is that of a base, which nothing ties to another; give the one of commit --as-base"
    case .nextBase(let part):
      "the next base's identity has other \(part.rawValue) than its base's; it was changed, commit to the tuned model anew"
    case .kind(let isNextBase):
      isNextBase
        ? "the transition is about a next base; give its identity with --next-identity in place of --tuned-tableau"
        : "the transition is about a tuned model's tableau; give that with --tuned-tableau in place of --next-identity"
    }
  }
}
