// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// The weights of a model folder: what is read, what else in it a runtime could load as weights, and what was left out
/// knowingly. Every reader of model and adapter folders asks here, so that all speak of the same files.
///
/// Subfolders do not count: runtimes load from one folder.
package struct ModelFolder: Sendable {
  /// How the weights lie in it.
  enum Layout: Hashable, Sendable {
    case single(String)
    case indexed(String)
  }

  let path: String
  let prefix: String
  let configuration: ModelConfiguration
  /// Of all that is no folder, in order.
  private let names: [String]
  private let patterns: [FilePattern]

  /// - Parameter leavingOut: patterns of files that are knowingly no part of the model.
  package init(_ path: String, leavingOut patterns: [FilePattern] = []) throws(CheckpointError) {
    self.path = path
    prefix = path.hasSuffix("/") ? path : path + "/"
    self.patterns = patterns
    names = WeightFiles.names(in: path)
    configuration = try ModelConfiguration(in: prefix)
  }

  /// Names of all that lies in a folder and is no folder, in order.
  package static func names(in folder: String) -> [String] { WeightFiles.names(in: folder) }

  private func isLeftOut(_ name: String) -> Bool { patterns.contains { $0.matches(name) } }

  /// What transformers or diffusers would load: the file that the configuration names, or else one of the two usual, or else
  /// the only one that a component of a pipeline is kept in, or a variant.
  func layout() throws(CheckpointError) -> Layout {
    if let named = configuration.weights { return try configured(named) }
    let (single, index) = (Checkpoint.singleFileName, Checkpoint.indexFileName)
    switch (names.contains(single), names.contains(index)) {
    case (true, true):
      // Who leaves one of them out has chosen the other.
      guard isLeftOut(single) != isLeftOut(index) else {
        throw .ambiguousFolder(folder: path, found: [single, index])
      }
      return isLeftOut(single) ? .indexed(index) : .single(single)
    case (true, false): return .single(single)
    case (false, true): return .indexed(index)
    case (false, false):
      let variants = names.filter(ModelFileNames.isModel)
      let chosen = variants.count > 1 ? variants.filter { !isLeftOut($0) } : variants
      if let name = chosen.first, chosen.count == 1 {
        return ModelFileNames.isIndex(name) ? .indexed(name) : .single(name)
      }
      guard variants.isEmpty else { throw .ambiguousFolder(folder: path, found: variants) }
      if let found = FolderContents.find(names, in: path) { throw .otherWeights(folder: path, found) }
      throw .noCheckpoint(folder: path, lookedFor: [single, index])
    }
  }

  private func configured(_ name: String) throws(CheckpointError) -> Layout {
    let file = prefix + ModelConfiguration.fileName
    let isIndex = name.hasSuffix(".safetensors.index.json")
    guard isIndex || name.hasSuffix(".safetensors"), Checkpoint.isPlainFileName(name) else {
      throw .configuration(
        file: file,
        problem: "transformers_weights is \(StrictJSON.shown(name)), no safetensors file or index in this folder")
    }
    guard names.contains(name) else {
      throw .configuration(
        file: file, problem: "transformers_weights is \(StrictJSON.shown(name)), which is not in this folder")
    }
    return isIndex ? .indexed(name) : .single(name)
  }

  /// Names what was left out; to be asked with the files that are read.
  /// - Throws: `moreWeights` when there are others that nobody has left out.
  package func filesLeftOut(reading read: [String]) throws(CheckpointError) -> [String] {
    let read = Set(read)
    var (left, others): ([String], [String]) = ([], [])
    for name in names where !read.contains(name) {
      guard WeightFiles.isLoadable(name) || ModelFileNames.isIndex(name) else { continue }
      if isLeftOut(name) { left.append(name) } else { others.append(name) }
    }
    guard others.isEmpty else {
      throw .moreWeights(folder: path, read: read.sorted(by: precedesInUTF8), others: others)
    }
    return left
  }
}
