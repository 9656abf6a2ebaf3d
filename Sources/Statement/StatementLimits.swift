// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCheckpoint
import DriftProofCore
import DriftProofPolicy

/// Sizes that bound the verifier's work and memory whatever the identity file says, and keep the argument's integers
/// inside the field.
package enum StatementLimits {
  /// Cells of one tensor padded to powers of two: 2^27 chunks of 2^14 (``Limits/logMaximumChunks``), which the norm
  /// totals need; E-tiles of one tableau together, too.
  package static let logMaximumCells = 41
  /// Cells of all U, V and value vectors: their tree has at most 2^20 rows for the shortest code.
  package static let maximumFactorCells = 1 << 34
  /// Rows of the tableau, before tensors share some: 2^40 cells at the longest code that provers choose. More only inflates
  /// proofs.
  package static let maximumRows = 1 << 16

  /// Tensors of a model. The largest mixtures of experts have some 70,000 expert matrices, 280,000 tensors when each is
  /// stored as four packed ones.
  package static let maximumTensors = 1 << 19
  /// Bytes of a manifest: 128 for each of so many tensors, names of 60 bytes and digests included.
  package static let maximumManifestBytes = 1 << 26

  /// Tensors of the tableau when some are heads: the work for each is small, but a size of 1 makes very many.
  package static let maximumHeads = 1 << 16

  static func log2(_ n: Int) -> Int { n <= 1 ? 0 : Int.bitWidth - (n - 1).leadingZeroBitCount }

  /// Padded cells of a matrix of at least one entry, at least the 64 of the smallest sub-cube.
  package static func paddedLog(rows: Int, columns: Int) -> Int {
    max(Limits.logSmallestCube, log2(rows) + log2(columns))
  }

  /// Throws `tooLarge` naming the tensor; to be called before anything is computed from its shape.
  static func check(_ tensor: TunedTensor) throws(StatementError) {
    let (rows, columns) = Shape.matrix(tensor.shape)
    guard paddedLog(rows: rows, columns: columns) <= logMaximumCells else {
      throw .tooLarge(.tensor(StrictJSON.shown(tensor.name), shape: tensor.shape))
    }
  }

  /// Throws `tooLarge` when a tensor's heads make the statement too long; to be called before they are made.
  /// - Parameter count: tensors of the tableau so far.
  static func check(heads split: HeadSplit, of leaf: BaseIdentity.Leaf, after count: Int) throws(StatementError) {
    let heads = split.cut(shape: leaf.shape)?.count ?? 0
    guard heads <= maximumHeads - min(count, maximumHeads) else {
      throw .tooLarge(
        .heads(tensor: StrictJSON.shown(leaf.name), count: heads, size: split.size, axis: split.axis.rawValue))
    }
  }

  /// Throws `tooLarge` when a manifest of these tensors would be refused; to be called before anything is computed.
  static func check(manifest tensors: [TunedTensor]) throws(StatementError) {
    guard tensors.count <= maximumTensors else {
      throw .tooLarge(.tensorCount(tensors.count, limit: maximumTensors))
    }
    // At most: lengths and rank, flag, an adapter's rank or sizes of blocks and a digest, and the header.
    let bytes = tensors.reduce(128) { sum, tensor in
      sum + tensor.name.utf8.count + tensor.dtype.rawValue.utf8.count + 8 * tensor.shape.count
        + (tensor.change.isKronecker ? 65 : 61)
    }
    guard bytes <= maximumManifestBytes else {
      throw .tooLarge(.manifest(bytes: bytes, limit: maximumManifestBytes))
    }
  }

  /// Throws `tooLarge` when the tensors together are too large.
  static func check(_ tensors: [TableauTensor]) throws(StatementError) {
    var cells = 0
    var factorCells = 0
    for tensor in tensors {
      let log = paddedLog(rows: tensor.rows, columns: tensor.columns)
      // At most 17 sets of 2^41: no overflow before the comparison.
      cells += (tensor.clauses.count + tensor.patterns.count + (tensor.isPlain ? 1 : 0)) << log
      guard cells <= 1 << logMaximumCells else {
        throw .tooLarge(.allTensors(logLimit: logMaximumCells))
      }
      for clause in tensor.clauses { factorCells += factorCellCount(tensor, clause) }
      guard factorCells <= maximumFactorCells else {
        throw .tooLarge(.clauses(tensor: StrictJSON.shown(tensor.name)))
      }
    }
  }

  /// Whether a code of 2^logLength cells per row keeps within ``maximumRows``; with 2^26 it does for every statement, as
  /// there are at most 2^``logMaximumCells`` cells.
  package static func hasFewRows(_ tensors: [TableauTensor], logLength: Int) -> Bool {
    let cells = tensors.reduce(0) { $0 + 1 << paddedLog(rows: $1.rows, columns: $1.columns) }
    return cells >> logLength <= maximumRows
  }

  /// Padded cells of U, V, diagonals and the values of the sparse part; at most 2^52 per part.
  private static func factorCellCount(_ tensor: TableauTensor, _ clause: StructuredClause) -> Int {
    var count = 0
    let (rows, columns) = (log2(tensor.rows), max(log2(tensor.columns), Limits.logSmallestCube - log2(tensor.rows)))
    if let rank = clause.rank {
      let inner = clause.blocks.map { $0.logRows + $0.logColumns }
      let (left, right) = inner.map { (rows + columns - $0, $0) } ?? (rows, columns)
      count += 1 << (left + log2(rank)) + 1 << (right + log2(rank))
    }
    if let circulant = clause.circulant { count += 1 << (rows + columns - circulant.logSize) }
    switch clause.sparse {
    case .entries(let k): count += (rows + columns + 1) << log2(k)
    case .rows(let k): count += 1 << (log2(k) + columns)
    case .columns(let k): count += 1 << (log2(k) + rows)
    case nil: break
    }
    return count
  }
}
