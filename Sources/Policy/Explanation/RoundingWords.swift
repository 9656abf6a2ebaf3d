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
    case .ofWeight(let value, let least):
      return "\(AllowanceWords.percent(value.doubleValue)) of itself in the base"
        + (least.map { ", at least \($0)" } ?? "")
    }
  }

  /// From so many half-ulps on most weights have several values to choose from.
  private static let wideHalfUlps = 1.5
  /// Part of a tensor's weights below the floor from which the bound says little about them.
  private static let largeShare = 0.2

  static func remarks(
    _ bound: RoundingBound, _ members: [PolicyTensor], rank: Int?, hasNorm: Bool, hasResidual: Bool
  ) -> [String] {
    if case .ofWeight(let value, let least) = bound {
      return weightRemarks(value.doubleValue, least, members, rank: rank)
    }
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
    case .ofWeight: return ""
    }
  }

  /// What a fraction of each weight leaves open.
  private static func weightRemarks(
    _ fraction: Double, _ least: Decimal10?, _ members: [PolicyTensor], rank: Int?
  ) -> [String] {
    let share = AllowanceWords.percent(fraction)
    var remarks = [
      (rank == nil ? "Every weight" : "Besides, every weight")
        + " can move by \(share) of its size at once, in a direction of one's choice: a change of about \(share) of ‖W‖, most of "
        + "it in the large weights. Small ones hardly move: below about a fifth of the root mean square of the tensor's "
        + "heaviest part they all have the same bound, \(share) of that fifth"
        + (least.map { ", or \($0) where that is more" } ?? "") + "."
    ]
    if fraction >= 0.5 {
      remarks.append(
        "At \(share) a weight can be \(fraction >= 1 ? "set to zero or doubled" : "halved"): most of a tensor can be replaced."
      )
    }
    let widest = members.filter { $0.norm > 0 && $0.entryCount > 0 }.min {
      $0.norm * $0.norm / Double($0.entryCount) < $1.norm * $1.norm / Double($1.entryCount)
    }
    if let least, let tensor = widest {
      let typical = tensor.norm / Double(tensor.entryCount).squareRoot()
      if least.doubleValue >= typical {
        remarks.append(
          "The least bound of \(least) is \(AllowanceWords.number(least.doubleValue / typical)) times the root mean square of the "
            + "weights of \(displayed(tensor.name)): there the fraction restricts nothing.")
      }
    }
    return remarks
  }
}
