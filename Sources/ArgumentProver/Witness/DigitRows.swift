// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofCore
import DriftProofArgument
import DriftProofCommitmentProver
import DriftProofField
import DriftProofKernels
import DriftProofTranscript

/// The rows of P2: the digit oracle, masks of oracles, the orthonormality stage's masks, masks of openings, Libra
/// coefficients and their masks.
///
/// The masks of openings are as long as a row; they come from a stream of their own each time they are asked for.
struct DigitRows: TableauRows {
  let layout: ArgumentLayout
  let digits: PackedDigits
  let digitMask: [Goldilocks]
  let driftMask: [Goldilocks]
  /// The mask oracle O and its mask; empty without orthonormal tensors.
  let orthonormalMasks: [Goldilocks]
  let orthonormalMask: [Goldilocks]
  /// Of R-space's oracles; none without entrywise clauses.
  let entryMasks: [[Goldilocks]]
  /// Of Z-space's; none without pattern claims.
  let patternMasks: [[Goldilocks]]
  /// Of all stages.
  let libra: [CubicExtension]
  /// The secret of the proof, which no other proof has.
  let secret: [UInt8]
  private let pool = RowPool.shared

  var rowCount: Int { layout.auxiliaryRowCount }

  func message(_ row: Int) -> RowMessage {
    switch row {
    case ..<layout.digitRows:
      let first = row * layout.length
      return digits.row(min(first, digits.count)..<min(first + layout.length, digits.count), from: pool)
    case layout.digitMaskRow: return .field(digitMask.map(\.value))
    case layout.driftMaskRow: return .field(driftMask.map(\.value))
    case layout.orthonormalRow where layout.hasOrthonormal: return .field(orthonormalMasks.map(\.value))
    case layout.orthonormalMaskRow where layout.hasOrthonormal: return .field(orthonormalMask.map(\.value))
    case layout.rootMaskRow..<layout.rootMaskRow + entryMasks.count:
      return .field(entryMasks[row - layout.rootMaskRow].map(\.value))
    case layout.patternMaskRow..<layout.patternMaskRow + patternMasks.count:
      return .field(patternMasks[row - layout.patternMaskRow].map(\.value))
    case ..<layout.libraRow: return mask(row, count: layout.length)
    case layout.libraRow: return .field(libra.map(\.c0.value))
    case layout.libraRow + 1: return .field(libra.map(\.c1.value))
    case layout.libraRow + 2: return .field(libra.map(\.c2.value))
    default: return mask(row, count: libra.count)
    }
  }

  func recycle(_ message: RowMessage) { pool.recycle(message) }
  func releaseRecycled() { pool.release() }

  private func mask(_ row: Int, count: Int) -> RowMessage {
    var context: [UInt8] = []
    context.append(littleEndian: UInt64(row))
    let (secret, rowContext) = (secret, context)
    // In one piece: a stream is read in order.
    return .field(
      LargeArray.made(count: count, piece: max(1, count)) { _, target in
        PseudorandomStream(secret: secret, label: "opening mask", context: rowContext).fill(&target)
      })
  }
}
