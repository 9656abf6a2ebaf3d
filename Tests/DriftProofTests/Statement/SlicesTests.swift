// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofCertificate
@testable import DriftProofChain
@testable import DriftProofDrift
@testable import DriftProofProving
@testable import DriftProofStatement
import DriftProofArgument
import DriftProofCheckpoint
@testable import DriftProofPolicy
import Foundation
import TestSupport
import Testing

/// Clauses for each slice of a tensor of three and more dimensions, such as the experts of a fused weight.
@Suite struct SlicesTests {
  let folder: TemporaryFolder
  var base = TestModel()
  var tuned = TestModel()
  var random = SeededGenerator(seed: 31)

  /// `experts` of 4 × 12 × 20 in bf16 with a change of rank 1 in every expert; `odd` of 2 × 3 × 5 × 7.
  init() throws {
    folder = try TemporaryFolder()
    base.tensors["experts"] = TestTensor([4, 12, 20], isHalf: true, random: &random)
    base.tensors["odd"] = TestTensor([2, 3, 5, 7], random: &random)
    base.tensors["rest"] = TestTensor([6, 5], random: &random)
    tuned = base
    for expert in 0..<4 { addProduct(to: expert) }
    for index in 0..<210 { tuned.tensors["odd"]?.values[index] += 0.01 * random.signed() }
  }

  private mutating func addProduct(to expert: Int) {
    let (left, right) = ((0..<12).map { _ in random.signed() }, (0..<20).map { _ in random.signed() })
    for row in 0..<12 {
      for column in 0..<20 {
        let index = (expert * 12 + row) * 20 + column
        tuned.tensors["experts"]?.values[index] += 0.5 * left[row] * right[column]
      }
    }
  }

  private func pair() throws -> (base: Checkpoint, tuned: Checkpoint) {
    (try base.write("base", in: folder), try tuned.write("tuned", in: folder))
  }

  private static func rule(_ pattern: String, _ allow: String, axes: Int = 1) -> String {
    "{\"tensors\": \"\(pattern)\", \"heads\": {\"of\": \"slices\", \"axes\": \(axes)}, \"allow\": \(allow)}"
  }

  private static func policy(_ rules: [String], total: String = "") throws -> Policy {
    try StatementFixture.policy((rules + [StatementFixture.frozenRest]).joined(separator: ","), total: total)
  }

  private static let rankOne = #"{"rank": 1, "residual": {"absolute": 0.05}}"#
  private static let honest = Result {
    try policy([
      rule("experts", "[\(rankOne), {\"norm\": {\"absolute\": 4}}]"),
      rule("odd", #"{"norm": {"absolute": 0.05}}"#, axes: 2),
    ])
  }

  private func derive(
    _ checkpoint: Checkpoint, _ policy: Policy, rules: StatementRules = .current
  ) throws -> DerivedStatement {
    try DerivedStatement.derive(
      identity: try BaseIdentity.compute(checkpoint: checkpoint), tuned: checkpoint.manifestTensors, policy: policy,
      rules: rules)
  }

  private func gaps(_ checkpoint: Checkpoint, _ rule: String) throws -> [CoverageGap] {
    do {
      _ = try derive(checkpoint, try Self.policy([rule]))
      return []
    } catch StatementError.coverageGap(let gaps) {
      return gaps
    }
  }

  // MARK: Derivation

  @Test func slicesCoverTheTensorAndHaveNamesOfTheirOwn() throws {
    let derived = try derive(try pair().base, try Self.honest.get())
    #expect(
      derived.tensors.map(\.name)
        == (0..<4).map { "experts[slice \($0)]" } + (0..<6).map { "odd[slice \($0)]" })
    #expect(derived.tensors.prefix(4).allSatisfy { ($0.rows, $0.columns) == (12, 20) })
    #expect(derived.tensors.suffix(6).allSatisfy { ($0.rows, $0.columns) == (5, 7) })
    #expect(derived.count(.norm) == 1 && derived.count(.composed) == 1)
    // Behind one dimension a slice is a matrix of its first dimension by the others.
    let one = try derive(try pair().base, try Self.policy([Self.rule("odd", #"{"rank": 2}"#)]))
    #expect(one.tensors.map(\.name) == ["odd[slice 0]", "odd[slice 1]"])
    #expect(one.tensors.allSatisfy { ($0.rows, $0.columns) == (3, 35) })
  }

  @Test func rejects_slicesDoNotFit_when_dimensionsAreFew() throws {
    let base = try pair().base
    #expect(
      try gaps(base, Self.rule("rest", Self.rankOne)) == [
        .slicesDoNotFit(tensor: "rest", shape: [6, 5], axes: 1, rule: 0)
      ])
    #expect(
      try gaps(base, Self.rule("odd", Self.rankOne, axes: 3)) == [
        .slicesDoNotFit(tensor: "odd", shape: [2, 3, 5, 7], axes: 3, rule: 0)
      ])
    #expect(
      "\(DriftProofError.coverageGap(try gaps(base, Self.rule("odd", Self.rankOne, axes: 3))))".contains("[2, 3, 5, 7]")
    )
  }

  @Test func rejects_headNameTaken_when_aTensorIsNamedLikeASlice() throws {
    var model = base
    model.tensors["experts[slice 3]"] = model.tensors["rest"]
    let checkpoint = try model.write("taken", in: folder)
    #expect(
      try gaps(checkpoint, Self.rule("experts", Self.rankOne)) == [
        .headNameTaken(tensor: "experts", name: "experts[slice 3]")
      ])
  }

