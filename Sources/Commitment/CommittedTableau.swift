import Field
import Kernels
import Synchronization
import Transcript

/// The prover's side of a tableau under the hash backend; docs/protocol.md section 3, "Hash backend".
///
/// Codewords are not stored: rows are evaluated again, in one pass, when positions are opened. The Merkle levels take
/// 64 bytes per code position. A tree whose content later challenges must not be able to choose is *pinned* (section 6).
package struct CommittedTableau: Sendable {
  package let label: String
  package let shapes: [RowShape]
  let parameters: CodeParameters
  let rows: any TableauRows
  let randomness: RowRandomness
  let tree: MerkleTree
  let tampering: CommitmentTampering?
  /// Nil until ``pinned(at:)``.
  package private(set) var pins: TreePins?

  package var root: [UInt8] { tree.root }
  package var reference: TableauReference {
    TableauReference(label: label, root: root, shapes: shapes, pins: pins)
  }

  init(
    label: String, rows: any TableauRows, shapes: [RowShape], secret: [UInt8], parameters: CodeParameters,
    tampering: CommitmentTampering?
  ) throws {
    self.label = label
    self.shapes = shapes
    self.parameters = parameters
    self.rows = rows
    self.tampering = tampering
    let randomness = RowRandomness(secret: secret, label: label)
    self.randomness = randomness
    let encoder = RowEncoder(
      rows: rows, shapes: shapes, parameters: parameters, randomness: randomness, tampering: tampering)
    let leaf = LeafFormat(.rows, label: label, words: shapes.count, logLeaves: parameters.logDomain)
    let positions = 1 << parameters.logDomain
    let length = parameters.length
    let cosets = 1 << parameters.logBlowup

    tree = try MerkleTree(depth: parameters.logDomain) { digests in
      let states = AlignedBuffer<UInt32>(count: 8 * positions)
      // Salts are as long as digests and are needed before them: they share the memory.
      randomness.fillSalts(digests, positions: positions)
      Parallel.forEach(cosets) { coset in
        LeafHashing.begin(
          states: states, first: coset * length, count: length, header: leaf.header, salts: digests)
      }
      try encoder.forEachBlock { _, coset, blocks in
        LeafHashing.absorb(states: states, first: coset * length, blocks: blocks, count: length)
      }
      Parallel.forEach(cosets) { coset in
        LeafHashing.finish(
          states: states, first: coset * length, count: length, totalBytes: leaf.totalBytes, digests: digests)
      }
    }
  }

  /// The same tree with the values of all rows at a point outside F: a pass over the rows.
  func pinned(at point: CubicExtension) throws -> CommittedTableau {
    let longest = shapes.map(\.tailOffset).max() ?? 0
    let evaluation = RowEvaluation(point, length: longest)
    var values = try forEachRow { row, message, tail in
      evaluation.value(message, tail: tail, tailOffset: shapes[row].tailOffset)
    }
    if let change = tampering?.pin { values = values.enumerated().map { change($0, $1) } }
    var result = self
    result.pins = TreePins(point: point, values: values)
    return result
  }

  /// The values of all rows at some positions, position-major (positions.count × rowCount): a second pass over the rows,
  /// which are evaluated, not encoded.
  func values(at positions: [Int]) throws -> [UInt64] {
    let domain = CodeDomain(logSize: parameters.logDomain, folds: 0)
    let evaluation = MultipointEvaluation(points: positions.map(domain.point), length: parameters.length)
    let byRow = try forEachRow { row, message, tail in
      let values = evaluation.values(message, tail: tail, tailOffset: shapes[row].tailOffset).map(\.value)
      guard let codeword = tampering?.codeword else { return values }
      return zip(positions, values).map { codeword(row, $0, $1) }
    }
    return positions.indices.flatMap { index in byRow.map { $0[index] } }
  }

  /// One result per row, several rows at a time.
  private func forEachRow<T: Sendable>(
    _ body: @Sendable (_ row: Int, _ message: RowMessage, _ tail: [UInt64]) -> T
  ) throws -> [T] {
    let results = Mutex([Result<T, any Error>?](repeating: nil, count: shapes.count))
    Parallel.forEach(shapes.count) { row in
      let result = Result {
        body(row, try rows.message(row), randomness.tail(row: row, shape: shapes[row]))
      }
      results.withLock { $0[row] = result }
    }
    return try results.withLock { try $0.compactMap { try $0?.get() } }
  }
}

/// All randomness of one tableau: PRF(secret, label). One (secret, label) must serve one tableau only: two tableaux with
/// equal tails would reveal differences of their rows.
struct RowRandomness: Sendable {
  let secret: [UInt8]
  let label: String

  /// Leaves whose salts come from one stream.
  private static let logSaltChunk = 10

  /// ρ of one row: `shape.tailCount` uniform elements of F.
  func tail(row: Int, shape: RowShape) -> [UInt64] {
    guard shape.tailCount > 0 else { return [] }
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

  func fillSalts(_ salts: AlignedBuffer<UInt8>, positions: Int) {
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
  let tampering: CommitmentTampering?

  /// Calls `body(firstRow, coset, blocks)` for every eight rows and every coset; cosets of one batch run in parallel.
  /// blocks[8i + r] is row firstRow + r at position i of the coset; lanes beyond the last row are 0.
  func forEachBlock(_ body: @Sendable (Int, Int, AlignedBuffer<UInt64>) -> Void) throws {
    let pool = BufferPool(count: 8 * parameters.length)
    let domain = CodeDomain(logSize: parameters.logDomain, folds: 0)
    let parameters = parameters
    let tampering = tampering
    for first in stride(from: 0, to: shapes.count, by: 8) {
      let batch = first..<min(first + 8, shapes.count)
      var messages: [RowMessage] = []
      for row in batch {
        let message = try rows.message(row)
        precondition(message.count <= shapes[row].tailOffset, "row \(row) reaches into its random tail")
        messages.append(message)
      }
      var tails = batch.map { randomness.tail(row: $0, shape: shapes[$0]) }
      var offsets = batch.map { shapes[$0].tailOffset }
      while messages.count < 8 {
        messages.append(.zero)
        tails.append([])
        offsets.append(0)
      }
      let (lanes, laneTails, laneOffsets) = (messages, tails, offsets)
      Parallel.forEach(1 << parameters.logBlowup) { coset in
        pool.withBuffer { blocks in
          Encoder.encode(
            rows: lanes, tails: laneTails, tailOffsets: laneOffsets, logLength: parameters.logLength,
            shift: domain.cosetShift(coset, logLength: parameters.logLength), into: blocks)
          if let codeword = tampering?.codeword {
            for i in 0..<parameters.length {
              for row in batch {
                let value = blocks.pointer[8 * i + row - first]
                blocks.pointer[8 * i + row - first] = codeword(row, coset << parameters.logLength + i, value)
              }
            }
          }
          body(first, coset, blocks)
        }
      }
    }
  }
}
