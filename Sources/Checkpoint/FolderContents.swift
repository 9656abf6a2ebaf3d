// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// What people give in place of a checkpoint folder.
package enum FolderContents: Hashable, Sendable {
  /// An unmerged adapter.
  case adapter
  /// One `.safetensors` file of another name.
  case otherFile(String)
  /// Several without an index that ties them together.
  case unindexed(count: Int)
  /// Parts of a model without the index that names them all.
  case shards(first: String, found: Int, count: Int)
  /// Weights in another format.
  case pickled(String)
  /// Folders in it that have weights, such as the components of a pipeline.
  case subfolders([String])
  /// A download cache of several revisions.
  case cache

  /// Nil for a folder without weights of any kind.
  /// - Parameter names: of its files, in order.
  static func find(_ names: [String], in folder: String) -> FolderContents? {
    if names.contains(WeightFiles.adapterConfiguration) { return .adapter }
    let weights = names.filter { $0.hasSuffix(".safetensors") && !$0.hasPrefix(".") }
    let shards = weights.compactMap { name in WeightFiles.shard(name).map { (name, $0.count) } }
    if let (first, count) = shards.first { return .shards(first: first, found: shards.count, count: count) }
    if let first = weights.first { return weights.count == 1 ? .otherFile(first) : .unindexed(count: weights.count) }
    if let old = names.first(where: WeightFiles.isLoadable) {
      return .pickled(old)
    }
    if MappedFile.kind(of: (folder.hasSuffix("/") ? folder : folder + "/") + "snapshots") == .folder { return .cache }
    let subfolders = WeightFiles.subfolders(of: folder)
    return subfolders.isEmpty ? nil : .subfolders(subfolders)
  }
}

extension FolderContents: CustomStringConvertible {
  private static let shownNames = 8

  package var description: String {
    switch self {
    case .adapter: "it is an unmerged adapter: give it as one, or merge it into the base first"
    case .otherFile(let name): "it has \(StrictJSON.shown(name)); name that file itself"
    case .unindexed(let count):
      "it has \(count) .safetensors files without a model.safetensors.index.json; fetch the index, or name one file"
    case .shards(let first, let found, let count):
      "it has \(found) of \(count) shards of a model, such as \(StrictJSON.shown(first)), without the index that names all "
        + "tensors; fetch model.safetensors.index.json and the shards that are missing"
    case .pickled(let name): "it has \(StrictJSON.shown(name)); convert it to safetensors"
    case .subfolders(let names):
      "its subfolders have weights: "
        + names.prefix(Self.shownNames).map(StrictJSON.shown).joined(separator: ", ")
        + (names.count > Self.shownNames ? " and \(names.count - Self.shownNames) more" : "") + "; name one of them"
    case .cache: "it is a download cache; give the folder of one revision below snapshots"
    }
  }
}
