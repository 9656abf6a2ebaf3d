// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofCore
import DriftProofPolicy

/// Where the base's weights lie in the trees that commit to them: a pure function of names, types, shapes and l
/// (docs/protocol.md, section 3, "Linked base").
///
/// Tensors of one name shape, such as the query matrices of all layers, share a tree, so that a proof opens no more trees
/// than the kinds of tensors that its policy speaks of.
package struct BaseTableauLayout: Sendable {
  package struct Tree: Sendable {
    /// In name order; all plain, with units of 0: only names, shapes and places matter here.
    package let tensors: [TableauTensor]
    package let layout: TableauLayout
  }

  package let logLength: Int
  /// The largest class of names first, what is left over last.
  package let trees: [Tree]

  /// - Parameters:
  ///   - identity: the base's, with a tensor of ``LinkedBase/contains(_:)``.
  package init(_ identity: BaseIdentity, logLength: Int) {
    self.logLength = logLength
    trees = Self.classes(Self.tensors(identity), logLength: logLength).map { tensors in
      Tree(tensors: tensors, layout: TableauLayout(tensors: tensors, logLength: logLength))
    }
  }

  /// All tensors of the tableau, in name order.
  package static func tensors(_ identity: BaseIdentity) -> [TableauTensor] {
    identity.tensors.filter(LinkedBase.contains).map { leaf in
      let (rows, columns) = leaf.matrixShape
      return TableauTensor(
        name: leaf.name, rows: rows, columns: columns, fractionBits: 0, isPlain: true, plainBound: nil, clauses: [])
    }
  }

  /// The code of a tableau, which a proof about it has to use as well.
  package static func code(_ identity: BaseIdentity) throws(StatementError) -> CodeParameters {
    try CodeSelection.choose(tensors: tensors(identity), hasManyTrees: true)
  }

  /// Entries of a class that has a tree of its own: those of the eight rows that fill a block of a leaf.
  private static func leastEntries(_ logLength: Int) -> Int { 8 << logLength }

  /// The seven name shapes with the most entries, as far as they fill a block of a leaf, and all other tensors together.
  private static func classes(_ tensors: [TableauTensor], logLength: Int) -> [[TableauTensor]] {
    var members: [NameShape: [TableauTensor]] = [:]
    for tensor in tensors { members[NameShape(tensor.name), default: []].append(tensor) }
    func entries(_ list: [TableauTensor]) -> Int { list.reduce(0) { $0 + $1.rows * $1.columns } }
    let ordered = members.values.sorted { a, b in
      let (x, y) = (entries(a), entries(b))
      return x != y ? x > y : UTF8Order.precedes(a[0].name, b[0].name)
    }
    let own = ordered.prefix(LinkedBase.maximumTrees - 1).prefix { entries($0) >= leastEntries(logLength) }
    let rest = ordered.dropFirst(own.count).flatMap { $0 }.sorted { UTF8Order.precedes($0.name, $1.name) }
    return own + (rest.isEmpty ? [] : [rest])
  }

  /// Positions of a chunk of a tensor: of all of it, padded, where that is less.
  package static func chunkEntries(rows: Int, columns: Int) -> Int {
    let (row, column) = TableauLayout.paddedLogs(rows: rows, columns: columns)
    return 1 << min(Limits.logChunk, row + column)
  }

  /// Binds how the rows of all trees are read, units included.
  /// - Parameter fractionBits: by names.
  package func digest(fractionBits: [String: Int]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(lengthPrefixed: "driftproof/base-layout/v1")
    bytes.append(littleEndian: UInt32(logLength))
    bytes.append(littleEndian: UInt32(trees.count))
    for tree in trees {
      bytes.append(littleEndian: UInt64(tree.tensors.count))
      for tensor in tree.tensors {
        bytes.append(lengthPrefixed: tensor.name)
        bytes.append(littleEndian: UInt64(tensor.rows))
        bytes.append(littleEndian: UInt64(tensor.columns))
        bytes.append(littleEndian: Int64(fractionBits[tensor.name] ?? 0))
      }
    }
    return SHA256.hash(bytes)
  }

  /// What tree number `index` is called in leaves and transcripts.
  package static func label(_ index: Int) -> String { "base/\(index)" }
}
