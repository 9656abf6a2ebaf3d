// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofAttestation
import DriftProofCurveCertificate
import DriftProofCertificate

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// `driftproof attest`: a signed statement about a certificate, for supply-chain tools.
enum AttestCommand: Command {
  static let description = CommandDescription(
    name: "attest",
    summary: "sign a statement about a certificate",
    details: [
      "Writes an in-toto Statement in a DSSE envelope, signed with Ed25519 or ECDSA P-256. It says in other tools' terms "
        + "what the certificate proves, names its digest, and may tie it to the tuned model's files. driftproof verify "
        + "--attestation checks both together. openssl genpkey -algorithm ed25519 -out KEY.pem makes a key.",
      "With --tuned the subject has the digest of the model's files, as OpenSSF Model Signing computes it. That digest is "
        + "not salted: who has a guess of the weights can confirm it. Without --tuned the subject is the tuned "
        + "commitment, which hides them. With --base and --opening as well, the files are first checked to be the "
        + "certified ones; otherwise the signer vouches for that.",
      "With --base-identity the proof is verified before anything is signed. A link of a chain needs it with --base, which "
        + "is then the parent's model; its statement names the parent's tuned commitment.",
    ],
    positionals: [.init(name: "CERT", help: "the certificate, CERT.drift")],
    ownOptions: [
      .required("key", "KEY.pem", "the private key: PKCS#8 in PEM, without a password"),
      .required("out", short: "o", "FILE", "where the attestation is written (X.intoto.jsonl); - for standard output"),
      ParsedArguments.stripPrefix,
      .optional(
        "tuned", "TUNED", "the tuned model, or the unmerged adapter: put the digest of its files into the subject"),
      .optional("base", "BASE", "with --tuned and --opening: check that the files are the certified ones"),
      .optional("opening", "OPENING.secret", "the secret opening that prove wrote"),
      .optional("base-identity", "FILE", "verify the proof first, against this base identity"),
      .optional("base-uri", "URI", "where the base is, such as pkg:huggingface/org/model@revision"),
      .optional(
        "relation", "{finetune,adapter,merge,quantized}",
        "what the tuned model is to the base (finetune; of an adapter, adapter)"),
      .optional("prover", "ID", "who proved (the key)"),
      .optional("proved-at", "TIME", "by when the proof was made, as in RFC 3339 (now)"),
      .leaveOut,
    ] + ModelDigestArguments.options)

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    let output = try arguments.required("out")
    let hasBase = arguments.values["base"] != nil
    guard hasBase == (arguments.values["opening"] != nil), !hasBase || arguments.values["tuned"] != nil else {
      throw usage("--base and --opening go together, and with --tuned")
    }
    try AtomicFile.checkFolder(of: output)
    let key = try arguments.signingKey("key")
    let certificate = try arguments.readFile("CERT", limit: FileLimits.certificate)
    guard !certificate.starts(with: CurveCertificate.magic) else {
      throw CommandFailure(
        .notProvable,
        "a statement has a place for proven bits alone, and a kzg certificate rests on assumptions besides",
        remedy: "driftproof report says which; the hash backend's certificates can be attested.")
    }
    var details = try statedDetails(arguments)
    try verify(certificate, arguments, console)
    if let path = arguments.values["tuned"] {
      let tuned = try SubjectFiles(path, arguments)
      details.filesLeftOut = tuned.leftOut
      if case .adapter = tuned.form, arguments.values["relation"] == nil { details.relation = .adapter }
      details.binding = try tuned.bind(to: certificate, arguments, console)
      if details.binding == .checked, !tuned.leftOut.isEmpty {
        details.binding = .declared
        console.remark(
          "WARNING: \(Format.count(tuned.leftOut.count, "file")) left out: the folder holds weights that the certificate is "
            + "not about, so the statement says declared, not checked; move them out of the folder")
      }
      let digest = try ModelDigestArguments.compute("tuned", arguments, console)
      try tuned.requireCovered(by: digest, arguments)
      details.subjectName = digest.name
      details.modelDigest = digest.root
    }
    let attestation: [UInt8]
    do {
      attestation = try Attestation.make(certificate: certificate, details: details, key: key)
    } catch {
      throw CommandFailure(error)
    }
    let report = try AttestationArguments.verify(attestation, certificate: certificate, key: key.publicKey)
    if output == OutputPlace.standardOutput {
      return CommandResult(text: String(decoding: attestation, as: UTF8.self), json: .null)
    }
    try AtomicFile.write(attestation, to: output)
    let lines = ["ATTESTED"] + report.lines + ["written to        \(Quoting.plain(output))"]
    let json: [(key: String, value: JSONOutput)] =
      [("attestation", .object(report.members)), ("out", .string(output)), ("exitCode", .integer(0))]
    return CommandResult(text: lines.joined(separator: "\n") + "\n", json: .object(json))
  }

  /// What the command line says about the certificate.
  private static func statedDetails(_ arguments: ParsedArguments) throws(CommandFailure) -> AttestationDetails {
    let certificate = try arguments.required("CERT")
    var details = AttestationDetails(
      certificateName: certificate.split(separator: "/").last.map(String.init) ?? certificate,
      provedAt: Timestamp(secondsSince1970: time(nil)))
    if let text = arguments.values["proved-at"] {
      guard let provedAt = Timestamp(text) else {
        throw usage("--proved-at is \(Quoting.shown(text)), expected a time such as 2026-03-01T12:30:00Z")
      }
      details.provedAt = provedAt
    }
    if let text = arguments.values["relation"] {
      guard let relation = ModelRelation(rawValue: text) else {
        let known = ModelRelation.allCases.map(\.rawValue).joined(separator: ", ")
        throw usage("--relation is \(Quoting.shown(text)), expected one of \(known)")
      }
      details.relation = relation
    }
    if let uri = arguments.values["base-uri"] {
      guard isURI(uri) else {
        throw usage("--base-uri is \(Quoting.shown(uri)), expected a URI such as pkg:huggingface/org/model@revision")
      }
      details.baseURI = uri
    }
    details.proverID = arguments.values["prover"]
    return details
  }

  private static func verify(
    _ certificate: [UInt8], _ arguments: ParsedArguments, _ console: Console
  ) throws(CommandFailure) {
    guard arguments.values["base-identity"] != nil else {
      return console.remark("the proof is not verified before signing; with --base-identity it would be")
    }
    let identity = try arguments.readFile("base-identity", limit: FileLimits.identity)
    do {
      _ = try CertificateVerifier.verify(certificate: certificate, identityFile: identity, parent: .any)
    } catch {
      throw CommandFailure(error)
    }
    console.remark("the proof is verified")
  }

  /// A scheme, a colon and something, without characters that a URI cannot have.
  private static func isURI(_ text: String) -> Bool {
    guard let colon = text.firstIndex(of: ":"), text.first?.isLetter == true, text.index(after: colon) < text.endIndex
    else { return false }
    let isScheme = text[..<colon].utf8.allSatisfy { byte in
      Character(Unicode.Scalar(byte)).isLetter || (0x30...0x39).contains(byte) || "+-.".utf8.contains(byte)
    }
    return isScheme && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"<>\\^`{|}".utf8.contains($0) }
  }

  private static func usage(_ message: String) -> CommandFailure {
    CommandFailure(UsageError(message, command: description))
  }
}
