// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore

/// Parts of names that one side has more than the other: what wrappers of libraries put before or between the names of a
/// model's modules, such as `_orig_mod.`, `module.` or `base_model.model.`.
public struct NamePrefix: Hashable, Sendable {
  /// The side whose names have them.
  public let side: ModelSide
  /// What `NameReading` has to leave out, in this order.
  public let parts: [String]
  /// How many names of that side are names of the other without the parts, and how many it has.
  public let count: Int
  /// How many names the side has.
  public let total: Int
  /// One name of them, as it is.
  public let example: String

  /// The parts, if any, without which more names are on both sides.
  ///
  /// Looks at names only; linear in their number.
  package static func find(base: [String], tuned: [String]) -> NamePrefix? {
    let (before, after) = (Set(base), Set(tuned))
    guard before != after else { return nil }
    let common = before.intersection(after).count
    let found = [
      find(in: tuned, others: before, side: .tuned, common: common),
      find(in: base, others: after, side: .base, common: common),
    ].compactMap { $0 }
    return found.max { $0.count < $1.count }
  }

  private static func find(in names: [String], others: Set<String>, side: ModelSide, common: Int) -> NamePrefix? {
    var best: NamePrefix?
    for parts in candidates(names) {
      let reading = NameReading(without: parts)
      var read: Set<String> = []
      var fitting = 0
      var example: String?
      for name in names {
        let short = reading.read(name)
        guard read.insert(short).inserted else {
          read = []
          break
        }
        guard others.contains(short) else { continue }
        fitting += 1
        if short != name, example == nil { example = name }
      }
      // Most names of the smaller side fit then, or it is no prefix but a coincidence.
      guard !read.isEmpty, let example, fitting > common, 2 * fitting >= min(names.count, others.count) else {
        continue
      }
      if fitting > best?.count ?? 0 {
        best = NamePrefix(side: side, parts: parts, count: fitting, total: names.count, example: example)
      }
    }
    return best
  }

  /// Wrappers of well-known libraries, and up to three first parts that all names have in common.
  private static func candidates(_ names: [String]) -> [[String]] {
    var result: [[String]] = []
    let inner = NameReading.innerWrappers.filter { wrapper in
      names.contains { $0.hasPrefix(wrapper) || $0.contains(".\(wrapper)") }
    }
    if !inner.isEmpty { result.append(inner) }
    guard let first = names.first else { return result }
    for lead in [[], inner] {
      let reading = NameReading(without: lead)
      let read = reading.read(first)
      var prefix = ""
      for part in read.split(separator: ".").dropLast().prefix(3) {
        prefix += part + "."
        guard names.allSatisfy({ reading.read($0).hasPrefix(prefix) }) else { break }
        result.append(lead + [prefix])
      }
    }
    return result
  }
}

extension NamePrefix: CustomStringConvertible {
  /// In English, for people and logs.
  public var description: String { text(base: "\(ModelSide.base)", tuned: "\(ModelSide.tuned)") }

  /// The same with other names for the two sides.
  package func text(base: String, tuned: String) -> String {
    let shown = parts.map(StrictJSON.shown).joined(separator: " and ")
    let (own, other) = side == .base ? (base, tuned) : (tuned, base)
    return
      "\(count == total ? "all \(total)" : "\(count) of \(total)") names of the \(own) have \(shown) more than those of the "
      + "\(other), such as \(StrictJSON.shown(example)); read the names without it"
  }
}
