// SPDX-License-Identifier: Apache-2.0

/// What is wrong with a folder of a stopped proof.
package enum ResumeError: Error, Equatable, Sendable {
  case cannotUse(path: String, reason: String)
  /// Others than its owner may look into it.
  case notPrivate(path: String)
  case inUse(path: String)
  /// It belongs to another proof: other files, another policy, another version.
  case otherProof(path: String)
  /// A file in it was damaged or comes from another folder.
  case damaged(path: String, file: String)
  /// The opening file of the stopped proof is gone or another one.
  case otherOpening(path: String, opening: String)
}

extension ResumeError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .cannotUse(let path, let reason): "\(path): cannot keep a proof's state there: \(reason)"
    case .notPrivate(let path):
      "\(path): what it keeps is secret, but other users may enter it; make it private (chmod 700) or name a new folder"
    case .inUse(let path): "\(path): another process is proving with it; wait for it"
    case .otherProof(let path):
      "\(path): it holds a stopped proof about other inputs (checkpoints, policy, identity, options such as "
        + "the number of bands, or program version); name another folder, or remove it to begin anew"
    case .damaged(let path, let file):
      "\(path): \(file) was changed or belongs to another proof; remove the folder to begin anew"
    case .otherOpening(let path, let opening):
      "\(opening): it is not the opening of the proof that was stopped in \(path); put it back, or remove the folder and "
        + "prove with a new opening file"
    }
  }
}
