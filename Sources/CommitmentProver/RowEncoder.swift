// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofCore
import DriftProofKernels

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
