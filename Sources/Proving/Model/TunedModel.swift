// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofPolicy
import DriftProofAdapter
import DriftProofDrift
import DriftProofStatement

/// A fine-tuned model beside its base, in one of the two forms in which people hold it.
package enum TunedModel: Sendable {
  /// All weights.
  case checkpoint(Checkpoint, base: Checkpoint)
  /// An unmerged adapter; `base` is nil where only the base's identity is known.
  case adapter(Adapter, base: Checkpoint?)

  /// Two checkpoints, their output heads read alike: see ``TiedHeads``.
  /// - Parameter identity: the base's, or that of a chain's base, of which then `base` too is a derivative.
  /// - Throws: errors of reading embeddings.
  package static func checkpoints(
    tuned: Checkpoint, base: Checkpoint, identity: BaseIdentity? = nil
  ) throws(CheckpointError) -> TunedModel {
    guard let identity else {
      return .checkpoint(try TiedHeads.reconcile(tuned, with: .checkpoint(base)), base: base)
    }
    return .checkpoint(
      try TiedHeads.reconcile(tuned, with: .identity(identity)),
      base: try TiedHeads.reconcile(base, with: .identity(identity)))
  }

  /// Files in the folders that are read that could be loaded as weights and were knowingly left out.
  package var pathsLeftOut: [String] { (base?.pathsLeftOut ?? []) + weights.pathsLeftOut }

  /// Output heads that only one side has and that are the embedding.
  package var tiedAliases: [TiedAlias] {
    (base?.tiedAliases ?? []) + weights.tiedAliases.filter { !(base?.tiedAliases.contains($0) ?? false) }
  }

  /// How an adapter's names become the base's; nil for whole weights.
  /// - Throws: what `AdapterNames` throws.
  package func adapterNames(identity: BaseIdentity?) throws -> AdapterNames? {
    guard let adapter else { return nil }
    let names = identity.map { $0.tensors.map(\.name) } ?? base.map { $0.tensors.map(\.name) } ?? []
    return try AdapterNames.resolve(adapter, base: Set(names))
  }

  package var base: Checkpoint? {
    switch self {
    case .checkpoint(_, let base): base
    case .adapter(_, let base): base
    }
  }

  package var adapter: Adapter? {
    switch self {
    case .checkpoint: nil
    case .adapter(let adapter, _): adapter
    }
  }

  /// The files that make it another model than the base.
  package var weights: Checkpoint {
    switch self {
    case .checkpoint(let tuned, _): tuned
    case .adapter(let adapter, _): adapter.checkpoint
    }
  }

  /// What the manifest would say of it.
  /// - Parameter outline: the base's identity, or an outline of it without digests.
  /// - Throws: of an adapter what `AdapterModel` throws.
  func manifestTensors(outline: BaseIdentity, policy: Policy) throws -> [TunedTensor] {
    switch self {
    case .checkpoint(let tuned, _): tuned.manifestTensors
    case .adapter(let adapter, _):
      try AdapterModel(adapter, identity: outline, policy: policy, comparesBytes: false).tensors
    }
  }
}

/// A tuned model under one policy: where the integers of its drift, its digests and its manifest records come from.
enum ResolvedModel: Sendable {
  case checkpoints(CheckpointPair)
  /// `factors` are the integers of the adapter's products, by the names of the statement's tensors.
  case adapter(AdapterModel, base: Checkpoint?, factors: [String: FactorMatrix])

  /// The checkpoints that tensors without factors are read from; nil where the base is known by its identity alone.
  var pair: CheckpointPair? {
    switch self {
    case .checkpoints(let pair): pair
    case .adapter(let model, let base, _): base.map { CheckpointPair(base: $0, tuned: model.wholes) }
    }
  }

  /// The tensors of which the tuned model has other bytes than the base.
  var moved: Checkpoint {
    switch self {
    case .checkpoints(let pair): pair.tuned
    case .adapter(let model, _, _): model.wholes
    }
  }

  var factors: [String: FactorMatrix] {
    switch self {
    case .checkpoints: [:]
    case .adapter(_, _, let factors): factors
    }
  }

  /// What the manifest says of the model: every tensor, in name order.
  var manifestTensors: [TunedTensor] {
    switch self {
    case .checkpoints(let pair): pair.tuned.manifestTensors
    case .adapter(let model, _, _): model.tensors
    }
  }

  /// Salted digests of the products that an adapter adds, by the base's names.
  func productDigests(secret: [UInt8]) throws -> [String: [UInt8]] {
    guard case .adapter(let model, _, _) = self else { return [:] }
    return try model.productDigests(secret: secret)
  }
}
