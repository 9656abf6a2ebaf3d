// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofField
import DriftProofKernels
import DriftProofTranscript
import TamperingSupport
import Testing

@testable import DriftProofCommitment
@testable import DriftProofCommitmentProver

/// Leaves in bands (docs/protocol.md section 3): what they are, and that nothing else opens under the same root.
@Suite struct BandTests {
  // MARK: - What they are

  @Test func runs() {
    for rows in [1, 7, 8, 9, 16, 37, 433] {
      var seen: Set<[Range<Int>]> = []
      let blocks = (rows + 7) / 8
      for bands in 1...min(256, blocks + 3) {
        let runs = RowLeafFormat.runs(rows: rows, bands: bands)
        #expect(runs.count == min(bands, blocks) && runs.first?.lowerBound == 0 && runs.last?.upperBound == rows)
        #expect(zip(runs, runs.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
        // Whole blocks, none empty, the longest at most a block longer than the shortest.
        #expect(runs.dropLast().allSatisfy { $0.upperBound % 8 == 0 })
        let lengths = runs.map { ($0.count + 7) / 8 }
        #expect((lengths.min() ?? 0) > 0 && (lengths.max() ?? 0) - (lengths.min() ?? 0) <= 1)
        #expect(seen.insert(runs).inserted == (bands <= blocks))
      }
    }
    #expect(RowLeafFormat.runs(rows: 37, bands: 3) == [0..<8, 8..<24, 24..<37])
  }

  @Test func numbersOfBands() throws {
    let code = OpeningFixture().parameters
    for bands in [0, -1, 257] {
      #expect(throws: ProofRejection.bandsOutOfRange(bands)) { try code.inBands(bands) }
    }
    let banded = try code.inBands(5)
    try banded.requireBands(rows: 33)
    #expect(throws: ProofRejection.tooManyBands(5, rows: 32)) { try banded.requireBands(rows: 32) }
    try code.requireBands(rows: 1)
    // One band leaves no trace; more are the last number.
    #expect(code.bytes.count == 40 && banded.bytes == code.bytes + [5, 0, 0, 0, 0, 0, 0, 0])
    #expect(try code.inBands(1) == code && banded.inOneBand == code && banded != code)
  }

  private static let rowCount = 37

  /// 37 rows of 2^6, the last block with five of them.
  private static func tree(bands: Int, path: KernelPath = .selected, secret: [UInt8] = [7]) throws -> (
    leaves: [UInt8], tableau: CommittedTableau
  ) {
    let code = try OpeningFixture().parameters.inBands(bands)
    let data = PseudorandomStream(secret: [3], label: "bands")
    let rows = StoredRows(
      messages: (0..<rowCount).map { row in
        row % 5 == 4
          ? .field(data.elements(code.length).map(\.value)) : .narrow(data.bytes(code.length).map { Int32($0) - 9 })
      })
    let isPublic = secret == PublicTableau.secret
    let shape = RowShape(tailOffset: code.length, tailCount: isPublic ? 0 : code.driftRowTail)
    let shapes = [RowShape](repeating: shape, count: rowCount)
    let tableau = try HashCommitment(code).commit(label: "drift", rows: rows, shapes: shapes, secret: secret)
    let randomness = RowRandomness(secret: secret, label: "drift")
    let hasher = RowLeafHasher(
      format: RowLeafFormat(label: "drift", rows: rowCount, bands: bands, logLeaves: code.logDomain),
      logPositions: code.logDomain,
      encoder: RowEncoder(
        rows: rows, shapes: shapes, parameters: code, randomness: randomness, deviation: HonestCommitment()),
      randomness: randomness, path: path)
    let leaves = AlignedBuffer<UInt8>(count: 32 << code.logDomain)
    try hasher.fill(leaves)
    return (leaves.copy(0..<leaves.count), tableau)
  }

  /// The leaf as docs/protocol.md has it, with none of the program's code but SHA-256.
  private func leaf(_ values: [UInt64], salt: [UInt8], bands: Int) -> [UInt8] {
    func header(_ tag: String, _ words: Int, _ label: String) -> [UInt8] {
      [0] + Array(tag.utf8) + le(UInt64(words)) + le(8) + SHA256.hash(Array(label.utf8)).prefix(8)
    }
    func padded(_ bytes: [UInt8]) -> [UInt8] { bytes + [UInt8](repeating: 0, count: (64 - bytes.count % 64) % 64) }
    let blocks = (values.count + 7) / 8
    let count = min(bands, blocks)
    if count == 1 {
      return SHA256.hash(padded(header("dp-rows", values.count, "drift") + salt + values.flatMap(le)))
    }
    var digests: [UInt8] = []
    for b in 0..<count {
      let run = values[8 * (b * blocks / count)..<min(values.count, 8 * ((b + 1) * blocks / count))]
      digests += SHA256.hash(padded(header("dp-band", run.count, "drift/band \(b)") + salt + run.flatMap(le)))
    }
    return SHA256.hash(padded(header("dp-join", 4 * count, "drift") + [UInt8](repeating: 0, count: 32) + digests))
  }

  private func le(_ value: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }

