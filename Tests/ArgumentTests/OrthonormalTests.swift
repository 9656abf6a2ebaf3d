// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofCommitmentProver
import DriftProofField
import DriftProofKernels
import Synchronization
import Testing
import DriftProofTranscript

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

/// Nearly orthonormal rows (docs/protocol.md section 5, the orthonormality stage): honest provers, what the claim says,
/// and its weights.
@Suite struct OrthonormalTests {
  /// Few rows and many; not powers of two; alone in a tile, with others in one, over many tiles; columns that fill less
  /// than a group of 2^4.
  private static let shapes: [[(Int, Int)]] = [
    [(1, 64)], [(1, 1)], [(2, 2)], [(3, 50)], [(8, 8)], [(5, 6), (9, 13), (3, 3)], [(16, 300), (16, 300), (7, 20)],
    [(4, 20_000)], [(33, 1500)], [(130, 140)], [(3, 50), (4, 20_000), (20, 33)],
  ]

  @Test(arguments: shapes.indices)
  func honestMatricesAreAccepted(_ index: Int) throws { try Fixture.orthonormal(Self.shapes[index]).run() }

  @Test func alongWithOtherClausesAndATotal() throws {
    var fixture = Fixture.everything()
    fixture.add(.orthonormal([(5, 700), (16, 1100), (2, 3)]))
    var total = 0
    // Orthonormal tensors are factors, which the total leaves out.
    for (index, tensor) in fixture.tensors.enumerated() where tensor.countsInTotal {
      total += fixture.square(index) << (2 * (20 - tensor.fractionBits))
    }
    fixture.totalBound = Fixture.digits(total)
    try fixture.run()
    fixture.totalBound = Fixture.digits(total - 1)
    #expect(throws: ArgumentRefusal.totalExceeded) { try fixture.run() }
  }

  /// Tiles of several chunks, which workers share.
  @Test func longerRows() throws {
    var fixture = Fixture.orthonormal([(8, 8), (3, 50), (4, 20_000), (5, 6), (30, 3000)])
    fixture.logLength = 16
    try fixture.run()
  }

  /// Units of their own: 2^(2f) differs.
  @Test func precisionsOfTheirOwn() throws {
    var fixture = Fixture.orthonormal([(5, 300)], fractionBits: 12)
    fixture.add(.orthonormal([(5, 300), (2, 9)], fractionBits: 21))
    fixture.add(.orthonormal([(3, 40)], fractionBits: 0))
    fixture.add(.almostOrthonormal(rows: 3, entry: 11, fractionBits: 0))
    // Rows of 0 and 1 are whatever they are, within 2^29.
    #expect(fixture.drifts[3].allSatisfy { abs($0) <= 1 })
    try fixture.run()
  }

  @Test func tilesMadeOnDemandGiveTheSameProof() throws {
    var fixture = Fixture.orthonormal([(3, 50), (4, 20_000)])
    fixture.add(.norm(rows: 30, columns: 20))
    let scheme = HashCommitment(fixture.code)
    let proofs = try [0, DriftTiles.keptLimit].map { limit in
      var prover = try ArgumentProver(statement: fixture.statement, scheme: scheme)
      prover.keptTileBytes = limit
      let drift = try DriftCommitter(statement: fixture.statement, scheme: scheme).commit(
        rows: fixture.rows, secret: [UInt8](repeating: 7, count: 32))
      return try prover.prove(
        witness: ArgumentWitness(rows: fixture.rows, factors: [:], supports: [:]), drift: drift,
        secret: [UInt8](repeating: 8, count: 32))
    }
    #expect(proofs[0].bytes == proofs[1].bytes)
    #expect(proofs[0].bytes == (try fixture.run().bytes))
  }

  // MARK: The claim

