// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

/// Where things lie: disjoint, aligned, complete, and a function of public data only.
@Suite struct LayoutTests {
  #if DEBUG
    static let seeds = Array(UInt64(1)...2)
  #else
    static let seeds = Array(UInt64(1)...60)
  #endif

  /// No two ranges overlap; together they are 0..<total when `total` is given.
  private func expectDisjoint(_ ranges: [Range<Int>], total: Int? = nil, _ comment: Comment) {
    let sorted = ranges.sorted { $0.lowerBound < $1.lowerBound }
    for (a, b) in zip(sorted, sorted.dropFirst()) { #expect(a.upperBound <= b.lowerBound, comment) }
    if let total {
      #expect(ranges.reduce(0) { $0 + $1.count } == total, comment)
      #expect((sorted.last?.upperBound ?? 0) == total, comment)
    }
  }

  @Test(arguments: seeds)
  func everyEntryHasOnePlaceInTheTableau(_ seed: UInt64) {
    let random = RandomStatement(seed: seed)
    let (tensors, layout) = (random.statement.tensors, random.layout.tableau)
    let plan = TableauPlan(tensors: tensors, logLength: layout.logLength)
    #expect(plan.rowCount == layout.rowCount)
    var seen = tensors.map { [Int](repeating: 0, count: $0.rows * $0.columns) }
    var used = Set<Int>()
    for row in 0..<plan.rowCount {
      let regions = plan.regions(ofRow: row)
      #expect(!regions.isEmpty, "row \(row)")
      expectDisjoint(regions.map(\.positions), "regions of row \(row)")
      for region in regions {
        let tensor = tensors[region.tensor]
        for x in region.positions {
          let offset = x - region.positions.lowerBound
          let (i, j) = (region.firstRow + offset / region.width, region.firstColumn + offset % region.width)
          guard i < tensor.rows, j < tensor.columns else { continue }
          seen[region.tensor][i * tensor.columns + j] += 1
          used.insert(row)
          // The same entry in E-space, for every clause.
          for set in layout.blockOfSet[region.tensor].indices {
            let address = address(i, j, layout.cube(tensor: region.tensor, set: set))
            let block = layout.blocks[layout.blockOfSet[region.tensor][set]]
            let tile = block.tiles.first { $0.tile == address >> layout.logLength }
            if tile?.row != row || address & (1 << layout.logLength - 1) != x {
              Issue.record("entry \(i), \(j) of tensor \(region.tensor), set \(set)")
              return
            }
          }
        }
      }
    }
    #expect(used.count == plan.rowCount, "no row without entries")
    for counts in seen { #expect(counts.allSatisfy { $0 == 1 }) }
  }

  private func address(_ i: Int, _ j: Int, _ cube: TensorCube) -> Int {
    var index = cube.origin
    for (bit, variable) in cube.rowVariables.enumerated() where i >> bit & 1 == 1 { index |= 1 << variable }
    for (bit, variable) in cube.columnVariables.enumerated() where j >> bit & 1 == 1 { index |= 1 << variable }
    return index
  }

  @Test(arguments: seeds)
  func blocksAreAlignedAndInexactOnesComeFirst(_ seed: UInt64) {
    let layout = RandomStatement(seed: seed).layout.tableau
    expectDisjoint(layout.blocks.map { $0.base..<$0.base + 1 << $0.logTiles }, "blocks")
    for block in layout.blocks {
      #expect(block.base & (1 << block.logTiles - 1) == 0)
      #expect(block.base + 1 << block.logTiles <= 1 << layout.tileBits)
      #expect(block.members.allSatisfy { layout.blocks[layout.blockOfSet[$0][block.set]] == block })
    }
    let firstExact = layout.blocks.firstIndex { $0.signature.exact } ?? layout.blocks.count
    #expect(layout.blocks[firstExact...].allSatisfy { $0.signature.exact })
  }

  @Test(arguments: seeds)
  func piecesCoverExactlyTheExistingTiles(_ seed: UInt64) {
    let random = RandomStatement(seed: seed)
    let layout = random.layout.tableau
    let l = layout.logLength
    func chunks(_ piece: ChunkPiece) -> [Range<Int>] {
      (0..<piece.count).map { c in
        let start = piece.position(ofChunk: c)
        return start..<start + 1 << piece.logChunk
      }
    }
    func tiles(_ exact: Bool) -> Set<Int> {
      Set(layout.blocks.filter { $0.signature.exact == exact }.flatMap { $0.tiles.map(\.tile) })
    }
    let projections = layout.projectionPieces.flatMap(chunks)
    expectDisjoint(projections, "projection chunks")
    #expect(Set(projections.map { $0.lowerBound >> l }) == tiles(false))
    #expect(projections.reduce(0) { $0 + $1.count } == tiles(false).count << l)
    expectDisjoint(
      layout.projectionPieces.map { $0.base..<$0.base + $0.count }, total: layout.projectionChunks, "projection index")

    // Exact cubes: enumerate their tiles.
    var exactTiles: [Int] = []
    for cube in layout.exactCubes {
      #expect(cube.free.prefix(l).elementsEqual(0..<l))
      let tileBits = cube.free.dropFirst(l)
      for choice in 0..<1 << tileBits.count {
        var index = cube.origin
        for (bit, variable) in tileBits.enumerated() where choice >> bit & 1 == 1 { index |= 1 << variable }
        exactTiles.append(index >> l)
      }
    }
    #expect(Set(exactTiles).count == exactTiles.count)
    #expect(Set(exactTiles) == tiles(true))

    let allSquares = layout.squarePieces.joined().joined()
    expectDisjoint(allSquares.map { $0.base..<$0.base + $0.count }, total: layout.squareChunks, "square index")
    for piece in Array(allSquares) + layout.projectionPieces { #expect(piece.base & (piece.count - 1) == 0) }
    expectDisjoint(allSquares.flatMap(chunks), "square chunks")
    for (index, tensor) in random.statement.tensors.enumerated() {
      for (set, signature) in TableauLayout.signatures(of: tensor).enumerated() {
        let pieces = layout.squarePieces[index][set]
        #expect(pieces.isEmpty == signature.exact)
        if signature.exact { continue }
        // All entries of the tensor lie in its own chunks.
        let own = pieces.flatMap(chunks)
        let cube = layout.cube(tensor: index, set: set)
        for i in [0, tensor.rows / 2, tensor.rows - 1] {
          for j in [0, tensor.columns / 2, tensor.columns - 1] {
            #expect(own.contains { $0.contains(address(i, j, cube)) })
          }
        }
      }
    }
  }

  @Test(arguments: seeds)
  func slotsOfTheOraclesAreDisjointAndAligned(_ seed: UInt64) {
    let layout = RandomStatement(seed: seed).layout
    let digits = layout.digits.slots
    expectDisjoint(digits.map(\.range), "digit slots")
    #expect(digits.allSatisfy { $0.offset & ($0.count - 1) == 0 && $0.range.upperBound <= layout.digits.used })
    let factors = layout.factors
    let slots =
      factors.lowRank.flatMap { [$0.left, $0.right] } + factors.sparse.map(\.values)
      + [factors.bits, factors.masks].compactMap { $0 }
    expectDisjoint(slots.map(\.range), "factor slots")
    #expect(slots.allSatisfy { $0.offset & ($0.count - 1) == 0 && $0.range.upperBound <= max(1, factors.used) })
    for clause in factors.lowRank {
      // A matrix row lies inside one chunk; U and V lie inside the projected chunks.
      #expect(clause.logRank <= Limits.logChunk)
      #expect(
        max(clause.left.range.upperBound, clause.right.range.upperBound) <= factors.factorChunks << Limits.logChunk)
      #expect(clause.base & (1 << clause.logRank - 1) == 0)
    }
    expectDisjoint(factors.lowRank.map { $0.base..<$0.base + 1 << $0.logRank }, "columns of the structure stage")
    expectDisjoint(factors.sparse.map { $0.base..<$0.base + 1 << $0.logCount }, "slots of the structure stage")
    // Cells of one line stay inside its slot.
    for (line, slot) in zip(layout.digits.lines, layout.digits.lineSlots) {
      #expect(line.limbs <= Limits.maximumBoundLimbs)
      #expect(BoundLine.carryCell(limb: line.limbs - 1, digit: Limits.carryDigits - 1) < slot.count)
    }
  }

  @Test(arguments: seeds)
  func layoutIsAFunctionOfTheStatement(_ seed: UInt64) {
    let (first, second) = (RandomStatement(seed: seed), RandomStatement(seed: seed))
    #expect(first.layout.tableau == second.layout.tableau)
    #expect(first.layout.digits == second.layout.digits)
    #expect(first.layout.factors == second.layout.factors)
    // Bounds change no layout, names neither.
    var other = first.statement
    for index in other.tensors.indices {
      other.tensors[index].name += "x"
      if other.tensors[index].plainBound != nil { other.tensors[index].plainBound = Fixture.digits(7) }
    }
    #expect(ArgumentLayout(other).tableau == first.layout.tableau)
  }
}
