// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofCertificate
@testable import DriftProofDrift
@testable import DriftProofProving
@testable import DriftProofStatement
import DriftProofArgument
import DriftProofCheckpoint
@testable import DriftProofPolicy
import Foundation
import TestSupport
import Testing

/// Clauses for each head of a tensor: what is derived from them, what is read, and what is proved.
@Suite struct HeadsTests {
  let folder: TemporaryFolder
  var base = TestModel()
  var tuned = TestModel()

  init() throws {
    folder = try TemporaryFolder()
    var random = SeededGenerator(seed: 11)
    base.tensors["q"] = TestTensor([32, 24], random: &random)
    base.tensors["o"] = TestTensor([24, 32], random: &random)
    base.tensors["bias"] = TestTensor([32], random: &random)
    base.tensors["other"] = TestTensor([10, 6], random: &random)
    base.tensors["none"] = TestTensor([0, 4], random: &random)
    base.counter = ("steps", 1)
    // Multiples of 2^-10, so that adding such multiples is exact.
    for name in base.tensors.keys {
      let values = base.tensors[name]?.values ?? []
      base.tensors[name]?.values = values.map { ($0 * 1024).rounded() / 1024 }
    }
    tuned = base
    // Rank 1 in every head of eight, of rank 4 as a whole.
    for head in 0..<4 {
      for row in 0..<8 {
        for column in 0..<24 {
          tuned.tensors["q"]?.values[(head * 8 + row) * 24 + column] +=
            Float(row + 1) * Float((head * 7 + column * 5) % 11) / 1024
          tuned.tensors["o"]?.values[column * 32 + head * 8 + row] -=
            Float(row + 1) * Float((head * 7 + column * 5) % 11) / 1024
        }
      }
    }
    for index in 0..<32 { tuned.tensors["bias"]?.values[index] += index < 16 ? 0.125 : 0.0625 }
  }

  private static func rule(_ pattern: String, _ axis: String, _ size: Int, _ allow: String) -> String {
    "{\"tensors\": \"\(pattern)\", \"heads\": {\"of\": \"\(axis)\", \"size\": \(size)}, \"allow\": \(allow)}"
  }

  private static func policy(_ rules: [String], total: String = "") throws -> Policy {
    try StatementFixture.policy((rules + [StatementFixture.frozenRest]).joined(separator: ","), total: total)
  }

  private static let exact = #"{"rank": 1}"#

