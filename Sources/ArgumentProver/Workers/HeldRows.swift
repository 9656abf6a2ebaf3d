// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCommitmentProver
import DriftProofKernels

/// Some rows of a tableau: to ask for another one is an error, so that no worker leans on what it does not hold.
struct HeldRows: TableauRows {
  let rows: any TableauRows
  let held: Range<Int>

  var rowCount: Int { rows.rowCount }

  func message(_ row: Int) throws -> RowMessage {
    guard held.contains(row) else { throw WorkerError.notHeld("row \(row) of the drift") }
    return try rows.message(row)
  }

  func recycle(_ message: RowMessage) { rows.recycle(message) }
  func releaseRecycled() { rows.releaseRecycled() }
}

/// A worker's rows of P2: digits that it was given, and those with masks where it is worker 0.
struct HeldDigits: TableauRows {
  let layout: ArgumentLayout
  /// Of D.
  let rows: Range<Int>
  /// Of these rows.
  let digits: PackedDigits
  let masks: (any TableauRows)?
  private let pool = RowPool.shared

  init(layout: ArgumentLayout, rows: Range<Int>, digits: PackedDigits, masks: (any TableauRows)?) {
    self.layout = layout
    self.rows = rows
    self.digits = digits
    self.masks = masks
  }

  /// Cells of some rows of D.
  static func cells(of rows: Range<Int>, layout: ArgumentLayout) -> Range<Int> {
    let first = min(rows.lowerBound * layout.length, layout.digits.used)
    return first..<max(first, min(rows.upperBound * layout.length, layout.digits.used))
  }

  var rowCount: Int { layout.auxiliaryRowCount }

  func message(_ row: Int) throws -> RowMessage {
    if rows.contains(row) {
      let first = (row - rows.lowerBound) * layout.length
      return digits.row(min(first, digits.count)..<min(first + layout.length, digits.count), from: pool)
    }
    guard row >= layout.digitRows, let masks else { throw WorkerError.notHeld("row \(row) of P2") }
    return try masks.message(row)
  }

  func recycle(_ message: RowMessage) { pool.recycle(message) }
  func releaseRecycled() { pool.release() }
}
