// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofCore
import DriftProofField
import DriftProofKernels

/// Some neighbouring rows of a tableau and what is computed of them: all rows of a commitment that one process makes, or the
/// runs of one worker.
package struct TableauShare: Sendable {
  let label: String
  /// Of all rows of the tableau.
  let shapes: [RowShape]
  let parameters: CodeParameters
  var rows: any TableauRows
  let randomness: RowRandomness
  /// Numbers of the rows that it has.
  package let held: Range<Int>

  init(
    label: String, shapes: [RowShape], parameters: CodeParameters, rows: any TableauRows, randomness: RowRandomness,
    held: Range<Int>
  ) {
    self.label = label
    self.shapes = shapes
    self.parameters = parameters
    self.rows = rows
    self.randomness = randomness
    self.held = held
  }

  /// A worker's part; nil when the keys are not those of its rows.
  package init?(
    label: String, shapes: [RowShape], parameters: CodeParameters, rows: any TableauRows, keys: TreeKeys,
    held: Range<Int>
  ) {
    guard RowRandomness.fits(keys, rows: held, positions: 1 << parameters.logDomain) else { return nil }
    self.init(
      label: label, shapes: shapes, parameters: parameters, rows: rows,
      randomness: RowRandomness(keys: keys, label: label), held: held)
  }

  /// The digests of a run, which lies in ``held``, at all positions.
  package func digests(ofRun number: Int) throws -> AlignedBuffer<UInt8> {
    let encoder = RowEncoder(
      rows: rows, shapes: shapes, parameters: parameters, randomness: randomness, deviation: HonestCommitment())
    let format = RowLeafFormat(
      label: label, rows: shapes.count, bands: parameters.bands, logLeaves: parameters.logDomain)
    let hasher = RowLeafHasher(
      format: format, logPositions: parameters.logDomain, encoder: encoder, randomness: randomness)
    let digests = AlignedBuffer<UInt8>(count: SHA256.digestLength << parameters.logDomain)
    try hasher.hash(number, into: digests, isZeroed: true)
    return digests
  }

  /// The values of its rows at a point outside F.
  package func values(at point: CubicExtension) throws -> [CubicExtension] {
    let longest = shapes[held].map(\.tailOffset).max() ?? 0
    let evaluation = RowEvaluation(point, length: longest)
    return try forEachRow { row, message, tail in
      evaluation.value(message, tail: tail, tailOffset: shapes[row].tailOffset)
    }
  }

  /// The values of its rows at code positions, by row.
  package func values(at positions: [Int]) throws -> [[UInt64]] {
    let domain = CodeDomain(logSize: parameters.logDomain, folds: 0)
    let evaluation = MultipointEvaluation(points: positions.map(domain.point), length: parameters.length)
    return try forEachRow { row, message, tail in
      evaluation.values(message, tail: tail, tailOffset: shapes[row].tailOffset).map(\.value)
    }
  }

  /// One result per row, several rows at a time.
  private func forEachRow<T: Sendable>(
    _ body: @Sendable (_ row: Int, _ message: RowMessage, _ tail: [UInt64]) -> T
  ) throws -> [T] {
    defer { rows.releaseRecycled() }
    return try Parallel.map(held.count) { index in
      let row = held.lowerBound + index
      let message = try rows.message(row)
      defer { rows.recycle(message) }
      return body(row, message, randomness.tail(row: row, shape: shapes[row]))
    }
  }

  /// Σ weight·row of every claim, over its rows: one pass over those that a claim weighs.
  package func sums(_ claims: [RowWeights]) throws -> [[CubicExtension]] {
    var sums = claims.map { RowSum(tailOffset: $0.tailOffset, tailCount: $0.tailCount) }
    let needed = held.filter { row in claims.contains { $0.weights[row] != .zero } }
    for start in stride(from: 0, to: needed.count, by: 8) {
      let batch = Array(needed[start..<min(start + 8, needed.count)])
      let messages = try Parallel.map(batch.count) { try rows.message(batch[$0]) }
      let tails = batch.map { randomness.tail(row: $0, shape: shapes[$0]) }
      for (index, claim) in claims.enumerated() {
        // A claim sees only the rows that it weighs: others may have another shape.
        let own = batch.indices.filter { claim.weights[batch[$0]] != .zero }
        if own.isEmpty { continue }
        sums[index].add(
          messages: own.map { messages[$0] }, tails: own.map { tails[$0] },
          weights: own.map { claim.weights[batch[$0]] })
      }
      messages.forEach(rows.recycle)
    }
    rows.releaseRecycled()
    return sums.map(\.coefficients)
  }
}
