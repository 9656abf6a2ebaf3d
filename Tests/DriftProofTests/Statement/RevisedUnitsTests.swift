// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofDrift
@testable import DriftProofProving
@testable import DriftProofStatement
import DriftProofAdapter
import DriftProofArgument
import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofLinearAlgebra
@testable import DriftProofPolicy
import Foundation
import TestSupport
import Testing

/// Units of Â under the revised rules, against the tiles that the layout really takes.
@Suite struct RightBitsTests {
  @Test func knownAnswers() {
    // At l = 14 the tile is 32 × 512 of a 32 × 1025 matrix: all rows in one chunk.
    #expect(ProductPrecision.rightBits(rank: 32, columns: 1025, rules: .revised) == 23)
    #expect(ProductPrecision.rightBits(rank: 32, columns: 1025, rules: .original) == 24)
    #expect(ProductPrecision.rightBits(rank: 8, columns: 4096, rules: .revised) == 24)
    #expect(ProductPrecision.rightBits(rank: 1024, columns: 1 << 20, rules: .revised) == 23)
    #expect(ProductPrecision.rightBits(rank: 8, columns: 8, rules: .revised) == 20)
    // One row of one entry is padded to 64, of which a chunk holds 2^8.
    #expect(ProductPrecision.rightBits(rank: 1, columns: 1, rules: .revised) == 21)
    #expect(ProductPrecision.rightBits(rank: 1, columns: 1, rules: .original) == 18)
  }

  private static let widths = [
    1, 2, 3, 7, 8, 9, 31, 64, 65, 100, 127, 129, 500, 512, 513, 768, 1000, 1025, 1536, 2047, 2049, 3000, 4096, 5461,
    11008, 16383, 16385, 40_000, 151_936, 1 << 20,
  ]

  /// For every l no chunk meets more than 2^share rows of the tensor and of neighbours like it, and rows of the norm 2^f_A
  /// keep such a chunk below 2^51.
  @Test(arguments: widths)
  func noChunkHoldsMoreThanItsShare(_ columns: Int) {
    for rank in [1, 2, 3, 4, 5, 8, 16, 17, 32, 33, 64, 100, 128, 256, 257, 512, 1000, 1024] where rank <= columns {
      let share = ProductPrecision.logRowsInChunk(rank: rank, columns: columns)
      let bits = ProductPrecision.rightBits(rank: rank, columns: columns, rules: .revised)
      #expect(2 * bits + share <= 51 && bits >= 20 && bits <= (rank <= 256 ? 24 : 23))
      let tensor = TableauTensor(
        name: "a", rows: rank, columns: columns, fractionBits: bits, isPlain: true, plainBound: nil, clauses: [])
      for logLength in 14...26 {
        let rows = Self.mostRows(inAChunkOf: tensor, logLength: logLength)
        #expect(rows <= 1 << share, "\(rank) × \(columns) at \(logLength): \(rows) rows, share \(share)")
      }
    }
  }

  /// Rows of matrices of this shape that a chunk meets at most.
  private static func mostRows(inAChunkOf tensor: TableauTensor, logLength: Int) -> Int {
    // As many neighbours as a chunk can hold.
    let cells = 1 << (ceilLog2(tensor.rows) + ceilLog2(tensor.columns))
    let count = max(1, min(256, Limits.chunk / cells))
    let plan = TableauPlan(
      tensors: [TableauTensor](repeating: tensor, count: count), logLength: logLength)
    // The first row of tiles is the fullest.
    var rows: [Int: Int] = [:]
    for region in plan.regions(ofRow: 0) {
      var start = region.positions.lowerBound
      while start < region.positions.upperBound {
        let chunk = start / Limits.chunk
        let end = min(region.positions.upperBound, (chunk + 1) * Limits.chunk)
        let first = (start - region.positions.lowerBound) / region.width
        let last = (end - 1 - region.positions.lowerBound) / region.width
        rows[chunk, default: 0] += max(0, min(tensor.rows, region.firstRow + last + 1) - region.firstRow - first)
        start = end
      }
    }
    return rows.values.max() ?? 0
  }
}

