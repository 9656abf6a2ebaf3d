// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Which names of files runtimes load as weights (docs/policies.md, "Which files are the model").
package enum WeightFiles {
  /// The extensions of weights that a runtime could load, lower case.
  package static let extensions: Set<String> = [
    "safetensors", "bin", "pt", "pth", "ckpt", "pkl", "pickle", "distcp", "gguf", "ggml", "h5", "hdf5", "keras",
    "msgpack", "onnx", "npz", "tflite", "pb", "ot", "pdparams", "nemo", "pte", "engine", "llamafile",
  ]

  /// What training keeps beside weights, in formats that loaders of weights pass over under these names: `optimizer.pt`,
  /// `rng_state_0.pth`, `training_args.bin`. Files of the formats that runtimes search a folder for, safetensors and GGUF,
  /// count whatever they are called.
  package static let trainingState = [
    "optimizer", "optim", "scheduler", "lr_scheduler", "rng_state", "random_states", "training_args", "scaler",
    "sampler", "dl_state_dict", "custom_checkpoint", "trainer_state", "tokenizer",
  ]
  private static let trainingExtensions: Set<String> = ["bin", "pt", "pth", "pkl", "pickle"]

  package static let adapterConfiguration = "adapter_config.json"

  /// Whether a runtime could load a file of this name as weights, or be led to other weights by it.
  package static func isLoadable(_ name: String) -> Bool {
    let lower = name.lowercased()
    // Patterns of runtimes do not match hidden files, such as those that macOS leaves on foreign disks.
    guard !lower.hasPrefix(".") else { return false }
    // With it in the folder, transformers takes the folder for an adapter and loads its base from elsewhere.
    if lower == adapterConfiguration { return true }
    // Split files of llama.cpp carry numbers behind.
    if lower.contains(".gguf") { return true }
    guard let dot = lower.lastIndex(of: "."), extensions.contains(String(lower[lower.index(after: dot)...])) else {
      return false
    }
    guard trainingExtensions.contains(String(lower[lower.index(after: dot)...])) else { return true }
    return !trainingState.contains { isNamed(lower[..<dot], $0) }
  }

  /// The word itself, or the word with a number or such behind: `optimizer`, `optimizer_0`, `optimizer-00001-of-00002`.
  private static func isNamed(_ stem: Substring, _ word: String) -> Bool {
    guard stem.hasPrefix(word) else { return false }
    return stem.dropFirst(word.count).allSatisfy { "_-.of0123456789".contains($0) }
  }

  /// The place of a shard in its set: `model-00001-of-00002.safetensors` is the first of two. Nil for names of whole files.
  package static func shard(_ name: String) -> (index: Int, count: Int)? {
    let file = name.split(separator: "/").last.map(String.init) ?? name
    let stem = file.split(separator: ".").first.map(String.init) ?? file
    var parts = stem.split(separator: "-", omittingEmptySubsequences: false)
    // `model.fp16-00001-of-00002.safetensors` and `model-00001-of-00002.fp16.safetensors` alike.
    for part in file.split(separator: ".").dropFirst() { parts += part.split(separator: "-") }
    for place in parts.indices where parts[place] == "of" {
      guard place > 0, place + 1 < parts.count else { continue }
      let before = parts[place - 1].split(separator: "_").last ?? ""
      let after = parts[place + 1].split(separator: "_").first ?? ""
      guard let index = number(before), let count = number(after), count > 1 else { continue }
      return (index, count)
    }
    return nil
  }

  private static func number(_ text: Substring) -> Int? {
    text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil
  }

  /// Names of folders in a folder that have weights in a format that can be read, in order.
  static func subfolders(of folder: String) -> [String] {
    let prefix = folder.hasSuffix("/") ? folder : folder + "/"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { name in
      !name.hasPrefix(".") && MappedFile.kind(of: prefix + name) == .folder
        && Self.names(in: prefix + name).contains { $0.hasSuffix(".safetensors") && !$0.hasPrefix(".") }
    }.sorted(by: precedesInUTF8)
  }

  /// Names of all that lies in a folder and is no folder, dangling links included, in order.
  static func names(in folder: String) -> [String] {
    let prefix = folder.hasSuffix("/") ? folder : folder + "/"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { MappedFile.kind(of: prefix + $0) != .folder }.sorted(by: precedesInUTF8)
  }
}