  /// Every kind of head, each of them as tight as the drift allows.
  private static func fitting(_ q: String = exact, bias: Double = 0.5, total: Double = 3) throws -> Policy {
    try policy(
      [
        rule("q", "rows", 8, q),
        rule("o", "columns", 8, #"[{"rank": 1, "residual": {"absolute": 0.001}}, {"norm": {"absolute": 1.5}}]"#),
        rule("bias", "columns", 16, #"{"norm": {"absolute": \#(bias)}}"#),
      ], total: #", "total": {"norm": {"absolute": \#(total)}}"#)
  }

  private func pair() throws -> (base: Checkpoint, tuned: Checkpoint) {
    (try base.write("base", in: folder), try tuned.write("tuned", in: folder))
  }

  private func derive(_ checkpoint: Checkpoint, _ policy: Policy) throws -> DerivedStatement {
    try DerivedStatement.derive(
      identity: try BaseIdentity.compute(checkpoint: checkpoint), tuned: checkpoint.manifestTensors, policy: policy)
  }

  private func gaps(_ checkpoint: Checkpoint, _ rule: String) -> [CoverageGap]? {
    do {
      _ = try derive(checkpoint, try Self.policy([rule]))
    } catch StatementError.coverageGap(let gaps) {
      return gaps
    } catch {
      Issue.record("\(error)")
    }
    return nil
  }

  // MARK: Derivation

  @Test func headsCoverTheTensorAndHaveNamesOfTheirOwn() throws {
    let derived = try derive(try pair().base, try Self.fitting())
    #expect(
      derived.tensors.map(\.name) == [
        "bias[columns 0-15]", "bias[columns 16-31]", "o[columns 0-7]", "o[columns 8-15]", "o[columns 16-23]",
        "o[columns 24-31]", "q[rows 0-7]", "q[rows 8-15]", "q[rows 16-23]", "q[rows 24-31]",
      ])
    for name in ["bias", "o", "q"] {
      let own = derived.tensors.filter { $0.block?.tensor == name }
      let coverage = try #require(derived.coverage.first { $0.name == name })
      #expect(own.reduce(0) { $0 + $1.rows * $1.columns } == coverage.entryCount)
      #expect(own.map { $0.block?.index } == Array(own.indices))
      #expect(coverage.hasByteDigest)
    }
    // Reports count checkpoint tensors, not heads.
    #expect(derived.coverage.map(\.name) == ["bias", "none", "o", "other", "q", "steps"])
    #expect(derived.count(.norm) == 1 && derived.count(.rank) == 1 && derived.count(.composed) == 1)
    #expect(PrecisionSummary(derived).tensorsByFractionBits.reduce(0) { $0 + $1.tensors } == 3)
    // The total holds for all of them.
    #expect(derived.tensors.allSatisfy(\.isPlain) && derived.totalBound != nil)
    #expect(derived.claims.map(\.rule) == [2, 2, 1, 1, 1, 1, 0, 0, 0, 0])
  }

  @Test func oneHeadHasTheBoundsOfAWholeTensor() throws {
    let base = try pair().base
    let whole = try Self.policy([StatementFixture.rule("q", #"{"norm": {"absolute": 0.25}}"#)])
    let cut = try Self.policy([Self.rule("q", "rows", 32, #"{"norm": {"absolute": 0.25}}"#)])
    let (a, b) = (try derive(base, whole).tensors[0], try derive(base, cut).tensors[0])
    #expect(a.plainBound == b.plainBound && a.fractionBits == b.fractionBits)
    #expect((a.rows, a.columns) == (b.rows, b.columns))
    #expect(b.name == "q[rows 0-31]")
  }

  @Test func tensorsWithoutEntriesHaveNoHeads() throws {
    let derived = try derive(try pair().base, try Self.policy([Self.rule("none", "rows", 3, Self.exact)]))
    #expect(derived.isEmpty && derived.count(.frozen) == 6)
  }

  @Test func rejects_headsDoNotFit_when_aRestRemains() throws {
    let base = try pair().base
    #expect(
      gaps(base, Self.rule("q", "rows", 5, Self.exact)) == [
        .headsDoNotFit(tensor: "q", axis: "rows", length: 32, size: 5, rule: 0)
      ])
    #expect(
      gaps(base, Self.rule("o", "columns", 64, Self.exact)) == [
        .headsDoNotFit(tensor: "o", axis: "columns", length: 32, size: 64, rule: 0)
      ])
    // A vector is one row.
    #expect(
      gaps(base, Self.rule("bias", "rows", 16, Self.exact)) == [
        .headsDoNotFit(tensor: "bias", axis: "rows", length: 1, size: 16, rule: 0)
      ])
  }

  @Test func rejects_notCertifiable_when_headsAreOfACounter() throws {
    #expect(
      gaps(try pair().base, Self.rule("steps", "rows", 1, Self.exact)) == [
        .notCertifiable(tensor: "steps", dataType: "I64", rule: 0)
      ])
  }

  @Test func rejects_headNameTaken_when_aTensorHasIt() throws {
    var model = base
    model.tensors["q[rows 8-15]"] = model.tensors["other"]
    let checkpoint = try model.write("taken", in: folder)
    #expect(
      gaps(checkpoint, Self.rule("q", "rows", 8, Self.exact)) == [.headNameTaken(tensor: "q", name: "q[rows 8-15]")])
    #expect(throws: Never.self) { try derive(checkpoint, try Self.policy([Self.rule("q", "rows", 4, Self.exact)])) }
  }

  @Test func rejects_tooManyHeads() throws {
    var random = SeededGenerator(seed: 5)
    var model = TestModel()
    model.tensors["long"] = TestTensor([StatementLimits.maximumHeads + 1, 1], random: &random)
    let checkpoint = try model.write("long", in: folder)
    let policy = try StatementFixture.policy(Self.rule("long", "rows", 1, Self.exact))
    let error = #expect(throws: StatementError.self) { try derive(checkpoint, policy) }
    #expect(error?.exitCode == 1)
    #expect(error?.asDriftProofError.description.contains("are too many") ?? false)
    let leaf = try BaseIdentity.compute(checkpoint: checkpoint).tensors[0]
    let half = HeadSplit(axis: .rows, size: StatementLimits.maximumHeads + 1)
    #expect(throws: Never.self) {
      try StatementLimits.check(heads: half, of: leaf, after: StatementLimits.maximumHeads - 1)
    }
    #expect(throws: StatementError.self) {
      try StatementLimits.check(heads: half, of: leaf, after: StatementLimits.maximumHeads)
    }
  }

  // MARK: Reading

  @Test func headsReadTheirPartOfTheDrift() throws {
    let (before, after) = try pair()
    for tensor in try derive(before, try Self.fitting()).tensors {
      let block = try #require(tensor.block)
      let whole = try DriftSource(base: before, tuned: after, name: block.tensor, fractionBits: tensor.fractionBits)
      let part = try DriftSource(
        base: before, tuned: after, name: tensor.name, fractionBits: tensor.fractionBits, block: block)
      let (all, own) = (try whole.matrix(), try part.matrix())
      #expect((own.rows, own.columns) == (tensor.rows, tensor.columns))
      var expected: [Int64] = []
      for row in block.rows { for column in block.columns { expected.append(all[row * whole.columns + column]) } }
      #expect((0..<own.count).map { own[$0] } == expected)
      #expect(expected.contains { $0 != 0 })
      // Ranges that begin and end inside a row.
      var middle: [Int64] = []
      try part.read(3..<own.count - 2, into: &middle)
      #expect(middle == Array(expected[3..<own.count - 2]))
    }
  }

  @Test func rejectsABlockOutsideTheTensor() throws {
    let (before, after) = try pair()
    let block = TensorBlock(tensor: "q", axis: .rows, rows: 24..<40, columns: 0..<24, index: 3)
    #expect(throws: DriftProofError.coverageGap([.reshaped(tensor: "q", base: [32, 24], tuned: [32, 24])])) {
      try DriftSource(base: before, tuned: after, name: "q[rows 24-39]", fractionBits: 20, block: block)
    }
  }

