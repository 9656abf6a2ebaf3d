// SPDX-License-Identifier: Apache-2.0

/// How a tool names the tensors of an adapter, which says what the names mean, how the matrices lie, and where the factor of
/// their product stands.
package enum AdapterScheme: Hashable, Sendable {
  /// PEFT, by `adapter_config.json`. Without `base_model.model.` before all names where `isPrefixed` is false; with the name of
  /// the adapter inside, as in `lora_A.default.weight`, in state dicts.
  case peft(isPrefixed: Bool, adapterName: String?)
  /// diffusers: modules of one component of a pipeline, such as `unet` or `transformer`; nil without one in the names.
  case diffusers(component: String?)
  /// kohya's scripts: `lora_unet_` or such, and module names with underscores for dots.
  case kohya
  /// mlx-lm, by its `adapter_config.json`; matrices lie the other way round.
  case mlx
}

extension AdapterScheme: CustomStringConvertible {
  /// In English, for people and logs.
  package var description: String {
    switch self {
    case .peft(true, nil): "PEFT"
    case .peft(false, nil): "PEFT, without base_model.model."
    case .peft(let isPrefixed, let name?):
      "PEFT state dict of the adapter \(name)" + (isPrefixed ? "" : ", without base_model.model.")
    case .diffusers(let component?): "diffusers, \(component)"
    case .diffusers(nil): "diffusers"
    case .kohya: "kohya"
    case .mlx: "mlx-lm"
    }
  }
}

extension AdapterScheme {
  /// Ends of keys that only matrices of adapters have, in any scheme.
  private static let marks = [
    ".lora_A.weight", ".lora_down.weight", ".lora.down.weight", "_lora.down.weight", ".lora_linear_layer.down.weight",
    ".lora_embedding_A", ".lora_a",
  ]

  /// Whether names of tensors are those of an adapter rather than of a model.
  static func isAdapter(_ keys: [String]) -> Bool {
    keys.contains { key in marks.contains { key.hasSuffix($0) } || key.contains(".lora_A.") }
  }

  /// That of a PEFT folder.
  /// - Throws: `mixedNames` where some keys have PEFT's prefix, or an adapter's name, and others not; `adapterNames`.
  static func peft(_ keys: [String], file: String) throws(AdapterError) -> AdapterScheme {
    let prefixed = keys.filter { $0.hasPrefix(AdapterKey.prefix) }
    guard prefixed.isEmpty || prefixed.count == keys.count else {
      let other = keys.first { !$0.hasPrefix(AdapterKey.prefix) } ?? ""
      throw .mixedNames(file: file, keys: [prefixed[0], other])
    }
    let names = keys.compactMap(AdapterKey.adapterName)
    let distinct = Set(names).sorted()
    guard distinct.count <= 1 else { throw .adapterNames(file: file, names: distinct) }
    let matrices = keys.filter(AdapterKey.isMatrix)
    guard let name = distinct.first else { return .peft(isPrefixed: !prefixed.isEmpty, adapterName: nil) }
    if let plain = matrices.first(where: { AdapterKey.adapterName($0) == nil }) {
      throw .mixedNames(file: file, keys: [keys.first { AdapterKey.adapterName($0) != nil } ?? "", plain])
    }
    return .peft(isPrefixed: !prefixed.isEmpty, adapterName: name)
  }

  /// That of a file without a configuration beside it.
  /// - Throws: `noConfigBeside` for the names of tools that need one, `components`.
  static func file(_ keys: [String], file: String) throws(AdapterError) -> AdapterScheme {
    guard isAdapter(keys) else { throw .noModules(file: file) }
    if let key = keys.first(where: { $0.hasPrefix(AdapterKey.prefix) || $0.hasSuffix(".lora_a") }) {
      throw .noConfigBeside(file: file, key: key)
    }
    if keys.allSatisfy({ KohyaKey.component(of: $0) != nil }) { return .kohya }
    let components = Set(keys.map { DiffusersKey.component(of: $0) ?? "" }).sorted()
    guard components.count == 1, let component = components.first else {
      throw .components(file: file, components: components.map { $0.isEmpty ? "(none)" : $0 })
    }
    return .diffusers(component: component.isEmpty ? nil : component)
  }
}