  @Test(arguments: [1, 2, 3, 5, 9])
  func rootAgainstTheDefinition(bands: Int) throws {
    let (leaves, tableau) = try Self.tree(bands: bands)
    let positions = Array(0..<1 << tableau.parameters.logDomain)
    let values = try tableau.values(at: positions)
    let salts = tableau.randomness.salts(at: positions)
    var level = positions.map { j in
      leaf(
        Array(values[Self.rowCount * j..<Self.rowCount * (j + 1)]), salt: Array(salts[32 * j..<32 * j + 32]),
        bands: bands)
    }
    #expect(Array(level.joined()) == leaves)
    while level.count > 1 {
      level = stride(from: 0, to: level.count, by: 2).map { SHA256.hash([1] + level[$0] + level[$0 + 1]) }
    }
    #expect(level == [tableau.root])
    // The verifier's leaf is the same.
    let format = RowLeafFormat(label: "drift", rows: Self.rowCount, bands: bands, logLeaves: 8)
    #expect(
      format.digest(salt: salts[32..<64], values: values[Self.rowCount..<2 * Self.rowCount].flatMap(le))
        == Array(leaves[32..<64]))
  }

  /// Every level of the kernels, and rows without salts.
  @Test(arguments: KernelPath.allCases, [[7], PublicTableau.secret] as [[UInt8]])
  func kernelsAgree(path: KernelPath, secret: [UInt8]) throws {
    for bands in [2, 3, 5] {
      let (leaves, tableau) = try Self.tree(bands: bands, path: path, secret: secret)
      #expect(leaves == tableau.leafBytes(0..<leaves.count), "\(bands) bands, \(path)")
    }
  }

  // MARK: - What is refused

  @Test(arguments: [2, 3, 256])
  func honest(bands: Int) throws {
    var fixture = OpeningFixture()
    fixture.parameters = try fixture.parameters.inBands(bands)
    #expect(try fixture.rejection() == nil)
  }

  struct Cheat: CustomTestStringConvertible, Sendable {
    let testDescription: String
    /// What the verifier takes the tree for.
    var bands = 2
    var saltedRun: Int?
    var leaf: @Sendable (_ honest: RowLeafFormat) -> RowLeafFormat = { $0 }
  }

  private static func plain(_ bands: Int) -> RowLeafFormat {
    RowLeafFormat(label: "drift", rows: OpeningFixture.driftRows, bands: bands, logLeaves: 8)
  }

  private static func run(_ rows: Range<Int>, number: Int) -> RowLeafFormat.Run {
    .init(
      rows: rows, format: LeafFormat(.band, label: "drift/band \(number)", words: rows.count, logLeaves: 8))
  }

  /// Each root is honest in all but what the name says; pins, claims and openings follow from it.
  static let cheats: [Cheat] = [
    Cheat(testDescription: "bands in another order") {
      RowLeafFormat(runs: $0.runs.reversed(), join: $0.join)
    },
    Cheat(testDescription: "bands exchanged, each under the other's number") { _ in
      RowLeafFormat(runs: [run(8..<11, number: 0), run(0..<8, number: 1)], join: plain(2).join)
    },
    Cheat(testDescription: "bands under one number") { _ in
      RowLeafFormat(runs: [run(0..<8, number: 0), run(8..<11, number: 0)], join: plain(2).join)
    },
    Cheat(testDescription: "bands cut elsewhere") { _ in
      RowLeafFormat(runs: [run(0..<3, number: 0), run(3..<11, number: 1)], join: plain(2).join)
    },
    Cheat(testDescription: "bands merged into one") { _ in
      RowLeafFormat(
        runs: [run(0..<11, number: 0)], join: LeafFormat(.join, label: "drift", words: 4, logLeaves: 8))
    },
    Cheat(testDescription: "the last band dropped") { honest in
      RowLeafFormat(
        runs: [honest.runs[0]], join: LeafFormat(.join, label: "drift", words: 4, logLeaves: 8))
    },
    Cheat(testDescription: "the last band dropped, and counted") { honest in
      RowLeafFormat(runs: [honest.runs[0]], join: honest.join)
    },
    Cheat(testDescription: "a band's digest as the leaf") { honest in
      RowLeafFormat(runs: [honest.runs[0]], join: nil)
    },
    Cheat(testDescription: "the band of all rows as the leaf", bands: 1) { _ in
      RowLeafFormat(runs: [run(0..<11, number: 0)], join: nil)
    },
    Cheat(testDescription: "digests joined as rows") { honest in
      RowLeafFormat(runs: honest.runs, join: LeafFormat(.rows, label: "drift", words: 8, logLeaves: 8))
    },
    Cheat(testDescription: "two bands, one stated", bands: 1) { _ in plain(2) },
    Cheat(testDescription: "one band, two stated") { _ in plain(1) },
    Cheat(testDescription: "another salt of the first band", saltedRun: 0),
    Cheat(testDescription: "another salt of the second band", saltedRun: 1),
  ]

  @Test(arguments: cheats)
  func refused(_ cheat: Cheat) throws {
    var fixture = OpeningFixture()
    fixture.parameters = try fixture.parameters.inBands(cheat.bands)
    fixture.commitmentTampering = CommitmentTampering()
    fixture.commitmentTampering?.leaf = cheat.leaf
    fixture.commitmentTampering?.saltedRun = cheat.saltedRun
    #expect(try fixture.rejection() == .merklePath(tree: "drift"))
  }

  /// A proof of one number of bands under another one: the parameters are absorbed, and pins lie elsewhere.
  @Test func restated() throws {
    var fixture = OpeningFixture()
    let proofs = try [1, 2].map { bands in
      fixture.parameters = try fixture.parameters.inBands(bands)
      return try fixture.prove()
    }
    #expect(proofs[0].driftRoot != proofs[1].driftRoot && proofs[0].driftPins != proofs[1].driftPins)
    // 11, 13 and 3 rows: at most two runs, so that only what is absorbed tells 2 from 3.
    for (proof, other) in [(proofs[0], 2), (proofs[1], 1), (proofs[1], 3)] {
      fixture.parameters = try fixture.parameters.inBands(other)
      #expect(fixture.rejection(of: proof) != nil)
    }
  }
}
