// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore

/// Base and tuned weights, whose difference is a drift.
package struct CheckpointPair: Sendable {
  package let base: Checkpoint
  /// The tuned model, or those tensors that an adapter puts in place of the base's.
  package let tuned: Checkpoint

  package init(base: Checkpoint, tuned: Checkpoint) {
    self.base = base
    self.tuned = tuned
  }

  /// Where each of the named tensors first differs, in bytes, or in values where its types are two; those that are equal, or
  /// that one side lacks, are left out.
  /// - Throws: `CheckpointError` when a file cannot be read.
  package func firstDifferences(_ names: [String]) throws -> [(name: String, place: TensorDifference)] {
    let places = try Parallel.map(names.count) { index throws(CheckpointError) -> TensorDifference? in
      guard let before = base.tensor(named: names[index]), let after = tuned.tensor(named: names[index]) else {
        return nil
      }
      return try Checkpoint.difference(base: base, before, tuned: tuned, after)
    }
    return zip(names, places).compactMap { name, place in place.map { (name, $0) } }
  }
}
