// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofField

/// What is wrong with the linked part of an identity: it is no tableau of a base with these leaves.
package enum LinkedBaseError: Error, Equatable, Sendable {
  /// Tensors of more than 2^logLimit entries, padded, together: no tableau has them.
  case tooLarge(logLimit: Int)
  /// Trees, or rows of one.
  case trees(found: [Int], expected: [Int])
  case layoutDigest
  /// The pins of a tree that hides its rows are not one element of K for each of them.
  case pins(tree: Int)
  /// Tails that hide nothing: the trees' own points alone show as much as they cover.
  case tail(found: Int, least: Int)
  case fractionBits(tensor: String, found: Int, expected: Int)
  /// Σq² over all chunks exceeds the heaviest one's times their number.
  case heaviestChunk(tensor: String)
}

extension LinkedBaseError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .tooLarge(let limit): "the identity commits to tensors of more than 2^\(limit) entries together"
    case .trees(let found, let expected):
      "the identity's linked part has trees of \(found) rows where the base's shapes give \(expected)"
    case .pins(let tree):
      "the identity's linked part has pins of tree \(tree) that are not one field element for each of its rows"
    case .tail(let found, let least):
      "the identity's linked part has rows with \(found) random coefficients, which hide no weights: at least \(least) do"
    case .layoutDigest: "the identity's linked part has another layout than the base's shapes and units give"
    case .fractionBits(let tensor, let found, let expected):
      "tensor \(tensor): the identity's linked part has units of 2^-\(found) where its heaviest chunk gives 2^-\(expected)"
    case .heaviestChunk(let tensor):
      "tensor \(tensor): the heaviest chunk in the identity's linked part is lighter than the average one"
    }
  }
}

extension LinkedBase {
  /// What proofs about it show besides; nil for a public tableau.
  package var hidingBase: CodeParameters.HidingBase? {
    isHiding ? CodeParameters.HidingBase(trees: trees.count, tail: tail) : nil
  }

  /// What proofs may take of the tails; nil for a public tableau.
  package var budget: Int? { hidingBase.map { $0.budget - (isNext ? CodeParameters.HidingBase.ofNextBase : 0) } }

  /// Of a next base: the point of all of its trees; nil otherwise.
  package var sharedPoint: CubicExtension? {
    guard isNext else { return nil }
    let shape = RowShape(tailOffset: 1 << logLength, tailCount: tail)
    return OutOfDomain.point(
      ofNextBase: trees.map(\.root), shapes: [RowShape](repeating: shape, count: trees.reduce(0) { $0 + $1.rows }),
      logLength: logLength, logBlowup: logBlowup)
  }

  /// All trees, as statements and transitions open them.
  package var baseTrees: [BaseTree] {
    let point = sharedPoint
    return trees.enumerated().map { number, tree in
      BaseTree(
        number: number, rows: tree.rows, root: tree.root, pins: TreePins.values(tree.pins) ?? [], point: point)
    }
  }
}

/// Relations between the linked part and the leaves that need the tableau's layout.
package enum LinkedBaseCheck {
  /// - Throws: the first relation that does not hold. An identity without a linked part passes.
  package static func check(_ identity: BaseIdentity) throws(LinkedBaseError) {
    guard let linked = identity.linked else { return }
    // Before a layout is made of shapes that somebody may have made up.
    var cells = 0
    for leaf in identity.tensors where LinkedBase.contains(leaf) {
      let (rows, columns) = leaf.matrixShape
      let log = StatementLimits.paddedLog(rows: rows, columns: columns)
      cells += log <= StatementLimits.logMaximumCells ? 1 << log : 1 << 42
      guard cells <= 1 << StatementLimits.logMaximumCells else {
        throw .tooLarge(logLimit: StatementLimits.logMaximumCells)
      }
    }
    let layout = BaseTableauLayout(identity, logLength: linked.logLength)
    let rows = layout.trees.map(\.layout.rowCount)
    guard rows == linked.trees.map(\.rows) else { throw .trees(found: linked.trees.map(\.rows), expected: rows) }
    try checkHiding(linked)
    var units: [String: Int] = [:]
    for tensor in linked.tensors {
      guard let leaf = identity.tensor(named: tensor.name) else { continue }
      let (rows, columns) = leaf.matrixShape
      let expected = LinkedBase.units(
        leaf.dtype, fractionBits: leaf.statistics.fractionBits, heaviestChunk: tensor.heaviestChunk,
        chunkEntries: BaseTableauLayout.chunkEntries(rows: rows, columns: columns)
      ).fractionBits
      guard tensor.fractionBits == expected else {
        throw .fractionBits(tensor: tensor.name, found: tensor.fractionBits, expected: expected)
      }
      units[tensor.name] = tensor.fractionBits
    }
    for tree in layout.trees {
      for (index, tensor) in tree.tensors.enumerated() {
        guard let own = linked.tensor(named: tensor.name), let leaf = identity.tensor(named: tensor.name) else {
          continue
        }
        let chunks = tree.layout.squarePieces[index][0].reduce(0) { $0 + $1.count }
        guard
          own.heaviestChunk.multipliedReportingOverflow(by: UInt128(chunks)).overflow
            || own.heaviestChunk * UInt128(chunks) >= leaf.statistics.sumOfSquares
        else { throw .heaviestChunk(tensor: tensor.name) }
      }
    }
    guard layout.digest(fractionBits: units) == linked.layoutDigest else { throw .layoutDigest }
  }

  /// Whether the tails suffice for a proof is told by the proof's queries (`CodeParameters.beside(_:)`).
  private static func checkHiding(_ linked: LinkedBase) throws(LinkedBaseError) {
    guard let hiding = linked.hidingBase else { return }
    let least =
      CodeParameters.HidingBase.tail(trees: hiding.trees, queries: 1, proofs: 1)
      + (linked.isNext ? CodeParameters.HidingBase.ofNextBase : 0)
    guard linked.tail >= least else { throw .tail(found: linked.tail, least: least) }
    for (number, tree) in linked.trees.enumerated() where TreePins.values(tree.pins)?.count != tree.rows {
      throw .pins(tree: number)
    }
  }
}
