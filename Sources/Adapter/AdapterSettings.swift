// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore

/// What is said of an adapter's arithmetic outside of its matrices.
enum AdapterSettings: Sendable {
  /// `adapter_config.json` of PEFT, or the same in the metadata of a file of diffusers.
  case peft(AdapterConfig)
  case mlx(MLXConfig)
  /// Nothing but `.alpha` tensors, where there are any.
  case none

  var isPEFT: Bool {
    if case .peft = self { true } else { false }
  }

  /// `fan_in_fan_out`.
  var isTransposed: Bool {
    if case .peft(let config) = self { config.isTransposed } else { false }
  }

  /// How LoKr cuts its modules; nil for LoRA.
  var lokr: KroneckerShapes.Settings? {
    guard case .peft(let config) = self, case .lokr(let settings) = config.method else { return nil }
    return settings
  }

  private static let metadataKey = "lora_adapter_metadata"

  /// Of a file without a configuration beside it: what newer versions of diffusers write into its metadata, with the
  /// component's name before every setting.
  static func metadata(of checkpoint: Checkpoint, component: String?) throws -> AdapterSettings {
    guard let text = try checkpoint.metadata()[metadataKey] else { return .none }
    let place = "\(checkpoint.path): \(metadataKey)"
    let settings: JSONNode?
    do throws(JSONError) {
      settings = try own(JSONNode(parsing: Array(text.utf8)), component)
    } catch {
      throw AdapterError.json(file: place, error)
    }
    guard let settings else { return .none }
    let result: Result<AdapterConfig, AdapterError>
    do throws(JSONError) {
      result = try AdapterConfig.parse(settings, file: place)
    } catch {
      throw AdapterError.json(file: place, error)
    }
    return .peft(try result.get())
  }

  /// The settings of one component; nil where there are those of others only.
  private static func own(_ root: JSONNode, _ component: String?) throws(JSONError) -> JSONNode? {
    guard case .object(let members) = root.value else {
      throw .wrongType(path: root.path, expected: "an object", found: root.value.typeName)
    }
    guard let component else { return root }
    let own = members.filter { $0.key.hasPrefix(component + ".") }
    guard !own.isEmpty else { return nil }
    return JSONNode(
      .object(own.map { JSONMember(key: String($0.key.dropFirst(component.count + 1)), value: $0.value) }))
  }
}

/// The factors of the modules' products, by what the adapter says of them.
struct StatedFactors {
  private let settings: AdapterSettings
  private let alphas: [String: Double]
  private let file: String

  /// - Parameter modules: rank and `.alpha` of each, nil where it has none.
  /// - Throws: `alpha`, `alphas`, `factor`; errors of the weights.
  init(_ modules: [String: (rank: Int, alpha: TensorInfo?)], of reader: AdapterReader) throws {
    settings = reader.settings
    file = reader.checkpoint.path
    var alphas: [String: Double] = [:]
    let sorted = modules.sorted { UTF8Order.precedes($0.key, $1.key) }
    for (name, module) in sorted {
      guard let tensor = module.alpha else { continue }
      guard tensor.dtype.isFloating, tensor.entryCount == 1 else {
        throw AdapterError.alpha(file: file, key: tensor.name, found: "\(tensor.dtype.rawValue) \(tensor.shape)")
      }
      let value = try reader.checkpoint.doubles(of: tensor).first ?? 0
      // Kohya's scripts take 0 for the rank, others for 0.
      guard value != 0 else { throw AdapterError.alpha(file: file, key: tensor.name, found: "0") }
      alphas[name] = value
    }
    self.alphas = alphas
    guard case .none = settings else {
      if let stated = sorted.compactMap(\.value.alpha).first {
        throw AdapterError.alpha(file: file, key: stated.name, found: "a second statement beside the configuration's")
      }
      return
    }
    if let lacking = sorted.first(where: { $0.value.alpha == nil }), !alphas.isEmpty {
      throw AdapterError.alphas(file: file, module: lacking.key)
    }
    guard alphas.isEmpty, case .diffusers(let component) = reader.scheme else { return }
    guard Set(sorted.map(\.value.rank)).count == 1 else {
      throw AdapterError.factor(
        file: file, why: "its modules have several ranks, for which versions of diffusers compute different factors")
    }
    // PEFT's own names without their prefix, those of GPT-2 and its relatives included, which look like a component's.
    let isForeign = component == nil || component == "transformer" && sorted.contains { $0.key.hasPrefix("h.") }
    let isPEFT = isForeign && reader.checkpoint.tensors.contains { $0.name.hasSuffix(".lora_A.weight") }
    if isPEFT {
      throw AdapterError.factor(file: file, why: "names as PEFT writes them have their lora_alpha elsewhere")
    }
  }

  /// Rank and factor of B·A of a module.
  func scaling(of module: String, rank: Int) throws(AdapterError) -> (rank: Int, factor: Double) {
    switch settings {
    case .peft(let config): try config.scaling(of: module, file: file)
    case .mlx(let config): (config.rank, config.scale)
    case .none: (rank, alphas[module].map { $0 / Double(rank) } ?? 1)
    }
  }
}
