// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint

/// How module names of an adapter become names of the base's tensors.
///
/// PEFT names modules as the model in memory does, a checkpoint may have been saved from a model inside it: `bert.encoder…`
/// in one is `encoder…` in the other. So all names may lack the base's first part, or have one that the base lacks.
enum AdapterNames: Hashable, Sendable {
  case asTheyAre
  /// The first part of every name is dropped.
  case without(String)
  /// A part is put before every name.
  case with(String)

  /// Nil for a name that this cannot be applied to.
  func apply(_ name: String) -> String? {
    switch self {
    case .asTheyAre: name
    case .without(let part): name.hasPrefix(part + ".") ? String(name.dropFirst(part.count + 1)) : nil
    case .with(let part): part + "." + name
    }
  }

  /// The one way in which every module's weight is a tensor of the base.
  /// - Throws: `unresolved` naming the first key that has none, `ambiguous` when several names before it would do.
  static func resolve(_ adapter: Adapter, base: Set<String>) throws(AdapterError) -> AdapterNames {
    let names = adapter.modules.map { $0.name + ".weight" }
    func fits(_ way: AdapterNames) -> Bool {
      names.allSatisfy { name in way.apply(name).map { base.contains($0) } ?? false }
    }
    if fits(.asTheyAre) { return .asTheyAre }
    let first = names.first.flatMap { $0.split(separator: ".").first.map(String.init) } ?? ""
    if fits(.without(first)) { return .without(first) }
    let parts = Set(base.compactMap { $0.split(separator: ".").first.map(String.init) }).sorted()
    let ways = parts.filter { fits(.with($0)) }
    guard ways.count <= 1 else { throw .ambiguous(file: adapter.file, prefixes: ways) }
    if let part = ways.first { return .with(part) }
    // The way that most names go says which one does not.
    let candidates = [AdapterNames.asTheyAre, .without(first)] + parts.map { .with($0) }
    let best = candidates.max { count($0, names, base) < count($1, names, base) } ?? .asTheyAre
    let lost = adapter.modules.first { module in
      best.apply(module.name + ".weight").map { !base.contains($0) } ?? true
    }
    guard let lost else { return best }
    throw .unresolved(
      file: adapter.file, key: lost.a.name, tensor: best.apply(lost.name + ".weight") ?? lost.name + ".weight")
  }

  private static func count(_ way: AdapterNames, _ names: [String], _ base: Set<String>) -> Int {
    names.reduce(0) { $0 + (way.apply($1).map { base.contains($0) ? 1 : 0 } ?? 0) }
  }
}
