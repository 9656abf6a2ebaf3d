// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCommitment
import DriftProofField
import DriftProofKernels
import DriftProofTranscript

/// The prover's side of a tableau under the hash backend; docs/protocol.md section 3, "Hash backend".
///
/// Codewords are not stored: rows are evaluated again, in one pass, when positions are opened. The Merkle tree takes 32
/// bytes per code position, and nothing else as long as it is needed does: salts, SHA-256 states and digests of the
/// leaves follow one another in its memory. Only while leaves are hashed in bands are there two more such arrays.
///
/// A tree whose content later challenges must not be able to choose is *pinned* (section 6).
package struct CommittedTableau: Sendable {
  package let label: String
  package let shapes: [RowShape]
  let parameters: CodeParameters
  let rows: any TableauRows
  let randomness: RowRandomness
  package let tree: MerkleTree
  let deviation: any CommitmentDeviation
  /// Nil until ``pinned(at:)``.
  package private(set) var pins: TreePins?

  package var root: [UInt8] { tree.root }
  package var reference: TableauReference {
    TableauReference(label: label, root: root, shapes: shapes, bands: parameters.bands, pins: pins)
  }

  /// A commitment whose tree is known.
  init(
    label: String, rows: any TableauRows, shapes: [RowShape], parameters: CodeParameters, randomness: RowRandomness,
    tree: MerkleTree
  ) {
    self.label = label
    self.shapes = shapes
    self.rows = rows
    self.parameters = parameters
    self.randomness = randomness
    self.tree = tree
    deviation = HonestCommitment()
  }

  init(
    label: String, rows: any TableauRows, shapes: [RowShape], secret: [UInt8], parameters: CodeParameters,
    deviation: any CommitmentDeviation
  ) throws {
    self.label = label
    self.shapes = shapes
    self.parameters = parameters
    self.rows = rows
    self.deviation = deviation
    let randomness = RowRandomness(secret: secret, label: label)
    self.randomness = randomness
    try rows.spread?.begin(randomness, positions: 1 << parameters.logDomain)
    let encoder = RowEncoder(
      rows: rows, shapes: shapes, parameters: parameters, randomness: randomness, deviation: deviation)
    let leaf = RowLeafFormat(
      label: label, rows: shapes.count, bands: parameters.bands, logLeaves: parameters.logDomain)
    let hasher = RowLeafHasher(
      format: deviation.leaf(leaf), logPositions: parameters.logDomain, encoder: encoder, randomness: randomness)
    tree = try MerkleTree(depth: parameters.logDomain) { try hasher.fill($0) }
  }

  /// What this process does with the rows, where it holds them all.
  private var share: TableauShare {
    TableauShare(
      label: label, shapes: shapes, parameters: parameters, rows: rows, randomness: randomness,
      held: 0..<shapes.count)
  }

  /// The tree pinned by the values of all rows at a point outside F: a pass over the rows.
  func pinned(at point: CubicExtension) throws -> CommittedTableau {
    let values = try rows.spread?.values(at: point) ?? share.values(at: point)
    var result = self
    result.pins = TreePins(point: point, values: deviation.pins(values))
    return result
  }

  /// The values of all rows at some positions, position-major (positions.count × rowCount): a second pass over the
  /// rows, which are evaluated, not encoded.
  package func values(at positions: [Int]) throws -> [UInt64] {
    var byRow = try rows.spread?.values(at: positions) ?? share.values(at: positions)
    for row in byRow.indices { byRow[row] = deviation.opened(byRow[row], row: row, positions: positions) }
    return positions.indices.flatMap { index in byRow.map { $0[index] } }
  }

  /// Σ weight·row of every claim, over all rows: one pass over them.
  /// - Parameter replaced: rows in place of the committed ones, of a cheating prover.
  func sums(_ claims: [RowWeights], replaced: any TableauRows) throws -> [[CubicExtension]] {
    if let spread = replaced.spread { return try spread.sums(claims) }
    var share = share
    share.rows = replaced
    return try share.sums(claims)
  }
}

/// The secret of a tableau that hides nothing: its leaves have salts of zeros, its rows no tails, so that its root is a
/// function of the rows.
package enum PublicTableau {
  package static let secret: [UInt8] = []
}

extension CommittedTableau {
  /// Bytes of all leaf digests, for whoever keeps them.
  package var leafByteCount: Int { tree.leafBytes }
  package func leafBytes(_ range: Range<Int>) -> [UInt8] { tree.leafDigests(range) }
}
