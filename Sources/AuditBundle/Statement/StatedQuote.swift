// SPDX-License-Identifier: Apache-2.0

/// The quote of an enclave as a statement names it.
package struct StatedQuote: Equatable, Sendable {
  package enum Kind: String, CaseIterable, Sendable {
    case nitro
    case snp = "sev-snp"
  }

  package let kind: Kind
  /// SHA-256 of the quote, and of the certificates of a report; hexadecimal.
  package let digest: String
  package let chainDigest: String?

  package init(kind: Kind, digest: String, chainDigest: String?) {
    self.kind = kind
    self.digest = digest
    self.chainDigest = chainDigest
  }
}
