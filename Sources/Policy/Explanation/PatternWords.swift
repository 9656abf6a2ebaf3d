// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// Patterns in plain words, and what they leave open.
enum PatternWords {
  static func text(_ pattern: PatternBound) -> String {
    switch pattern {
    case .drift(let count, let group): "at most \(count) of every \(group) neighbours in a row changed"
    case .tuned(let count, let group):
      "at most \(count) of every \(group) neighbours in a row of the tuned weights not zero"
    case .base: "weights that are zero in the base stay zero"
    }
  }

  static func short(_ pattern: PatternBound) -> String {
    switch pattern {
    case .drift(let count, let group): "\(count):\(group) of the change"
    case .tuned(let count, let group): "\(count):\(group) of the weights"
    case .base: "zeros stay"
    }
  }

  static func remarks(
    _ pattern: PatternBound, _ members: [PolicyTensor], hasNorm: Bool, hasTotal: Bool, others: Bool
  ) -> [String] {
    let limit = hasNorm ? "within the norm bound" : hasTotal ? "limited by the total alone" : "of any size"
    switch pattern {
    case .drift(let count, let group):
      let share = Double(count) / Double(group)
      let entries = members.map(\.entryCount).max() ?? 0
      return [
        "\(AllowanceWords.percent(share)) of all weights can become anything, \(limit), up to "
          + "\(Int(Double(entries) * share)) of one tensor, and which ones is free in each group of \(group). That is room for any "
          + "behaviour: the pattern says how the change is stored, not that it is small."
      ]
    case .tuned(let count, let group):
      return [
        "The pattern says that the tuned weights are stored as \(count):\(group), not how far they are from the base: any "
          + "change that leaves them so is allowed, \(limit)"
          + (others ? "." : "; add a norm clause, or a rank, in a list."),
        "Zero means below half a unit of the proof, which is some 2^-18 to 2^-19 of the root mean square of the tensor's heaviest "
          + "part.",
      ]
    case .base:
      return [
        "Weights that are not zero in the base may become anything, zero too, \(limit)"
          + (others ? "." : "; add a norm clause, or a rank, in a list.")
          + " Where the base has few zeros this restricts little."
      ]
    }
  }

  /// The first tensor on which the pattern cannot be put, and why.
  static func misfit(
    _ pattern: PatternBound, _ allowance: Allowance, _ members: [PolicyTensor]
  ) -> (PolicyTensor, String)? {
    for tensor in members where tensor.isFloating && tensor.entryCount > 0 {
      if pattern.speaksOfBase, let obstacle = tensor.patternObstacle { return (tensor, obstacle) }
      guard let groups = pattern.groups else { continue }
      var columns = tensor.columns
      if case .heads(let split, _) = allowance { columns = split.cut(shape: tensor.shape)?.columns ?? columns }
      guard !columns.isMultiple(of: groups.group) else { continue }
      return (tensor, PatternWords.columns(columns, groups.group))
    }
    return nil
  }

  static func columns(_ columns: Int, _ group: Int) -> String {
    "its rows have \(columns) entries, which groups of \(group) do not divide; use a smaller m, or give the tensor a rule of its "
      + "own"
  }
}
