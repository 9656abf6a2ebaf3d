// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// What `config.json` says about the weights beside it.
package struct ModelConfiguration: Sendable, Hashable {
  package static let fileName = "config.json"
  /// Bytes of one at most.
  private static let limit = 16 << 20

  /// `transformers_weights`: the file that transformers loads in place of `model.safetensors`.
  package var weights: String?
  /// `tie_word_embeddings`, of the model or of the language model in it; nil where it says nothing.
  package var tiesEmbeddings: Bool?

  private static let weightsKey = "transformers_weights"
  private static let tieKey = "tie_word_embeddings"

  package init() {}

  /// Of a folder; says nothing where there is none.
  /// - Throws: `configuration` where it cannot be read and may say something of these.
  init(in prefix: String) throws(CheckpointError) {
    let path = prefix + Self.fileName
    guard MappedFile.kind(of: path) == .file else { return }
    let file = try MappedFile(path: path)
    guard file.count <= Self.limit else {
      throw .configuration(
        file: path, problem: "\(file.count) bytes are more than the \(Self.limit) of any configuration")
    }
    let bytes = try file.bytes(in: 0..<file.count)
    do throws(JSONError) {
      let root = try JSONNode(parsing: bytes)
      guard case .object = root.value else { return }
      if let node = try root.optionalMember(Self.weightsKey), node.value != .null { weights = try node.string() }
      for part in [root, try root.optionalMember("text_config")] {
        guard let part, case .object = part.value, let node = try part.optionalMember(Self.tieKey) else { continue }
        // The outermost decides.
        if case .bool(let value) = node.value, tiesEmbeddings == nil { tiesEmbeddings = value }
      }
    } catch {
      // Some have NaN or Infinity, which JSON does not; they matter only where they name other weights.
      guard String(decoding: bytes, as: UTF8.self).contains(Self.weightsKey) else { return }
      throw .configuration(file: path, problem: "\(error)")
    }
  }
}
