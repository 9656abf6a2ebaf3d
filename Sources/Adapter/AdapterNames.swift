// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint

/// How module names of an adapter become names of the base's tensors.
///
/// Tools name modules as the model in memory does; a checkpoint may have been saved from a model inside it (`bert.encoder…` in
/// one is `encoder…` in the other), or by a version of transformers that had another layout. One and the same way must take
/// every module to a tensor of the base, and no other way may take them elsewhere.
package struct AdapterNames: Sendable {
  package let scheme: AdapterScheme
  let way: Way
  /// Weights of the base by the modules' names.
  package let tensors: [String: String]

  /// What is done to every name.
  enum Way: Hashable, Sendable {
    case asTheyAre
    /// The first part of every name is dropped.
    case without(String)
    /// Parts are put before every name, without a dot at their end.
    case with(String)
    /// Names begin otherwise.
    case moved(ModelLayout)
    /// Underscores stand for dots.
    case underscored

    /// Nil for a name that this cannot be applied to.
    func apply(_ name: String) -> String? {
      switch self {
      case .asTheyAre: name
      case .without(let part): name.hasPrefix(part + ".") ? String(name.dropFirst(part.count + 1)) : nil
      case .with(let part): part + "." + name
      case .moved(let layout): layout.apply(name)
      case .underscored: nil
      }
    }
  }

  /// Beginnings of names in the adapter and what they are in the base; none where names are the base's.
  package var mapping: [(adapter: String, base: String)] {
    switch way {
    case .asTheyAre, .underscored: []
    case .without(let part): [(part + ".", "")]
    case .with(let part): [("", part + ".")]
    case .moved(let layout): layout.used(by: tensors.keys)
    }
  }

  /// The one way in which every module's weight is a tensor of the base.
  /// - Throws: `unresolved` naming the first key that has none, `ambiguous` or `candidates` when several would do,
  ///   `attentionOutput`; for kohya's names `components`; for mlx-lm `notLoadedByMLX`.
  package static func resolve(_ adapter: Adapter, base: Set<String>) throws -> AdapterNames {
    let resolver = NameResolver(adapter: adapter, base: base)
    let names = adapter.scheme == .kohya ? try KohyaNames.resolve(adapter, base: base) : try resolver.resolve()
    try AttentionOutput.check(adapter, names, base)
    if case .mlx(let config) = adapter.settings { try checkMLX(config, adapter, names, base) }
    return names
  }

  private static func checkMLX(
    _ config: MLXConfig, _ adapter: Adapter, _ names: AdapterNames, _ base: Set<String>
  ) throws(AdapterError) {
    var lost: [(setting: String, module: String)] = []
    for module in adapter.modules {
      guard let tensor = names.tensors[module.name],
        let setting = config.leavesOut(module.name, tensor: tensor, base: base)
      else { continue }
      lost.append((setting, module.name))
    }
    guard let first = lost.first else { return }
    throw .notLoadedByMLX(
      file: adapter.file, setting: first.setting, modules: lost.filter { $0.setting == first.setting }.map(\.module))
  }
}

/// Finds the way for names with dots.
private struct NameResolver {
  let adapter: Adapter
  let base: Set<String>

  /// The module's tensor under a way; nil where the base has none.
  private func tensor(of module: Adapter.Module, _ way: AdapterNames.Way) -> String? {
    guard let name = way.apply(module.name + ".weight") else { return nil }
    if base.contains(name) { return name }
    // Of torch's attention three weights are one parameter, which is no module's.
    guard case .peft = adapter.scheme, module.layer == .linear, case .product(let a, _) = module.matrices,
      a.shape.count == 2
    else { return nil }
    let parameter = String(name.dropLast(".weight".count)) + ".in_proj_weight"
    return base.contains(parameter) ? parameter : nil
  }

  private func tensors(_ way: AdapterNames.Way) -> [String: String]? {
    var found: [String: String] = [:]
    for module in adapter.modules {
      guard let name = tensor(of: module, way) else { return nil }
      found[module.name] = name
    }
    return found
  }

  private func count(_ way: AdapterNames.Way) -> Int {
    adapter.modules.count { tensor(of: $0, way) != nil }
  }

  func resolve() throws(AdapterError) -> AdapterNames {
    let ways = ways()
    if let found = tensors(.asTheyAre) { return AdapterNames(scheme: adapter.scheme, way: .asTheyAre, tensors: found) }
    var fitting: [(way: AdapterNames.Way, tensors: [String: String])] = []
    for way in ways {
      guard let found = tensors(way), !fitting.contains(where: { $0.tensors == found }) else { continue }
      fitting.append((way, found))
    }
    guard let first = fitting.first else { throw lost(ways) }
    guard fitting.count == 1 else {
      let prefixes = fitting.compactMap { if case .with(let part) = $0.way { part } else { nil } }
      if prefixes.count == fitting.count { throw .ambiguous(file: adapter.file, prefixes: prefixes) }
      let module = adapter.modules.first { module in
        Set(fitting.map { $0.tensors[module.name] }).count > 1
      }
      throw .candidates(
        file: adapter.file, key: module?.matrices.key ?? "",
        tensors: module.map { one in fitting.compactMap { $0.tensors[one.name] } } ?? [])
    }
    return AdapterNames(scheme: adapter.scheme, way: first.way, tensors: first.tensors)
  }

  private func ways() -> [AdapterNames.Way] {
    // A component's folder has the names as they are, a file with a whole pipeline has more before them.
    if case .diffusers(let component) = adapter.scheme {
      return component?.hasPrefix("text_encoder") ?? false ? [] : [.with("model.diffusion_model")]
    }
    let first = adapter.modules.first.flatMap { $0.name.split(separator: ".").first.map(String.init) } ?? ""
    let parts = Set(base.compactMap { $0.split(separator: ".").first.map(String.init) }).sorted()
    return [.without(first)] + parts.map { .with($0) } + ModelLayout.all.map { .moved($0) }
  }

  /// The way that most names go says which one does not.
  private func lost(_ ways: [AdapterNames.Way]) -> AdapterError {
    let best = ([.asTheyAre] + ways).max { count($0) < count($1) } ?? .asTheyAre
    let module = adapter.modules.first { tensor(of: $0, best) == nil }
    let name = (module?.name ?? "") + ".weight"
    return .unresolved(file: adapter.file, key: module?.matrices.key ?? "", tensor: best.apply(name) ?? name)
  }
}
