// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint

/// Why no rounding bound can be put on a tensor.
public enum RoundingObstacle: Error, Hashable, Sendable, CustomStringConvertible {
  /// A type other than F16 and BF16.
  case type(String)
  /// The tuned model has the tensor in another type.
  case retyped(base: String, tuned: String)
  /// The tuned model has more rows of it.
  case grown(base: [Int], tuned: [Int])
  /// Its heaviest part is nearly zero, so that it has no units.
  case nearlyZero
  /// The identity's linked part lacks it.
  case notLinked
  /// The low-rank part may be so large that its integer factors are coarser than the rounding.
  case largeFactors(scale: Int, least: Int)
  /// A residual stands in the same object: no proof has both of one rest.
  case residualBeside
  /// A fraction of each weight that is below what can be proved beside the other numbers of the clause.
  case smallFraction(least: Double)

  /// In English, for people and logs.
  public var description: String {
    switch self {
    case .type(let type):
      "it is \(type), and bounds by weights are for F16 and BF16; use a residual or an absolute entrywise bound instead"
    case .retyped(let base, let tuned):
      "it is \(base) in the base and \(tuned) in the tuned model, and a bound by weights needs one type; cast the base first, "
        + "and identify the cast base"
    case .grown(let base, let tuned):
      "it has shape \(base) in the base and \(tuned) in the tuned model, and new rows have no weights in the base; bound it "
        + "by norm, residual or entrywise"
    case .nearlyZero:
      "it is zero in the base, or nearly so, and has no units of its own; bound it by norm or entrywise"
    case .notLinked: "the base's identity does not commit to it; give one that does"
    case .largeFactors(let scale, let least):
      "its low-rank part may be so large that integer factors resolve 2^-\(scale) units where rounding takes 2^-\(least); add "
        + "a norm clause in a list beside this one, as small as the update allows"
    case .residualBeside:
      "a residual stands in the same object, and no proof has both of one rest; use a list of two objects, each with the rank"
    case .smallFraction(let least):
      "the fraction of each weight is below \(least), the least that can be proved beside the rank and the least bound; widen it, "
        + "lower the least bound, or add a norm clause in a list beside this one"
    }
  }
}

extension CoverageCheck {
  /// Of a tensor of both sides that a rule with a rounding bound decides; nil where nothing stands against it.
  static func obstacle(_ base: BaseIdentity.Leaf, _ own: TunedTensor, linked: LinkedBase) -> RoundingObstacle? {
    guard RoundingRule.precision(base.dtype) != nil else { return .type(base.dtype.rawValue) }
    guard base.dtype == own.dtype else { return .retyped(base: base.dtype.rawValue, tuned: own.dtype.rawValue) }
    guard base.shape == own.shape else { return .grown(base: base.shape, tuned: own.shape) }
    return obstacle(base, linked: linked)
  }

  /// Of a tensor of the base alone.
  package static func obstacle(_ base: BaseIdentity.Leaf, linked: LinkedBase) -> RoundingObstacle? {
    guard RoundingRule.precision(base.dtype) != nil else { return .type(base.dtype.rawValue) }
    guard let tensor = linked.tensor(named: base.name) else { return .notLinked }
    let (rows, columns) = base.matrixShape
    let isLinkable = LinkedBase.units(
      base.dtype, fractionBits: base.statistics.fractionBits, heaviestChunk: tensor.heaviestChunk,
      chunkEntries: BaseTableauLayout.chunkEntries(rows: rows, columns: columns)
    ).isLinkable
    return isLinkable ? nil : .nearlyZero
  }
}