  /// λmax(ΔΔᵀ) ≤ 2^(2f) + r·2^29, and a matrix that comes close.
  @Test func largestEigenvalue() throws {
    let rows = 12
    // 23170² < 2^29 < 23171².
    let fixture = Fixture.almostOrthonormal(rows: rows, entry: 23170)
    try fixture.run()
    #expect(throws: ArgumentRefusal.notOrthonormal(tensor: "a", row: 0, other: 0)) {
      try Fixture.almostOrthonormal(rows: rows, entry: 23171).run()
    }
    for fixture in [fixture, .orthonormal([(rows, 40)]), .orthonormal([(3, 2000)], fractionBits: 8)] {
      let value = Self.largestEigenvalue(fixture.drifts[0], rows: fixture.tensors[0].rows)
      let unit = Double(1 << (2 * fixture.tensors[0].fractionBits))
      #expect(value <= unit + Double(fixture.tensors[0].rows * Limits.halfRange))
      #expect(value >= unit * 0.9)
    }
    let close = Self.largestEigenvalue(fixture.drifts[0], rows: rows)
    #expect(close > Double(1 << 40) + 0.999 * Double(rows * Limits.halfRange))
  }

  /// By power iteration on the products of rows.
  private static func largestEigenvalue(_ drift: [Int64], rows: Int) -> Double {
    let columns = drift.count / rows
    let products = (0..<rows).map { j in
      (0..<rows).map { k in
        (0..<columns).reduce(0.0) { $0 + Double(drift[j * columns + $1]) * Double(drift[k * columns + $1]) }
      }
    }
    var vector = (0..<rows).map { 1 + Double($0 % 3) / 7 }
    var value = 0.0
    for _ in 0..<2000 {
      let image = products.map { zip($0, vector).reduce(0) { $0 + $1.0 * $1.1 } }
      value = image.reduce(0) { $0 + $1 * $1 }.squareRoot() / vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
      let norm = image.reduce(0) { $0 + $1 * $1 }.squareRoot()
      vector = image.map { $0 / norm }
    }
    return value
  }

  @Test func refusalsNameTensorAndRows() {
    var fixture = Fixture.orthonormal([(3, 50), (6, 300)])
    // A part of row 2 in row 4.
    for x in 0..<300 { fixture.drifts[1][4 * 300 + x] += fixture.drifts[1][2 * 300 + x] / 1000 }
    #expect(throws: ArgumentRefusal.notOrthonormal(tensor: "a1", row: 2, other: 4)) { try fixture.run() }
    // Orthogonal, but too short; and so long that 64 bits would not hold its square.
    fixture = .almostOrthonormal(rows: 4, entry: 0)
    fixture.drifts[0][2 * 5 + 2] -= 300
    #expect(throws: ArgumentRefusal.notOrthonormal(tensor: "a", row: 2, other: 2)) { try fixture.run() }
    #expect(ArgumentRefusal.notOrthonormal(tensor: "a", row: 2, other: 3).description.contains("rows 2 and 3"))
  }

  /// A row whose square is 2^40 modulo 2^64 only. (Completeness refuses it before, unless it has very many columns.)
  @Test func productsThatWouldNotFit64Bits() throws {
    let layout = ArgumentLayout(Fixture.orthonormal([(1, 64)]).statement)
    var entries = [Int32](repeating: 0, count: layout.length)
    for x in 0..<4 { entries[x] = .min }
    entries[4] = 1 << 20
    var tiles = DriftTiles(layout: layout, producer: nil)
    tiles.keep([.narrow(entries)])
    #expect(throws: ArgumentRefusal.notOrthonormal(tensor: "a0", row: 0, other: 0)) {
      try OrthonormalMatrices(layout: layout, tiles: tiles).excesses(refuses: true)
    }
  }

  @Test func excessesAreTheProductsOfRows() throws {
    let fixture = Fixture.orthonormal([(5, 6), (4, 20_000), (9, 130), (20, 33)])
    let layout = ArgumentLayout(fixture.statement)
    let tables = try WitnessTables(
      layout: layout, witness: ArgumentWitness(rows: fixture.rows, factors: [:], supports: [:]))
    let excesses = try OrthonormalMatrices(layout: layout, tiles: tables.tiles).excesses(refuses: true)
    for (index, tensor) in fixture.tensors.enumerated() {
      let (n, drift) = (tensor.columns, fixture.drifts[index])
      for j in 0..<tensor.rows {
        for k in 0..<tensor.rows {
          let product = (0..<n).reduce(Int64(0)) { $0 + drift[j * n + $1] * drift[k * n + $1] }
          #expect(excesses[index][j * tensor.rows + k] == product - (j == k ? 1 << 40 : 0))
        }
      }
    }
  }

  // MARK: Challenges

  /// With one point for both sides some M ≠ 0 passes; with two independent ones it does not.
  @Test func rowsNeedIndependentChallenges() {
    let layout = ArgumentLayout(Fixture.orthonormal([(4, 64)]).statement).orthonormal
    var transcript = Transcript(protocolID: "test")
    let challenges = OrthonormalChallenges(layout: layout, transcript: &transcript)
    let (left, right) = (Multilinear.equality(challenges.left), Multilinear.equality(challenges.right))
    #expect(challenges.left != challenges.right)
    func form(_ m: [(Int, Int, Int)], _ a: [CubicExtension], _ b: [CubicExtension]) -> CubicExtension {
      m.reduce(.zero) { $0 + a[$1.0] * b[$1.1] * Goldilocks($1.2) }
    }
    let symmetric = [(0, 3, 1), (3, 0, 1), (1, 2, -1), (2, 1, -1)]
    let antisymmetric = [(0, 1, 1), (1, 0, -1)]
    for m in [symmetric, antisymmetric] {
      #expect(form(m, left, left) == .zero)
      #expect(form(m, left, right) != .zero)
    }
  }

  /// Every claim of the bounds stage has its own power of λ.
  @Test func powersOfTheClaims() throws {
    let random = RandomStatement(seed: 4, orthonormal: true)
    let challenges = random.challenges().0
    let lines = random.layout.digits.lines.reduce(0) { $0 + $1.limbs }
    var powers = try #require(challenges.orthonormal).powers
    #expect(powers.count == OrthonormalClaims.count)
    powers += challenges.linePowers(first: 0, count: lines)
    let claims: [BoundsStageChallenges.Claim] = [.squares, .projections, .exact, .digits, .factorProjections, .bits]
    powers += claims.map { challenges.power($0) }
    #expect(Set(powers).count == OrthonormalClaims.count + lines + claims.count)
  }

  // MARK: Layout

  @Test(arguments: [UInt64(2), 4, 9, 12])
  func productsHavePlacesOfTheirOwn(_ seed: UInt64) {
    let layout = RandomStatement(seed: seed, orthonormal: true).layout
    var taken = [Bool](repeating: false, count: layout.digits.used)
    for slot in layout.digits.slots {
      #expect(slot.offset & (slot.count - 1) == 0)
      for cell in slot.range {
        #expect(!taken[cell])
        taken[cell] = true
      }
    }
    #expect(layout.digits.products.count == layout.orthonormal.members.count)
    for (member, products) in zip(layout.orthonormal.members, layout.digits.products) {
      #expect(
        products.cell(member.rows - 1, member.rows - 1) + Limits.projectionDigits <= products.slot.range.upperBound)
      #expect(member.columns.offset & (member.columns.count - 1) == 0)
      #expect(member.columns.range.upperBound <= 1 << layout.orthonormal.variables)
    }
    let columns = layout.orthonormal.members.map(\.columns.range).sorted { $0.lowerBound < $1.lowerBound }
    for (a, b) in zip(columns, columns.dropFirst()) { #expect(a.upperBound <= b.lowerBound) }
  }

  /// Statements without the claim have the bytes that they had before there was one.
  @Test func theFlagIsOneBitOfTheStatement() {
    var statement = Fixture.norm(rows: 20, columns: 30).statement
    let plain = statement.canonicalBytes
    let layout = statement.layoutDigest
    statement.tensors[0].isOrthonormal = true
    let flagged = statement.canonicalBytes
    #expect(flagged.count == plain.count)
    #expect(zip(plain, flagged).filter { $0 != $1 }.map { [$0, $1] } == [[1, 3]])
    // The rows are read alike.
    #expect(statement.layoutDigest == layout)
  }

  @Test func forecastsKnowTheStage() throws {
    let fixture = Fixture.orthonormal([(16, 300)])
    var without = fixture
    without.tensors[0].isOrthonormal = false
    let layouts = [fixture, without].map { ArgumentLayout($0.statement) }
    #expect(ArgumentSizes(fixture.statement).digitRows == layouts[0].auxiliaryRowCount)
    let digits = layouts.map { $0.auxiliaryRowCount - $0.digitRows }
    #expect(digits[0] == digits[1] + 2)
    let sizes = [fixture, without].map { ProofSize(tensors: $0.tensors, code: $0.code).bytes }
    let real = try [fixture, without].map { try $0.run().bytes.count }
    // Merkle siblings vary; the difference is that of the stage and of two rows.
    #expect(sizes[0] > sizes[1])
    for (forecast, bytes) in zip(sizes, real) { #expect(abs(forecast - bytes) < bytes / 10) }
  }

  // MARK: Resuming

  /// Keeps everything in memory.
  private final class Archive: CommitmentArchive {
    let kept = Mutex<[String: [UInt8]]>([:])

    func read(_ name: String, byteCount: Int?, _ body: ([UInt8]) -> Void) throws -> Bool {
      guard let bytes = kept.withLock({ $0[name] }) else { return false }
      body(bytes)
      return true
    }
    func write(_ name: String, byteCount: Int, _ piece: (Range<Int>) -> [UInt8]) throws {
      let bytes = piece(0..<byteCount)
      kept.withLock { $0[name] = bytes }
    }
  }

  @Test func aResumedProofIsTheSame() throws {
    var fixture = Fixture.orthonormal([(3, 50), (16, 300)])
    fixture.add(.lowRank(rank: 2))
    let scheme = HashCommitment(fixture.code)
    let prover = try ArgumentProver(statement: fixture.statement, scheme: scheme)
    let drift = try DriftCommitter(statement: fixture.statement, scheme: scheme).commit(
      rows: fixture.rows, secret: [UInt8](repeating: 7, count: 32))
    let archive = Archive()
    func prove(_ archive: Archive?, secret: UInt8 = 8) throws -> [UInt8] {
      try prover.prove(
        witness: ArgumentWitness(rows: fixture.rows, factors: fixture.factors, supports: fixture.supports),
        drift: drift, secret: [UInt8](repeating: secret, count: 32), archive: archive
      ).bytes
    }
    let whole = try prove(nil)
    #expect(try prove(archive) == whole)
    #expect(archive.kept.withLock { $0[BoundsStageRecord.name] } != nil)
    // From the state after the bounds stage, and from the trees alone.
    #expect(try prove(archive) == whole)
    archive.kept.withLock { $0[BoundsStageRecord.name] = nil }
    #expect(try prove(archive) == whole)
    try fixture.verify(whole, drift: Fixture.Drift(drift))
    // The record of the bounds stage belongs to one the orthonormality stage.
    let other = Archive()
    other.kept.withLock { [record = archive.kept.withLock { $0[BoundsStageRecord.name] }] in
      $0[BoundsStageRecord.name] = record
    }
    #expect(throws: ArchiveMismatch(name: BoundsStageRecord.name)) { try prove(other, secret: 9) }
  }
}
