// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCheckpoint
import DriftProofPolicy

/// What may have happened to a tensor on its way from base to tuned model.
package enum TensorChange: Hashable, Sendable {
  /// A tensor of the tuned model stands in its place: what the policy allows it.
  case dense
  /// An adapter leaves it alone: it is the base's, whatever the policy allows.
  case none
  /// An adapter adds a product of a matrix of this many columns and one of as many rows.
  case product(rank: Int)
  /// An adapter adds a Kronecker product A ⊗ B, B of these sizes.
  case kronecker(rows: Int, columns: Int)
}

/// Name, type and shape of a tensor of the tuned model, and how it may differ: what the drift manifest says in public.
package struct TunedTensor: Hashable, Sendable {
  package let name: String
  package let dtype: DataType
  package let shape: [Int]
  package let change: TensorChange

  package init(name: String, dtype: DataType, shape: [Int], change: TensorChange = .dense) {
    self.name = name
    self.dtype = dtype
    self.shape = shape
    self.change = change
  }
}

extension Checkpoint {
  /// Names, types and shapes: what the manifest says of a tuned model.
  package var manifestTensors: [TunedTensor] {
    tensors.map { TunedTensor(name: $0.name, dtype: $0.dtype, shape: $0.shape) }
  }
}

/// A tensor of the drift tableau, or a head of one: the statement about it and where that comes from.
package struct TensorClaim: Hashable, Sendable {
  package let tensor: TableauTensor
  /// Position in the base identity (and in the base checkpoint: both are in name order).
  package let baseIndex: Int
  /// Position in the list of tuned tensors.
  package let tunedIndex: Int
  /// The rule that decides it, counted from 0.
  package let rule: Int
  /// The policy's norm clauses, all folded into `tensor.plainBound`.
  package let normBounds: [Bound]
  /// The policy's other clauses but patterns, one for each of `tensor.clauses`; of a factor those that its rank satisfies.
  package let forms: [ClauseForm]
  /// Which factor of an adapter's product it is; nil for a drift.
  package var factor: ProductFactor?
}

/// What a tensor counts as in reports.
public enum TensorClass: String, Hashable, Sendable, CaseIterable {
  /// No change, or a tensor without entries.
  case frozen
  /// Norm clauses only.
  case norm
  /// One clause: rank, with or without a residual or an entrywise bound.
  case rank
  /// One clause: a sum of Kronecker products, with or without a residual or an entrywise bound.
  case kronecker
  /// One clause: circulant blocks, with or without a residual or an entrywise bound.
  case circulant
  /// One clause: entries, rows or columns, with or without a residual or an entrywise bound.
  case sparse
  /// One clause: an entrywise or rounding bound alone.
  case entrywise
  /// One clause: a pattern, of the change or of the tuned weights.
  case pattern
  /// Sums of rank and sparse, and intersections of different clauses.
  case composed
  /// Outside the proof.
  case excluded

  init(_ clauses: [ClauseForm]) {
    let structured = clauses.filter { if case .norm = $0 { false } else { true } }
    guard let first = structured.first else {
      self = .norm
      return
    }
    if clauses.count == 1, case .pattern = first {
      self = .pattern
      return
    }
    guard clauses.count == 1, case .sum(let rank, let sparse, _, _, _, let blocks) = first else {
      self = .composed
      return
    }
    switch (rank != nil || blocks != nil, sparse != nil) {
    case (false, false) where first.boundsEntries: self = .entrywise
    case (true, false):
      switch blocks {
      case nil: self = .rank
      case .kronecker?: self = .kronecker
      case .circulant?: self = .circulant
      }
    case (false, true): self = .sparse
    default: self = .composed
    }
  }
}