  // MARK: Proofs

  @Test func provesVerifiesAndChecks() throws {
    let (before, after) = try pair()
    let policy = try Self.fitting()
    let opening = folder.file("opening.secret")
    let result = try DriftProver.prove(base: before, tuned: after, policy: policy, openingPath: opening)
    let identity = try BaseIdentity.compute(checkpoint: before)
    let report = try CertificateVerifier.verify(certificate: result.certificate, identity: identity, policy: policy)
    #expect(report.tensors.norm == 1 && report.tensors.rank == 1 && report.tensors.composed == 1)
    #expect(report.certifiedParameters == 32 + 2 * 32 * 24)
    // `check` reads the policy from the certificate: its canonical bytes hold the heads.
    #expect(throws: Never.self) {
      try CertificateChecker.check(
        certificate: result.certificate, base: before, tuned: after, openingPath: opening)
    }
    #expect(try CanonicalPolicyReader.policy(policy.canonicalBytes()) == policy)
    // Under the same clauses without heads the drift has rank 4, and is refused.
    let whole = try Self.policy([StatementFixture.rule("q", Self.exact), StatementFixture.rule("{o,bias}", #""any""#)])
    let refusal = #expect(throws: DriftProofError.self) {
      try DriftProver.prove(base: before, tuned: after, policy: whole, openingPath: folder.file("whole.secret"))
    }
    #expect(refusal?.exitCode == 10)
  }

  @Test func canonicalBytesRejectABadAxis() throws {
    var bytes = try Self.policy([Self.rule("q", "rows", 7, Self.exact)]).canonicalBytes()
    let tag = try #require(bytes.indices.first { Array(bytes[$0...].prefix(6)) == [3, 0, 7, 0, 0, 0] })
    bytes[tag + 1] = 3
    #expect(throws: CanonicalPolicyError.badFlag(section: "the policy", found: 3)) {
      try CanonicalPolicyReader.policy(bytes)
    }
  }

