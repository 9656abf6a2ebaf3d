// SPDX-License-Identifier: Apache-2.0

import DriftProofAdapter
import DriftProofCheckpoint
import DriftProofStatement

extension PreparedModel {
  /// Whether the model differs from its base in any weight. Reads no more than is needed: where the integers of the drift are
  /// all zero, the bytes of what may change are compared.
  /// - Throws: errors of reading weights.
  func hasDrift() throws -> Bool {
    let moved = zip(derived.claims, record.drifts).contains { claim, drift in
      // The right factor is a basis, whatever the left one says.
      claim.factor != .right && (drift.sumOfSquares > 0 || drift.reach > 0)
    }
    guard !moved else { return true }
    switch model {
    case .checkpoints(let pair):
      // Frozen tensors have the base's values, in whatever floating type.
      func outline(_ checkpoint: Checkpoint) -> [TunedTensor] {
        checkpoint.tensors.map {
          TunedTensor(name: $0.name, dtype: $0.dtype.isFloating ? .f64 : $0.dtype, shape: $0.shape)
        }
      }
      guard outline(pair.base) == outline(pair.tuned) else { return true }
      let names = derived.coverage.filter { $0.tensorClass != .frozen }.map(\.name)
      return try !pair.firstDifferences(names).isEmpty
    case .adapter(let model, _, _):
      guard model.wholes.tensors.isEmpty else { return true }
      return try model.products.contains { try ProductFactors.norm($0, of: model.adapter) > 0 }
    }
  }
}
