import Core
import Foundation

/// What people give in place of a checkpoint folder.
enum FolderContents {
  /// What to do with a folder that has weights of another kind; nil for one without.
  static func remedy(_ folder: String) -> String? {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    if names.contains("adapter_config.json") {
      return "it is an unmerged adapter: give it with prove --adapter, or merge it into the base first"
    }
    let weights = names.filter { $0.hasSuffix(".safetensors") }
    if let first = weights.first {
      return weights.count == 1
        ? "it has \(StrictJSON.shown(first)); name that file itself"
        : "it has \(weights.count) .safetensors files without a model.safetensors.index.json; fetch the index, or name one file"
    }
    if let old = names.first(where: { $0.hasSuffix(".bin") || $0.hasSuffix(".pt") || $0.hasSuffix(".pth") }) {
      return "it has \(StrictJSON.shown(old)); convert it to safetensors"
    }
    if names.contains("snapshots") { return "it is a download cache; give the folder of one revision below snapshots" }
    return nil
  }
}
