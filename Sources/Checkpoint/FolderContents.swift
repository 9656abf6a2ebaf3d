import DriftProofCore
import Foundation

/// What people give in place of a checkpoint folder.
package enum FolderContents: Hashable, Sendable {
  /// An unmerged adapter.
  case adapter
  /// One `.safetensors` file of another name.
  case otherFile(String)
  /// Several without an index that ties them together.
  case unindexed(count: Int)
  /// Weights in a format of PyTorch.
  case pickled(String)
  /// A download cache of several revisions.
  case cache

  /// Nil for a folder without weights of any kind.
  static func find(in folder: String) -> FolderContents? {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    if names.contains("adapter_config.json") { return .adapter }
    let weights = names.filter { $0.hasSuffix(".safetensors") }
    if let first = weights.first { return weights.count == 1 ? .otherFile(first) : .unindexed(count: weights.count) }
    if let old = names.first(where: { $0.hasSuffix(".bin") || $0.hasSuffix(".pt") || $0.hasSuffix(".pth") }) {
      return .pickled(old)
    }
    return names.contains("snapshots") ? .cache : nil
  }
}

extension FolderContents: CustomStringConvertible {
  package var description: String {
    switch self {
    case .adapter: "it is an unmerged adapter: give it as one, or merge it into the base first"
    case .otherFile(let name): "it has \(StrictJSON.shown(name)); name that file itself"
    case .unindexed(let count):
      "it has \(count) .safetensors files without a model.safetensors.index.json; fetch the index, or name one file"
    case .pickled(let name): "it has \(StrictJSON.shown(name)); convert it to safetensors"
    case .cache: "it is a download cache; give the folder of one revision below snapshots"
    }
  }
}
