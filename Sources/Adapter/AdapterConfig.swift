// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore

/// What `adapter_config.json` says of a LoRA or LoKr adapter's arithmetic.
///
/// The names and meanings are PEFT's (0.21 and before). A setting that this program does not know must be switched off:
/// null, false, or empty. What only concerned the training is not looked at.
package struct AdapterConfig: Sendable, Equatable {
  package static let fileName = "adapter_config.json"

  /// By what a module's change follows from its matrices.
  enum Method: Sendable, Equatable {
    /// factor·B·A.
    case lora
    /// factor·(W1 ⊗ W2).
    case lokr(KroneckerShapes.Settings)
  }

  let method: Method
  /// r and alpha where no pattern says otherwise; r ≥ 1, alpha finite.
  let rank: Int
  let alpha: Double
  /// Scaling by alpha/√r instead of alpha/r.
  let usesRankRoot: Bool
  /// Linear layers keep their weight as [in, out].
  let isTransposed: Bool
  /// In the file's order, which decides.
  let rankPatterns: [Pattern<Int>]
  let alphaPatterns: [Pattern<Double>]
  /// Which modules get matrices.
  let selection: ModuleSelection

  struct Pattern<Value: Sendable & Equatable>: Sendable, Equatable {
    let text: String
    let value: Value
  }

  /// - Parameter file: for messages.
  static func parse(_ bytes: [UInt8], file: String) throws(AdapterError) -> AdapterConfig {
    let result: Result<AdapterConfig, AdapterError>
    do throws(JSONError) {
      result = try parse(JSONNode(parsing: bytes), file: file)
    } catch {
      throw .json(file: file, error)
    }
    return try result.get()
  }

  /// The same of settings that stand elsewhere.
  static func parse(_ root: JSONNode, file: String) throws(JSONError) -> Result<AdapterConfig, AdapterError> {
    // Before the settings: those of other methods are all unknown here.
    let type = try root.member("peft_type").string()
    guard type == "LORA" || type == "LOKR" else { return .failure(.peftType(file: file, found: type)) }
    let isLoKr = type == "LOKR"
    for (key, node) in try root.members() {
      if let refusal = try refusal(key, node, isLoKr: isLoKr, file: file) { return .failure(refusal) }
    }
    if isLoKr { return .success(try lokr(root)) }
    return .success(
      AdapterConfig(
        method: .lora, rank: try root.member("r").integer(in: 1...Int(Int32.max)),
        alpha: try number(root.member("lora_alpha")),
        usesRankRoot: try flag(root, "use_rslora"), isTransposed: try flag(root, "fan_in_fan_out"),
        rankPatterns: try patterns(root, "rank_pattern") { (node) throws(JSONError) in
          try node.integer(in: 1...Int(Int32.max))
        }, alphaPatterns: try patterns(root, "alpha_pattern", number), selection: try ModuleSelection(root)))
  }

  private static func lokr(_ root: JSONNode) throws(JSONError) -> AdapterConfig {
    let factor = try root.optionalMember("decompose_factor")
    return AdapterConfig(
      method: .lokr(
        KroneckerShapes.Settings(
          factorsBoth: try flag(root, "decompose_both"),
          factor: try factor.map { (node) throws(JSONError) in try node.integer(in: -1...Int(Int32.max)) } ?? -1,
          hasKernelPart: try flag(root, "use_effective_conv2d"))),
      rank: try root.member("r").integer(in: 1...Int(Int32.max)), alpha: try number(root.member("alpha")),
      usesRankRoot: false, isTransposed: false,
      rankPatterns: try patterns(root, "rank_pattern") { (node) throws(JSONError) in
        try node.integer(in: 1...Int(Int32.max))
      }, alphaPatterns: try patterns(root, "alpha_pattern", number), selection: try ModuleSelection(root))
  }

  // MARK: Settings

  /// Those that ``parse(_:file:)`` takes, and those that only concern training or loading.
  private static let known: Set<String> = [
    "peft_type", "r", "lora_alpha", "use_rslora", "fan_in_fan_out", "rank_pattern", "alpha_pattern", "bias",
    "auto_mapping", "base_model_name_or_path", "eva_config", "exclude_modules", "inference_mode", "layers_pattern",
    "layers_to_transform", "loftq_config", "lora_dropout", "megatron_core", "modules_to_save", "peft_version",
    "qalora_group_size", "revision", "runtime_config", "target_modules", "task_type",
  ]

  /// The same of LoKr.
  private static let knownOfLoKr: Set<String> = [
    "peft_type", "r", "alpha", "rank_pattern", "alpha_pattern", "decompose_both", "decompose_factor",
    "use_effective_conv2d", "auto_mapping", "base_model_name_or_path", "exclude_modules", "inference_mode",
    "init_weights", "layers_pattern", "layers_to_transform", "module_dropout", "modules_to_save", "peft_version",
    "rank_dropout", "rank_dropout_scale", "revision", "target_modules", "task_type",
  ]

  /// Known settings that must be off.
  private static let refused: [String: String] = [
    "alora_invocation_tokens": "the adapter acts after certain tokens only",
    "arrow_config": "adapters are chosen while the model runs",
    "ensure_weight_tying": "one matrix pair serves several tensors",
    "kasa_config": "a matrix between A and B",
    "layer_replication": "layers of the base are repeated",
    "lora_bias": "a bias inside LoRA changes more than the weight",
    "megatron_config": "matrices are split over machines",
    "target_parameters": "parameters are adapted that are no module's weight",
    "trainable_token_indices": "single rows of the embedding are replaced",
    "use_bdlora": "the matrices are cut into blocks",
    "use_qalora": "the input is pooled before A",
  ]

  /// Initialisations that leave the base as it is; true and false are others.
  private static let plainInitialisations: Set<String> = ["gaussian", "eva", "orthogonal"]

  private static func refusal(
    _ key: String, _ node: JSONNode, isLoKr: Bool, file: String
  ) throws(JSONError) -> AdapterError? {
    guard !isLoKr else {
      return knownOfLoKr.contains(key) || isOff(node.value) ? nil : .unknownSetting(file: file, key: key)
    }
    switch key {
    case "use_dora": return try flag(node) ? .dora(file: file) : nil
    case "bias":
      let kind = try node.string()
      guard ["none", "all", "lora_only"].contains(kind) else {
        throw .outOfRange(path: node.path, found: StrictJSON.shown(kind), expected: "none, all or lora_only")
      }
      return nil
    case "init_lora_weights":
      guard case .string(let name) = node.value, !plainInitialisations.contains(name) else { return nil }
      return .initialisation(file: file, found: name)
    case _ where known.contains(key) || isOff(node.value): return nil
    default:
      return refused[key].map { .unsupported(file: file, key: key, why: $0) } ?? .unknownSetting(file: file, key: key)
    }
  }

  private static func isOff(_ value: JSONValue) -> Bool {
    switch value {
    case .null, .bool(false): true
    case .array(let elements): elements.isEmpty
    case .object(let members): members.isEmpty
    case .bool(true), .number, .string: false
    }
  }

  /// A member that may be absent or null.
  private static func flag(_ root: JSONNode, _ key: String) throws(JSONError) -> Bool {
    guard let node = try root.optionalMember(key) else { return false }
    return try flag(node)
  }

  private static func flag(_ node: JSONNode) throws(JSONError) -> Bool {
    if case .null = node.value { return false }
    return try node.bool()
  }

  static func number(_ node: JSONNode) throws(JSONError) -> Double {
    guard case .number(let text) = node.value else {
      throw .wrongType(path: node.path, expected: "a number", found: node.value.typeName)
    }
    guard let value = Double(text), value.isFinite else {
      throw .outOfRange(path: node.path, found: String(text.prefix(40)), expected: "a finite number")
    }
    return value
  }

  private static func patterns<Value>(
    _ root: JSONNode, _ key: String, _ read: (JSONNode) throws(JSONError) -> Value
  ) throws(JSONError) -> [Pattern<Value>] {
    guard let node = try root.optionalMember(key) else { return [] }
    if case .null = node.value { return [] }
    var result: [Pattern<Value>] = []
    for (text, node) in try node.members() { result.append(Pattern(text: text, value: try read(node))) }
    return result
  }

  // MARK: Modules

  /// r and the factor of B·A of one module: alpha/r, or alpha/√r.
  /// - Parameter module: its name inside the base model, without PEFT's prefix.
  /// - Throws: `pattern`.
  func scaling(of module: String, file: String) throws(AdapterError) -> (rank: Int, factor: Double) {
    let rank = try Self.value(of: module, in: rankPatterns, file: file) ?? rank
    let alpha = try Self.value(of: module, in: alphaPatterns, file: file) ?? alpha
    return (rank, alpha / (usesRankRoot ? Double(rank).squareRoot() : Double(rank)))
  }

  /// The first pattern that matches the whole name, or the name's end after a dot: `re.match(r"(.*\.)?(PATTERN)$", name)`
  /// of PEFT's `get_pattern_key`.
  private static func value<Value>(
    of module: String, in patterns: [Pattern<Value>], file: String
  ) throws(AdapterError) -> Value? {
    for pattern in patterns {
      // Most patterns are names, which need no automaton.
      if pattern.text.utf8.allSatisfy(isNameByte) {
        if ends(module, with: pattern.text) { return pattern.value }
        continue
      }
      guard let isMatch = ModulePattern(pattern.text)?.matches(module) else {
        throw .pattern(file: file, pattern: pattern.text)
      }
      if isMatch { return pattern.value }
    }
    return nil
  }

  /// A name's dots stand for any character, so it matches as many characters as it has, at the end after a dot.
  private static func ends(_ module: String, with name: String) -> Bool {
    let (module, name) = (Array(module.unicodeScalars), Array(name.unicodeScalars))
    let rest = module.count - name.count
    guard rest == 0 || rest > 0 && module[rest - 1] == "." && !module[..<rest].contains("\n") else { return false }
    return zip(module[rest...], name).allSatisfy { $0 == $1 || $1 == "." && $0 != "\n" }
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."): true
    default: false
    }
  }
}
