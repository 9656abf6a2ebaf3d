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
    let encoder = RowEncoder(
      rows: rows, shapes: shapes, parameters: parameters, randomness: randomness, deviation: deviation)
    let leaf = RowLeafFormat(
      label: label, rows: shapes.count, bands: parameters.bands, logLeaves: parameters.logDomain)
    let hasher = RowLeafHasher(
      format: deviation.leaf(leaf), logPositions: parameters.logDomain, encoder: encoder, randomness: randomness)
    tree = try MerkleTree(depth: parameters.logDomain) { try hasher.fill($0) }
  }

  /// The tree pinned by the values of all rows at a point outside F: a pass over the rows.
  func pinned(at point: CubicExtension) throws -> CommittedTableau {
    let longest = shapes.map(\.tailOffset).max() ?? 0
    let evaluation = RowEvaluation(point, length: longest)
    let values = try forEachRow { row, message, tail in
      evaluation.value(message, tail: tail, tailOffset: shapes[row].tailOffset)
    }
    var result = self
    result.pins = TreePins(point: point, values: deviation.pins(values))
    return result
  }

  /// The values of all rows at some positions, position-major (positions.count × rowCount): a second pass over the
  /// rows, which are evaluated, not encoded.
  package func values(at positions: [Int]) throws -> [UInt64] {
    let domain = CodeDomain(logSize: parameters.logDomain, folds: 0)
    let evaluation = MultipointEvaluation(points: positions.map(domain.point), length: parameters.length)
    let byRow = try forEachRow { row, message, tail in
      let values = evaluation.values(message, tail: tail, tailOffset: shapes[row].tailOffset).map(\.value)
      return deviation.opened(values, row: row, positions: positions)
    }
    return positions.indices.flatMap { index in byRow.map { $0[index] } }
  }

  /// One result per row, several rows at a time.
  private func forEachRow<T: Sendable>(
    _ body: @Sendable (_ row: Int, _ message: RowMessage, _ tail: [UInt64]) -> T
  ) throws -> [T] {
    defer { rows.releaseRecycled() }
    return try Parallel.map(shapes.count) { row in
      let message = try rows.message(row)
      defer { rows.recycle(message) }
      return body(row, message, randomness.tail(row: row, shape: shapes[row]))
    }
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

/// All randomness of one tableau: PRF(secret, label). One (secret, label) must serve one tableau only: two tableaux
/// with equal tails would reveal differences of their rows.
struct RowRandomness: Sendable {
  let secret: [UInt8]
  let label: String

  private var isPublic: Bool { secret == PublicTableau.secret }

  /// Leaves whose salts come from one stream.
  private static let logSaltChunk = 10

  /// ρ of one row: `shape.tailCount` uniform elements of F.
  func tail(row: Int, shape: RowShape) -> [UInt64] {
    guard shape.tailCount > 0 else { return [] }
    precondition(!isPublic, "a public tableau has no tails")
    var context: [UInt8] = []
    context.append(littleEndian: UInt64(row))
    let stream = PseudorandomStream(secret: secret, label: "row tail/\(label)", context: context)
    return stream.elements(shape.tailCount).map(\.value)
  }

  private func saltChunk(_ chunk: Int, count: Int) -> [UInt8] {
    var context: [UInt8] = []
    context.append(littleEndian: UInt64(chunk))
    let stream = PseudorandomStream(secret: secret, label: "leaf salt/\(label)", context: context)
    return stream.bytes(LeafFormat.saltLength * count)
  }

  /// - Parameter isZeroed: nothing was written to the buffer yet.
  func fillSalts(_ salts: AlignedBuffer<UInt8>, positions: Int, isZeroed: Bool) {
    // A zeroed buffer is what the salts of a public tableau are.
    if isPublic {
      if !isZeroed { salts.pointer.update(repeating: 0, count: LeafFormat.saltLength * positions) }
      return
    }
    let chunk = 1 << Self.logSaltChunk
    Parallel.forEach((positions + chunk - 1) / chunk) { index in
      let first = index * chunk
      let bytes = saltChunk(index, count: min(chunk, positions - first))
      let target = UnsafeMutableRawBufferPointer(
        start: salts.pointer + LeafFormat.saltLength * first, count: bytes.count)
      target.copyBytes(from: bytes)
    }
  }

  /// The salts of some leaves, 32 bytes each.
  func salts(at positions: [Int]) -> [UInt8] {
    if isPublic { return [UInt8](repeating: 0, count: LeafFormat.saltLength * positions.count) }
    var result: [UInt8] = []
    var current = (chunk: -1, bytes: [UInt8]())
    for position in positions {
      let chunk = position >> Self.logSaltChunk
      if chunk != current.chunk { current = (chunk, saltChunk(chunk, count: 1 << Self.logSaltChunk)) }
      let start = LeafFormat.saltLength * (position & ((1 << Self.logSaltChunk) - 1))
      result += current.bytes[start..<start + LeafFormat.saltLength]
    }
    return result
  }
}

/// Encodes rows, eight at a time, coset by coset.
struct RowEncoder: Sendable {
  let rows: any TableauRows
  let shapes: [RowShape]
  let parameters: CodeParameters
  let randomness: RowRandomness
  let deviation: any CommitmentDeviation

  /// Cosets of at least 2^20 positions come one after another, each on all cores: their blocks (64 bytes a position)
  /// are the largest memory of a prover. Shorter ones come in parallel, which keeps cores busier.
  static let serialLogLength = 20

  /// Calls `body(coset, positions, blocks)` for every eight of some rows, every coset and some of its positions, which have just
  /// been written on the same core; those of one batch may run in parallel. blocks[8i + r] is row r of the batch at position i
  /// of the coset; lanes beyond the last row are 0.
  func forEachBlock(
    of range: Range<Int>, _ body: @Sendable (Int, Range<Int>, AlignedBuffer<UInt64>) -> Void
  ) throws {
    let pool = BufferPool(count: 8 * parameters.length)
    let domain = CodeDomain(logSize: parameters.logDomain, folds: 0)
    let logLength = parameters.logLength
    for first in stride(from: range.lowerBound, to: range.upperBound, by: 8) {
      let batch = first..<min(first + 8, range.upperBound)
      let messages = try messages(batch)
      let tails = batch.map { randomness.tail(row: $0, shape: shapes[$0]) }
      let offsets = batch.map { shapes[$0].tailOffset }
      @Sendable func encode(_ coset: Int) {
        pool.withBuffer { blocks in
          Encoder.encode(
            rows: messages, tails: tails, tailOffsets: offsets, logLength: logLength,
            shift: domain.cosetShift(coset, logLength: logLength), into: blocks
          ) { part in
            deviation.encoded(blocks, rows: batch, positions: part, ofCoset: coset << logLength)
            body(coset, part, blocks)
          }
        }
      }
      let cosets = 1 << parameters.logBlowup
      if logLength >= Self.serialLogLength {
        for coset in 0..<cosets { encode(coset) }
      } else {
        Parallel.forEach(cosets, encode)
      }
      messages.forEach(rows.recycle)
    }
  }

  /// The messages of a batch, computed on all cores.
  private func messages(_ batch: Range<Int>) throws -> [RowMessage] {
    let messages = try Parallel.map(batch.count) { try rows.message(batch.lowerBound + $0) }
    for (row, message) in zip(batch, messages) {
      precondition(message.count <= shapes[row].tailOffset, "row \(row) reaches into its random tail")
    }
    return messages
  }
}
