// SPDX-License-Identifier: Apache-2.0

/// Keys of kohya's scripts: `lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight`. Dots of the module's name are
/// underscores, so that only the base can tell which module it is.
enum KohyaKey {
  /// Parts of a pipeline by what stands before the module's name, and what the base's names may have before it: nothing in a
  /// component's own folder, more in one file with a whole pipeline. The longest comes first.
  static let components: [(mark: String, prefixes: [String])] = [
    ("lora_transformer_", ["", "model.diffusion_model."]),
    ("lora_unet_", ["", "model.diffusion_model."]),
    ("lora_te1_", ["", "conditioner.embedders.0.transformer."]),
    ("lora_te2_", [""]),
    ("lora_te3_", [""]),
    ("lora_te_", ["", "cond_stage_model.transformer."]),
  ]

  /// Place in ``components``; nil for a key of another scheme.
  static func component(of key: String) -> Int? {
    components.firstIndex { key.hasPrefix($0.mark) && key.utf8.count > $0.mark.utf8.count }
  }

  /// - Throws: `dora`, `loraBias`, `unknownTensor`.
  static func parse(_ key: String, file: String) throws(AdapterError) -> AdapterKey {
    guard component(of: key) != nil, let dot = key.firstIndex(of: ".") else {
      throw .unknownTensor(file: file, key: key)
    }
    let module = String(key[..<dot])
    switch key[key.index(after: dot)...] {
    case "lora_down.weight": return .matrix(module: module, .a, .linear)
    case "lora_up.weight": return .matrix(module: module, .b, .linear)
    case "alpha": return .alpha(module: module)
    case "dora_scale": throw .dora(file: file)
    case "lora_down.bias", "lora_up.bias": throw .loraBias(file: file, key: key)
    default: throw .unknownTensor(file: file, key: key)
    }
  }
}
