// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofKernels
import Testing
import DriftProofTranscript

@testable import DriftProofCommitment
@testable import DriftProofCommitmentProver

@Suite struct MerkleTests {
  private func leaves(_ count: Int) -> [[UInt8]] { (0..<count).map { SHA256.hash([UInt8($0)]) } }

  private func tree(_ leaves: [[UInt8]], depth: Int, subtreeLog: Int? = nil) -> MerkleTree {
    MerkleTree(depth: depth, subtreeLog: subtreeLog) { digests in
      for (i, leaf) in leaves.enumerated() {
        for (j, byte) in leaf.enumerated() { digests[32 * i + j] = byte }
      }
    }
  }

  private func naiveLevels(_ leaves: [[UInt8]]) -> [[[UInt8]]] {
    var levels = [leaves]
    while let last = levels.last, last.count > 1 {
      levels.append(
        stride(from: 0, to: last.count, by: 2).map { SHA256.hash([1] + last[$0] + last[$0 + 1]) })
    }
    return levels
  }

  /// All levels stored, and subtrees of all heights.
  @Test(arguments: 0...5)
  func treeAgainstItsDefinition(_ depth: Int) {
    let all = leaves(1 << depth)
    let levels = naiveLevels(all)
    for subtreeLog in depth == 0 ? [1] : Array(1...depth) {
      let tree = tree(all, depth: depth, subtreeLog: subtreeLog)
      #expect([tree.root] == levels.last)
      for (level, digests) in levels.enumerated() {
        #expect(digests.indices.allSatisfy { tree.digest(level: level, index: $0) == digests[$0] })
      }
    }
  }

  /// A tree of more leaves than are hashed at once, with and without stored levels.
  @Test func largeTrees() {
    let depth = 14
    let trees = [1, 3, 13, 14].map { subtreeLog in
      MerkleTree(depth: depth, subtreeLog: subtreeLog) { digests in
        for i in 0..<digests.count { digests[i] = UInt8(truncatingIfNeeded: i &* 0x9E37_79B9 >> 13) }
      }
    }
    let leaves = [0, 1, 5, 4095, 4096, 9000, 16383]
    let proof = trees[0].multiproof(leaves)
    for tree in trees { #expect(tree.root == trees[0].root && tree.multiproof(leaves) == proof) }
    let digests = leaves.map { trees[0].digest(level: 0, index: $0) }
    #expect(
      MerkleMultiproof.root(leaves: leaves, digests: digests, siblings: proof, depth: depth) == trees[0].root)
  }

  @Test(arguments: [1, 2, 3, 4])
  func everyMultiproofOfASmallTree(subtreeLog: Int) {
    let depth = 4
    let all = leaves(1 << depth)
    let levels = naiveLevels(all)
    let tree = tree(all, depth: depth, subtreeLog: subtreeLog)
    for subset in 1..<1 << (1 << depth) where subset % 7 == 1 || subset.nonzeroBitCount < 3 {
      let chosen = all.indices.filter { subset >> $0 & 1 == 1 }
      // Naively: the siblings on all paths, less what the leaves themselves determine.
      var known = Set(chosen)
      var expected: [UInt8] = []
      for level in 0..<depth {
        for node in known.sorted() where !known.contains(node ^ 1) { expected += levels[level][node ^ 1] }
        known = Set(known.map { $0 >> 1 })
      }
      let siblings = tree.multiproof(chosen)
      guard siblings == expected, siblings.count == 32 * MerkleMultiproof.siblingCount(of: chosen, depth: depth),
        MerkleMultiproof.root(leaves: chosen, digests: chosen.map { all[$0] }, siblings: siblings, depth: depth)
          == tree.root
      else {
        Issue.record("leaves \(chosen)")
        return
      }
    }
  }

  @Test func leavesAgainstTheirDefinition() throws {
    // The kernels' leaves are SHA-256 of header, salt and padded values, for all rows of the fixture.
    let fixture = OpeningFixture()
    let tree = try HashCommitment(fixture.parameters)
      .commit(label: "drift", rows: fixture.drift, shapes: fixture.driftShapes, secret: fixture.secret)
    let positions = [0, 1, 77, 255]
    let values = try tree.values(at: positions)
    let salts = tree.randomness.salts(at: positions)
    let format = LeafFormat(.rows, label: "drift", words: 11, logLeaves: 8)
    #expect(format.header.count == 32)
    for (i, position) in positions.enumerated() {
      var bytes: [UInt8] = []
      for value in values[11 * i..<11 * (i + 1)] { bytes.append(littleEndian: value) }
      let digest = format.digest(salt: salts[32 * i..<32 * (i + 1)], values: bytes)
      #expect(tree.tree.digest(level: 0, index: position) == digest)
    }
  }
}
