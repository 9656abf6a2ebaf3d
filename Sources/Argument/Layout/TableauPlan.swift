// SPDX-License-Identifier: Apache-2.0

/// Where the rows of the drift tableau take their entries from: for whoever produces the rows.
package struct TableauPlan: Sendable {
  /// A run of positions of one row that belongs to one tensor: position positions.lowerBound + i·width + j is the
  /// matrix entry (firstRow + i, firstColumn + j), or 0 when that lies outside the tensor.
  package struct Region: Hashable, Sendable {
    /// Index into the statement's tensors.
    package var tensor: Int
    package var positions: Range<Int>
    package var width: Int
    package var firstRow: Int
    package var firstColumn: Int
  }

  private let layout: TableauLayout
  private let regionsByRow: [[Region]]

  package init(tensors: [TableauTensor], logLength: Int) {
    let layout = TableauLayout(tensors: tensors, logLength: logLength)
    self.layout = layout
    var regions = [[Region]](repeating: [], count: layout.rowCount)
    for (index, placement) in layout.placements.enumerated() {
      switch placement {
      case .grid(let firstRow, let grid):
        let w = grid.logColumnsInTile
        for i in 0..<grid.rowTiles {
          for j in 0..<grid.columnTiles {
            regions[firstRow + i * grid.columnTiles + j].append(
              Region(
                tensor: index, positions: 0..<1 << logLength, width: 1 << w, firstRow: i << (logLength - w),
                firstColumn: j << w))
          }
        }
      case .shared(let row, let offset):
        let log = layout.rowBits[index] + layout.columnBits[index]
        regions[row].append(
          Region(
            tensor: index, positions: offset..<offset + 1 << log, width: 1 << layout.columnBits[index], firstRow: 0,
            firstColumn: 0))
      }
    }
    regionsByRow = regions
  }

  package var rowCount: Int { layout.rowCount }
  package var length: Int { 1 << layout.logLength }
  package func regions(ofRow row: Int) -> [Region] { regionsByRow[row] }
}