/// Scales of residuals of tensors that share chunks.
@Suite struct SharedScaleTests {
  private func clause(_ shape: [Int], rules: StatementRules, residual: Double = 0.01) throws -> StructuredClause {
    let folder = try TemporaryFolder()
    var random = SeededGenerator(seed: 3)
    var model = TestModel()
    model.tensors["w"] = TestTensor(shape, random: &random)
    let leaf = try BaseIdentity.compute(checkpoint: try model.write("base", in: folder)).tensors[0]
    let builder = TensorClaimBuilder(
      leaf: leaf, clauses: [.sum(rank: 2, sparse: nil, residual: .absolute(try Decimal10("\(residual)")))],
      hasTotal: false, rules: rules)
    return try #require(try builder.claim(baseIndex: 0, tunedIndex: 0, rule: 0).tensor.clauses.first)
  }

  @Test func neighboursMakeScalesSmaller() throws {
    for (shape, bits) in [([8, 8], 4), ([32, 32], 2), ([64, 64], 1), ([100, 100], 0), ([128, 128], 0)] {
      let (old, new) = (try clause(shape, rules: .original), try clause(shape, rules: .revised))
      #expect(old.scale - new.scale == bits, "\(shape)")
    }
  }

  /// Honest drifts at nine tenths of the bound have integer factors at the smaller scales, and no chunk that is full of
  /// tensors like them, of their residuals or of their factors, exceeds what can be proved.
  @Test(arguments: [false, true], [0, 0.0001, 0.02] as [Float])
  func honestDriftsFit(_ isHalf: Bool, _ noise: Float) throws {
    let folder = try TemporaryFolder()
    var random = SeededGenerator(seed: 17)
    let shapes = [[8, 8], [8, 64], [64, 8], [13, 21], [16, 16], [31, 9], [32, 32], [48, 40], [64, 64]]
    for rank in [1, 2, 3, 5, 8] {
      var base = TestModel()
      for shape in shapes { base.tensors["\(shape)"] = TestTensor(shape, isHalf: isHalf, random: &random) }
      var tuned = base
      for shape in shapes {
        tuned.tensors["\(shape)"]?.addLowRank(rank, scale: 0.1, random: &random)
        let values = (tuned.tensors["\(shape)"]?.values ?? []).map { $0 + noise * random.signed() }
        tuned.tensors["\(shape)"]?.values = isHalf ? values.map(TestTensor.rounded) : values
      }
      let (before, after) = (try base.write("base", in: folder), try tuned.write("tuned", in: folder))
      for leaf in try BaseIdentity.compute(checkpoint: before).tensors {
        try check(leaf, rank: rank, before: before, after: after)
      }
    }
  }

  private func check(_ leaf: BaseIdentity.Leaf, rank: Int, before: Checkpoint, after: Checkpoint) throws {
    let bits = leaf.statistics.fractionBits
    let drift = try DriftSource(base: before, tuned: after, name: leaf.name, fractionBits: bits).matrix()
    let (left, right) = try LowRank.approximate(drift, rank: rank)
    // At least one unit for each entry: what a policy can say of such weights.
    let unit = Double(leaf.matrixShape.rows * leaf.matrixShape.columns).squareRoot()
    let best = LowRank.residualNorm(drift, left: left, right: right)
    let norm = max(unit, best) * Double(sign: .plus, exponent: -bits, significand: 1)
    let form = ClauseForm.sum(rank: rank, sparse: nil, residual: .absolute(try Decimal10("\(norm / 0.9)")))
    let builder = TensorClaimBuilder(leaf: leaf, clauses: [form], hasTotal: false, rules: .revised)
    let clause = try #require(try builder.claim(baseIndex: 0, tunedIndex: 0, rule: 0).tensor.clauses.first)
    let what: Comment = "\(leaf.name) of \(leaf.dtype), rank \(rank), scale \(clause.scale), residual \(norm)"
    guard case .fits(let found?, _) = try ClauseFitter(drift: drift, fractionBits: bits).fit(clause) else {
      Issue.record(what)
      return
    }
    let (rows, columns) = leaf.matrixShape
    var square: UInt128 = 0
    for index in 0..<drift.count {
      let (row, column) = index.quotientAndRemainder(dividingBy: columns)
      var entry = drift[index] << Int64(clause.scale)
      for k in 0..<rank { entry -= Int64(found.left[row * rank + k]) * Int64(found.right[column * rank + k]) }
      square += SquareSum.square(entry)
    }
    let limit = UInt128(Limits.maximumHonestSquare)
    #expect(square << UInt128(PrecisionRule.logNeighbours(rows: rows, columns: columns)) <= limit, what)
    let padded = TableauLayout.paddedLogs(rows: rows, columns: columns)
    for (side, log) in [(found.left, padded.rows), (found.right, padded.columns)] {
      let neighbours = max(0, Limits.logChunk - log - ceilLog2(rank))
      let sum = side.reduce(UInt128(0)) { $0 + SquareSum.square(Int64($1)) }
      #expect(sum << UInt128(neighbours) <= limit, what)
    }
  }
}