  @Test func rejects_tooManySlices() throws {
    var model = TestModel()
    var random = SeededGenerator(seed: 2)
    model.tensors["many"] = TestTensor([StatementLimits.maximumHeads + 1, 1, 1], random: &random)
    let checkpoint = try model.write("many", in: folder)
    let error = #expect(throws: StatementError.self) {
      try derive(checkpoint, StatementFixture.policy(Self.rule("many", #"{"norm": {"absolute": 1}}"#)))
    }
    #expect(error?.asDriftProofError.description.contains("slices are too many") == true)
  }

  /// Older programs know no slices: a certificate of their version that seems to have some is a forged one.
  @Test func rejects_slicesUnderOriginalRules() throws {
    let (before, after) = try pair()
    let policy = try Self.policy([Self.rule("odd", #"{"norm": {"absolute": 1}}"#, axes: 2), Self.anyExperts])
    let derived = try derive(before, policy)
    #expect(throws: StatementError.slicesUnderOriginalRules(rule: 0)) {
      try derive(before, policy, rules: .original)
    }
    let committed = try commit(derived, before, after)
    let old = DriftManifest(
      rules: .original, code: committed.manifest.code, rowCount: committed.manifest.rowCount,
      layoutDigest: committed.manifest.layoutDigest, entries: committed.manifest.entries)
    #expect(throws: DriftProofError.proofInvalid(.slicesUnderOriginalRules(rule: 0))) {
      try verify(committed, manifest: old, before, policy)
    }
  }

  private static let anyExperts = StatementFixture.rule("experts", #""any""#)

  private func commit(
    _ derived: DerivedStatement, _ before: Checkpoint, _ after: Checkpoint
  ) throws -> DriftCommitment {
    try DriftCommitment(
      derived: derived, code: try CodeSelection.choose(tensors: derived.tensors), base: before, tuned: after,
      secret: [UInt8](repeating: 7, count: 32), phase: { _ in })
  }

  @discardableResult
  private func verify(
    _ committed: DriftCommitment, manifest: DriftManifest? = nil, _ base: Checkpoint, _ policy: Policy
  ) throws -> VerificationReport {
    let identity = try BaseIdentity.compute(checkpoint: base)
    let certificate = Certificate(
      baseRoot: identity.root, policy: policy, manifest: manifest ?? committed.manifest,
      driftRoot: committed.driftRoot, driftPins: committed.driftPins, proof: [])
    return try CertificateVerifier.verify(certificate: certificate.bytes, identity: identity, policy: policy)
  }

  // MARK: Proofs

  @Test func provesVerifiesAndChecks() throws {
    let (before, after) = try pair()
    let policy = try Self.honest.get()
    let opening = folder.file("opening")
    let result = try DriftProver.prove(base: before, tuned: after, policy: policy, openingPath: opening)
    let identity = try BaseIdentity.compute(checkpoint: before)
    let report = try CertificateVerifier.verify(certificate: result.certificate, identity: identity, policy: policy)
    #expect(report.certifiedParameters == 960 + 210 && report.vacuousRanks.isEmpty)
    #expect(throws: Never.self) {
      try CertificateChecker.check(
        certificate: result.certificate, base: before, tuned: after, openingPath: opening)
    }
  }

  /// One expert of rank 2: refused by name, and a prover that does not refuse is stopped.
  @Test mutating func rejectsOneExpertOfHigherRank() throws {
    addProduct(to: 2)
    let (before, after) = try pair()
    let policy = try Self.policy([
      Self.rule("experts", Self.rankOne), StatementFixture.rule("odd", #""any""#),
    ])
    let error = #expect(throws: DriftProofError.self) {
      try DriftProver.prove(base: before, tuned: after, policy: policy, openingPath: folder.file("opening"))
    }
    guard case .policyViolated(let lines)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(lines.count == 1 && lines[0].hasPrefix("tensor experts[slice 2]: "), "\(lines)")
    try ForcedDriftTests.expectStopped(
      base: folder.file("base.safetensors"), tuned: folder.file("tuned.safetensors"), policy: policy)
  }

  @Test func violationsOfNormsNameTheSlice() throws {
    let (before, after) = try pair()
    let policy = try Self.policy([
      Self.rule("odd", #"{"norm": {"absolute": 0.0001}}"#, axes: 2), Self.anyExperts,
    ])
    let error = #expect(throws: DriftProofError.self) {
      try DriftProver.prove(base: before, tuned: after, policy: policy, openingPath: folder.file("opening"))
    }
    guard case .policyViolated(let lines)? = error else { return }
    #expect(lines.count == 6 && lines[5].hasPrefix("tensor odd[slice 5]: "), "\(lines)")
  }

  /// Rows committed under one reading are none under another: other axes, heads of rows, the whole, transposed slices, and
  /// the slices of another tensor.
  @Test func rejects_layoutDigest_when_slicesAreReadOtherwise() throws {
    var random = SeededGenerator(seed: 4)
    var model = TestModel()
    for name in ["v", "w"] { model.tensors[name] = TestTensor([4, 4, 2, 8], random: &random) }
    let checkpoint = try model.write("readings", in: folder)
    let allow = #"{"norm": {"absolute": 1}}"#
    let frozen = StatementFixture.frozenRest
    let rules = [
      Self.rule("w", allow), Self.rule("w", allow, axes: 2), StatementFixture.rule("w", allow),
      "{\"tensors\": \"w\", \"heads\": {\"of\": \"rows\", \"size\": 1}, \"allow\": \(allow)}",
    ]
    func policy(_ rule: String) throws -> Policy { try StatementFixture.policy("\(rule), \(frozen)") }
    for committedRule in rules {
      let committed = try commit(try derive(checkpoint, policy(committedRule)), checkpoint, checkpoint)
      for rule in rules where rule != committedRule {
        #expect(throws: DriftProofError.proofInvalid(.layoutDigest)) {
          try verify(committed, checkpoint, policy(rule))
        }
      }
    }
    let honest = try derive(checkpoint, policy(rules[0]))
    let code = try CodeSelection.choose(tensors: honest.tensors)
    let committed = try commit(honest, checkpoint, checkpoint)
    func digest(_ change: (inout TableauTensor) -> Void) -> [UInt8] {
      var statement = honest.statement(code: code, binding: [])
      for index in statement.tensors.indices { change(&statement.tensors[index]) }
      return statement.layoutDigest
    }
    #expect(digest { _ in } == committed.manifest.layoutDigest)
    let cheats: [(inout TableauTensor) -> Void] = [
      { ($0.rows, $0.columns) = ($0.columns, $0.rows) },
      { $0.name = $0.name.replacingOccurrences(of: "w[", with: "v[") },
      { tensor in if tensor.name == "w[slice 0]" { tensor.name = "w[slice 1]" } },
    ]
    for cheat in cheats {
      let forged = DriftManifest(
        code: committed.manifest.code, rowCount: committed.manifest.rowCount, layoutDigest: digest(cheat),
        entries: committed.manifest.entries)
      #expect(throws: DriftProofError.proofInvalid(.layoutDigest)) {
        try verify(committed, manifest: forged, checkpoint, policy(rules[0]))
      }
    }
  }

  // MARK: Warnings

  @Test func warnsOfRanksThatRestrictNothing() throws {
    let checkpoint = try pair().base
    let identity = try BaseIdentity.compute(checkpoint: checkpoint)
    func warnings(_ rules: [String]) throws -> [VacuousRank] {
      let policy = try Self.policy(rules)
      let derived = try DerivedStatement.derive(
        identity: identity, tuned: checkpoint.manifestTensors, policy: policy)
      return VacuousRank.all(derived, identity: identity, policy: policy)
    }
    // As a whole the experts are a matrix of four rows.
    let whole = try warnings([StatementFixture.rule("{experts,odd}", #"{"rank": 4}"#)])
    #expect(
      whole == [
        VacuousRank(
          rule: 0, rank: 4, tensors: 2, example: "experts", rows: 4, columns: 240, hasSlices: true)
      ])
    #expect(whole[0].description.contains(#""of": "slices""#))
    #expect(try warnings([StatementFixture.rule("experts", #"{"rank": 3}"#)]).isEmpty)
    #expect(try warnings([Self.rule("experts", #"{"rank": 11}"#)]).isEmpty)
    let full = try warnings([Self.rule("experts", #"[{"rank": 12}, {"norm": {"absolute": 1}}]"#)])
    #expect(full.map { [$0.rows, $0.columns, $0.tensors] } == [[12, 20, 1]] && full.allSatisfy { !$0.hasSlices })
    #expect(try warnings([StatementFixture.rule("rest", #"{"entries": 30}"#)]).isEmpty)
  }

  // MARK: Adapters

  /// A product's rows, read as matrices, have any rank.
  @Test func rejects_clausesOfSlices_when_anAdapterAddsAProduct() throws {
    let checkpoint = try pair().base
    let identity = try BaseIdentity.compute(checkpoint: checkpoint)
    let tuned = identity.tensors.map { leaf in
      TunedTensor(
        name: leaf.name, dtype: leaf.dtype, shape: leaf.shape,
        change: leaf.name == "experts" ? .product(rank: 1) : .none)
    }
    for (allow, isProvable) in [
      (#"{"rank": 11}"#, false), (#"{"norm": {"absolute": 1}}"#, false), (#"{"entries": 9}"#, false),
      (#"{"rank": 12}"#, true),
    ] {
      do throws(StatementError) {
        _ = try DerivedStatement.derive(
          identity: identity, tuned: tuned,
          policy: Self.parsed([Self.rule("experts", allow)]))
        #expect(isProvable, "\(allow)")
      } catch {
        guard case .precisionRefused(let clauses) = error else {
          Issue.record("\(error)")
          continue
        }
        #expect(!isProvable && clauses.count == 1 && clauses[0].tensor == "experts", "\(allow)")
      }
    }
  }

  private static func parsed(_ rules: [String]) throws(StatementError) -> Policy {
    do { return try policy(rules) } catch { throw .coverageGap([]) }
  }

  // MARK: Chains

  /// What links say of slices adds up slice by slice, and says nothing of the rank of the whole, nor the other way round.
  @Test func chains() throws {
    let checkpoint = try pair().base
    let identity = try BaseIdentity.compute(checkpoint: checkpoint)
    func derive(_ policy: Policy) throws -> DerivedStatement {
      try DerivedStatement.derive(identity: identity, tuned: checkpoint.manifestTensors, policy: policy)
    }
    func violations(_ links: [String], _ cumulative: String) throws -> Int {
      let drift = CumulativeDrift(
        identity: identity,
        links: try links.map { rule in
          let policy = try Self.policy([rule])
          return LinkDrift(name: "link", identity: identity, policy: policy, derived: try derive(policy))
        })
      let policy = try Self.policy([cumulative])
      return try drift.violations(of: policy, target: derive(policy)).count
    }
    func slices(_ allow: String, axes: Int = 1) -> String { Self.rule("experts", allow, axes: axes) }
    func whole(_ allow: String) -> String { StatementFixture.rule("experts", allow) }
    let (one, two, three) = (#"{"rank": 1}"#, #"{"rank": 2}"#, #"{"rank": 3}"#)
    #expect(try violations([slices(one), slices(two)], slices(three)) == 0)
    #expect(try violations([slices(two), slices(two)], slices(three)) == 1)
    // A whole of rank 1 has slices of any rank; slices of rank 1 a whole of rank 4, as any has.
    #expect(try violations([whole(one)], slices(#"{"rank": 11}"#)) == 1)
    #expect(try violations([whole(one)], slices(#"{"rank": 12}"#)) == 0)
    #expect(try violations([slices(one)], whole(three)) == 1)
    #expect(try violations([slices(one)], whole(#"{"rank": 4}"#)) == 0)
    // A row of the whole is a slice; a row of each slice is 20 entries of each.
    #expect(try violations([whole(#"{"rows": 1}"#)], slices(#"{"rows": 11}"#)) == 1)
    #expect(try violations([whole(#"{"rows": 1}"#)], slices(#"{"entries": 239}"#)) == 1)
    #expect(try violations([whole(#"{"rows": 1}"#)], slices(#"{"entries": 240}"#)) == 0)
    #expect(try violations([slices(#"{"rows": 1}"#)], whole(#"{"rows": 3}"#)) == 1)
    #expect(try violations([slices(#"{"rows": 1}"#)], whole(#"{"entries": 79}"#)) == 1)
    #expect(try violations([slices(#"{"rows": 1}"#)], whole(#"{"entries": 80}"#)) == 0)
    #expect(try violations([slices(#"{"columns": 2}"#)], whole(#"{"entries": 95}"#)) == 1)
    #expect(try violations([slices(#"{"columns": 2}"#)], whole(#"{"entries": 96}"#)) == 0)
    // Norms: four slices at right angles, and each of them within the whole's.
    #expect(try violations([slices(#"{"norm": {"absolute": 1}}"#)], whole(#"{"norm": {"absolute": 2.01}}"#)) == 0)
    #expect(try violations([slices(#"{"norm": {"absolute": 1}}"#)], whole(#"{"norm": {"absolute": 1.99}}"#)) == 1)
    #expect(try violations([whole(#"{"norm": {"absolute": 1}}"#)], slices(#"{"norm": {"absolute": 1.01}}"#)) == 0)
  }
}
