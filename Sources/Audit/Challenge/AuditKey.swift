// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// The auditor's secret, from which every question of one audit follows. It is committed to before anything is asked, so
/// that nobody can choose questions after seeing answers, and revealed when the audit is over.
package struct AuditKey: Equatable, Sendable {
  package static let length = 32
  private let bytes: [UInt8]

  /// A new one.
  package init() { bytes = SystemRandom.bytes(Self.length) }

  /// Nil unless there are 32 bytes.
  package init?(bytes: [UInt8]) {
    guard bytes.count == Self.length else { return nil }
    self.bytes = bytes
  }

  /// Reads the file: 64 hexadecimal digits and a line feed. Nil for anything else.
  package init?(file: [UInt8]) {
    guard file.count == 2 * Self.length + 1, file.last == 0x0A,
      let bytes = [UInt8](hexadecimal: String(decoding: file.dropLast(), as: UTF8.self))
    else { return nil }
    self.init(bytes: bytes)
  }

  /// The content of the key's file.
  package var file: [UInt8] { Array((bytes.hexadecimal + "\n").utf8) }

  /// Hexadecimal; for the result that reveals it.
  package var revealed: String { bytes.hexadecimal }

  /// SHA-256("driftproof/audit/commit/v1" ‖ key), which the plan names.
  package var commitment: [UInt8] { SHA256.hash(Array("driftproof/audit/commit/v1".utf8), bytes) }

  /// HMAC-SHA-256(key, "driftproof/audit/challenge/v1" ‖ plan digest ‖ beacon).
  package func challenge(planDigest: [UInt8], beacon: [UInt8]) -> Challenge {
    Challenge(
      key: SHA256.authenticate(
        key: bytes, message: Array("driftproof/audit/challenge/v1".utf8) + planDigest + beacon))
  }

  /// What keeps a withheld line from being guessed: HMAC-SHA-256(key, "driftproof/audit/salt/v1" ‖ u8 side ‖ u8 kind ‖ u64 index ‖
  /// u64 attempt).
  package func salt(side: UInt8, kind: UInt8, index: Int, attempt: Int) -> [UInt8] {
    var message = Array("driftproof/audit/salt/v1".utf8) + [side, kind]
    message.append(littleEndian: UInt64(index))
    message.append(littleEndian: UInt64(attempt))
    return SHA256.authenticate(key: bytes, message: message)
  }

  /// What hides committed scores: HMAC-SHA-256(key, "driftproof/audit/score secret/v1" ‖ plan digest ‖ nonce).
  package func scoreSecret(planDigest: [UInt8], nonce: [UInt8]) -> [UInt8] {
    SHA256.authenticate(
      key: bytes, message: Array("driftproof/audit/score secret/v1".utf8) + planDigest + nonce)
  }
}
