// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAdapter
@testable import DriftProofCalibration
@testable import DriftProofInspection
import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofPolicy
import DriftProofProving
import TestSupport
import Testing

/// Kronecker products and patterns: seen in honest fine-tunes, written into policies, and proved of the runs.
@Suite struct CalibrationFormTests {
  private let folder: TemporaryFolder
  private var random = SeededGenerator(seed: 77)
  private var base = TestModel()

  /// 96 = 8·12 and 64 = 8·8, so that LoKr's blocks of `kron` are 12 × 8; of `cut` 16 × 8; 4-neighbours in `sparse`.
  init() throws {
    folder = try TemporaryFolder()
    for (name, shape) in [("cut.weight", [128, 64]), ("kron.weight", [96, 64]), ("sparse.weight", [48, 96])] {
      base.tensors[name] = TestTensor(shape, isHalf: true, random: &random)
    }
    // A pruned tensor: half of its weights are zero.
    var pruned = TestTensor([80, 200], isHalf: true, random: &random)
    for index in pruned.values.indices where index % 4 < 2 { pruned.values[index] = 0 }
    base.tensors["pruned.weight"] = pruned
  }

  /// Adds scale·(A ⊗ B) with blocks of rows × columns, and rounds.
  private mutating func multiply(
    _ name: String, _ rows: Int, _ columns: Int, terms: Int = 1, scale: Float, in model: inout TestModel
  ) {
    guard var tensor = model.tensors[name] else { return }
    let width = tensor.shape[1]
    for _ in 0..<terms {
      let outer = (0..<tensor.values.count / (rows * columns)).map { _ in random.signed() }
      let inner = (0..<rows * columns).map { _ in random.signed() }
      for index in tensor.values.indices {
        let (row, column) = (index / width, index % width)
        tensor.values[index] +=
          scale * outer[row / rows * (width / columns) + column / columns]
          * inner[row % rows * columns + column % columns]
      }
    }
    tensor.values = tensor.values.map(TestTensor.rounded)
    model.tensors[name] = tensor
  }

  private mutating func run(scale: Float = 0.3, terms: Int = 1) -> TestModel {
    var result = base
    multiply("cut.weight", 16, 8, terms: terms, scale: scale, in: &result)
    multiply("kron.weight", 12, 8, scale: scale, in: &result)
    // Two of four neighbours, which ones by chance.
    for index in stride(from: 0, to: 48 * 96, by: 4) {
      for place in [0, 1, 2, 3].shuffled(using: &random).prefix(2) {
        result.tensors["sparse.weight"]?.values[index + place] += scale * (0.2 + abs(random.signed()))
      }
    }
    for index in 0..<80 * 200 where index % 4 >= 2 {
      result.tensors["pruned.weight"]?.values[index] += 0.3 * scale * random.signed()
    }
    return result
  }

  @Test mutating func inspectionNamesThem() throws {
    let inspection = try CheckpointInspection.inspect(
      base: base.write("base", in: folder), tuned: run(terms: 2).write("tuned", in: folder))
    func drift(_ name: String) throws -> DriftMeasure {
      try #require(inspection.tensors.first { $0.name == name }?.drift)
    }
    let cut = try #require(try drift("cut.weight").kronecker)
    #expect(cut.terms == 2 && cut.rows == 16 && cut.columns == 8 && cut.isExpressible)
    let size = try drift("cut.weight").norm
    #expect(cut.residual > 0 && cut.residual < 0.02 * size)
    #expect(cut.largestResidual > 0 && cut.largestResidual < 0.02)
    let other = try #require(try drift("kron.weight").kronecker)
    #expect(other.terms == 1 && other.rows == 12 && other.columns == 8 && !other.isExpressible)
    let sparse = try drift("sparse.weight")
    #expect(sparse.kronecker == nil && sparse.pattern?.text == "2:4")
    let zeros = try #require(try drift("pruned.weight").zeros)
    #expect(zeros.refilled == 0 && zeros.base >= 80 * 100)
    #expect(try drift("cut.weight").zeros?.base ?? 0 < 10)
  }

  /// A low rank that has fewer numbers of its own is no news as a Kronecker product.
  @Test mutating func lowRanksStayLowRanks() throws {
    var tuned = base
    tuned.tensors["cut.weight"]?.addLowRank(1, scale: 0.3, random: &random)
    let inspection = try CheckpointInspection.inspect(
      base: base.write("base", in: folder), tuned: tuned.write("tuned", in: folder))
    let drift = try #require(inspection.tensors.first { $0.name == "cut.weight" }?.drift)
    #expect(drift.kronecker == nil && drift.lowRank?.rank == 1)
  }

