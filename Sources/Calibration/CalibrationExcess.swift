// SPDX-License-Identifier: Apache-2.0

import DriftProofPolicy

extension CalibratedGroup {
  /// What a group's bounds admit that no reference run did, each at the tensor where the difference is largest.
  package struct Excess: Sendable, Equatable {
    /// One admitted figure beside the largest of all runs.
    package struct Figure: Sendable, Equatable {
      package let tensor: String
      package let admitted: Double
      package let seen: Double
      /// admitted / seen.
      package var ratio: Double { admitted / seen }
    }

    /// Spectral norms, in units of the weights: all of a norm bound can be one singular value. Nil for vectors.
    package let spectralNorm: Figure?
    /// Changed entries.
    package let support: Figure?
    /// Ranks beside the residual; only for matrices whose drift has a rank of those tried in every run.
    package let rank: Figure?
    /// A residual, which has any rank, and the smallest ‖Δ‖ of a run; only for rank clauses. Here a ratio near 1 says
    /// that a whole update fits into the residual.
    package let residual: Figure?
    /// The norm bound and the largest ‖Δ‖ of the tensor that needs it least, in units of the weights.
    package let norm: Figure?

    init(_ records: [TensorRecord], form: DriftForm, clauses: [ClauseForm]) {
      let (norm, sum) = Self.parts(clauses)
      func worst(_ figure: (TensorRecord) -> Figure?) -> Figure? {
        records.compactMap(figure).filter { $0.seen > 0 }.max { $0.ratio < $1.ratio }
      }
      self.norm = worst { record in
        norm.map { Figure(tensor: record.name, admitted: $0.value(of: record), seen: record.largestNorm) }
      }
      spectralNorm = worst { record in
        record.isVector
          ? nil
          : norm.map { Figure(tensor: record.name, admitted: $0.value(of: record), seen: record.largestSpectralNorm) }
      }
      support = worst { record in
        let admitted = Self.support(sum?.sparse, of: record)
        return Figure(tensor: record.name, admitted: Double(admitted), seen: Double(record.changedEntries))
      }
      let ranked = worst { record in
        guard let seen = record.rank, record.largestNorm > 0 else { return nil }
        let admitted = Self.rank(sum, of: record)
        return Figure(
          tensor: record.name, admitted: Double(admitted), seen: Double(min(seen, record.rows, record.columns)))
      }
      // Full ranks say nothing where other tensors have a higher one than was tried.
      let isKnown = records.allSatisfy { $0.rank != nil }
      rank = ranked.flatMap { isKnown || $0.ratio > 1 ? $0 : nil }
      residual = worst { record in
        guard form.leavesRounding, let bound = sum?.residual else { return nil }
        return Figure(tensor: record.name, admitted: bound.value(of: record), seen: record.smallestNorm)
      }
    }

    private typealias Sum = (rank: Int?, sparse: SparseForm?, residual: Bound?)

    private static func parts(_ clauses: [ClauseForm]) -> (norm: Bound?, sum: Sum?) {
      var (norm, sum): (Bound?, Sum?)
      for clause in clauses {
        switch clause {
        case .norm(let bound): norm = bound
        case .pattern: break
        // A bound on entries alone restricts no rank and no count; of two sums the first has the residual.
        case .sum(nil, nil, _, _, _, nil): continue
        case .sum(let rank, let sparse, let residual, _, _, _): sum = sum ?? (rank, sparse, residual)
        }
      }
      return (norm, sum)
    }

    private static func support(_ sparse: SparseForm?, of record: TensorRecord) -> Int {
      switch sparse {
      case .entries(let count): min(count, record.entryCount)
      case .rows(let count): min(count, record.rows) * record.columns
      case .columns(let count): record.rows * min(count, record.columns)
      case nil: record.entryCount
      }
    }

    private static func rank(_ sum: Sum?, of record: TensorRecord) -> Int {
      let full = min(record.rows, record.columns)
      switch sum?.sparse {
      case .entries(let count), .rows(let count), .columns(let count): return min(count, full)
      case nil: return min(sum?.rank ?? full, full)
      }
    }
  }
}
