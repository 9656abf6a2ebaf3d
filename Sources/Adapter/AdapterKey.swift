// SPDX-License-Identifier: Apache-2.0

/// What a tensor of `adapter_model.safetensors` is, by its key.
enum AdapterKey: Sendable, Equatable {
  /// A or B of a module.
  case matrix(module: String, Half, Layer)
  /// A tensor that replaces one of the base's; `base_layer` where LoRA wraps its module.
  case whole(tensor: String, isBaseLayer: Bool)

  enum Half: String, Sendable { case a = "A", b = "B" }

  /// Linear layers and convolutions store A as [r, in, …] and B as [out, r, …], embeddings as [r, vocabulary] and
  /// [dimension, r].
  enum Layer: Sendable { case linear, embedding }

  static let prefix = "base_model.model."

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
    var parts = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    if parts.contains(where: { $0 == "lora_magnitude_vector" }) { throw .dora(file: file) }
    guard parts.count >= 2, !parts.contains(where: { $0.isEmpty || foreign.contains($0) || $0.hasPrefix("lora_") })
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
    for (a, b) in [("lora_A.weight", "lora_B.weight"), ("lora_embedding_A", "lora_embedding_B")] {
      if key.hasSuffix(a) { return key.dropLast(a.count) + b }
      if key.hasSuffix(b) { return key.dropLast(b.count) + a }
    }
    return key
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
