// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// Which modules of a base PEFT gives the matrices of an adapter (`check_target_module_exists`, 0.18): what is in the file and
/// not selected is not loaded, so it must not be certified.
///
/// A module is selected when `exclude_modules` and `modules_to_save` do not name it and `target_modules` does: a list by
/// whole names or ends after a dot, a string as a regular expression of the whole name. With `layers_to_transform` its layer
/// must be in that as well: the last number between dots that follows a part named by `layers_pattern`, or any part.
struct ModuleSelection: Sendable, Equatable {
  /// A setting that is a list or an expression.
  enum Names: Sendable, Equatable {
    case list([String])
    case expression(String)
  }

  /// Nil where the configuration leaves it to PEFT's table of architectures.
  var targets: Names?
  var excluded: Names?
  /// Nil for all.
  var layers: [Int]?
  /// Empty for any.
  var layerPatterns: [String] = []
  /// `modules_to_save`.
  var saved: [String] = []
  /// `task_type`; what "all-linear" leaves out depends on it.
  var taskType: String?

  static let allLinear = "all-linear"

  enum Verdict: Sendable, Equatable {
    case selected
    /// With the setting that says so.
    case notSelected(String)
    /// With the setting that cannot be decided, and why.
    case undecided(String, String)
  }

  // MARK: Reading

  init(_ root: JSONNode) throws(JSONError) {
    targets = try Self.names(root, "target_modules")
    excluded = try Self.names(root, "exclude_modules")
    if case .list([]) = excluded { excluded = nil }
    if case .expression("") = excluded { excluded = nil }
    if let node = try Self.given(root, "layers_to_transform") {
      if case .array = node.value {
        var indices: [Int] = []
        for element in try node.elements() { indices.append(try element.integer(in: 0...Int(Int32.max))) }
        layers = indices.isEmpty ? nil : indices
      } else {
        layers = [try node.integer(in: 0...Int(Int32.max))]
      }
    }
    switch try Self.names(root, "layers_pattern") {
    case .expression(let text)?: layerPatterns = text.isEmpty ? [] : [text]
    case .list(let list)?: layerPatterns = list
    case nil: break
    }
    switch try Self.names(root, "modules_to_save") {
    case .expression(let text)?: saved = [text]
    case .list(let list)?: saved = list
    case nil: break
    }
    taskType = try Self.given(root, "task_type")?.string()
  }

  /// Nil where it is absent or null.
  private static func given(_ root: JSONNode, _ key: String) throws(JSONError) -> JSONNode? {
    guard let node = try root.optionalMember(key) else { return nil }
    if case .null = node.value { return nil }
    return node
  }

  private static func names(_ root: JSONNode, _ key: String) throws(JSONError) -> Names? {
    guard let node = try given(root, key) else { return nil }
    if case .string(let text) = node.value { return .expression(text) }
    var list: [String] = []
    for element in try node.elements() { list.append(try element.string()) }
    return .list(list)
  }

  // MARK: Deciding

  /// - Parameters:
  ///   - module: its name in the model, without PEFT's prefix.
  ///   - kind: what its matrices are of; "all-linear" selects linear layers only.
  func verdict(_ module: String, _ kind: ModuleKind) -> Verdict {
    guard module.utf8.allSatisfy({ $0 < 0x80 && $0 >= 0x20 }) else {
      return .undecided("target_modules", "the name \(StrictJSON.shown(module)) is not plain ASCII")
    }
    if let excluded {
      switch Self.names(excluded, module) {
      case true?: return .notSelected("exclude_modules")
      case false?: break
      case nil: return unreadable("exclude_modules", excluded)
      }
    }
    for name in saved {
      // re.match(r"(^|.*\.)NAME($|\..*)", module)
      let pattern = #"(?:|.*\.)(?:"# + name + #")(?:|\..*)"#
      guard let isIn = ModulePattern(pattern, isWhole: true)?.matches(module) else {
        return unreadable("modules_to_save", .expression(name))
      }
      if isIn { return .notSelected("modules_to_save") }
    }
    switch targets {
    case nil:
      return .undecided("target_modules", "it is missing, so that PEFT takes the modules from a table of its own")
    case .expression(let text)? where text.lowercased() == Self.allLinear: return linear(module, kind)
    case .expression(let text)?:
      guard layers == nil, layerPatterns.isEmpty else {
        return .undecided("layers_to_transform", "PEFT takes it with a list of target_modules only")
      }
      return Self.names(.expression(text), module).map { $0 ? .selected : .notSelected("target_modules") }
        ?? unreadable("target_modules", .expression(text))
    case .list(let list)?:
      guard Self.names(.list(list), module) == true else { return .notSelected("target_modules") }
      return layer(module, isNamedInFull: list.contains(module))
    }
  }

