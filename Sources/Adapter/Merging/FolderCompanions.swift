// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore
import Foundation

/// The files beside weights that make a folder a model: configuration, tokenizer, code, licences.
struct FolderCompanions {
  /// Paths by the names that they get in the merged folder.
  private(set) var files: [String: String] = [:]
  /// Names of what is in the base's folder and goes along in no form, in order.
  private(set) var leftBehind: [String] = []

  private static let extensions: Set<String> = [
    "json", "txt", "model", "jinja", "py", "tiktoken", "spm", "vocab", "bpe",
  ]
  private static let licences = ["license", "licence", "notice", "use_policy", "copying"]
  /// Beginnings of names of a tokenizer's files: an adapter that has them was trained with them.
  private static let tokenizer = [
    "tokenizer", "special_tokens_map", "added_tokens", "vocab", "merges", "chat_template", "spiece", "sentencepiece",
  ]
  private static let ofAdapters: Set<String> = ["adapter_config.json"]

  /// - Parameters:
  ///   - base: the base's folder.
  ///   - adapter: a folder, or nil for one file.
  ///   - read: files of the base's folder that its weights are read from.
  init(base: String, adapter: String?, read: Set<String>) {
    for name in ModelFolder.names(in: base) where !read.contains(name) {
      if Self.goesAlong(name) { files[name] = Self.path(base, name) } else { leftBehind.append(name) }
    }
    guard let adapter else { return }
    for name in ModelFolder.names(in: adapter) where Self.goesAlong(name) && !Self.ofAdapters.contains(name) {
      guard Self.tokenizer.contains(where: { name.lowercased().hasPrefix($0) }) else { continue }
      files[name] = Self.path(adapter, name)
    }
  }

  private static func goesAlong(_ name: String) -> Bool {
    let lower = name.lowercased()
    guard !lower.hasPrefix("."), !WeightFiles.isLoadable(name), !lower.hasSuffix(".index.json") else { return false }
    if licences.contains(where: { lower.hasPrefix($0) }) { return true }
    guard let dot = lower.lastIndex(of: ".") else { return false }
    return extensions.contains(String(lower[lower.index(after: dot)...]))
  }

  private static func path(_ folder: String, _ name: String) -> String {
    folder.hasSuffix("/") ? folder + name : folder + "/" + name
  }

  /// Copies them, links followed.
  func copy(into folder: String) throws(MergeError) {
    for (name, source) in files.sorted(by: { UTF8Order.precedes($0.key, $1.key) }) {
      let target = folder + "/" + name
      do {
        try Data(contentsOf: URL(fileURLWithPath: source)).write(to: URL(fileURLWithPath: target))
      } catch {
        throw .cannotWrite(path: target, reason: "cannot be copied from \(source): \(error.localizedDescription)")
      }
    }
  }
}
