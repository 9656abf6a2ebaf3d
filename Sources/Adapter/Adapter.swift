// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofStatement
import DriftProofCheckpoint
import Foundation

/// An unmerged LoRA adapter as PEFT saves it: a folder with `adapter_config.json` and `adapter_model.safetensors`.
package struct Adapter: Sendable {
  static let weightsName = "adapter_model.safetensors"
  static let pickleName = "adapter_model.bin"
  /// Bytes of a configuration at most.
  static let configLimit = 4 << 20

  /// The two matrices of one module: the change is factor·B·A.
  package struct Module: Sendable {
    /// Inside the base model, without PEFT's prefix.
    let name: String
    let layer: AdapterKey.Layer
    /// [r, in, …] and [out, r, …] with sizes of 1 in place of the dots of B; floating types.
    let a: TensorInfo
    let b: TensorInfo
    /// 1...``maximumRank``.
    let rank: Int
    package let factor: Double
  }

  /// A tensor that replaces one of the base's.
  struct Whole: Sendable {
    /// Inside the base model.
    let name: String
    let tensor: TensorInfo
    /// LoRA wraps its module.
    let isBaseLayer: Bool
  }

  /// The argument's limit for matrices with orthonormal rows, and the policies' for ranks.
  static let maximumRank = 1024

  package let folder: String
  let config: AdapterConfig
  /// The bytes of `adapter_config.json`.
  package let configBytes: [UInt8]
  package let checkpoint: Checkpoint
  /// In the order of their names' UTF-8 bytes; at least one.
  let modules: [Module]
  /// In the order of their keys.
  let wholes: [Whole]

  /// Path of the weights, for messages.
  var file: String { checkpoint.path }

  /// Reads the configuration and the header of the weights.
  /// - Parameter leavingOut: patterns of files in the folder that are knowingly no part of the adapter.
  package static func open(
    _ folder: String, leavingOut: [FilePattern] = []
  ) throws(DriftProofError) -> Adapter {
    do {
      return try Adapter(folder: folder, leavingOut: leavingOut)
    } catch let error as AdapterError {
      throw error.asDriftProofError
    } catch {
      throw DriftProofError(translating: error)
    }
  }

  private init(folder: String, leavingOut: [FilePattern]) throws {
    self.folder = folder
    let prefix = folder.hasSuffix("/") ? folder : folder + "/"
    let configPath = prefix + AdapterConfig.fileName
    guard Self.isThere(configPath) else { throw AdapterError.noConfig(folder: folder) }
    let configFile = try MappedFile(path: configPath)
    guard configFile.count <= Self.configLimit else {
      throw AdapterError.configSize(file: configPath, count: configFile.count, limit: Self.configLimit)
    }
    configBytes = try configFile.bytes(in: 0..<configFile.count)
    config = try AdapterConfig.parse(configBytes, file: configPath)
    guard Self.isThere(prefix + Self.weightsName) else {
      throw Self.isThere(prefix + Self.pickleName)
        ? AdapterError.pickled(folder: folder) : AdapterError.noWeights(folder: folder)
    }
    var checkpoint = try Checkpoint.open(prefix + Self.weightsName)
    checkpoint.filesLeftOut = try ModelFolder(folder, leavingOut: leavingOut)
      .filesLeftOut(reading: [AdapterConfig.fileName, Self.weightsName])
    self.checkpoint = checkpoint
    (modules, wholes) = try Self.sorted(checkpoint, config)
  }

  private static func isThere(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

  // MARK: Tensors

  private static func sorted(
    _ checkpoint: Checkpoint, _ config: AdapterConfig
  ) throws(AdapterError) -> (modules: [Module], wholes: [Whole]) {
    let file = checkpoint.path
    var halves: [String: (layer: AdapterKey.Layer, a: TensorInfo?, b: TensorInfo?)] = [:]
    var wholes: [Whole] = []
    var names: Set<String> = []
    for tensor in checkpoint.tensors {
      switch try AdapterKey.parse(tensor.name, file: file) {
      case .matrix(let module, let half, let layer):
        guard tensor.dtype.isFloating else {
          throw .notFloating(file: file, key: tensor.name, dtype: tensor.dtype)
        }
        var pair = halves[module] ?? (layer, nil, nil)
        guard pair.layer == layer else { throw .unknownTensor(file: file, key: tensor.name) }
        if half == .a { pair.a = tensor } else { pair.b = tensor }
        halves[module] = pair
      case .whole(let name, let isBaseLayer):
        guard names.insert(name).inserted else { throw .twice(file: file, tensor: name) }
        wholes.append(Whole(name: name, tensor: tensor, isBaseLayer: isBaseLayer))
      }
    }
    guard !halves.isEmpty else { throw .noModules(file: file) }
    var modules: [Module] = []
    for (name, pair) in halves.sorted(by: { TensorPair.precedes($0.key, $1.key) }) {
      guard let a = pair.a, let b = pair.b else {
        let key = (pair.a ?? pair.b)?.name ?? name
        throw .missingHalf(file: file, key: key, missing: AdapterKey.counterpart(of: key))
      }
      modules.append(try module(name, pair.layer, a, b, config, file: file))
    }
    try checkSelection(modules, wholes, config.selection, file: file)
    return (modules, wholes)
  }

  /// What the file holds is what PEFT loads of it.
  private static func checkSelection(
    _ modules: [Module], _ wholes: [Whole], _ selection: ModuleSelection, file: String
  ) throws(AdapterError) {
    var lost: [(setting: String, module: String)] = []
    for module in modules {
      let kind: ModuleKind = module.layer == .embedding ? .embedding : module.a.shape.count > 2 ? .convolution : .linear
      switch selection.verdict(module.name, kind) {
      case .selected: break
      case .notSelected(let setting): lost.append((setting, module.name))
      case .undecided(let setting, let why):
        throw .undecided(file: file, module: module.name, setting: setting, why: why)
      }
    }
    if let first = lost.first {
      throw .notSelected(
        file: file, setting: first.setting, modules: lost.filter { $0.setting == first.setting }.map(\.module))
    }
    let adapted = Set(modules.map(\.name))
    for whole in wholes {
      let parts = whole.name.split(separator: ".").map(String.init)
      let (module, leaf) = (parts.dropLast().joined(separator: "."), parts.last ?? "")
      let isSaved = selection.verdict(module, .linear) == .notSelected("modules_to_save")
      if whole.tensor.name.contains(".modules_to_save."), !isSaved {
        throw .notLoaded(file: file, key: whole.tensor.name, why: "$.modules_to_save does not name its module")
      }
      // Of an adapted module everything but the matrices lies in its base layer. A weight is compared with the base's later.
      let isWrapped = adapted.contains(module) || isSelected(module, selection)
      if whole.isBaseLayer, !isWrapped {
        throw .notLoaded(file: file, key: whole.tensor.name, why: "its module has no matrices and so no base_layer")
      }
      if !whole.isBaseLayer, isWrapped, leaf != "weight" || !adapted.contains(module) {
        throw .notLoaded(
          file: file, key: whole.tensor.name, why: "its module is adapted, where it is called base_layer.\(leaf)")
      }
    }
  }

  /// By its name alone, as far as names decide.
  private static func isSelected(_ module: String, _ selection: ModuleSelection) -> Bool {
    if case .expression(let text)? = selection.targets, text.lowercased() == ModuleSelection.allLinear { return false }
    return selection.verdict(module, .linear) == .selected
  }

  private static func module(
    _ name: String, _ layer: AdapterKey.Layer, _ a: TensorInfo, _ b: TensorInfo, _ config: AdapterConfig,
    file: String
  ) throws(AdapterError) -> Module {
    // [out, r], of convolutions [out, r, 1, …].
    guard let rank = a.shape.first, a.shape.count >= 2, b.shape.count == a.shape.count, b.shape[1] == rank, rank > 0,
      b.shape.dropFirst(2).allSatisfy({ $0 == 1 }), layer == .linear || a.shape.count == 2,
      a.entryCount > 0, b.entryCount > 0
    else { throw .halves(file: file, module: name, left: a.shape, right: b.shape) }
    let (stated, factor) = try config.scaling(of: name, file: file)
    guard stated == rank else { throw .rank(file: file, module: name, stated: stated, found: rank) }
    guard rank <= maximumRank else { throw .rankLimit(file: file, module: name, found: rank, limit: maximumRank) }
    return Module(name: name, layer: layer, a: a, b: b, rank: rank, factor: factor)
  }
}
