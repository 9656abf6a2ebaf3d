// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import DriftProofCore
import DriftProofEnclave

/// The quote that a bundle has: an enclave's word that the auditor's client wrote exactly this transcript of the candidate.
/// In a verified bundle it is signed with everything else and says that it is about this audit; whether an enclave has said so
/// is for the reader to check, who trusts some maker's root and knows what was measured.
package struct QuoteFile: Sendable {
  package let stated: StatedQuote
  private let quote: Quote
  private let binding: QuoteBinding

  private enum Quote: Sendable {
    case nitro(NitroQuote)
    case snp(SNPReport, chain: [QuoteCertificate])
  }

  /// How a Nitro document begins: an array of four, or tag 18 before one. A report begins with its version.
  private static let nitroBeginnings: [UInt8] = [0x84, 0xD2]

  /// - Parameter root: of the candidate's transcript, over all its lines.
  /// - Returns: nil where the bundle has none.
  init?(_ archive: BundleArchive, _ plan: AuditPlan, candidate root: [UInt8]) throws(BundleRejection) {
    let chain = archive.optional(.quoteChain)
    guard let bytes = archive.optional(.quote) else {
      guard chain == nil else { throw .unexpectedFile(.quoteChain) }
      return nil
    }
    let commitment = [UInt8](hexadecimal: plan.commitment) ?? []
    let binding = QuoteBinding(
      planDigest: plan.digest, modelDigest: plan.modelDigest.flatMap { [UInt8](hexadecimal: $0) },
      commitment: commitment, party: .client(transcriptRoot: root))
    self.binding = binding
    let kind: StatedQuote.Kind = bytes.first.map(Self.nitroBeginnings.contains) ?? false ? .nitro : .snp
    stated = StatedQuote(
      kind: kind, digest: SHA256.hash(bytes).hexadecimal, chainDigest: chain.map { SHA256.hash($0).hexadecimal })
    // A document has its own certificates, a report none.
    switch (kind, chain) {
    case (.nitro, _?): throw .unexpectedFile(.quoteChain)
    case (.snp, nil): throw .noQuoteChain
    default: break
    }
    do throws(QuoteRejection) {
      switch kind {
      case .nitro:
        let document = try NitroQuote(bytes)
        try document.requireBinding(binding)
        quote = .nitro(document)
      case .snp:
        let report = try SNPReport(bytes)
        try report.requireBinding(binding)
        quote = .snp(report, chain: try QuoteCertificate.all(in: chain ?? []))
      }
    } catch {
      throw .quote(error)
    }
  }

  /// Checks everything that the quote says.
  /// - Parameters:
  ///   - root: whom the reader trusts.
  ///   - measurements: that the enclave must have, 48 bytes each; of a report one.
  ///   - moment: when a report's certificates must be valid, in seconds since 1970. A document has its own.
  ///   - privilege: of the software inside that asked for a report.
  /// - Returns: the moment at which it was judged.
  package func verify(
    root: QuoteCertificate, measurements: [[UInt8]], at moment: Int, privilege: UInt32 = 0
  ) throws(QuoteRejection) -> Int {
    switch quote {
    case .nitro(let document):
      try document.verify(root: root, measurements: measurements, binding: binding)
      return Int(document.timestamp / 1000)
    case .snp(let report, let chain):
      try report.verify(
        chain: chain, root: root, at: moment, measurement: measurements.first ?? [], privilege: privilege,
        binding: binding)
      return moment
    }
  }
}
