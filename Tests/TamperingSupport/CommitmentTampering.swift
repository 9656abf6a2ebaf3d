// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofCommitmentProver
import DriftProofField
import DriftProofKernels

/// What a cheating prover changes while committing.
package struct CommitmentTampering: CommitmentDeviation {
  /// (row, position, honest value) -> committed value, canonical. Used at commitment and at opening, so that the tree is
  /// consistent and only the code or the message is not.
  package var codeword: (@Sendable (_ row: Int, _ position: Int, _ value: UInt64) -> UInt64)?
  /// (row, honest value) -> stated pin.
  package var pin: (@Sendable (_ row: Int, _ value: CubicExtension) -> CubicExtension)?

  /// What a leaf is the hash of.
  package var leaf: (@Sendable (RowLeafFormat) -> RowLeafFormat)?
  /// The run of which every salt is another one.
  package var saltedRun: Int?

  package init(
    codeword: (@Sendable (Int, Int, UInt64) -> UInt64)? = nil,
    pin: (@Sendable (Int, CubicExtension) -> CubicExtension)? = nil
  ) {
    self.codeword = codeword
    self.pin = pin
  }

  package func leaf(_ format: RowLeafFormat) -> RowLeafFormat { leaf?(format) ?? format }

  package func salts(_ salts: AlignedBuffer<UInt8>, ofRun run: Int) {
    guard run == saltedRun else { return }
    for i in stride(from: 0, to: salts.count, by: LeafFormat.saltLength) { salts[i] ^= 1 }
  }

  package func encoded(
    _ blocks: AlignedBuffer<UInt64>, rows: Range<Int>, positions: Range<Int>, ofCoset start: Int
  ) {
    guard let codeword else { return }
    for i in positions {
      for (lane, row) in rows.enumerated() {
        blocks[8 * i + lane] = codeword(row, start + i, blocks[8 * i + lane])
      }
    }
  }

  package func opened(_ values: [UInt64], row: Int, positions: [Int]) -> [UInt64] {
    guard let codeword else { return values }
    return zip(positions, values).map { codeword(row, $0, $1) }
  }

  package func pins(_ values: [CubicExtension]) -> [CubicExtension] {
    guard let pin else { return values }
    return values.enumerated().map { pin($0, $1) }
  }
}
