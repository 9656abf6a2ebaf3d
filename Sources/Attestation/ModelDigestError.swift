// SPDX-License-Identifier: Apache-2.0

/// Why a model's files have no digest; exit code 1.
public enum ModelDigestError: Error, Equatable, Sendable {
  case cannotRead(path: String, reason: String)
  /// A link, and links are not allowed: who downloads the model may get another file.
  case symbolicLink(path: String)
  /// A link to a folder: model-signing passes over its content, so no digest would cover it.
  case linkedFolder(path: String)
  /// Neither a file nor a folder.
  case notAFile(path: String)
  /// A name that is not UTF-8 has no place in an order of texts.
  case undecodableName(folder: String)
  case tooDeep(path: String, limit: Int)
  case noFiles(path: String)
}

extension ModelDigestError: CustomStringConvertible {
  /// In English, for people and logs.
  public var description: String {
    switch self {
    case .cannotRead(let path, let reason): "\(path): cannot be read: \(reason)"
    case .symbolicLink(let path):
      "\(path): is a symbolic link; a Hugging Face cache has such links: allow them, to hash what they point to"
    case .linkedFolder(let path):
      "\(path): is a symbolic link to a folder, whose files no digest would cover; put the folder in its place"
    case .notAFile(let path): "\(path): is neither a file nor a folder; remove it"
    case .undecodableName(let folder): "\(folder): has a file whose name is not UTF-8; rename it"
    case .tooDeep(let path, let limit): "\(path): is nested deeper than \(limit) folders"
    case .noFiles(let path): "\(path): has no files to hash"
    }
  }
}
