// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import DriftProofCore
import DriftProofEnclave
import Foundation

/// `driftproof audit quote`: what an enclave's quote says of one audit.
enum AuditQuoteCommand: Command {
  static let description = CommandDescription(
    name: "audit quote",
    summary: "verify an enclave's quote about an audit",
    details: [
      "A quote is a statement that a processor's maker vouches for: this measured software ran in an enclave, and gave these 64 "
        + "bytes. Here they must be about the plan: with --transcript the auditor's client ran inside and wrote exactly this "
        + "transcript; with --public-key the provider's server did, and holds this key.",
      "Verifies the chain of certificates to --trust-root (AWS's or AMD's root, which you have fetched and compared yourself: none "
        + "comes with this program), the signature, that the enclave is not in debug mode, its measurement, that the quote is bound "
        + "to plan, model, transcript or key, and to the plan's commitment. 11 for a quote that is wrong in itself, 12 for one about "
        + "something else.",
      "It does not show what the measured software does, that weights were loaded which the plan names (unless that software is "
        + "known to check it), or that a key's holder signs honest answers. Intel's SGX and TDX are not read: their quotes need "
        + "collateral that ages.",
    ],
    positionals: [
      .init(name: "QUOTE", help: "the quote: a Nitro document in CBOR, or an SEV-SNP report of 1,184 bytes")
    ],
    ownOptions: [
      .required("kind", "{nitro,sev-snp,sgx,tdx}", "whose quote it is"),
      .required("plan", "PLAN.json", "the audit's plan"),
      .required("trust-root", "ROOT.pem", "the maker's root certificate, in PEM or DER"),
      .repeatable(
        "measurement", "HEX", "48 bytes that the enclave must have: of Nitro PCR0, PCR1 and so on, given again"),
      .optional("transcript", "CAND.ndjson", "the transcript that the client inside has written"),
      .optional("public-key", "KEY.pub.pem", "the key of the server inside"),
      .optional(
        "chain", "CHAIN.pem",
        "of SEV-SNP: the certificate of the report's key (VCEK or VLEK), then AMD's between it and the root"),
      .optional("at", "TIME", "of SEV-SNP: when the certificates must be valid, as 2026-03-01T12:30:00Z (now)"),
      .optional("vmpl", "N", "of SEV-SNP: the privilege level of the software that asked (0)"),
    ])

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    let kind = try arguments.required("kind")
    let plan = try ParsedArguments.auditPlan(at: try arguments.required("plan"))
    let binding = try binding(plan, arguments)
    let bytes = try arguments.readFile("QUOTE", limit: FileLimits.key)
    let measurements = try arguments.measurements()
    guard !measurements.isEmpty else {
      throw arguments.usage("--measurement is missing: a quote of any software says nothing")
    }
    let root = try arguments.certificates("trust-root")
    guard measurements.count == 1 || kind == "nitro" else {
      throw arguments.usage("--measurement is one of SEV-SNP")
    }
    guard root.count == 1, let root = root.first else {
      throw arguments.usage("--trust-root takes one certificate")
    }
    let isNitro = kind == "nitro"
    for option in ["chain", "at", "vmpl"] where isNitro && arguments.values[option] != nil {
      throw arguments.usage("--\(option) is for SEV-SNP: a Nitro document has its own")
    }
    guard isNitro || kind != "sev-snp" || arguments.values["chain"] != nil else {
      throw arguments.usage("--chain is missing: a report has no certificates")
    }
    let chain = arguments.values["chain"] == nil ? [] : try arguments.certificates("chain")
    let (moment, level) = (try arguments.moment() ?? time(nil), try arguments.number("vmpl", in: 0...3, default: 0))
    do throws(QuoteRejection) {
      switch kind {
      case "nitro":
        let quote = try NitroQuote(bytes)
        try quote.verify(root: root, measurements: measurements, binding: binding)
        return result(
          kind, binding, root, seconds: Int(quote.timestamp / 1000), measured: measurements.count,
          facts: [("module", quote.moduleID)])
      case "sev-snp":
        let report = try SNPReport(bytes)
        try report.verify(
          chain: chain, root: root, at: moment, measurement: measurements[0], privilege: UInt32(level),
          binding: binding)
        return result(
          kind, binding, root, seconds: moment, measured: 1, facts: [("version", String(report.version))])
      default: throw .unsupported("a quote of \(kind.uppercased())")
      }
    } catch {
      throw CommandFailure(
        error.isMismatch ? .identityMismatch : .proofInvalid,
        "\(try arguments.required("QUOTE")): the quote is rejected: \(error)")
    }
  }

  private static func binding(
    _ plan: AuditPlan, _ arguments: ParsedArguments
  ) throws(CommandFailure) -> QuoteBinding {
    let party: QuoteBinding.Party
    switch (arguments.values["transcript"], arguments.values["public-key"]) {
    case (_?, nil):
      let transcript = try arguments.transcript("transcript", .candidate, plan: plan)
      guard transcript.lastEnding != nil else {
        throw CommandFailure(.proofInvalid, "\(try arguments.required("transcript")): it has no end")
      }
      party = .client(transcriptRoot: transcript.root)
    case (nil, _?):
      guard let digest = [UInt8](hexadecimal: try arguments.publicKey().keyID) else {
        throw arguments.usage("--public-key is no key")
      }
      party = .server(key: digest)
    default: throw arguments.usage("either --transcript or --public-key says what the quote is about")
    }
    guard let commitment = [UInt8](hexadecimal: plan.commitment) else {
      throw arguments.usage("the plan has no commitment")
    }
    return QuoteBinding(
      planDigest: plan.digest, modelDigest: plan.modelDigest.flatMap { [UInt8](hexadecimal: $0) },
      commitment: commitment, party: party)
  }

  private static func result(
    _ kind: String, _ binding: QuoteBinding, _ root: QuoteCertificate, seconds: Int, measured: Int,
    facts: [(String, String)]
  ) -> CommandResult {
    let time = Timestamp(secondsSince1970: seconds).text
    let (party, shown): (String, String) =
      switch binding.party {
      case .client: ("client", "this transcript was written by the measured software, in an enclave")
      case .server: ("server", "the key is held by the measured software, in an enclave")
      }
    let lines = [
      "VERIFIED    a quote of \(kind)", "shows       \(shown), for this plan",
      "root        \(root.fingerprint.hexadecimal): compare it with what its maker publishes",
      "as of       \(time)", "measured    \(Format.count(measured, "value")) as given",
      "does not    show what that software does, or which weights it loaded",
    ]
    return CommandResult(
      text: lines.joined(separator: "\n") + "\n",
      json: .object(
        [
          ("verified", .boolean(true)), ("kind", .string(kind)), ("party", .string(party)),
          ("binding", .string(binding.digest.hexadecimal)), ("trustRoot", .string(root.fingerprint.hexadecimal)),
          ("asOf", .string(time)),
        ] + facts.map { ($0.0, .string(Quoting.plain($0.1))) } + [("exitCode", .integer(0))]))
  }
}
