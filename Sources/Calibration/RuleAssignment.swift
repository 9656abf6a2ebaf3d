// SPDX-License-Identifier: Apache-2.0

import DriftProofPolicy

/// Rules in order for groups of tensors, such that the first match of every tensor is its own group.
struct RuleAssignment: Sendable {
  /// In the order of the policy; a group may have several.
  let rules: [(pattern: TensorPattern, group: Int)]

  /// Begins with the shortest patterns. One that takes another group's tensor, or one that must not change, is made
  /// narrower until none does: exact patterns never do, so this ends.
  /// - Parameters:
  ///   - groups: names of one `NameShape` each, none empty.
  ///   - others: names that no rule here may take.
  /// - Throws: `PolicyError` for names that no pattern can hold.
  init(groups: [[String]], others: [String]) throws(PolicyError) {
    var breadths = [PatternBreadth](repeating: .open, count: groups.count)
    var owners = others.map { (name: $0, group: Int?.none) }
    for (index, names) in groups.enumerated() { owners += names.map { ($0, index) } }
    while true {
      let rules = try Self.rules(groups, breadths)
      var narrowed: Set<Int> = []
      for (name, group) in owners {
        guard let taken = rules.first(where: { $0.pattern.matches(name) })?.group, taken != group else { continue }
        narrowed.insert(taken)
      }
      if narrowed.isEmpty {
        self.rules = rules
        return
      }
      for index in narrowed { breadths[index] = PatternBreadth(rawValue: breadths[index].rawValue + 1) ?? .exact }
    }
  }

  /// Fewer stars first: the more special rule should decide.
  private static func rules(
    _ groups: [[String]], _ breadths: [PatternBreadth]
  ) throws(PolicyError) -> [(pattern: TensorPattern, group: Int)] {
    var rules: [(pattern: TensorPattern, group: Int, stars: Int)] = []
    for (index, names) in groups.enumerated() {
      for text in NamePatterns.patterns(names, breadth: breadths[index]) {
        let stars = breadths[index] == .open ? text.utf8.count { $0 == UInt8(ascii: "*") } : 0
        rules.append((try TensorPattern(text), index, stars))
      }
    }
    let order = rules.indices.sorted { (rules[$0].stars, $0) < (rules[$1].stars, $1) }
    return order.map { (rules[$0].pattern, rules[$0].group) }
  }
}
