// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore
import DriftProofPolicy
import DriftProofStatement

/// A rank that a policy allows to matrices of which none has more: the clause says nothing of them, although it holds. The
/// fused experts of a layer, for example, are a matrix of as few rows as there are experts.
public struct VacuousRank: Hashable, Sendable {
  /// The rule, counted from 0.
  public let rule: Int
  /// What it allows: a rank, or as many terms of blocks.
  public let rank: Int
  /// Tensors of which it says nothing.
  public let tensors: Int
  /// The first of them, and the matrix that the clause speaks of: the tensor's, or that of one of its heads.
  public let example: String
  /// Of that matrix.
  public let rows: Int
  /// Of that matrix.
  public let columns: Int
  /// Whether the example consists of slices that the rule could speak of instead.
  public let hasSlices: Bool
  /// The blocks whose terms are meant; nil for a rank.
  public var blocks: BlockForm?
}

extension VacuousRank: CustomStringConvertible {
  /// In English, for people and logs.
  public var description: String {
    let others = tensors == 1 ? "" : " and \(tensors - 1) more"
    if let blocks {
      return
        "\(rank) Kronecker \(rank == 1 ? "product" : "products") with blocks of \(blocks.rows) × \(blocks.columns) in "
        + "$.rules[\(rule)] restrict nothing in \(StrictJSON.shown(example))\(others): every matrix of \(rows) × \(columns) is "
        + "such a sum; lower the number of terms, or rely on the norm clauses alone"
    }
    return
      "rank \(rank) in $.rules[\(rule)] restricts nothing in \(StrictJSON.shown(example))\(others): every matrix of "
      + "\(rows) × \(columns) has it; "
      + (hasSlices
        ? "\"heads\": { \"of\": \"slices\" } makes the clause one about each expert or kernel"
        : "lower the rank, or rely on the norm clauses alone")
  }
}

extension VacuousRank {
  /// All of a statement, by rule and rank.
  static func all(_ derived: DerivedStatement, identity: BaseIdentity, policy: Policy) -> [VacuousRank] {
    struct Key: Hashable {
      let rule: Int
      let rank: Int
      let blocks: BlockForm?
    }
    var found: [Key: VacuousRank] = [:]
    // One claim stands for its tensor: the first head, or the left factor of a product.
    for claim in derived.claims where (claim.tensor.block?.index ?? 0) == 0 && claim.factor != .right {
      let leaf = identity.tensors[claim.baseIndex]
      var (rows, columns) = leaf.matrixShape
      var isCut = false
      if case .heads(let split, _) = policy.rules[claim.rule].allowance, let cut = split.cut(shape: leaf.shape) {
        (rows, columns, isCut) = (cut.rows, cut.columns, true)
      }
      for form in claim.forms {
        guard case .sum(let stated, _, _, _, _, let blocks) = form else { continue }
        var (rank, full) = (stated, min(rows, columns))
        if case .kronecker(let terms, _, _)? = blocks, let blocks {
          (rank, full) = (terms, blocks.fullTerms(rows: rows, columns: columns))
        }
        guard let rank, rank >= full else { continue }
        let key = Key(rule: claim.rule, rank: rank, blocks: blocks)
        let first = found[key]
        found[key] = VacuousRank(
          rule: claim.rule, rank: rank, tensors: (first?.tensors ?? 0) + 1, example: first?.example ?? leaf.name,
          rows: first?.rows ?? rows, columns: first?.columns ?? columns,
          hasSlices: first?.hasSlices ?? (!isCut && blocks == nil && leaf.shape.count > 2),
          blocks: blocks)
      }
    }
    return found.values.sorted { ($0.rule, $0.rank) < ($1.rule, $1.rank) }
  }
}