  private func unreadable(_ setting: String, _ names: Names) -> Verdict {
    guard case .expression(let text) = names else { return .undecided(setting, "it cannot be read") }
    return .undecided(
      setting,
      "the pattern \(StrictJSON.shown(text)) is no regular expression that can be read here; write out the names")
  }

  /// Nil for an expression that cannot be read.
  private static func names(_ names: Names, _ module: String) -> Bool? {
    switch names {
    case .list(let list): list.contains { module == $0 || module.hasSuffix("." + $0) }
    case .expression(let text): ModulePattern(text, isWhole: true)?.matches(module)
    }
  }

  /// re.match(r".*\.PATTERN\.(\d+)\.", module), or of any part where there is no pattern: the last such number counts.
  private func layer(_ module: String, isNamedInFull: Bool) -> Verdict {
    let setting = "layers_to_transform"
    guard let layers else {
      return layerPatterns.isEmpty ? .selected : .undecided(setting, "layers_pattern stands alone")
    }
    let parts = module.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    func index(after isPattern: (String) -> Bool) -> Int? {
      // Something stands before the pattern's part, and something behind the number.
      let places = parts.indices.dropFirst(2).dropLast()
      return places.last { place in
        isPattern(parts[place - 1]) && !parts[place].isEmpty
          && parts[place].utf8.allSatisfy { (0x30...0x39).contains($0) }
      }.flatMap { Int(parts[$0]) }
    }
    var found: Int?
    if layerPatterns.isEmpty {
      found = index { _ in true }
    } else {
      for pattern in layerPatterns where found == nil {
        guard pattern.utf8.allSatisfy(Self.isWordByte) else {
          return .undecided("layers_pattern", "\(StrictJSON.shown(pattern)) is no plain name of a part")
        }
        found = index { $0 == pattern }
      }
    }
    if let found, layers.contains(found) { return .selected }
    // Newer versions take a module that is named in full whatever its layer is, older ones do not.
    return isNamedInFull
      ? .undecided(setting, "versions of PEFT differ on modules that target_modules names in full; write their ends")
      : .notSelected(setting)
  }

  private static func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"): true
    default: false
    }
  }

  /// Last parts of names that heads go by, which "all-linear" leaves out where the model says that they are heads.
  private static let heads: Set<String> = [
    "lm_head", "embed_out", "output_layer", "output", "proj_out", "head", "classifier", "score", "decoder",
  ]

  private func linear(_ module: String, _ kind: ModuleKind) -> Verdict {
    guard kind == .linear else { return .notSelected("target_modules") }
    guard layers == nil, layerPatterns.isEmpty else {
      return .undecided("layers_to_transform", "PEFT takes it with a list of target_modules only")
    }
    let parts = module.split(separator: ".")
    // A module inside a numbered layer is no head.
    let isInLayer = parts.contains { $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
    guard !isInLayer, let last = parts.last, Self.heads.contains(String(last)) else { return .selected }
    return .undecided(
      "target_modules",
      "all-linear leaves out the model's head, which \(StrictJSON.shown(module)) may be; write out the modules' names")
  }
}

/// What the matrices of a module belong to, by their form.
enum ModuleKind: Sendable { case linear, embedding, convolution }
