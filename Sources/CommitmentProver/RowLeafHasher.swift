// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofCore
import DriftProofKernels

/// Hashes the leaves of a tree of rows while the rows pass by, eight at a time.
///
/// Leaves in one band take no memory but their own: salts, states and digests follow one another in it. Of leaves in bands two
/// runs have an array of 32 bytes a position each, their salts made anew for every run; two digests fill a block of the leaf's
/// message, and then the next two runs take their place.
struct RowLeafHasher: Sendable {
  let format: RowLeafFormat
  let logPositions: Int
  let encoder: RowEncoder
  let randomness: RowRandomness
  var path = KernelPath.selected

  private var positions: Int { 1 << logPositions }

  /// - Parameter leaves: 32 bytes for each position, zeroed.
  func fill(_ leaves: AlignedBuffer<UInt8>) throws {
    guard let join = format.join else { return try hash(0, into: leaves, isZeroed: true) }
    // No salt is needed here: each digest has the position's.
    inParts { part in
      LeafHashing.begin(
        states: leaves, first: part.lowerBound, count: part.count, header: join.header, salts: leaves, path: path)
    }
    let pair = (0..<2).map { _ in AlignedBuffer<UInt8>(count: SHA256.digestLength * positions) }
    for number in format.runs.indices {
      try hash(number, into: pair[number % 2], isZeroed: number < 2)
      if number % 2 == 1 {
        absorb(pair[0], pair[1], into: leaves)
      } else if number + 1 == format.runs.count {
        absorb(pair[0], nil, into: leaves)
      }
    }
    inParts { part in
      LeafHashing.finish(
        states: leaves, first: part.lowerBound, count: part.count, totalBytes: join.totalBytes, digests: leaves,
        path: path)
    }
  }

  /// The digests of one run at all positions: what a machine that has the run's rows makes without the others.
  func hash(_ number: Int, into digests: AlignedBuffer<UInt8>, isZeroed: Bool) throws {
    if let spread = encoder.rows.spread { return try spread.digests(ofRun: number, into: digests) }
    let run = format.runs[number]
    randomness.fillSalts(digests, positions: positions, isZeroed: isZeroed)
    encoder.deviation.salts(digests, ofRun: number)
    inParts { part in
      LeafHashing.begin(
        states: digests, first: part.lowerBound, count: part.count, header: run.format.header, salts: digests,
        path: path)
    }
    let length = encoder.parameters.length
    try encoder.forEachBlock(of: run.rows) { coset, part, blocks in
      LeafHashing.absorb(
        states: digests, first: coset * length + part.lowerBound, blocks: blocks, firstBlock: part.lowerBound,
        count: part.count, path: path)
    }
    inParts { part in
      LeafHashing.finish(
        states: digests, first: part.lowerBound, count: part.count, totalBytes: run.format.totalBytes,
        digests: digests, path: path)
    }
  }

  /// The digests of two runs, or of the last one and zeros, into the leaves' states.
  private func absorb(
    _ first: AlignedBuffer<UInt8>, _ second: AlignedBuffer<UInt8>?, into leaves: AlignedBuffer<UInt8>
  ) {
    inParts { part in
      LeafHashing.absorbPairs(
        states: leaves, left: first, right: second, first: part.lowerBound, count: part.count, path: path)
    }
  }

  /// Runs the body for parts of the positions, on all cores.
  private func inParts(_ body: @Sendable (Range<Int>) -> Void) {
    let part = min(positions, max(1 << 12, positions >> 6))
    Parallel.forEach(positions / part) { index in body(index * part..<(index + 1) * part) }
  }
}
