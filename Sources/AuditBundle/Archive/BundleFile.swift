// SPDX-License-Identifier: Apache-2.0

/// The files of a bundle, in their order.
package enum BundleFile: String, CaseIterable, Sendable {
  case plan = "plan.json"
  case reference = "reference.ndjson"
  case candidate = "candidate.ndjson"
  case result = "result.json"
  case attestation = "attestation.intoto.jsonl"
  case certificate = "certificate.drift"
  case identity = "base.identity.json"
  case policy = "policy.json"
  /// An enclave's quote about the candidate's transcript, and the certificates of one that has none.
  case quote = "quote.bin"
  case quoteChain = "quote-chain.pem"
  /// A name that is kept for signed responses. Nothing here could check them.
  case raw = "raw.ndjson"
  case opened = "opened.json"
  /// The auditor's own questions, where the plan takes them from a file.
  case prompts = "prompts.txt"

  /// In every bundle.
  static let required: [BundleFile] = [.plan, .reference, .candidate, .result, .attestation]
  /// A file that nobody checks must not look as if somebody had.
  static let unsupported: Set<BundleFile> = [.raw]
}
