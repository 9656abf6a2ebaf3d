// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCheckpoint
import DriftProofCommitment

/// Where the tensors of a statement lie in the base's trees.
package struct LinkedPlaces {
  let linked: LinkedBase
  private let places: [String: BasePlace]

  /// - Throws: `linkedBase` for an identity whose linked part is no tableau of such a base.
  init(_ identity: BaseIdentity, _ linked: LinkedBase) throws(StatementError) {
    do throws(LinkedBaseError) {
      try LinkedBaseCheck.check(identity)
    } catch {
      throw .linkedBase(error)
    }
    self.linked = linked
    var places: [String: BasePlace] = [:]
    for (number, tree) in BaseTableauLayout(identity, logLength: linked.logLength).trees.enumerated() {
      for (tensor, placement) in zip(tree.tensors, tree.layout.placements) {
        switch placement {
        case .grid(let firstRow, _): places[tensor.name] = BasePlace(tree: number, row: firstRow, offset: nil)
        case .shared(let row, let offset): places[tensor.name] = BasePlace(tree: number, row: row, offset: offset)
        }
      }
    }
    self.places = places
  }

  /// What a rounding bound on a tensor needs to know; nil for one that is not in the tableau.
  func source(of leaf: BaseIdentity.Leaf) -> TensorClaimBuilder.LinkedSource? {
    guard let tensor = linked.tensor(named: leaf.name), let place = places[leaf.name] else { return nil }
    let (rows, columns) = leaf.matrixShape
    return .init(
      tensor: tensor, place: place, chunkEntries: BaseTableauLayout.chunkEntries(rows: rows, columns: columns))
  }

  /// The trees that hold any of the tensors, by rising number.
  func trees(of tensors: [TableauTensor]) -> [BaseTree] {
    let all = linked.baseTrees
    return Set(tensors.compactMap(\.base?.tree)).sorted().map { all[$0] }
  }
}
