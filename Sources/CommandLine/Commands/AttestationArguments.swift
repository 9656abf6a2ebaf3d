// SPDX-License-Identifier: Apache-2.0

import DriftProofAttestation

/// The arguments about attestations that `verify` and `attest` share.
enum AttestationArguments {
  /// Of `verify`.
  static let options: [CommandDescription.Option] =
    [
      .optional("attestation", "FILE", "verify a signed statement about the certificate, too (X.intoto.jsonl)"),
      .optional("public-key", "KEY.pem", "the public key of the attestation's signer, in PEM"),
      .optional("tuned", "TUNED", "compare the tuned model's files with the attestation's subject"),
    ] + ModelDigestArguments.options

  /// What `verify`'s options ask for; nil without `--attestation`.
  static func verify(
    certificate: [UInt8], _ arguments: ParsedArguments, _ console: Console
  ) throws(CommandFailure) -> AttestationReport? {
    let hasAttestation = arguments.values["attestation"] != nil
    guard hasAttestation == (arguments.values["public-key"] != nil) else {
      throw CommandFailure(UsageError("--attestation and --public-key go together", command: arguments.command))
    }
    guard hasAttestation else {
      guard arguments.values["tuned"] == nil else {
        throw CommandFailure(
          UsageError("--tuned compares with an attestation: --attestation is missing", command: arguments.command))
      }
      return nil
    }
    let attestation = try arguments.readFile("attestation", limit: FileLimits.attestation)
    let key = try arguments.publicKey()
    let report = try verify(attestation, certificate: certificate, key: key)
    if arguments.values["tuned"] != nil {
      let digest = try ModelDigestArguments.compute("tuned", arguments, console)
      do {
        try report.requireModel(digest.root)
      } catch {
        throw CommandFailure(error)
      }
    }
    return report
  }

  static func verify(
    _ attestation: [UInt8], certificate: [UInt8], key: PublicKey
  ) throws(CommandFailure) -> AttestationReport {
    do {
      return try Attestation.verify(attestation, certificate: certificate, key: key)
    } catch {
      throw CommandFailure(error)
    }
  }
}

extension ParsedArguments {
  /// The key of `--public-key`.
  func publicKey() throws(CommandFailure) -> PublicKey {
    let bytes = try readFile("public-key", limit: FileLimits.key)
    do {
      return try PublicKey(pem: bytes)
    } catch {
      throw CommandFailure(.operational, "\(try required("public-key")): \(error)")
    }
  }

  /// The private key that an option names.
  func signingKey(_ option: String) throws(CommandFailure) -> SigningKey {
    let bytes = try readFile(option, limit: FileLimits.key)
    do {
      return try SigningKey(pem: bytes)
    } catch {
      throw CommandFailure(.operational, "\(try required(option)): \(error)")
    }
  }
}

extension AttestationReport {
  var members: [(key: String, value: JSONOutput)] {
    [
      ("keyID", .string(keyID)),
      ("subject", .string(subjectName)),
      ("modelDigest", modelDigest.map { .string($0) } ?? .null),
      ("subjectBinding", .string(binding.rawValue)),
      ("filesLeftOut", .array(filesLeftOut.map { .string($0) })),
      ("relation", .string(relation.rawValue)),
      ("baseURI", baseURI.map { .string($0) } ?? .null),
      ("parentCommitment", parentCommitment.map { .string($0) } ?? .null),
      ("prover", .string(proverID)),
      ("provedAt", .string(provedAt)),
      ("statementBytes", .integer(payloadBytes)),
    ]
  }

  var lines: [String] {
    let prover = proverID == "key:\(keyID)" ? "the signer" : Quoting.plain(proverID)
    var lines = [
      "attested by key   \(keyID)",
      "proved by         \(prover), not after \(Quoting.plain(provedAt))",
    ]
    switch (modelDigest, binding) {
    case (let digest?, .checked):
      lines.append("model files       \(digest) (\(Quoting.plain(subjectName)), checked by the signer)")
    case (let digest?, _):
      lines.append("model files       \(digest) (\(Quoting.plain(subjectName)), on the signer's word)")
    case (nil, _): lines.append("model files       not named: the subject is the tuned commitment")
    }
    if !filesLeftOut.isEmpty {
      lines.append(
        "NOT CERTIFIED     \(filesLeftOut.map(Quoting.plain).joined(separator: ", ")): weights among the model's files that the "
          + "certificate is not about")
    }
    lines.append("relation          \(relation.rawValue)" + (baseURI.map { " of \(Quoting.plain($0))" } ?? ""))
    if let parentCommitment {
      lines.append("link              relative to the parent \(parentCommitment), not to the base")
    }
    return lines
  }
}

extension CommandFailure {
  init(_ error: AttestationError) {
    self.init(ExitCode(error), error.description, remedy: error.remedy)
  }
}
