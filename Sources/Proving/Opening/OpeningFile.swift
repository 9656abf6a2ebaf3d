// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofCore

/// The content of `OPENING.secret`: what opens a tuned commitment, and how often that was done.
///
/// One line of JSON with fixed keys and spelling, then a newline:
///
///     {"driftOpening": 1, "secret": "<64 hex>", "tunedCommitment": "<64 hex>", "budget": q, "revealed": n,
///      "checksum": "<64 hex>"}
///
/// (without the line break). The checksum is SHA-256 of everything before `, "checksum"`, so any changed byte is an
/// error. It guards against damage, not against the file's owner.
///
/// Every proof shows t positions of the drift tableau's codewords; q of them reveal nothing (docs/protocol.md section 3). They
/// are known only while proving, so each proof counts its t beforehand, and positions that two proofs share count
/// twice. **A restored copy rolls the counter back**: keep one copy, and proofs from two copies must not exceed q.
package struct OpeningFile: Hashable, Sendable {
  package static let fileVersion = 1
  static let checksumLabel = "driftproof/opening/v1"

  /// All randomness of the commitment derives from these 32 bytes.
  package let secret: [UInt8]
  /// 32 bytes.
  package let tunedCommitment: [UInt8]
  /// q: ``CodeParameters/driftTail``; 0 for an empty tableau.
  package let budget: Int
  /// Positions that proofs may have shown; 0...budget.
  package private(set) var revealed: Int

  package init(secret: [UInt8], tunedCommitment: [UInt8], budget: Int, revealed: Int = 0) {
    self.secret = secret
    self.tunedCommitment = tunedCommitment
    self.budget = budget
    self.revealed = revealed
  }

  /// The same opening with `positions` more counted.
  func counting(_ positions: Int, path: String) throws(OpeningError) -> OpeningFile {
    let (total, overflow) = revealed.addingReportingOverflow(positions)
    guard positions >= 0, !overflow, total <= budget else {
      throw .budgetExceeded(path: path, revealed: revealed, wanted: positions, budget: budget)
    }
    var copy = self
    copy.revealed = total
    return copy
  }

  /// The file's bytes.
  package var bytes: [UInt8] {
    let head =
      "{\"driftOpening\": \(Self.fileVersion), \"secret\": \"\(secret.hexadecimal)\", "
      + "\"tunedCommitment\": \"\(tunedCommitment.hexadecimal)\", \"budget\": \(budget), \"revealed\": \(revealed)"
    let checksum = SHA256.hash(Array(Self.checksumLabel.utf8), Array(head.utf8)).hexadecimal
    return Array((head + ", \"checksum\": \"\(checksum)\"}\n").utf8)
  }

  /// Reads exactly what ``bytes`` writes; `path` is for the message.
  package static func parse(_ bytes: [UInt8], path: String) throws(OpeningError) -> OpeningFile {
    let opening: OpeningFile
    do throws(JSONError) {
      let document = try JSONNode(parsing: bytes)
      try document.requireKeys(["driftOpening", "secret", "tunedCommitment", "budget", "revealed", "checksum"])
      _ = try document.member("driftOpening").integer(in: fileVersion...fileVersion)
      let budget = try document.member("budget").integer(in: 0...Int(UInt32.max))
      opening = OpeningFile(
        secret: try document.member("secret").hex(byteCount: SHA256.digestLength),
        tunedCommitment: try document.member("tunedCommitment").hex(byteCount: SHA256.digestLength),
        budget: budget, revealed: try document.member("revealed").integer(in: 0...budget))
    } catch {
      throw .malformed(path: path, problem: "\(error)")
    }
    guard opening.bytes == bytes else {
      throw .malformed(path: path, problem: "the checksum or the spelling is wrong: the file was changed")
    }
    return opening
  }
}

/// What is wrong with an opening file, by path.
package enum OpeningError: Error, Equatable, Sendable {
  case cannotRead(path: String, reason: String)
  case cannotWrite(path: String, reason: String)
  case alreadyExists(path: String)
  case inUse(path: String)
  case malformed(path: String, problem: String)
  case budgetExceeded(path: String, revealed: Int, wanted: Int, budget: Int)
  /// Of a base's tableau that hides the weights; in random coefficients of its rows.
  case baseSpent(path: String, taken: Int, wanted: Int, budget: Int)
}

extension OpeningError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .cannotRead(let path, let reason): "\(path): cannot be read: \(reason)"
    case .cannotWrite(let path, let reason): "\(path): cannot be written: \(reason)"
    case .alreadyExists(let path):
      "\(path): exists already; an opening is never overwritten, choose another name or remove it yourself"
    case .inUse(let path): "\(path): another process is proving with this opening; wait for it"
    case .malformed(let path, let problem): "\(path): this is no intact opening file: \(problem)"
    case .budgetExceeded(let path, let revealed, let wanted, let budget):
      "\(path): \(revealed) of \(budget) code positions are revealed already and a proof needs \(wanted) more; "
        + "more would leak the weights: commit anew with a new opening file"
    case .baseSpent(let path, let taken, let wanted, let budget):
      "\(path): proofs have taken \(taken) of the \(budget) random coefficients that hide the base, and this one needs "
        + "\(wanted) more; more would leak the base's weights: commit to the base anew, with a new opening file "
        + "(identify --commit --hiding), and verifiers need the new identity"
    }
  }
}

extension OpeningError: DriftProofErrorConvertible {
  package var asDriftProofError: DriftProofError { .operational(description) }
}
