// SPDX-License-Identifier: Apache-2.0

/// Keys that diffusers reads: a component of the pipeline, the module's name with its dots, and the matrix in one of several
/// spellings of the years.
enum DiffusersKey {
  private static let components: Set<String> = [
    "unet", "transformer", "transformer_2", "text_encoder", "text_encoder_2", "text_encoder_3", "prior",
    "diffusion_model",
  ]

  private static let ends: [(end: String, half: AdapterKey.Half)] = [
    (".lora_A.weight", .a), (".lora_B.weight", .b), (".lora.down.weight", .a), (".lora.up.weight", .b),
    (".lora_linear_layer.down.weight", .a), (".lora_linear_layer.up.weight", .b), (".lora_down.weight", .a),
    (".lora_up.weight", .b),
  ]

  /// Matrices that attention processors kept: what they are called in the module, in image models and in text encoders.
  private static let processors = [
    "to_q_lora": ("to_q", "q_proj"), "to_k_lora": ("to_k", "k_proj"), "to_v_lora": ("to_v", "v_proj"),
    "to_out_lora": ("to_out.0", "out_proj"),
  ]

  static func component(of key: String) -> String? {
    let parts = key.split(separator: ".", maxSplits: 1)
    return parts.count == 2 && components.contains(String(parts[0])) ? String(parts[0]) : nil
  }

  /// - Throws: `dora`, `loraBias`, `unknownTensor`.
  static func parse(_ key: String, file: String) throws(AdapterError) -> AdapterKey {
    let component = component(of: key)
    let path = component.map { String(key.dropFirst($0.count + 1)) } ?? key
    for (end, half) in ends where path.hasSuffix(end) && path.utf8.count > end.utf8.count {
      return .matrix(module: String(path.dropLast(end.count)), half, .linear)
    }
    for (end, half) in [(".down.weight", AdapterKey.Half.a), (".up.weight", .b)] where path.hasSuffix(end) {
      var parts = path.dropLast(end.count).split(separator: ".", omittingEmptySubsequences: false).map(String.init)
      guard parts.count >= 2, let names = processors[parts.removeLast()] else { break }
      if parts.last == "processor" { parts.removeLast() }
      guard !parts.isEmpty else { break }
      let isText = component?.hasPrefix("text_encoder") ?? false
      return .matrix(module: (parts + [isText ? names.1 : names.0]).joined(separator: "."), half, .linear)
    }
    if path.hasSuffix(".alpha"), path.utf8.count > 6 { return .alpha(module: String(path.dropLast(6))) }
    if path.hasSuffix(".dora_scale") || path.contains(".lora_magnitude_vector") { throw .dora(file: file) }
    if path.hasSuffix(".bias"), path.contains(".lora") { throw .loraBias(file: file, key: key) }
    throw .unknownTensor(file: file, key: key)
  }
}
