// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofCore
import Foundation

/// The opening file of one run: a new secret, that of an earlier run, or that of a proof that goes on.
final class OpeningSession {
  let path: String
  let secret: [UInt8]
  private let existing: OpeningFile?
  private var isCreated = false

  /// - Parameter secret: of a proof that goes on, whose opening file may not exist yet.
  init(path: String, secret: [UInt8]? = nil) throws(DriftProofError) {
    self.path = path
    guard let opening = try Self.existing(path) else {
      existing = nil
      self.secret = secret ?? SystemRandom.bytes(SHA256.digestLength)
      return
    }
    existing = opening
    self.secret = opening.secret
  }

  /// The file at `path`; nil when there is none.
  static func existing(_ path: String) throws(DriftProofError) -> OpeningFile? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    do throws(OpeningError) {
      return try OpeningFile.load(path: path)
    } catch {
      throw error.asDriftProofError
    }
  }

  /// Counts the positions on disk; a new file appears only now. A proof that goes on was counted before, if the folder
  /// says so: all its messages are those of the run that was stopped.
  func reserve(
    commitment: [UInt8], budget: Int, positions: Int, session: ProofSession?
  ) throws -> OpeningFile {
    if let session, let record = try session.bytes(ProofSession.reservedName) {
      guard record.dropLast() == commitment[...], let flag = record.last, flag <= 1 else {
        throw session.damaged(ProofSession.reservedName)
      }
      guard let existing, existing.tunedCommitment == commitment, existing.secret == session.secret else {
        throw ResumeError.otherOpening(path: session.path, opening: path)
      }
      isCreated = flag == 1
      return existing
    }
    let counted = try reserve(commitment: commitment, budget: budget, positions: positions)
    // Stopped before this line, the proof is counted twice: wasteful, never too little.
    try session?.write(ProofSession.reservedName, commitment + [isCreated ? 1 : 0])
    return counted
  }

  private func reserve(commitment: [UInt8], budget: Int, positions: Int) throws(DriftProofError) -> OpeningFile {
    if let existing, existing.tunedCommitment != commitment {
      throw .operational(
        "\(path): this opening belongs to another commitment (other weights, another policy, another number of "
          + "bands, or units of an earlier version of the program); it stays as it is: "
          + "name a new file")
    }
    do throws(OpeningError) {
      if existing == nil {
        _ = try OpeningFile.create(path: path, secret: secret, tunedCommitment: commitment, budget: budget)
        isCreated = true
      }
      return try OpeningFile.reserve(path: path, positions: positions)
    } catch {
      // A full disk: what was made a moment ago has opened nothing and would only be in the way.
      discard()
      throw error.asDriftProofError
    }
  }

  /// Removes a file that this proof made: the prover refused, so nothing was opened.
  func discard() {
    if isCreated { try? FileManager.default.removeItem(atPath: path) }
  }
}
