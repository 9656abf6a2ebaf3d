// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofCore
import DriftProofKernels
import DriftProofTranscript

/// What a holder of some of a tree's rows needs of its randomness: keys of single streams, from which neither the secret
/// nor another row's tail follows.
package struct TreeKeys: Sendable, Equatable {
  /// By row, those of its tail, 32 bytes each.
  package var tails: [Int: [UInt8]]
  /// Of the salts of each run of 2^10 leaves, 32 bytes each, in order.
  package var salts: [UInt8]

  package init(tails: [Int: [UInt8]], salts: [UInt8]) {
    self.tails = tails
    self.salts = salts
  }

  static let length = 32
}

/// All randomness of one tableau: PRF(secret, label). One (secret, label) must serve one tableau only: two tableaux
/// with equal tails would reveal differences of their rows.
package struct RowRandomness: Sendable {
  private enum Source: Sendable {
    case secret([UInt8])
    /// Of a worker, for its rows alone.
    case keys(TreeKeys)
  }

  private let source: Source
  let label: String

  init(secret: [UInt8], label: String) {
    source = .secret(secret)
    self.label = label
  }

  init(keys: TreeKeys, label: String) {
    source = .keys(keys)
    self.label = label
  }

  private var isPublic: Bool {
    if case .secret(let secret) = source { secret == PublicTableau.secret } else { false }
  }

  /// Leaves whose salts come from one stream.
  private static let logSaltChunk = 10

  /// ρ of one row: `shape.tailCount` uniform elements of F.
  func tail(row: Int, shape: RowShape) -> [UInt64] {
    guard shape.tailCount > 0 else { return [] }
    precondition(!isPublic, "a public tableau has no tails")
    return PseudorandomStream(key: tailKey(row)).elements(shape.tailCount).map(\.value)
  }

  private func tailKey(_ row: Int) -> [UInt8] {
    switch source {
    case .secret(let secret): return Self.key(secret, "row tail/\(label)", row)
    case .keys(let keys):
      guard let key = keys.tails[row] else { preconditionFailure("no key of row \(row)") }
      return key
    }
  }

  private func saltKey(_ chunk: Int) -> [UInt8] {
    switch source {
    case .secret(let secret): Self.key(secret, "leaf salt/\(label)", chunk)
    case .keys(let keys): Array(keys.salts[TreeKeys.length * chunk..<TreeKeys.length * (chunk + 1)])
    }
  }

  private static func key(_ secret: [UInt8], _ label: String, _ number: Int) -> [UInt8] {
    var context: [UInt8] = []
    context.append(littleEndian: UInt64(number))
    return PseudorandomStream.key(secret: secret, label: label, context: context)
  }

  /// The keys of some rows' tails, and of all salts.
  package func keys(rows: Range<Int>, positions: Int) -> TreeKeys {
    precondition(!isPublic, "a public tableau has no keys")
    var keys = TreeKeys(tails: [:], salts: [])
    for row in rows { keys.tails[row] = tailKey(row) }
    for chunk in 0..<Self.saltChunks(positions: positions) { keys.salts += saltKey(chunk) }
    return keys
  }

  private static func saltChunks(positions: Int) -> Int { (positions + 1 << logSaltChunk - 1) >> logSaltChunk }

  /// Whether a worker was given what it needs for its rows, and nothing else.
  static func fits(_ keys: TreeKeys, rows: Range<Int>, positions: Int) -> Bool {
    keys.salts.count == TreeKeys.length * saltChunks(positions: positions) && Set(keys.tails.keys) == Set(rows)
      && keys.tails.values.allSatisfy { $0.count == TreeKeys.length }
  }

  private func saltChunk(_ chunk: Int, count: Int) -> [UInt8] {
    PseudorandomStream(key: saltKey(chunk)).bytes(LeafFormat.saltLength * count)
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