/// Drifts that obey their policy, and that the original rules could not prove.
@Suite struct OnceRefusedTests {
  @Test func sixteenSmallTensorsNearTheirResiduals() throws {
    let folder = try TemporaryFolder()
    var random = SeededGenerator(seed: 12)
    var base = TestModel()
    for index in 0..<16 { base.tensors["w\(index)"] = TestTensor([32, 32], random: &random) }
    var tuned = base
    for index in 0..<16 {
      tuned.tensors["w\(index)"]?.addLowRank(2, scale: 0.05, random: &random)
      // ‖noise‖ is about 32·a/√3.
      let values = (tuned.tensors["w\(index)"]?.values ?? []).map { $0 + 0.0355 * random.signed() }
      tuned.tensors["w\(index)"]?.values = values
    }
    let policy = try testPolicy([("*", #"{"rank": 2, "residual": {"absolute": 1}}"#)])
    let (before, after) = (try base.write("base", in: folder), try tuned.write("tuned", in: folder))
    let result = try DriftProver.prove(
      base: before, tuned: after, policy: policy, openingPath: folder.file("opening"))
    let identity = try BaseIdentity.compute(checkpoint: before)
    let report = try CertificateVerifier.verify(certificate: result.certificate, identity: identity, policy: policy)
    #expect(report.tensors.rank == 16)
  }

  /// Full ranks need no search for factors, but these must leave room for others in their chunk.
  @Test func smallTensorsOfFullRank() throws {
    let folder = try TemporaryFolder()
    var random = SeededGenerator(seed: 13)
    var base = TestModel()
    for index in 0..<40 { base.tensors["w\(index)"] = TestTensor([8, 8], random: &random) }
    var tuned = base
    for index in 0..<40 {
      let values = (tuned.tensors["w\(index)"]?.values ?? []).map { $0 + 0.02 * random.signed() }
      tuned.tensors["w\(index)"]?.values = values
    }
    let policy = try testPolicy([("*", #"{"rank": 8, "residual": {"absolute": 0.004}}"#)])
    let (before, after) = (try base.write("base", in: folder), try tuned.write("tuned", in: folder))
    let result = try DriftProver.prove(
      base: before, tuned: after, policy: policy, openingPath: folder.file("opening"))
    #expect(result.verification.tensors.rank == 40)
  }

  @Test func adapterOfTilesNarrowerThanItsRows() throws {
    var random = SeededGenerator(seed: 14)
    let folder = try TemporaryFolder()
    var base = TestModel()
    base.tensors["q.weight"] = TestTensor([96, 1025], random: &random)
    var adapter = TestAdapter()
    adapter.config["r"] = "32"
    adapter.config["target_modules"] = "[\"q\"]"
    adapter.add("q", shape: [96, 1025], rank: 32, random: &random)
    let policy = try testPolicy([("*", #"[{"rank": 32}, {"norm": {"relative": 0.9}}]"#)])
    let before = try base.write("base", in: folder)
    let identity = try BaseIdentity.compute(checkpoint: before)
    let request = DriftProver.Request(
      adapter: try adapter.open("adapter", in: folder), base: before, policy: policy,
      openingPath: folder.file("opening"))
    let result = try DriftProver.prove(request)
    let report = try CertificateVerifier.verify(certificate: result.certificate, identity: identity, policy: policy)
    #expect(report.adapter != nil)
  }
}