  /// ‖Δ‖ is 0.5 in the first head of the bias and 0.25 in the second, about 0.4 in every head of q, about 1 in all.
  /// Each policy is met everywhere but in the named place: one head too large, all rows of a head changed, a total that
  /// no head exceeds by itself.
  private static let forced: [(rules: [String], total: String)] = [
    ([rule("bias", "columns", 16, #"{"norm": {"absolute": 0.49}}"#)], ""),
    ([rule("q", "rows", 8, #"{"rows": 3}"#)], ""),
    (
      [
        rule("q", "rows", 8, #"{"norm": {"absolute": 0.7}}"#),
        rule("bias", "columns", 16, #"{"norm": {"absolute": 0.7}}"#),
      ], #", "total": {"norm": {"absolute": 0.8}}"#
    ),
  ]

  @Test(arguments: forced)
  func forcedDriftsAreRejected(_ rules: [String], _ total: String) throws {
    _ = try pair()
    let policy = try StatementFixture.policy(
      (rules + [StatementFixture.rule("*", #""any""#)]).joined(separator: ","), total: total)
    try ForcedDriftTests.expectStopped(
      base: folder.file("base.safetensors"), tuned: folder.file("tuned.safetensors"), policy: policy)
  }

  @Test func violationsNameTheHead() throws {
    let (before, after) = try pair()
    let error = #expect(throws: DriftProofError.self) {
      try DriftProver.prove(
        base: before, tuned: after, policy: try Self.fitting(bias: 0.49), openingPath: folder.file("o.secret"))
    }
    guard case .policyViolated(let lines)? = error else { return }
    #expect(lines.count == 1 && lines[0].hasPrefix("tensor bias[columns 0-15]: "), "\(lines)")
  }

  /// Heads of the real pair: one rank less than its update has, and rows of a bound that rounding exceeds.
  @Test(arguments: [
    rule("fc.1.weight", "rows", 64, #"{"rank": 7, "residual": {"absolute": 0.03}}"#),
    rule("fc.1.weight", "columns", 128, #"{"rank": 8, "residual": {"absolute": 0.01}}"#),
  ])
  func shippedPairUnderTooNarrowHeads(_ rule: String) throws {
    let policy = try Self.policy([rule, StatementFixture.rule("*.weight", #""any""#)])
    try ForcedDriftTests.expectStopped(
      base: ForcedDriftTests.example + "/base", tuned: ForcedDriftTests.example + "/tuned", policy: policy)
  }

  /// A prover that commits to the heads in another order proves a drift that is not the checkpoint's: no verifier
  /// without weights can tell, a holder of the weights does.
  @Test func exchangedHeadsFailTheCheck() throws {
    let (before, after) = try pair()
    let policy = try Self.policy([Self.rule("q", "rows", 8, Self.exact), StatementFixture.rule("{o,bias}", #""any""#)])
    let derived = try derive(before, policy)
    var claims = derived.claims
    for (to, from) in [(0, 1), (1, 0)] {
      var tensor = claims[to].tensor
      tensor.block = derived.tensors[from].block
      claims[to] = TensorClaim(
        tensor: tensor, baseIndex: claims[to].baseIndex, tunedIndex: claims[to].tunedIndex, rule: claims[to].rule,
        normBounds: claims[to].normBounds, forms: claims[to].forms)
    }
    let exchanged = DerivedStatement(claims: claims, totalBound: nil, coverage: derived.coverage)
    let code = try CodeSelection.choose(tensors: exchanged.tensors)
    let secret = [UInt8](repeating: 9, count: 32)
    let committed = try DriftCommitment(
      derived: exchanged, code: code, base: before, tuned: after, secret: secret, phase: { _ in })
    let honest = try DriftCommitment(
      derived: derived, code: code, base: before, tuned: after, secret: secret, phase: { _ in })
    #expect(committed.manifest == honest.manifest)
    #expect(committed.driftRoot != honest.driftRoot)
    let identity = try BaseIdentity.compute(checkpoint: before)
    let certificate = Certificate(
      baseRoot: identity.root, policy: policy, manifest: committed.manifest, driftRoot: committed.driftRoot,
      driftPins: committed.driftPins, proof: [])
    let opening = OpeningFile(
      secret: secret, tunedCommitment: certificate.tunedCommitment, budget: code.driftTail)
    #expect(
      throws: DriftProofError.identityMismatch(
        .checkpoint("the drift between the two checkpoints is not the one that the certificate commits to"))
    ) {
      try CertificateChecker.check(
        certificate: certificate.bytes, model: .checkpoint(after, base: before), opening: opening)
    }
  }

  /// One commitment has one reading: rows committed as heads of rows are no heads of columns, nor a whole tensor.
  @Test func rejects_layoutDigest_when_aCommitmentIsReadWithOtherHeads() throws {
    var random = SeededGenerator(seed: 3)
    var model = TestModel()
    model.tensors["w"] = TestTensor([16, 16], random: &random)
    let checkpoint = try model.write("square", in: folder)
    let identity = try BaseIdentity.compute(checkpoint: checkpoint)
    let allow = #"{"norm": {"absolute": 1}}"#
    let rules = [
      Self.rule("w", "rows", 8, allow), Self.rule("w", "columns", 8, allow), Self.rule("w", "rows", 16, allow),
      Self.rule("w", "columns", 16, allow), StatementFixture.rule("w", allow),
    ]
    for committedRule in rules {
      let committedPolicy = try StatementFixture.policy(committedRule)
      let derived = try derive(checkpoint, committedPolicy)
      let code = try CodeSelection.choose(tensors: derived.tensors)
      let committed = try DriftCommitment(
        derived: derived, code: code, base: checkpoint, tuned: checkpoint, secret: [UInt8](repeating: 1, count: 32),
        phase: { _ in })
      for rule in rules where rule != committedRule {
        let policy = try StatementFixture.policy(rule)
        let certificate = Certificate(
          baseRoot: identity.root, policy: policy, manifest: committed.manifest, driftRoot: committed.driftRoot,
          driftPins: committed.driftPins, proof: [])
        #expect(throws: DriftProofError.proofInvalid(.layoutDigest)) {
          try CertificateVerifier.verify(certificate: certificate.bytes, identity: identity, policy: policy)
        }
      }
    }
  }
}
