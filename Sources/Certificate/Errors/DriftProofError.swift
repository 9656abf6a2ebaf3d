// SPDX-License-Identifier: Apache-2.0

import DriftProofStatement

/// Everything that keeps a certificate from being made, verified or checked.
///
/// The cases carry what was found; `description` says it in English, with a remedy where one can be named without knowing
/// how the library was called. Exit codes and command lines are the command line's affair.
public enum DriftProofError: Error, Equatable, Sendable {
  /// A file cannot be read, written or understood; says which and why.
  case operational(String)
  /// Something that this request needs was not given.
  case missingInput(MissingInput)
  /// Sizes beyond what this library handles.
  case tooLarge(StatementSize)
  /// The proof needs more memory than there is; nothing was begun.
  case notEnoughMemory(MemoryShortage)
  /// The drift exceeds the policy: every violation of every tensor.
  case policyViolated([PolicyViolation])
  /// The certificate does not prove what it says.
  case proofInvalid(InvalidProof)
  /// Base, policy or checkpoint is another than the certificate's.
  case identityMismatch(IdentityMismatch)
  /// The policy does not cover the difference in names, types and shapes: every gap.
  case coverageGap([CoverageGap])
  /// The drift may lie inside the policy but cannot be proved at this precision (docs/protocol.md section 5, completeness).
  case precisionRefused([UnprovableClause])
}

/// What a request lacks.
public enum MissingInput: Error, Hashable, Sendable {
  /// A chain of no certificates.
  case certificates
  /// An adapter needs its base, or the base's identity.
  case baseOfAdapter
  /// A link of a chain needs the identity of the chain's base.
  case identityOfChain
  /// A proof that speaks of the weights of a base whose identity hides them, or its check, needs the base's opening.
  case openingOfBase
}

extension DriftProofError: CustomStringConvertible {
  /// In English, for people and logs.
  public var description: String {
    switch self {
    case .operational(let message): message
    case .missingInput(let what): "\(what)"
    case .tooLarge(let size): "\(size)"
    case .notEnoughMemory(let shortage): "\(shortage)"
    case .policyViolated(let violations): "the drift is outside the policy:\n" + MessageList.text(violations)
    case .proofInvalid(let why): "the certificate is invalid: \(why)"
    case .identityMismatch(let why): "\(why)"
    case .coverageGap(let gaps): MessageList.text(gaps)
    case .precisionRefused(let clauses): MessageList.text(clauses)
    }
  }
}

extension MissingInput: CustomStringConvertible {
  /// In English, for people and logs.
  public var description: String {
    switch self {
    case .certificates: "a chain has at least one certificate"
    case .baseOfAdapter: "an adapter needs its base, or the base's identity"
    case .openingOfBase:
      "the identity hides the base's weights: a proof that speaks of them, and its check, need the base's opening, which was "
        + "written with the identity"
    case .identityOfChain:
      "a link of a chain needs the identity of the chain's base: its bounds and units come from there"
    }
  }
}

/// Findings as lines of a message, bounded: a forged certificate can have millions of them.
package enum MessageList {
  /// Lines of a message before the rest is only counted.
  package static let shownLines = 50

  package static func text(_ findings: some Collection<some CustomStringConvertible>) -> String {
    let shown = findings.prefix(shownLines).map(\.description)
    let rest = findings.count > shownLines ? ["and \(findings.count - shownLines) more"] : []
    return (shown + rest).joined(separator: "\n")
  }
}
