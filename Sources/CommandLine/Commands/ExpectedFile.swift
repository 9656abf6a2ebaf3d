// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore

/// What an argument's file should be; says of another one what it seems to be and what to do.
enum ExpectedFile: Sendable {
  case certificate, policy, identity, opening, attestation, revocations, key

  /// Nil for arguments that name no such file.
  init?(argument: String) {
    switch argument {
    case "CERT", "parent": self = .certificate
    case "policy", "POLICY", "cumulative": self = .policy
    case "identity", "base-identity", "next-identity": self = .identity
    case "attestation": self = .attestation
    case "revoked": self = .revocations
    case "key", "public-key": self = .key
    default: return nil
    }
  }

  /// Nil where nothing is wrong as far as one can see, a file that cannot be read included: its reader says that.
  func wrongKind(_ path: String) -> CommandFailure? {
    let file: MappedFile
    do throws(CheckpointError) {
      file = try MappedFile(path: path)
    } catch {
      guard case .isFolder = error else { return nil }
      return failure("\(path): a folder, not \(words)", maker)
    }
    guard let start = try? file.bytes(in: 0..<min(file.count, FileKind.window)), !start.isEmpty else {
      return file.count == 0 ? failure("\(path): an empty file, not \(words)", maker) : nil
    }
    if isJSON, ByteOrderMark.isAt(start) {
      return failure(
        "\(path): begins with a byte order mark, which JSON does not have", "Save the file as UTF-8 without it.")
    }
    guard let kind = FileKind(start), kind != self.kind, !isPlausible(kind, file) else { return nil }
    let cure = kind.cure.map { $0.prefix(1).uppercased() + $0.dropFirst() + "." }
    let isDownload = kind == .html || kind == .unfetched || kind == .gzip
    return failure("\(path): \(kind), not \(words)", isDownload ? cure : maker)
  }

  /// JSON whose own key stands further behind, or that is broken: its reader says where.
  private func isPlausible(_ kind: FileKind, _ file: MappedFile) -> Bool {
    guard isJSON, let key else { return false }
    if kind == .json { return true }
    guard let bytes = try? file.bytes(in: 0..<min(file.count, 1 << 20)) else { return true }
    return String(decoding: bytes, as: UTF8.self).contains("\"\(key)\"")
  }

  private func failure(_ reason: String, _ remedy: String?) -> CommandFailure {
    CommandFailure(self == .certificate || self == .attestation ? .proofInvalid : .operational, reason, remedy: remedy)
  }

  private var isJSON: Bool { self != .certificate && self != .key }

  private var key: String? {
    switch self {
    case .policy: "driftPolicy"
    case .identity: "driftIdentity"
    case .opening: "driftOpening"
    case .revocations: "driftRevocations"
    case .attestation: "payloadType"
    case .certificate, .key: nil
    }
  }

  private var kind: FileKind {
    switch self {
    case .certificate: .certificate
    case .policy: .policy
    case .identity: .identity
    case .opening: .opening
    case .attestation: .envelope
    case .revocations: .revocations
    case .key: .pem
    }
  }

  private var words: String {
    switch self {
    case .certificate: "a certificate"
    case .policy: "a policy"
    case .identity: "a base identity"
    case .opening: "a secret opening"
    case .attestation: "an attestation"
    case .revocations: "a list of revocations"
    case .key: "a key in PEM"
    }
  }

  /// Where such files come from.
  private var maker: String {
    switch self {
    case .certificate: "driftproof prove writes one, CERT.drift."
    case .policy: "driftproof policy init prints one for a base."
    case .identity: "driftproof identify BASE --out FILE writes one."
    case .opening: "driftproof prove writes one beside the certificate."
    case .attestation: "driftproof attest writes one, X.intoto.jsonl."
    case .revocations: "docs/chains.md says how one looks."
    case .key: "openssl genpkey -algorithm ed25519 -out KEY.pem makes one; openssl pkey -pubout its public half."
    }
  }
}
