// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What a tensor of an adapter is, by its key. What is read here are PEFT's keys and those of mlx-lm.
enum AdapterKey: Sendable, Equatable {
  /// A or B of a module.
  case matrix(module: String, Half, Layer)
  /// A tensor of a LoKr module.
  case kronecker(module: String, KroneckerPart)
  /// The number that, over the rank, is the factor of the module's product.
  case alpha(module: String)
  /// A tensor that replaces one of the base's; `base_layer` where LoRA wraps its module.
  case whole(tensor: String, isBaseLayer: Bool)

  enum Half: String, Sendable { case a = "A", b = "B" }

  /// Linear layers and convolutions store A as [r, in, …] and B as [out, r, …], embeddings as [r, vocabulary] and
  /// [dimension, r].
  enum Layer: Sendable {
    case linear, embedding
    /// As mlx-lm computes x·A·B: what it calls B is here A, of [r, out], and the other way round, [in, r]. Their product is
    /// [in, out].
    case reversed
  }

  static let prefix = "base_model.model."

  /// By any scheme.
  /// - Parameter file: for messages.
  /// - Throws: `dora`, `loraBias` or `unknownTensor`.
  static func parse(_ key: String, _ scheme: AdapterScheme, file: String) throws(AdapterError) -> AdapterKey {
    switch scheme {
    case .kohya: return try KohyaKey.parse(key, file: file)
    case .diffusers: return try DiffusersKey.parse(key, file: file)
    case .mlx: return try parseMLX(key, file: file)
    case .peft(let isPrefixed, let name):
      // As PEFT would save the state dict, except that messages name the key of the file.
      let plain = name.flatMap { Self.plain(key, name: $0) } ?? key
      do throws(AdapterError) {
        return try parse(isPrefixed ? plain : prefix + plain, file: file)
      } catch {
        switch error {
        case .unknownTensor: throw .unknownTensor(file: file, key: key)
        case .loraBias: throw .loraBias(file: file, key: key)
        default: throw error
        }
      }
    }
  }

  /// `.m` is the magnitude of DoRA.
  private static func parseMLX(_ key: String, file: String) throws(AdapterError) -> AdapterKey {
    if let module = key.without(suffix: ".lora_a") { return .matrix(module: module, .b, .reversed) }
    if let module = key.without(suffix: ".lora_b") { return .matrix(module: module, .a, .reversed) }
    if key.hasSuffix(".m") { throw .dora(file: file) }
    throw .unknownTensor(file: file, key: key)
  }

  /// As PEFT saves it.
  /// - Parameter file: for messages.
  /// - Throws: `dora`, `loraBias` or `unknownTensor`.
  static func parse(_ key: String, file: String) throws(AdapterError) -> AdapterKey {
    guard key.hasPrefix(prefix) else { throw .unknownTensor(file: file, key: key) }
    let path = String(key.dropFirst(prefix.count))
    for half in [Half.a, .b] {
      if let module = path.without(suffix: ".lora_\(half.rawValue).weight") {
        return .matrix(module: module, half, .linear)
      }
      if let module = path.without(suffix: ".lora_embedding_\(half.rawValue)") {
        return .matrix(module: module, half, .embedding)
      }
      if path.hasSuffix(".lora_\(half.rawValue).bias") { throw .loraBias(file: file, key: key) }
    }
    for part in KroneckerPart.allCases {
      if let module = path.without(suffix: "." + part.rawValue) { return .kronecker(module: module, part) }
    }
    var parts = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    if parts.contains(where: { $0 == "lora_magnitude_vector" }) { throw .dora(file: file) }
    guard parts.count >= 2,
      !parts.contains(where: {
        $0.isEmpty || foreign.contains($0) || $0.hasPrefix("lora_") || $0.hasPrefix("lokr_")
      })
    else { throw .unknownTensor(file: file, key: key) }
    var isBaseLayer = false
    // Wrappers stand right before the tensor's own name.
    let wrapper = parts.count - 2
    if parts[wrapper] == "base_layer" {
      isBaseLayer = true
      parts.remove(at: wrapper)
    } else if parts[wrapper] == "modules_to_save" {
      parts.remove(at: wrapper)
    }
    guard parts.count >= 2 || !isBaseLayer, !parts.contains(where: { $0 == "base_layer" || $0 == "modules_to_save" })
    else { throw .unknownTensor(file: file, key: key) }
    return .whole(tensor: parts.joined(separator: "."), isBaseLayer: isBaseLayer)
  }

  /// The key of the other matrix of the module.
  static func counterpart(of key: String) -> String {
    for (a, b) in [
      ("lora_A.", "lora_B."), ("lora_embedding_A", "lora_embedding_B"), ("down.weight", "up.weight"),
      ("lora_a", "lora_b"),
    ] {
      if let place = key.range(of: a, options: .backwards) { return key.replacingCharacters(in: place, with: b) }
      if let place = key.range(of: b, options: .backwards) { return key.replacingCharacters(in: place, with: a) }
    }
    return key
  }

  // MARK: State dicts

  /// Parts right behind which a state dict has the adapter's name.
  private static let named: Set<String> = [
    "lora_A", "lora_B", "lora_embedding_A", "lora_embedding_B", "lora_magnitude_vector", "modules_to_save", "lokr_w1",
    "lokr_w1_a", "lokr_w1_b", "lokr_w2", "lokr_w2_a", "lokr_w2_b", "lokr_t2",
  ]

  static func isMatrix(_ key: String) -> Bool {
    key.split(separator: ".").contains { named.contains(String($0)) && $0 != "modules_to_save" }
  }

  /// `default` of `….lora_A.default.weight` or `….lora_embedding_A.default`; nil in keys as PEFT saves them.
  static func adapterName(_ key: String) -> String? {
    let parts = key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard let place = parts.lastIndex(where: named.contains) else { return nil }
    let rest = parts[(place + 1)...]
    let isLong =
      parts[place].hasPrefix("lora_embedding") || parts[place].hasPrefix("lokr_")
      || parts[place] == "lora_magnitude_vector"
    // Saved ones end in `lora_A.weight`, `lora_A.bias`, `lora_embedding_A`, `lokr_w1` and `modules_to_save.weight`.
    return rest.count > (isLong ? 0 : 1) && !(parts[place] == "lora_magnitude_vector" && rest.first == "weight")
      ? rest.first : nil
  }

  /// The key without the adapter's name; nil for one that does not have it.
  private static func plain(_ key: String, name: String) -> String? {
    guard adapterName(key) == name else { return nil }
    var parts = key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard let place = parts.lastIndex(where: named.contains), place + 1 < parts.count else { return nil }
    parts.remove(at: place + 1)
    return parts.joined(separator: ".")
  }

  /// Parts of keys of other methods that PEFT can save beside LoRA.
  private static let foreign: Set<String> = ["token_adapter", "trainable_tokens_delta", "original_module"]
}

extension String {
  /// What precedes a suffix; nil without it, or when nothing does.
  fileprivate func without(suffix: String) -> String? {
    guard hasSuffix(suffix), utf8.count > suffix.utf8.count else { return nil }
    return String(dropLast(suffix.count))
  }
}
