// SPDX-License-Identifier: Apache-2.0

/// Why the tuned weights of a tensor are not what a tableau of the base and a drift add up to (docs/protocol.md, section 13).
public enum AlignmentObstacle: Error, Hashable, Sendable, CustomStringConvertible {
  /// The policy lets the tensor change freely: nothing of it is committed to.
  case excluded
  /// The tuned model is an unmerged adapter, which changes products and no weights.
  case adapter
  /// The tuned model has it in another type.
  case retyped(base: String, tuned: String)
  /// The tuned model has more rows of it, for which the base's tableau has no places.
  case grown(base: [Int], tuned: [Int])
  /// Clauses on parts of a tensor: the base's tableau has it as a whole.
  case heads
  /// A type that the base's tableau does not hold.
  case notInTableau(String)

  /// In English, for people and logs.
  public var description: String {
    switch self {
    case .excluded:
      "its rule allows \"any\", and nothing ties its new weights to the base's; give it clauses, or freeze it"
    case .adapter: "an adapter adds products to it; merge the adapter and prove the merged model"
    case .retyped(let base, let tuned):
      "it is \(base) in the base and \(tuned) in the tuned model; cast the base first, and identify the cast base"
    case .grown(let base, let tuned):
      "it has shape \(base) in the base and \(tuned) in the tuned model, and the base's tableau has no places for new rows; prove "
        + "without the tableau"
    case .heads: "its rule has heads, and the base's tableau has whole tensors; use clauses on the whole tensor"
    case .notInTableau(let type):
      "it is \(type), and the base's tableau holds F16 and BF16; freeze it, or cast base and tuned model"
    }
  }
}
