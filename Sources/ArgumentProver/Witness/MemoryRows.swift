// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitmentProver
import DriftProofField
import DriftProofKernels

/// Rows that lie in memory.
struct MemoryRows: TableauRows {
  private let rows: [RowMessage]

  init(rows: [RowMessage]) { self.rows = rows }

  /// `rowCount` rows of `length` cells of a payload, then other rows.
  init(payload: [Goldilocks], length: Int, rowCount: Int, extra: [[Goldilocks]]) {
    rows =
      (0..<rowCount).map { row in
        .field(payload[min(payload.count, row * length)..<min(payload.count, (row + 1) * length)].map(\.value))
      } + extra.map { .field($0.map(\.value)) }
  }

  var rowCount: Int { rows.count }
  func message(_ row: Int) -> RowMessage { rows[row] }
}
