// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofArgumentProver

extension WitnessTables {
  /// Any change of E, U, V and S; the sums of squares follow.
  mutating func tamper(_ change: (inout [DriftTile], inout [Int64]) -> Void) {
    var held = tiles.tiles
    for position in held.indices { held[position].entries = (try? tiles.entries(position)) ?? .zero }
    change(&held, &factors)
    tiles.keep(held.map(\.entries))
    setSquares(held.indices.flatMap { Self.squares(held[$0].entries, tiles.chunks.squares[$0]) })
  }
}

extension DigitTable {
  /// Any change of the cells.
  mutating func tamper(_ change: (inout [UInt64]) -> Void) { digits.tamper(change) }
}

extension PackedDigits {
  /// Any change of the cells.
  mutating func tamper(_ change: (inout [UInt64]) -> Void) {
    var cells = cells
    change(&cells)
    self = PackedDigits(cells: cells)
  }
}
