// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// What a rounding bound leaves open, in plain words. The figures are measured ones (`docs/threat-model.md`, section 4).
enum RoundingWords {
  static func text(_ bound: RoundingBound) -> String {
    switch bound {
    case .halfUlps(let value): return "\(value) half-ulps"
    case .roundoffs(let value, let quantities):
      let names = quantities.names.map {
        $0 == "tuned" ? "the tuned weight" : $0 == "base" ? "the base's" : "the update"
      }
      return "\(value) roundoffs of \(names.joined(separator: " and "))"
    }
  }

  /// From so many half-ulps on most weights have several values to choose from.
  private static let wideHalfUlps = 1.5
  /// Part of a tensor's weights below the floor from which the bound says little about them.
  private static let largeShare = 0.2

  static func remarks(
    _ bound: RoundingBound, _ members: [PolicyTensor], rank: Int?, hasNorm: Bool, hasResidual: Bool
  ) -> [String] {
    var remarks = [forms(bound, hasResidual: hasResidual)]
    if let rank, let tensor = members.first(where: { min($0.rows, $0.columns) <= rank }) {
      remarks.append(
        "Rank \(rank) covers all of \(displayed(tensor.name)) (\(tensor.rows) × \(tensor.columns)): there nothing is left to "
          + "round, and the rounding bound restricts nothing.")
    }
    if !hasNorm {
      remarks.append("A rounding bound limits no norm: its allowance grows with the weights. Add a norm clause.")
    }
    if let tensor = members.first(where: { $0.shareBelowFloor ?? 0 > largeShare }), let share = tensor.shareBelowFloor {
      remarks.append(
        "\(AllowanceWords.percent((share * 1000).rounded() / 1000)) of the weights of \(displayed(tensor.name)) are below "
          + "the floor of the proof's classes and have the floor's bound, whatever their size: one part of the tensor is "
          + "far heavier than the rest, and the clause is weak for the rest.")
    }
    return remarks
  }

  private static func forms(_ bound: RoundingBound, hasResidual: Bool) -> String {
    switch bound {
    case .halfUlps(let value) where value.doubleValue >= wideHalfUlps:
      return
        "At \(value) half-ulps most weights can be pushed to another value of their type: along a direction of one's choice "
        + "a change of about 0.4 % of ‖W‖ at 2, more than a residual of 0.25 % leaves. Merges that round once need 1.01 "
        + "(BF16) or 1.04 (F16)."
    case .halfUlps:
      return
        "At most some 5 to 10 % of the weights can be pushed to a neighbouring value: along a direction of one's choice a "
        + "change of less than 0.1 % of ‖W‖."
    case .roundoffs(let value, let quantities):
      let step = RoundingStep(value, count: quantities.count).roundoffs(count: quantities.count)
      return
        "Roundoffs stop natural fine-tunes and changes of few weights, but somebody who knows the rule can spread a change of "
        + "about 0.25 % of ‖W‖ over all weights"
        + (hasResidual ? ", as far as the residual allows" : "; a residual beside it limits that")
        + ". The number counts as \(AllowanceWords.number(step)), the next step that a proof has. Merges that round once can "
        + "have halfUlps instead, which is far tighter."
    }
  }
}
