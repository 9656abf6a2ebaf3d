// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

extension CheckpointError {
  /// Names of a message before the rest is only counted.
  private static let shownNames = 8

  /// The model's files do not say clearly what the model is; a gap like one between names of tensors.
  package var isAboutWhichWeights: Bool {
    switch self {
    case .moreWeights, .shardAlone, .configuration, .ambiguousFolder: true
    default: false
    }
  }

  /// Of folders and of what lies in them.
  var folderDescription: String? {
    switch self {
    case .moreWeights(let folder, let read, let others):
      "\(folder): \(Self.list(read)) \(read.count == 1 ? "is" : "are") read, but a runtime could load "
        + "\(Self.list(others)) as well or instead\(Self.about(others)); move what is no part of the model out of the folder"
    case .shardAlone(let file, let index, let count):
      "\(file): by its name, shard \(index) of \(count) of a model, not the model; name the folder that has all shards and "
        + "model.safetensors.index.json"
    case .configuration(let file, let problem):
      "\(file): \(problem); transformers would load what it names: correct it, or remove transformers_weights"
    case .danglingLink(let file, let target):
      "\(file): a link to \(StrictJSON.shown(target)), which is not there, as in a cache whose files were removed; download "
        + "it again"
    case .isFolder(let path): "\(path): a folder, where a file was expected"
    default: nil
    }
  }

  private static func about(_ others: [String]) -> String {
    others.contains { $0.lowercased() == WeightFiles.adapterConfiguration }
      ? " (an adapter, which transformers puts on top of a model)" : ""
  }

  private static func list(_ names: [String]) -> String {
    let shown = names.prefix(names.count > shownNames + 1 ? shownNames : names.count).map(StrictJSON.shown)
    let rest = names.count - shown.count
    return shown.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
  }
}
