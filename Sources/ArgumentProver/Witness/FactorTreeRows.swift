// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCommitmentProver
import DriftProofKernels

/// The rows of P1: the factor oracle and its mask, then the roots of entrywise clauses and the cells of patterns, which are made
/// when they are asked for.
struct FactorTreeRows: TableauRows {
  let layout: ArgumentLayout
  let factors: MemoryRows
  let tiles: DriftTiles
  let roots: EntryRoots
  let rounding: RoundingOracles?
  let patterns: PatternOracles?

  var rowCount: Int { layout.factorTreeRows }

  func message(_ row: Int) throws -> RowMessage {
    guard row >= layout.rootRow else { return factors.message(row) }
    if let patterns, row >= layout.patternRow { return try patterns.committed(row - layout.patternRow) }
    let (oracle, position) = (row - layout.rootRow).quotientAndRemainder(dividingBy: layout.entries.tiles.count)
    let entries = try tiles.entries(position)
    defer { tiles.recycle(entries) }
    if let rounding { return try rounding.committed(layout.entries.committed[oracle], position, entries) }
    return roots.committed(position, entries)
  }
}
