// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCurve
import DriftProofCurveCommitment
import DriftProofCurveCommitmentProver
import Testing

/// What a commitment to a model says, and what it keeps.
@Suite struct ModelCommitmentTests {
  private static let committer = CurveCommitter(secret: Fr(0x777), logLength: 5)
  private static let setup = committer.key.id

  private func block(
    _ name: String, dtype: String = "BF16", shape: [Int] = [4, 8], bits: Int = 7, points: [G1] = [.generator]
  ) -> CurveBlock {
    CurveBlock(
      name: name, dtype: dtype, shape: shape, fractionBits: bits, content: .rows(points.flatMap(\.compressed)))
  }

  // MARK: Layout

  @Test func everyEntryHasOneCell() throws {
    for (rows, columns, log) in [(5, 3, 3), (1, 70, 4), (7, 8, 4), (3, 100, 5), (1, 1, 3), (33, 1, 3), (2, 4, 8)] {
      let layout = try #require(CurveRowLayout(rows: rows, columns: columns, logLength: log))
      var seen: [Int: Int] = [:]
      for row in 0..<layout.rowCount {
        let runs = layout.runs(row: row)
        #expect(runs.allSatisfy { $0.cell >= 0 && $0.cell + $0.entries.count <= 1 << log })
        for run in runs {
          for (offset, entry) in run.entries.enumerated() {
            let padded = row << log + run.cell + offset
            #expect(padded == (entry / columns) << layout.logColumns + entry % columns)
            seen[entry, default: 0] += 1
          }
        }
      }
      #expect(seen.count == rows * columns && seen.values.allSatisfy { $0 == 1 })
      // Behind the last matrix row nothing is committed.
      #expect(layout.runs(row: layout.rowCount).isEmpty)
    }
    // A matrix without padding lies in one run.
    #expect(try #require(CurveRowLayout(rows: 4, columns: 8, logLength: 5)).runs(row: 0).count == 1)
  }

  @Test func hostileShapesHaveNoLayout() {
    for (rows, columns) in [(0, 1), (1, 0), (Int.max, 1), (1, Int.max), (1 << 39, 3), (1 << 40, 1 << 40), (-1, 5)] {
      #expect(CurveRowLayout(rows: rows, columns: columns, logLength: 8) == nil)
    }
    #expect(CurveRowLayout(rows: 1 << 20, columns: 1 << 20, logLength: 20)?.rowCount == 1 << 20)
    #expect(CurveRowLayout(rows: 4, columns: 4, logLength: 0) == nil)
    #expect(CurveRowLayout(rows: 4, columns: 4, logLength: 29) == nil)
  }

  // MARK: Homomorphism

  @Test func theDifferenceOfCommitmentsIsOneToTheDrift() {
    let base: [Int64] = [5, -7, 0, 1 << 30, 2]
    let drift: [Int64] = [1, 0, -3, 4, -(1 << 20)]
    let tuned = zip(base, drift).map { $0 + $1 }
    let blinding = Fr(0xB11D)
    let baseline = Self.committer.commit(base, blinding: .zero)
    let both = baseline + Self.committer.commit(drift, blinding: blinding)
    // Two ways to the same point.
    #expect(both == Self.committer.commit(tuned, blinding: blinding))
    #expect(both - baseline == Self.committer.commit(drift, blinding: blinding))
    // Without blinding the base is one that anybody can compute; a zero tensor is infinity.
    #expect(Self.committer.commit([0, 0] as [Int64], blinding: .zero).isInfinity)
  }

  // MARK: Tree

  @Test func everythingIsInTheLeaf() {
    let reference = block("a")
    let leaf = reference.leaf(setupID: Self.setup, logLength: 5)
    let others = [
      block("b"), block("a", dtype: "F16"), block("a", shape: [8, 4]), block("a", shape: [32]), block("a", bits: 8),
      block("a", points: [.generator.doubled()]), block("a", points: [.generator, .generator]), block("a", points: []),
      CurveBlock(
        name: "a", dtype: "BF16", shape: [4, 8], fractionBits: 7, content: .digest([UInt8](repeating: 0, count: 32))),
    ]
    for other in others { #expect(other.leaf(setupID: Self.setup, logLength: 5) != leaf) }
    // One point under two setups, or two lengths, is two matrices.
    #expect(reference.leaf(setupID: [UInt8](repeating: 1, count: 32), logLength: 5) != leaf)
    #expect(reference.leaf(setupID: Self.setup, logLength: 6) != leaf)
  }

  @Test(arguments: [1, 2, 3, 5, 8]) func pathsLeadToTheRoot(count: Int) {
    let blocks = (0..<count).map { block("t\($0)", bits: $0) }
    let tree = CurveModelTree(blocks, setupID: Self.setup, logLength: 5)
    func verify(
      _ block: CurveBlock, _ index: Int, count stated: Int? = nil, path: [[UInt8]]? = nil, log: Int = 5,
      setup: [UInt8] = Self.setup
    ) -> Bool {
      CurveModelTree.verify(
        block, index: index, count: stated ?? count, path: path ?? tree.path(of: index), setupID: setup, logLength: log,
        root: tree.root)
    }
    for index in 0..<count {
      #expect(verify(blocks[index], index))
      #expect(!verify(block("other"), index))
      #expect(!verify(blocks[index], index, count: count + 1))
      #expect(!verify(blocks[index], index, path: tree.path(of: index) + [tree.root]))
      #expect(!verify(blocks[index], index, log: 6))
      #expect(!verify(blocks[index], index, setup: [UInt8](repeating: 9, count: 32)))
      if count > 1 {
        #expect(!verify(blocks[index], index, path: Array(tree.path(of: index).dropLast())))
        #expect(!verify(blocks[index], (index + 1) % count))
      }
    }
    #expect(
      !CurveModelTree.verify(
        blocks[0], index: 0, count: .max, path: [tree.root, tree.root], setupID: Self.setup, logLength: 5,
        root: tree.root))
    #expect(
      !CurveModelTree.verify(
        blocks[0], index: -1, count: count, path: [], setupID: Self.setup, logLength: 5, root: tree.root))
  }

  // MARK: Blindings

  @Test func rowsNeverShareABlinding() {
    let root = [UInt8](repeating: 3, count: 32)
    let point = G1.generator.compressed
    func scalar(
      secret: UInt8 = 1, setup: [UInt8] = Self.setup, root: [UInt8] = root, tensor: String = "w", row: Int = 0,
      point: [UInt8] = point, cells: [Int64] = [1, 2]
    ) -> Fr {
      RowBlinding(secret: [UInt8](repeating: secret, count: 32), setupID: setup, baseRoot: root).scalar(
        tensor: tensor, row: row, basePoint: point, cells: cells)
    }
    // Two drifts, two links, two models, two rows of one drift, unchanged ones among them.
    let all = [
      scalar(), scalar(secret: 2), scalar(setup: [UInt8](repeating: 0, count: 32)),
      scalar(root: [UInt8](repeating: 4, count: 32)), scalar(tensor: "v"), scalar(row: 1),
      scalar(point: G1.generator.doubled().compressed), scalar(cells: [1, 3]), scalar(cells: [0]),
      scalar(row: 1, cells: [0]),
    ]
    #expect(Set(all).count == all.count)
    #expect(scalar() == scalar())
    // Zeros behind the last cell are no cells.
    #expect(scalar(cells: [1, 2, 0, 0]) == scalar())
    #expect(scalar(cells: []) == scalar(cells: [0]))
  }
}
