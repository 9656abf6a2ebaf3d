// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore
import DriftProofDrift
import DriftProofPolicy

extension AdapterModel {
  /// The adapter's own matrices, as hints for the low-rank parts of a model into which it was merged. A Kronecker product is of
  /// rank 1 in block order, and of another rank in the matrix' own: there is a hint for each.
  /// - Parameter names: of the tensors that hints are wanted for.
  /// - Throws: `CheckpointError` for bad weights, `AdapterError.overflow`.
  fileprivate func hints(for names: Set<String>) throws -> [String: [FactorHint]] {
    let wanted = products.filter { names.contains($0.tensor) }
    let hints = try Parallel.map(wanted.count) { index -> [FactorHint] in
      let product = wanted[index]
      guard let kronecker = product.kronecker else {
        let (left, right, inner) = try ProductFactors.matrices(product, of: adapter)
        return [
          try hint(product, left, ProductFactors.transposed(right, rows: inner, columns: product.columns), inner)
        ]
      }
      var found: [FactorHint] = []
      let inner = kronecker.shapes.inner
      // Blocks of other sizes have no clause.
      if inner.rows.nonzeroBitCount == 1, inner.columns.nonzeroBitCount == 1 {
        found.append(
          try hint(
            product, try kronecker.outer(of: adapter), try kronecker.inner(of: adapter), 1,
            inner))
      }
      if product.rank <= Adapter.maximumRank {
        let (left, right) = try kronecker.matrices(of: adapter)
        found.append(
          try hint(
            product, left, ProductFactors.transposed(right, rows: kronecker.rank, columns: product.columns),
            kronecker.rank))
      }
      return found
    }
    return Dictionary(uniqueKeysWithValues: zip(wanted.map(\.tensor), hints))
  }

  private func hint(
    _ product: Product, _ left: [Double], _ right: [Double], _ rank: Int,
    _ blocks: (rows: Int, columns: Int)? = nil
  ) throws -> FactorHint {
    var left = left
    for position in left.indices { left[position] *= product.module.factor }
    guard left.allSatisfy(\.isFinite), right.allSatisfy(\.isFinite) else {
      throw AdapterError.overflow(tensor: product.tensor)
    }
    return FactorHint(left: left, right: right, rank: rank, blocks: blocks)
  }
}

extension Adapter {
  /// Its matrices for tensors of the base, by their names: of one that was merged into a model.
  /// - Throws: errors of an adapter that does not fit the base.
  package func hints(for names: Set<String>, identity: BaseIdentity) throws -> [String: [FactorHint]] {
    // Whatever a policy says of the adapter's tensors, it is about the merged model.
    let any = try Policy.parse(
      Array(
        #"{"driftPolicy": 1, "name": "hint", "securityBits": 128, "rules": [{"tensors": "*", "allow": "any"}]}"#.utf8))
    return try AdapterModel(self, identity: identity, policy: any, comparesBytes: false).hints(for: names)
  }
}
