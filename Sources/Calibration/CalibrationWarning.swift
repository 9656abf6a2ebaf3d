// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore
import DriftProofPolicy

/// Something in a calibrated policy that its reader should look at before relying on it.
package struct CalibrationWarning: Sendable, Equatable {
  package enum Kind: String, Sendable {
    /// A bound admits a change of a much larger spectral norm than any run made.
    case spectralNorm
    /// The drift of every run has low rank, and the policy does not say so.
    case rank
    /// A sparse clause admits more changed entries than any run made, or none limits them where the runs changed few.
    case support
    /// The residual of a rank clause has room for a whole update of any rank.
    case residual
    /// One bound for tensors that need very different ones.
    case looseBound
    /// Most tensors of a group have a form that a few have not.
    case mixedForms
    /// Some runs have a form that the others have not: two recipes in one policy.
    case mixedRuns
    /// A tensor that no clause can bound is outside the proof.
    case excluded
    /// A bound had to be wider than the margin.
    case widened
    /// Too few runs to see how much fine-tunes vary.
    case fewRuns
  }

  package let kind: Kind
  /// The first pattern of the group; nil where all of the policy is meant.
  package let pattern: String?
  /// The tensor that shows it best.
  package let tensor: String?
  package let admitted: Double?
  package let seen: Double?
  /// What the numbers say, in a sentence.
  package let message: String

  init(_ kind: Kind, _ group: CalibratedGroup?, _ figure: CalibratedGroup.Excess.Figure? = nil, _ message: String) {
    self.kind = kind
    pattern = group?.patterns.first
    tensor = figure?.tensor
    admitted = figure?.admitted
    seen = figure?.seen
    self.message = message
  }

  /// A bound admits what is suspicious when it exceeds the largest of all runs by twice the margin that was asked for.
  static let suspicion = 2.0
  /// A residual with room for this part of a whole update hides one.
  static let residualShare = 0.5

  static func all(about group: CalibratedGroup, margin: Double) -> [CalibrationWarning] {
    guard let excess = group.excess else {
      let names = group.tensors.count == 1 ? "it is" : "all \(group.tensors.count) are"
      return [
        .init(
          .excluded, group, nil,
          "counters of type \(group.dtype.rawValue), which no clause can bound: \(names) outside the proof")
      ]
    }
    let limit = suspicion * margin
    return [
      spectralNorm(group, excess, limit), rank(group, excess, margin), support(group, excess, limit),
      residual(group, excess), loose(group, excess, limit),
    ].compactMap { $0 }
  }

  private static func spectralNorm(
    _ group: CalibratedGroup, _ excess: CalibratedGroup.Excess, _ limit: Double
  ) -> CalibrationWarning? {
    guard let figure = excess.spectralNorm, figure.ratio > limit else { return nil }
    return .init(
      .spectralNorm, group, figure,
      "a change of \(StrictJSON.shown(figure.tensor)) may put the whole norm bound \(number(figure.admitted)) into one "
        + "direction: a spectral norm \(number(figure.ratio)) times the largest of the runs, \(number(figure.seen))")
  }

  private static func rank(
    _ group: CalibratedGroup, _ excess: CalibratedGroup.Excess, _ margin: Double
  ) -> CalibrationWarning? {
    guard let figure = excess.rank, figure.ratio > margin, case .norm = group.form else { return nil }
    return .init(
      .rank, group, figure,
      "a change of \(StrictJSON.shown(figure.tensor)) may have rank \(Int(figure.admitted)), while rank "
        + "\(Int(figure.seen)) explains every run's drift up to rounding; its size hardly exceeds rounding, or other "
        + "tensors of the rule have a higher rank: no rank is claimed")
  }

  private static func support(
    _ group: CalibratedGroup, _ excess: CalibratedGroup.Excess, _ limit: Double
  ) -> CalibrationWarning? {
    guard let figure = excess.support else { return nil }
    let (admitted, seen) = (CalibrationNumber.count(Int(figure.admitted)), CalibrationNumber.count(Int(figure.seen)))
    switch group.form {
    case .entries, .rows, .columns:
      guard figure.ratio > 1 else { return nil }
      return .init(
        .support, group, figure,
        "a change of \(StrictJSON.shown(figure.tensor)) may touch \(admitted) entries, the runs touched at most \(seen): "
          + "the others can hold any change inside the norm bound")
    // What changes is a part of each group of neighbours, or follows from few numbers.
    case .pattern, .kronecker, .kroneckerProduct, .circulant: return nil
    case .norm, .rank, .product, .excluded:
      guard figure.ratio > limit else { return nil }
      return .init(
        .support, group, figure,
        "a change of \(StrictJSON.shown(figure.tensor)) may touch all \(admitted) entries, the runs touched at most "
          + seen)
    }
  }

  private static func residual(
    _ group: CalibratedGroup, _ excess: CalibratedGroup.Excess
  ) -> CalibrationWarning? {
    guard let figure = excess.residual, figure.ratio > residualShare else { return nil }
    return .init(
      .residual, group, figure,
      "the residual of \(StrictJSON.shown(figure.tensor)), \(number(figure.admitted)), is \(number(figure.ratio)) of the "
        + "smallest drift of a run, \(number(figure.seen)): an update of that size and of any rank passes; merge in F32, "
        + "or rely on the norm bound")
  }

  private static func loose(
    _ group: CalibratedGroup, _ excess: CalibratedGroup.Excess, _ limit: Double
  ) -> CalibrationWarning? {
    guard group.tensors.count > 1, let figure = excess.norm, figure.ratio > limit else { return nil }
    return .init(
      .looseBound, group, figure,
      "one bound for \(group.tensors.count) tensors is \(number(figure.admitted)) for \(StrictJSON.shown(figure.tensor)), "
        + "\(number(figure.ratio)) times its largest drift, \(number(figure.seen)); give it a rule of its own")
  }

  private static func number(_ value: Double) -> String { CalibrationNumber.text(value) }
}
