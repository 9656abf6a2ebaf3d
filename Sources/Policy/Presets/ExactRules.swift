// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// The rules that come before those of a preset: of packed weights, and of tensors that clauses cannot bound although their
/// names match clauses.
struct ExactRules {
  /// As text, with their comments.
  private(set) var rules: [String] = []
  /// Names of the tensors that they decide.
  private(set) var names: Set<String> = []

  private let tensors: [PolicyTensor]

  /// - Parameter decidedByClauses: names of the tensors on which the preset would put clauses.
  init(_ tensors: [PolicyTensor], packed: PackedWeights, decidedByClauses: Set<String>) throws(PresetError) {
    self.tensors = tensors
    for format in packed.foundFormats {
      let own = tensors.filter { tensor in
        packed.weights[tensor.name].map { packed.formats[$0] == format } ?? false
      }
      add(
        own,
        comment: "Packed weights (\(format)): compared byte for byte. Certify a fine-tune of them before quantisation.")
    }
    add(
      tensors.filter { !$0.isFloating && $0.unencodableEntry == nil && decidedByClauses.contains($0.name) },
      comment: "Not floating-point: compared byte for byte.")
    add(
      tensors.filter { $0.unencodableEntry != nil && decidedByClauses.contains($0.name) },
      comment: "NaN, infinity or a weight beyond 2^41: compared byte for byte.")
  }

  /// One frozen rule for each pattern; names whose pattern would reach other tensors stand for themselves.
  private mutating func add(_ members: [PolicyTensor], comment: String) {
    let own = Set(members.map(\.name)).subtracting(names)
    var seen: Set<String> = []
    for tensor in members where own.contains(tensor.name) && !names.contains(tensor.name) {
      // More than a policy can have, which its writer will say.
      guard rules.count <= PolicyLimits.maximumRules else { return }
      let wide = Self.pattern(tensor.name, wildcards: true)
      let text = isExactly(own, wide) ? wide : Self.pattern(tensor.name, wildcards: false)
      guard seen.insert(text).inserted, let pattern = try? TensorPattern(text) else { continue }
      for name in own where pattern.matches(name) { names.insert(name) }
      let lines = (seen.count == 1 ? ["// \(comment)"] : []) + [PolicyText.rule(pattern: text, .frozen)]
      rules.append(lines.map { "    " + $0 }.joined(separator: "\n"))
    }
  }

  /// Whether a pattern matches no tensor outside `own`.
  private func isExactly(_ own: Set<String>, _ text: String) -> Bool {
    guard let pattern = try? TensorPattern(text) else { return false }
    return tensors.allSatisfy { own.contains($0.name) || !pattern.matches($0.name) }
  }

  /// The name as a pattern, runs of digits between dots as `*` where `wildcards` says so.
  static func pattern(_ name: String, wildcards: Bool) -> String {
    name.split(separator: ".", omittingEmptySubsequences: false).map { part in
      if wildcards, !part.isEmpty, part.utf8.allSatisfy({ (0x30...0x39).contains($0) }) { return "*" }
      return part.unicodeScalars.map { "*{},\\".unicodeScalars.contains($0) ? "\\\($0)" : "\($0)" }.joined()
    }.joined(separator: ".")
  }
}
