// SPDX-License-Identifier: Apache-2.0

/// A tensor that is another one under a second name, such as an output head that is tied to the embedding.
package struct TiedAlias: Sendable, Hashable {
  package let head: String
  package let embedding: String
  /// Whether the model's file has the head. One that lacks it is read as if it had the embedding's values.
  package let isStored: Bool

  package init(head: String, embedding: String, isStored: Bool) {
    self.head = head
    self.embedding = embedding
    self.isStored = isStored
  }
}

/// Output heads that one of two models stores and the other does not, because it is tied to the embedding.
///
/// A head whose bytes are the embedding's says nothing that the embedding does not say. So a model that has one where the
/// reference has none is read without it; and one that has none where the reference's is its embedding is read as if it had
/// the embedding there, as every runtime does. The reference stays as it is: the base's identity is what others computed.
/// Neither makes a false statement: the first leaves out a copy of what stays in the statement, the second states of the
/// head what holds of the tensor that runtimes put in its place. A head with other values stays, and is a gap.
package enum TiedHeads {
  /// What a model is compared with.
  package enum Reference: Sendable {
    case checkpoint(Checkpoint)
    case identity(BaseIdentity)
    /// Of a model whose weights are not at hand: then its heads are taken for tied, on the word of who says that the
    /// models belong together.
    case names(Set<String>)
  }

  /// Modules whose weight models tie to the embedding: of the output, and of encoders and decoders that share one.
  private static let outputs: Set<String> = ["lm_head", "embed_out"]
  private static let outputPaths = ["cls.predictions.decoder"]
  private static let sharing = ["encoder.embed_tokens", "decoder.embed_tokens"]
  private static let embeddings: Set<String> = [
    "embed_tokens", "wte", "embed_in", "word_embeddings", "tok_embeddings", "shared", "tokens_embed",
  ]

  /// Whether the tensor of this name is tied to the embedding in some models.
  package static func isHead(_ name: String) -> Bool { isOutput(name) || ends(name, sharing) }

  /// Whether the tensor of this name is the one that heads are tied to in some models.
  package static func isEmbedding(_ name: String) -> Bool {
    module(name).map { embeddings.contains(last($0)) } ?? false
  }

  private static func isOutput(_ name: String) -> Bool {
    guard let module = module(name) else { return false }
    return outputs.contains(last(module)) || ends(name, outputPaths)
  }

  private static func ends(_ name: String, _ paths: [String]) -> Bool {
    guard let module = module(name) else { return false }
    return paths.contains { module == $0 || module.hasSuffix("." + $0) }
  }

  private static func module(_ name: String) -> Substring? {
    name.hasSuffix(".weight") ? name.dropLast(".weight".count) : nil
  }

  private static func last(_ module: Substring) -> String { module.split(separator: ".").last.map(String.init) ?? "" }

  /// Names by which the embedding of a head goes.
  private static func isEmbedding(_ name: String, of head: String) -> Bool {
    guard name != head, let module = module(name) else { return false }
    return isOutput(head) ? embeddings.contains(last(module)) : last(module) == "shared"
  }

  /// The model with its heads as the reference has them, as far as they are aliases; ``Checkpoint/tiedAliases`` names them.
  ///
  /// Where the side without a head says in its `config.json` that heads are not tied, nothing is taken for an alias.
  /// - Throws: errors of reading embeddings and heads, which is done where one side alone has a head.
  package static func reconcile(
    _ model: Checkpoint, with reference: Reference
  ) throws(CheckpointError) -> Checkpoint {
    var tensors = model.tensors
    var aliases = model.tiedAliases
    for head in model.tensors where isHead(head.name) && !reference.has(head.name) {
      guard !isOutput(head.name) || reference.tiesEmbeddings != false else { continue }
      for embedding in model.tensors where isEmbedding(embedding.name, of: head.name) {
        guard reference.has(embedding.name), embedding.dtype == head.dtype, embedding.shape == head.shape,
          head.entryCount > 0,
          try Checkpoint.firstDifference(base: model, embedding, tuned: model, head) == nil
        else { continue }
        tensors.removeAll { $0.name == head.name }
        aliases.append(TiedAlias(head: head.name, embedding: embedding.name, isStored: true))
        break
      }
    }
    for head in reference.names where isHead(head) && model.tensor(named: head) == nil {
      guard !isOutput(head) || model.configuration.tiesEmbeddings != false else { continue }
      for embedding in model.tensors where isEmbedding(embedding.name, of: head) {
        guard try reference.isSame(head, embedding.name) else { continue }
        tensors.append(
          TensorInfo(
            name: head, dtype: embedding.dtype, shape: embedding.shape, file: embedding.file,
            byteRange: embedding.byteRange, entryCount: embedding.entryCount, fileIndex: embedding.fileIndex))
        aliases.append(TiedAlias(head: head, embedding: embedding.name, isStored: false))
        break
      }
    }
    return aliases == model.tiedAliases ? model : model.viewing(tensors, aliases: aliases)
  }
}

extension TiedHeads.Reference {
  fileprivate var names: [String] {
    switch self {
    case .checkpoint(let checkpoint): checkpoint.tensors.map(\.name)
    case .identity(let identity): identity.tensors.map(\.name)
    case .names(let names): names.sorted(by: precedesInUTF8)
    }
  }

  fileprivate var tiesEmbeddings: Bool? {
    guard case .checkpoint(let checkpoint) = self else { return nil }
    return checkpoint.configuration.tiesEmbeddings
  }

  fileprivate func has(_ name: String) -> Bool {
    switch self {
    case .checkpoint(let checkpoint): checkpoint.tensor(named: name) != nil
    case .identity(let identity): identity.tensor(named: name) != nil
    case .names(let names): names.contains(name)
    }
  }

  /// Whether both tensors are there and equal in type, shape and bytes.
  fileprivate func isSame(_ head: String, _ embedding: String) throws(CheckpointError) -> Bool {
    switch self {
    case .checkpoint(let checkpoint):
      guard let own = checkpoint.tensor(named: head), let other = checkpoint.tensor(named: embedding),
        own.dtype == other.dtype, own.shape == other.shape, own.entryCount > 0
      else { return false }
      return try Checkpoint.firstDifference(base: checkpoint, own, tuned: checkpoint, other) == nil
    case .identity(let identity):
      guard let own = identity.tensor(named: head), let other = identity.tensor(named: embedding) else { return false }
      return own.dtype == other.dtype && own.shape == other.shape && own.statistics == other.statistics
        && own.statistics.maxAbs > 0
    case .names(let names): return names.contains(head) && names.contains(embedding)
    }
  }
}
