// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofCore

/// A list of withdrawn certificates: strict JSON of at most ``maximumBytes``.
///
///     {"driftRevocations": 1, "revoked": [
///       {"commitment": "<64 hex>", "reason": "…", "date": "2026-03-01T12:30:00Z"},
///       {"certificate": "<64 hex>", "reason": "…", "date": "…"}]}
///
/// `commitment` withdraws a tuned model, whatever certificates there are about it; `certificate`, the SHA-256 of a file,
/// that one file. An entry holds from whenever it is in the list: `date` is for people. The list has no signature; who
/// uses it knows where it is from.
public struct RevocationList: Hashable, Sendable {
  /// What an entry withdraws.
  public enum Subject: Hashable, Sendable {
    /// SHA-256 of a certificate file, hexadecimal.
    case certificate(String)
    /// A tuned commitment, hexadecimal.
    case commitment(String)
  }

  /// One withdrawal.
  public struct Entry: Hashable, Sendable {
    /// What is withdrawn.
    public let subject: Subject
    /// For people; 1 to ``maximumReasonBytes`` bytes.
    public let reason: String
    /// Since when it is withdrawn.
    public let date: Timestamp
  }

  /// The version of the file that is read.
  public static let fileVersion = 1
  /// Bytes of the file at most.
  public static let maximumBytes = 16 << 20
  /// UTF-8 bytes of one reason at most.
  public static let maximumReasonBytes = 4096

  /// In the order of the file.
  public let entries: [Entry]
  private let bySubject: [Subject: Entry]

  /// Reads a list. Two entries about one subject are an error, as is every key that is not described.
  /// - Throws: `operational` with the place of the first thing wrong. No bytes make it trap.
  public init(file bytes: [UInt8]) throws(DriftProofError) {
    guard bytes.count <= Self.maximumBytes else {
      throw .operational("the revocation list has \(bytes.count) bytes, more than \(Self.maximumBytes)")
    }
    do throws(JSONError) {
      let document = try JSONNode(parsing: bytes)
      try document.requireKeys(["driftRevocations", "revoked"])
      _ = try document.member("driftRevocations").integer(in: Self.fileVersion...Self.fileVersion)
      var entries: [Entry] = []
      var bySubject: [Subject: Entry] = [:]
      for node in try document.member("revoked").elements() {
        let entry = try Self.entry(node)
        guard bySubject.updateValue(entry, forKey: entry.subject) == nil else {
          throw .outOfRange(path: node.path, found: "a subject that was listed before", expected: "each subject once")
        }
        entries.append(entry)
      }
      self.entries = entries
      self.bySubject = bySubject
    } catch {
      throw .operational("revocation list: \(error)")
    }
  }

  /// The entry that withdraws a certificate, if any; of two, the one about the model.
  /// - Parameters:
  ///   - sha256: of the file, hexadecimal.
  ///   - commitment: hexadecimal; nil for a file that states none.
  package func entry(certificate sha256: String, commitment: String?) -> Entry? {
    commitment.flatMap { bySubject[.commitment($0)] } ?? bySubject[.certificate(sha256)]
  }

  private static func entry(_ node: JSONNode) throws(JSONError) -> Entry {
    try node.requireKeys(["reason", "date"], optional: ["certificate", "commitment"])
    let certificate = try node.optionalMember("certificate")?.hex(byteCount: SHA256.digestLength).hexadecimal
    let commitment = try node.optionalMember("commitment")?.hex(byteCount: SHA256.digestLength).hexadecimal
    let subject: Subject
    switch (certificate, commitment) {
    case (let digest?, nil): subject = .certificate(digest)
    case (nil, let commitment?): subject = .commitment(commitment)
    default:
      throw .outOfRange(
        path: node.path, found: certificate == nil ? "neither" : "both", expected: "one of certificate and commitment")
    }
    let reasonNode = try node.member("reason")
    let reason = try reasonNode.string()
    guard (1...maximumReasonBytes).contains(reason.utf8.count) else {
      throw .outOfRange(
        path: reasonNode.path, found: "\(reason.utf8.count) bytes", expected: "1 to \(maximumReasonBytes) bytes")
    }
    let dateNode = try node.member("date")
    let text = try dateNode.string()
    guard let date = Timestamp(text) else {
      throw .outOfRange(
        path: dateNode.path, found: StrictJSON.shown(text), expected: "a time such as 2026-03-01T12:30:00Z")
    }
    return Entry(subject: subject, reason: reason, date: date)
  }
}
