// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore
import Foundation

/// Which files are an adapter: a folder with a configuration and its weights, or one file that needs none.
struct AdapterFiles {
  enum Kind { case peft, mlx, file }

  static let weightsName = "adapter_model.safetensors"
  static let pickleName = "adapter_model.bin"
  static let mlxName = "adapters.safetensors"
  /// Bytes of a configuration at most.
  static let configLimit = 4 << 20

  let kind: Kind
  /// Path of the weights.
  let weights: String
  /// Path and bytes of the configuration; empty without one.
  private(set) var configPath = ""
  private(set) var config: [UInt8] = []
  /// Names of files in the folder that could be loaded as weights and were knowingly left out.
  private(set) var leftOut: [String] = []

  /// - Parameter leavingOut: patterns of files in the folder that are knowingly no part of the adapter.
  init(_ path: String, leavingOut: [FilePattern]) throws {
    guard Self.isFolder(path) else {
      try Self.checkAlone(path)
      kind = .file
      weights = path
      return
    }
    let prefix = path.hasSuffix("/") ? path : path + "/"
    let isThere = { (name: String) in FileManager.default.fileExists(atPath: prefix + name) }
    guard isThere(AdapterConfig.fileName) else {
      guard let name = try Self.loneFile(in: path, leavingOut: leavingOut) else {
        throw AdapterError.noConfig(folder: path)
      }
      kind = .file
      weights = prefix + name
      leftOut = try ModelFolder(path, leavingOut: leavingOut).filesLeftOut(reading: [name])
      return
    }
    configPath = prefix + AdapterConfig.fileName
    let file = try MappedFile(path: configPath)
    guard file.count <= Self.configLimit else {
      throw AdapterError.configSize(file: configPath, count: file.count, limit: Self.configLimit)
    }
    config = try file.bytes(in: 0..<file.count)
    let name: String
    switch (isThere(Self.weightsName), isThere(Self.mlxName)) {
    case (true, true): throw AdapterError.severalFiles(folder: path, files: [Self.weightsName, Self.mlxName])
    case (true, false): (kind, name) = (.peft, Self.weightsName)
    case (false, true): (kind, name) = (.mlx, Self.mlxName)
    case (false, false):
      throw isThere(Self.pickleName) ? AdapterError.pickled(folder: path) : AdapterError.noWeights(folder: path)
    }
    weights = prefix + name
    leftOut = try ModelFolder(path, leavingOut: leavingOut).filesLeftOut(reading: [AdapterConfig.fileName, name])
  }

  static func isFolder(_ path: String) -> Bool { MappedFile.kind(of: path) == .folder }

  /// The file of a folder with a configuration says nothing without it.
  private static func checkAlone(_ path: String) throws(AdapterError) {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    let folder = String(path.dropLast(name.count))
    guard name == weightsName || name == mlxName || name == AdapterConfig.fileName,
      FileManager.default.fileExists(atPath: folder + AdapterConfig.fileName)
    else { return }
    throw .partOfFolder(file: path, folder: folder.isEmpty ? "." : folder)
  }

  /// The one safetensors file of a folder without configuration; nil where there is none, or a model's.
  private static func loneFile(in folder: String, leavingOut: [FilePattern]) throws(AdapterError) -> String? {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { name in
      name.hasSuffix(".safetensors") && !name.hasPrefix(".") && !leavingOut.contains { $0.matches(name) }
    }.sorted(by: UTF8Order.precedes)
    guard !names.contains(Checkpoint.singleFileName), names.count <= 1 || !names.contains(weightsName) else {
      return nil
    }
    guard names.count <= 1 else { throw .severalFiles(folder: folder, files: names) }
    return names.first
  }
}

extension Adapter {
  /// Whether a path is an adapter rather than a model: a folder with an adapter's configuration and without a model's weights,
  /// except for what is left out, or one file with the matrices of an adapter.
  package static func isAdapter(_ path: String, leavingOut: [FilePattern] = []) -> Bool {
    guard AdapterFiles.isFolder(path) else { return holdsMatrices(path) }
    let prefix = path.hasSuffix("/") ? path : path + "/"
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).filter { name in
      !leavingOut.contains { $0.matches(name) }
    }
    guard !names.contains(Checkpoint.singleFileName), !names.contains(Checkpoint.indexFileName) else { return false }
    if names.contains(AdapterConfig.fileName) { return true }
    let weights = names.filter { $0.hasSuffix(".safetensors") && !$0.hasPrefix(".") }
    return weights.count == 1 && holdsMatrices(prefix + weights[0])
  }

  private static func holdsMatrices(_ file: String) -> Bool {
    guard let checkpoint = try? Checkpoint.open(file) else { return false }
    return AdapterScheme.isAdapter(checkpoint.tensors.map(\.name))
  }
}
