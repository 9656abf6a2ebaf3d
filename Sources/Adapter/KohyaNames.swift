// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// Resolves names in which dots are underscores: by the base's own names written so.
enum KohyaNames {
  /// - Throws: `candidates` for a name that several of the base's tensors have, `unresolved`, `components` for parts of a
  ///   pipeline that the base does not have, or of which it cannot be told which one it is.
  static func resolve(_ adapter: Adapter, base: Set<String>) throws(AdapterError) -> AdapterNames {
    let weights = base.filter { $0.hasSuffix(".weight") }.sorted(by: UTF8Order.precedes)
    let used = Set(adapter.modules.compactMap { KohyaKey.component(of: $0.name) }).sorted()
    // Tensors by component and the name that the adapter would have for them.
    var known: [Int: [String: [(tensor: String, isWholePipeline: Bool)]]] = [:]
    for component in used {
      let (mark, prefixes) = KohyaKey.components[component]
      for prefix in prefixes {
        for name in weights where name.hasPrefix(prefix) {
          let module = name.dropFirst(prefix.count).dropLast(".weight".count)
          guard !module.isEmpty else { continue }
          let key = mark + String(module.map { $0 == "." ? "_" : $0 })
          known[component, default: [:]][key, default: []].append((name, !prefix.isEmpty))
        }
      }
    }
    var tensors: [String: String] = [:]
    var alone: Set<Int> = []
    for module in adapter.modules {
      let component = KohyaKey.component(of: module.name) ?? 0
      let found = known[component]?[module.name] ?? []
      guard let only = found.first else {
        // Of another part of the pipeline than the base, most often.
        let isForeign = !adapter.modules.contains { other in
          KohyaKey.component(of: other.name) == component && known[component]?[other.name] != nil
        }
        guard used.count == 1 || !isForeign else { throw components(adapter, used) }
        throw .unresolved(file: adapter.file, key: module.matrices.key, tensor: module.name)
      }
      guard found.count == 1 else {
        throw .candidates(file: adapter.file, key: module.matrices.key, tensors: found.map(\.tensor))
      }
      if !only.isWholePipeline { alone.insert(component) }
      tensors[module.name] = only.tensor
    }
    // The first and the second text encoder have the same names.
    guard alone.isEmpty || used.count == 1 else { throw components(adapter, used) }
    return AdapterNames(scheme: .kohya, way: .underscored, tensors: tensors)
  }

  private static func components(_ adapter: Adapter, _ used: [Int]) -> AdapterError {
    .components(file: adapter.file, components: used.map { String(KohyaKey.components[$0].mark.dropLast()) })
  }
}
