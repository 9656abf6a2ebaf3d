// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofPolicy

/// Why no pattern can be put on a tensor.
public enum PatternObstacle: Error, Hashable, Sendable, CustomStringConvertible {
  /// The groups do not divide its rows.
  case columns(Int, group: Int)
  /// A pattern of weights on a type other than F16 and BF16: the base's tableau has no others.
  case type(String)
  /// A pattern of weights where the tuned model has more rows.
  case grown(base: [Int], tuned: [Int])
  /// Its heaviest part is nearly zero, so that it has no units.
  case nearlyZero
  /// The identity's linked part lacks it.
  case notLinked
  /// An unmerged adapter adds a product of matrices to it, whose entries are committed nowhere.
  case product
  /// An unmerged adapter leaves it as it is in the base, of whose pattern nothing is proved.
  case unchangedByAdapter

  /// In English, for people and logs.
  public var description: String {
    switch self {
    case .columns(let columns, let group):
      "its rows have \(columns) entries, which groups of \(group) do not divide; use a smaller m, or give the tensor a rule of "
        + "its own"
    case .type(let type):
      "it is \(type), and the base's tableau has F16 and BF16 only; a pattern of the drift needs none"
    case .grown(let base, let tuned):
      "it has shape \(base) in the base and \(tuned) in the tuned model, and new rows have no place in the base's tableau; a "
        + "pattern of the drift needs none"
    case .nearlyZero:
      "it is zero in the base, or nearly so, and has no units of its own; a pattern of the drift needs none"
    case .notLinked: "the base's identity does not commit to it; give one that does"
    case .product:
      "an unmerged adapter's product is committed to as two factors and not entry by entry; merge the adapter and prove the "
        + "merged model"
    case .unchangedByAdapter:
      "the unmerged adapter leaves it as it is in the base, of which nothing is proved; merge the adapter and prove the merged "
        + "model, or give the tensor a rule of its own"
    }
  }
}

extension CoverageCheck {
  /// Of a tensor of both sides on which a rule puts a pattern; nil where nothing stands against it.
  static func obstacle(
    _ pattern: PatternBound, _ base: BaseIdentity.Leaf, _ own: TunedTensor, _ allowance: Allowance, linked: LinkedBase?
  ) -> PatternObstacle? {
    if let groups = pattern.groups {
      var columns = Shape.matrix(own.shape).columns
      if case .heads(let split, _) = allowance { columns = split.cut(shape: own.shape)?.columns ?? columns }
      guard columns.isMultiple(of: groups.group) else { return .columns(columns, group: groups.group) }
    }
    guard pattern.speaksOfBase else { return nil }
    guard base.shape == own.shape else { return .grown(base: base.shape, tuned: own.shape) }
    // Without a linked part the whole policy is refused.
    return linked.flatMap { patternObstacle(base, linked: $0) }
  }

  /// Of a pattern of weights, as far as the base tells.
  package static func patternObstacle(_ base: BaseIdentity.Leaf, linked: LinkedBase) -> PatternObstacle? {
    switch obstacle(base, linked: linked) {
    case nil: nil
    case .type(let type)?: .type(type)
    case .nearlyZero?: .nearlyZero
    case .some: .notLinked
    }
  }
}
