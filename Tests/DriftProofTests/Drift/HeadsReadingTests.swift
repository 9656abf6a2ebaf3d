// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofCalibration
@testable import DriftProofCertificate
@testable import DriftProofDrift
@testable import DriftProofProving
@testable import DriftProofStatement
import DriftProofArgument
import DriftProofCheckpoint
import DriftProofPolicy
import DriftProofField
import DriftProofKernels
import TestSupport
import Testing

/// Wherever weights are read, a head is read as if it were a tensor of its own.
@Suite struct HeadsReadingTests {
  private let folder: TemporaryFolder
  private let base: Checkpoint
  private let tuned: Checkpoint
  /// The same weights, each head a tensor of its own with the head's name.
  private let parts: (base: Checkpoint, tuned: Checkpoint)
  private let policy: Policy

  private static let heads: [(name: String, axis: String, size: Int, allow: String)] = [
    // Rows of a head are longer than what is read at once.
    ("long", "columns", 35_000, #"{"norm": {"absolute": 100}}"#),
    ("o", "columns", 16, #"{"norm": {"absolute": 100}}"#),
    ("q", "rows", 8, #"{"norm": {"absolute": 100}}"#),
    ("r", "rows", 16, #"{"rank": 1, "residual": {"absolute": 0.001}}"#),
    ("same", "rows", 4, #"{"norm": {"absolute": 100}}"#),
    // Slices of odd sizes: behind one dimension, and behind two.
    ("x", "slices", 1, #"[{"norm": {"absolute": 100}}, {"rank": 20, "residual": {"absolute": 50}}]"#),
    ("y", "slices", 2, #"{"norm": {"absolute": 100}}"#),
  ]

  init() throws {
    folder = try TemporaryFolder()
    var random = SeededGenerator(seed: 21)
    var before = TestModel()
    before.tensors["long"] = TestTensor([3, 70_000], isHalf: true, random: &random)
    before.tensors["o"] = TestTensor([24, 96], isHalf: true, random: &random)
    before.tensors["q"] = TestTensor([96, 24], random: &random)
    before.tensors["r"] = TestTensor([32, 20], random: &random)
    before.tensors["same"] = TestTensor([8, 6], random: &random)
    before.tensors["x"] = TestTensor([3, 21, 11, 3], isHalf: true, random: &random)
    before.tensors["y"] = TestTensor([2, 3, 5, 7], random: &random)
    var after = before
    for name in ["long", "o", "q", "x", "y"] {
      let isHalf = before.tensors[name]?.isHalf == true
      let values = (before.tensors[name]?.values ?? []).enumerated().map { index, value in
        index % 7 == 3 ? value + 0.25 * random.signed() : value
      }
      after.tensors[name]?.values = isHalf ? values.map(TestTensor.rounded) : values
    }
    after.tensors["r"]?.addLowRank(1, scale: 0.1, random: &random)
    base = try before.write("base", in: folder)
    tuned = try after.write("tuned", in: folder)
    policy = try Self.makePolicy()
    let derived = try DerivedStatement.derive(
      identity: try BaseIdentity.compute(checkpoint: base), tuned: tuned.manifestTensors, policy: policy)
    parts = (
      try Self.split(before, derived.tensors).write("base-parts", in: folder),
      try Self.split(after, derived.tensors).write("tuned-parts", in: folder)
    )
  }

  private static func makePolicy() throws -> Policy {
    try testPolicy(
      heads.map { head in
        let key = head.axis == "slices" ? "axes" : "size"
        return (head.name, "\(head.allow), \"heads\": {\"of\": \"\(head.axis)\", \"\(key)\": \(head.size)}")
      })
  }

  private static func split(_ model: TestModel, _ heads: [TableauTensor]) throws -> TestModel {
    var parts = TestModel()
    for head in heads {
      let block = try #require(head.block)
      var part = try #require(model.tensors[block.tensor])
      let (all, width) = (part.values, block.axis == .slices ? head.columns : part.shape[1])
      part.shape = [head.rows, head.columns]
      part.values = block.rows.flatMap { row in block.columns.map { all[row * width + $0] } }
      parts.tensors[head.name] = part
    }
    return parts
  }

  private func drift(ofPart tensor: TableauTensor) throws -> [Int64] {
    let source = try DriftSource(
      base: parts.base, tuned: parts.tuned, name: tensor.name, fractionBits: tensor.fractionBits)
    var drift: [Int64] = []
    try source.read(0..<tensor.rows * tensor.columns, into: &drift)
    return drift
  }

  @Test(arguments: [false, true])
  func thePassFindsEveryHeadsSquares(_ hasIdentity: Bool) throws {
    let identity = try BaseIdentity.compute(checkpoint: base)
    let pass = try CheckpointPass.run(base: base, tuned: tuned, policy: policy, given: hasIdentity ? identity : nil)
    #expect(pass.identity == identity && pass.differences.isEmpty)
    #expect(Set(pass.tunedDigests.keys) == Set(Self.heads.map(\.name)))
    #expect(pass.drifts.count == 2 + 6 + 12 + 2 + 2 + 3 + 6)
    for (tensor, found) in zip(pass.derived.tensors, pass.drifts) {
      let drift = try drift(ofPart: tensor)
      #expect(found.fractionBits == tensor.fractionBits)
      #expect(found.sumOfSquares == drift.reduce(UInt128(0)) { $0 + UInt128($1.magnitude) * UInt128($1.magnitude) })
      #expect(drift.allSatisfy { $0.magnitude <= found.reach }, "\(tensor.name)")
      #expect((found.sumOfSquares == 0) == (tensor.block?.tensor == "same"))
    }
  }

  /// At 24 fractional bits some drift does not fit 32 bits; lengths that cut heads and lengths that hold several.
  @Test(arguments: [20, 24], [14, 17])
  func rowsAreThoseOfSeparateTensors(_ fractionBits: Int, _ logLength: Int) throws {
    let wide = try widened()
    var heads = try CheckpointPass.run(base: base, tuned: tuned, policy: policy).derived.tensors
    for index in heads.indices { heads[index].fractionBits = fractionBits }
    var separate = heads
    for index in separate.indices { separate[index].block = nil }
    let plan = TableauPlan(tensors: heads, logLength: logLength)
    let expected = try CheckpointRows(
      plan: plan, tensors: separate, base: parts.base, tuned: wide.part, room: RowRoom(whole: 0))
    for room in [RowRoom(whole: 0), RowRoom(whole: 0, packed: 1 << 30), RowRoom()] {
      let rows = try CheckpointRows(plan: plan, tensors: heads, base: base, tuned: wide.whole, room: room)
      for row in 0..<plan.rowCount {
        #expect(
          Self.elements(try rows.message(row), plan.length) == Self.elements(try expected.message(row), plan.length))
      }
    }
    for (head, part) in zip(heads, separate) {
      let own = try DriftSource(
        base: base, tuned: wide.whole, name: head.name, fractionBits: fractionBits, block: head.block)
      let alone = try DriftSource(base: parts.base, tuned: wide.part, name: part.name, fractionBits: fractionBits)
      #expect(try own.measure() == alone.measure())
      let (matrix, other) = (try own.matrix(), try alone.matrix())
      #expect((0..<matrix.count).allSatisfy { matrix[$0] == other[$0] })
    }
  }

  /// The tuned models with one weight of q changed to 1000, whose integer fits 32 bits at 20 fractional bits.
  private func widened() throws -> (whole: Checkpoint, part: Checkpoint) {
    var (whole, part) = (TestModel(), TestModel())
    for tensor in tuned.tensors { whole.tensors[tensor.name] = try Self.read(tuned, tensor) }
    for tensor in parts.tuned.tensors { part.tensors[tensor.name] = try Self.read(parts.tuned, tensor) }
    whole.tensors["q"]?.values[20 * 24 + 5] = 1000
    part.tensors["q[rows 16-23]"]?.values[4 * 24 + 5] = 1000
    return (try whole.write("whole-wide", in: folder), try part.write("part-wide", in: folder))
  }

  private static func read(_ checkpoint: Checkpoint, _ tensor: TensorInfo) throws -> TestTensor {
    var random = SeededGenerator(seed: 0)
    var copy = TestTensor(tensor.shape, isHalf: tensor.dtype == .bf16, random: &random)
    let bytes = try checkpoint.bytes(of: tensor, range: 0..<tensor.byteRange.count)
    let size = copy.isHalf ? 2 : 4
    copy.values = copy.values.indices.map { index in
      let word = (0..<size).reduce(UInt32(0)) { $0 | UInt32(bytes[index * size + $1]) << UInt32(8 * $1) }
      return Float(bitPattern: copy.isHalf ? word << 16 : word)
    }
    return copy
  }

  private static func elements(_ message: RowMessage, _ count: Int) -> [UInt64] {
    switch message {
    case .zero: [UInt64](repeating: 0, count: count)
    case .narrow(let values): values.map { Goldilocks(Int64($0)).value }
    case .field(let values): values
    }
  }

  /// What `--resume` keeps fits the statement with its heads.
  @Test func preparedRecordsOfHeadsAreReadBack() throws {
    let pass = try CheckpointPass.run(base: base, tuned: tuned, policy: policy)
    let measurement = try DriftMeasurer(base: base, tuned: tuned).measure(
      differences: pass.differences, tensors: pass.derived.tensors, squares: pass.drifts.map(\.sumOfSquares),
      totalBound: pass.derived.totalBound)
    #expect(measurement.factors.count == 2 + 3)
    let record = PreparedRecord(
      identity: pass.identity, tunedDigests: pass.tunedDigests, drifts: pass.drifts, measurement: measurement)
    let back = try PreparedRecord(record.bytes)
    #expect(back.fits(pass.derived.tensors))
    #expect(back.drifts == pass.drifts && back.measurement == measurement)
  }

  /// Found before the drift is committed, and named by the head and its own rows.
  @Test func aLargeNeighbourhoodOfAHeadIsRefusedEarly() throws {
    var random = SeededGenerator(seed: 8)
    var model = TestModel()
    model.tensors["w"] = TestTensor([2048, 1024], random: &random)
    // 64 chunks a head; the precision suits drifts of which no chunk holds more than a quarter.
    let old = try model.write("old", in: folder)
    for index in 0..<8 { model.tensors["w"]?.values[1024 * 1024 + index] = 13_700 }
    let new = try model.write("new", in: folder)
    let rule = #"{"norm": {"absolute": 39000}}, "heads": {"of": "rows", "size": 1024}"#
    let error = #expect(throws: DriftProofError.self) {
      _ = try DriftProver.prove(
        base: old, tuned: new, policy: try testPolicy([("w", rule)]), openingPath: folder.file("opening"))
    }
    #expect(error?.exitCode == 14, "\(String(describing: error))")
    #expect(error.map { "\($0)".contains("w[rows 1024-2047]") } == true, "\(String(describing: error))")
  }

  @Test func policiesWithHeadsAreWritten() throws {
    #expect(try Policy.parse(Array(PolicyText.render(policy).utf8)) == policy)
  }

  /// Forecasts count the second reading of tensors that have heads.
  @Test func headsAreForecast() throws {
    let whole = try testPolicy(Self.heads.map { ($0.name, $0.allow) })
    func model(_ policy: Policy) throws -> CostModel {
      let derived = try DerivedStatement.derive(
        identity: BaseIdentity.guess(of: base), tuned: tuned.manifestTensors, policy: policy)
      return CostModel(derived: derived, code: nil, base: base, tuned: tuned, hasIdentity: false)
    }
    let bytes = base.tensors.reduce(0) { $0 + $1.byteRange.count }
    #expect(try model(policy).comparedBytes == model(whole).comparedBytes + 2 * bytes)
  }
}