  @Test mutating func policiesOfMergedRuns() throws {
    let tuned = [run(), run(scale: 0.2)]
    let checkpoint = try base.write("base", in: folder)
    var runs: [(path: String, checkpoint: Checkpoint)] = []
    for (index, run) in tuned.enumerated() { runs.append(("run\(index)", try run.write("run\(index)", in: folder))) }
    let calibration = try Calibration.calibrate(base: checkpoint, runs: runs)
    let forms = Dictionary(
      calibration.groups.map { ($0.patterns.first ?? "", $0.form) }, uniquingKeysWith: { first, _ in first })
    #expect(forms["cut.weight"] == .kronecker(terms: 1, rows: 16, columns: 8))
    #expect(forms["sparse.weight"] == .pattern(count: 2, group: 4))
    // Blocks of 12 × 8 have no clause.
    #expect(forms["kron.weight"] == .norm)
    // The runs are certified, and what has another form of the same size is not.
    func prove(_ model: TestModel) throws {
      _ = try DriftProver.prove(
        base: checkpoint, tuned: model.write("proved", in: folder), policy: calibration.policy,
        openingPath: folder.file("opening-\(UInt64.random(in: 0...(.max)))"))
    }
    try prove(tuned[0])
    var dense = tuned[1]
    for index in dense.tensors["sparse.weight"]?.values.indices ?? 0..<0 {
      dense.tensors["sparse.weight"]?.values[index] = TestTensor.rounded(
        (base.tensors["sparse.weight"]?.values[index] ?? 0) + 0.05 * random.signed())
    }
    var more = tuned[1]
    multiply("cut.weight", 16, 8, scale: 0.1, in: &more)
    for wrong in [dense, more] {
      let error = #expect(throws: DriftProofError.self) { try prove(wrong) }
      #expect(error?.exitCode == 10)
    }
  }

  /// Zeros of a base that is committed to, where all runs keep them.
  @Test mutating func zerosStayZero() throws {
    let checkpoint = try base.write("base", in: folder)
    var model = run()
    for name in ["cut.weight", "kron.weight", "sparse.weight"] { model.tensors[name] = base.tensors[name] }
    let tuned = try model.write("tuned", in: folder)
    var options = Calibration.Options()
    #expect(
      try Calibration.calibrate(base: checkpoint, runs: [("run", tuned)]).policy.rules[0].allowance.forms?
        .contains(.pattern(.base)) == false)
    options.identity = try BaseTableau.link(BaseIdentity.compute(checkpoint: checkpoint), base: checkpoint)
    let calibration = try Calibration.calibrate(base: checkpoint, runs: [("run", tuned)], options: options)
    #expect(calibration.policy.rules[0].allowance.forms?.contains(.pattern(.base)) == true)
    // One weight back from zero, in every other respect an honest run.
    model.tensors["pruned.weight"]?.values[4] = 0.01
    let refilled = try Calibration.calibrate(
      base: checkpoint, runs: [("run", model.write("other", in: folder))], options: options)
    #expect(refilled.policy.rules[0].allowance.forms?.contains(.pattern(.base)) == false)
  }

  /// Unmerged LoKr adapters with blocks of one size.
  @Test func policiesOfAdapters() throws {
    var fixture = try AdapterFixture()
    func adapter(_ scale: Double) -> TestAdapter {
      var result = TestAdapter.lokr()
      result.add("model.layers.0.q", parts: [.w1: [6, 5], .w2: [8, 8]], scale: scale, random: &fixture.random)
      result.add("model.layers.0.v", parts: [.w1: [4, 8], .w2: [8, 8]], scale: scale, random: &fixture.random)
      return result
    }
    let adapters = [adapter(0.1), adapter(0.07)]
    let calibration = try Calibration.calibrate(
      base: fixture.base(),
      models: [
        ("one", .adapter(adapters[0].open("one", in: fixture.folder))),
        ("two", .adapter(adapters[1].open("two", in: fixture.folder))),
      ])
    #expect(calibration.groups.allSatisfy { $0.form == .kroneckerProduct(rows: 8, columns: 8) })
    #expect(calibration.groups.count == 2)
    let proof = try fixture.prove(calibration.policy, adapter: adapters[0])
    #expect(proof.result.verification.adapter?.kroneckerModules == 2)
    guard case .policyViolated = fixture.refusal(calibration.policy, adapter: adapter(0.4)) else {
      Issue.record("a product of 30 times the size")
      return
    }
  }
}
