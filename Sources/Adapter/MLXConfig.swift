// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// What `adapter_config.json` of mlx-lm says: it holds all settings of the training, of which few concern the adapter.
struct MLXConfig: Sendable, Equatable {
  /// 1 or more.
  let rank: Int
  /// The factor itself, not one over the rank.
  let scale: Double
  /// Layers from the last that are adapted; 0 and less for all.
  let layers: Int
  /// Modules by their names inside a layer, or in full; nil for all linear ones of a layer.
  let keys: Set<String>?

  /// - Parameter file: for messages.
  /// - Throws: `json`, `dora`, `fineTuneType`, `unknownSetting`, `factor`.
  static func parse(_ bytes: [UInt8], file: String) throws(AdapterError) -> MLXConfig {
    let result: Result<MLXConfig, AdapterError>
    do throws(JSONError) {
      result = try read(JSONNode(parsing: bytes), file: file)
    } catch {
      throw .json(file: file, error)
    }
    return try result.get()
  }

  private static let known: Set<String> = ["rank", "scale", "dropout", "alpha", "keys"]

  private static func read(_ root: JSONNode, file: String) throws(JSONError) -> Result<MLXConfig, AdapterError> {
    let type = try root.optionalMember("fine_tune_type")?.string() ?? "lora"
    guard type != "dora" else { return .failure(.dora(file: file)) }
    guard type == "lora" else { return .failure(.fineTuneType(file: file, found: type)) }
    let parameters = try root.member("lora_parameters")
    for (key, _) in try parameters.members() where !known.contains(key) {
      return .failure(.unknownSetting(file: file, key: "lora_parameters.\(key)"))
    }
    let rank = try parameters.member("rank").integer(in: 1...Int(Int32.max))
    let scale = try AdapterConfig.number(parameters.member("scale"))
    // The first versions multiplied by alpha/rank as well.
    if let alpha = try given(parameters, "alpha"), try AdapterConfig.number(alpha) != Double(rank) {
      return .failure(
        .factor(
          file: file,
          why: "$.lora_parameters has scale and alpha, which old versions of mlx-lm multiply and new ones do not"))
    }
    var keys: Set<String>?
    if let node = try given(parameters, "keys") {
      keys = []
      for element in try node.elements() { keys?.insert(try element.string()) }
    }
    let layers: JSONNode
    if let node = try given(root, "num_layers") { layers = node } else { layers = try root.member("lora_layers") }
    return .success(
      MLXConfig(
        rank: rank, scale: scale, layers: try layers.integer(in: -1...Int(Int32.max)), keys: keys))
  }

  private static func given(_ node: JSONNode, _ key: String) throws(JSONError) -> JSONNode? {
    guard let member = try node.optionalMember(key) else { return nil }
    if case .null = member.value { return nil }
    return member
  }

  // MARK: Modules

  /// The setting that leaves a module out; nil for one that mlx-lm loads.
  /// - Parameters:
  ///   - module: its name in the adapter.
  ///   - tensor: its weight in the base.
  ///   - base: names of the base's tensors.
  func leavesOut(_ module: String, tensor: String, base: some Sequence<String>) -> String? {
    let parts = module.split(separator: ".").map(String.init)
    let place = parts.firstIndex { Self.isNumber($0) }
    if let keys, keys.contains(module) { return nil }
    guard let place, place + 1 < parts.count else { return "lora_parameters.keys" }
    let relative = parts[(place + 1)...].joined(separator: ".")
    if let keys, !keys.contains(relative) { return "lora_parameters.keys" }
    guard layers > 0 else { return nil }
    // Of the layers beside it in the base.
    let stack = tensor.split(separator: ".").map(String.init).prefix { !Self.isNumber($0) }
    let prefix = stack.isEmpty ? "" : stack.joined(separator: ".") + "."
    var count = 0
    for name in base where name.hasPrefix(prefix) {
      if let index = name.dropFirst(prefix.count).split(separator: ".").first.flatMap({ Int($0) }) {
        count = max(count, min(index, Int(Int32.max)) + 1)
      }
    }
    guard let own = Int(parts[place]), own >= count - layers else { return "num_layers" }
    return nil
  }

  private static func isNumber(_ part: String) -> Bool { part.utf8.allSatisfy { (0x30...0x39).contains($0) } }
}
