// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofCheckpoint

/// An unmerged LoRA or LoKr adapter as tools save it: see ``AdapterScheme`` for their names and ``AdapterFiles`` for their files.
package struct Adapter: Sendable {
  /// The matrices of one module.
  package struct Module: Sendable {
    /// As the scheme has it: inside the base model, without PEFT's prefix.
    package let name: String
    /// By which the configuration speaks of it: the attention layer's for the output layer inside it.
    let configuredName: String
    let layer: AdapterKey.Layer
    let matrices: AdapterMatrices
    /// Of B·A, 1...``maximumRank``; r of the settings for LoKr, at least 1.
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

  /// What ``open(_:leavingOut:reading:)`` was given.
  package let path: String
  package let scheme: AdapterScheme
  let settings: AdapterSettings
  /// The bytes of `adapter_config.json`; none of an adapter that has no such file.
  package let configBytes: [UInt8]
  package let checkpoint: Checkpoint
  /// In the order of their names' UTF-8 bytes; at least one.
  package let modules: [Module]
  /// In the order of their keys.
  let wholes: [Whole]

  /// Names of the files that are read, in the folder; of a single file its path.
  package var filesRead: [String] {
    let name = String(file[(file.lastIndex(of: "/").map { file.index(after: $0) } ?? file.startIndex)...])
    if path == file { return [path] }
    return configBytes.isEmpty ? [name] : [AdapterConfig.fileName, name]
  }

  /// Path of the weights, for messages.
  var file: String { checkpoint.path }

  /// Reads the configuration and the header of the weights.
  /// - Parameters:
  ///   - path: a folder, or the file of an adapter that needs no configuration.
  ///   - leavingOut: patterns of files in the folder that are knowingly no part of the adapter.
  ///   - reading: parts of keys that are read over, as wrappers of libraries add them.
  package static func open(
    _ path: String, leavingOut: [FilePattern] = [], reading: NameReading = NameReading(without: [])
  ) throws(DriftProofError) -> Adapter {
    do {
      return try Adapter(path, leavingOut: leavingOut, reading: reading)
    } catch let error as AdapterError {
      throw error.asDriftProofError
    } catch {
      throw DriftProofError(translating: error)
    }
  }

  init(_ path: String, leavingOut: [FilePattern], reading: NameReading) throws {
    let files = try AdapterFiles(path, leavingOut: leavingOut)
    self.path = path
    configBytes = files.config
    // What is wrong with the configuration comes before what is wrong with the weights.
    var settings = AdapterSettings.none
    switch files.kind {
    case .peft: settings = .peft(try AdapterConfig.parse(files.config, file: files.configPath))
    case .mlx: settings = .mlx(try MLXConfig.parse(files.config, file: files.configPath))
    case .file: break
    }
    var checkpoint = try Checkpoint.open(files.weights).reading(reading)
    checkpoint.filesLeftOut = files.leftOut
    self.checkpoint = checkpoint
    let keys = checkpoint.tensors.map(\.name)
    switch files.kind {
    case .peft: scheme = try AdapterScheme.peft(keys, file: files.weights)
    case .mlx: scheme = .mlx
    case .file:
      scheme = try AdapterScheme.file(keys, file: files.weights)
      if case .diffusers(let component) = scheme {
        settings = try AdapterSettings.metadata(of: checkpoint, component: component)
      }
    }
    self.settings = settings
    (modules, wholes) = try AdapterReader(checkpoint: checkpoint, scheme: scheme, settings: settings).read()
  }
}
