// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofCertificate
@testable import DriftProofChain
@testable import DriftProofDrift
@testable import DriftProofProving
@testable import DriftProofStatement
import DriftProofCheckpoint
import DriftProofPolicy
import Foundation
import TestSupport
import Testing
import DriftProofTranscript

/// Entrywise bounds of real files: from proof to check, what is refused, and what a cheat could try.
@Suite struct EntryProofTests {
  let folder: TemporaryFolder
  var base = TypedModel()
  var tuned = TypedModel()

  init() throws {
    folder = try TemporaryFolder()
    var random = SeededGenerator(seed: 41)
    for (name, type, shape) in [
      ("b16.weight", DataType.bf16, [40, 33]), ("f16.weight", .f16, [17, 30]), ("f32.weight", .f32, [64, 20]),
      ("f64.weight", .f64, [9, 70]), ("norm", .f32, [29]), ("rank.weight", .f32, [24, 30]),
      ("rows.weight", .f32, [30, 20]), ("heads.weight", .f32, [12, 16]), ("embed.weight", .f32, [5, 13]),
      ("experts.weight", .f32, [3, 8, 9]), ("still", .bf16, [4, 4]),
    ] { base.add(name, type, shape, random: &random) }
    tuned = base
    // Up to 0.04 and the rounding of the coarsest type, 2^-9.
    for name in tuned.tensors.keys.sorted() where name != "still" {
      // A best fit of rank 1 leaves some entries more than they moved.
      move(name, by: name == "rank.weight" ? 0.02 : 0.04, random: &random)
    }
    for row in 0..<24 {
      for column in 0..<30 {
        tuned.tensors["rank.weight"]?.values[row * 30 + column] += 0.1 * Double(row % 5 - 2) * Double(column % 7 - 3)
      }
    }
    for column in 0..<20 { tuned.tensors["rows.weight"]?.values[7 * 20 + column] += 1 }
    tuned.append(rows: 2, to: "embed.weight", scale: 0.04, random: &random)
    // Another type, beside a change.
    tuned.tensors["f64.weight"]?.dtype = .f32
  }

  private mutating func move(_ name: String, by reach: Double, random: inout SeededGenerator) {
    for x in tuned.tensors[name]?.values.indices ?? 0..<0 {
      tuned.tensors[name]?.values[x] += reach * Double(random.signed())
    }
  }

  private func policy(_ bound: String = "0.05", rank: Int = 1, total: String = "") throws -> Policy {
    let entries = "\"entrywise\": {\"absolute\": \(bound)}"
    return try StatementFixture.policy(
      [
        StatementFixture.rule("rank.weight", "{\"rank\": \(rank), \(entries)}"),
        StatementFixture.rule("rows.weight", "{\"rows\": 1, \"residual\": {\"absolute\": 3}, \(entries)}"),
        "{\"tensors\": \"heads.weight\", \"heads\": {\"of\": \"rows\", \"size\": 4}, \"allow\": {\(entries)}}",
        "{\"tensors\": \"experts.weight\", \"heads\": {\"of\": \"slices\"}, \"allow\": {\(entries)}}",
        "{\"tensors\": \"embed.weight\", \"grow\": {\"rows\": 2}, \"allow\": {\(entries)}}",
        StatementFixture.rule("norm", "{\"entrywise\": {\"relative\": 0.06}}"),
        StatementFixture.rule("f32.weight", "[{\(entries)}, {\"norm\": {\"absolute\": 9}}]"),
        StatementFixture.rule("*16.weight", "{\(entries)}"), StatementFixture.rule("f64.weight", "{\(entries)}"),
        StatementFixture.frozenRest,
      ].joined(separator: ", "), total: total)
  }

  private func prove(
    _ model: TypedModel, _ policy: Policy, _ name: String = "opening"
  ) throws(DriftProofError) -> [UInt8] {
    do {
      let (before, after) = (try base.write("base", in: folder), try model.write("tuned", in: folder))
      return try DriftProver.prove(base: before, tuned: after, policy: policy, openingPath: folder.file(name))
        .certificate
    } catch {
      throw DriftProofError(translating: error)
    }
  }

  private var identity: BaseIdentity {
    get throws { try BaseIdentity.compute(checkpoint: base.write("base", in: folder)) }
  }

  // MARK: Honest

  @Test func everyTypeAndForm() throws {
    let (policy, identity) = (try policy(), try identity)
    let certificate = try prove(tuned, policy)
    let report = try CertificateVerifier.verify(certificate: certificate, identity: identity, policy: policy)
    let counts = report.tensors
    #expect(counts.entrywise == 7 && counts.rank == 1 && counts.sparse == 1 && counts.composed == 1)
    #expect(report.soundness.allSatisfy { $0.bits >= 128 })
    let checked = try CertificateChecker.check(
      certificate: certificate, base: base.write("base", in: folder), tuned: tuned.write("tuned", in: folder),
      openingPath: folder.file("opening"))
    #expect(checked.tunedCommitment == report.tunedCommitment)
    try forgeries(Certificate.parse(certificate), identity: identity, policy: policy)
  }

  @Test func noDriftAtAll() throws {
    let (policy, identity) = (try policy(), try identity)
    let certificate = try prove(base, policy)
    _ = try CertificateVerifier.verify(certificate: certificate, identity: identity, policy: policy)
  }

  @Test func besideATotal() throws {
    let (policy, identity) = (try policy(total: ", \"total\": {\"norm\": {\"absolute\": 90}}"), try identity)
    let certificate = try prove(tuned, policy)
    _ = try CertificateVerifier.verify(certificate: certificate, identity: identity, policy: policy)
  }

  // MARK: Refused

  private func refusal(_ model: TypedModel, _ policy: Policy) -> DriftProofError? {
    do throws(DriftProofError) {
      _ = try prove(model, policy, "refused.secret")
      return nil
    } catch {
      return error
    }
  }

  private func alone(_ bound: String, _ name: String = "f32.weight") throws -> Policy {
    try testPolicy([(name, "{\"entrywise\": {\"absolute\": \(bound)}}"), ("still", "\"frozen\""), ("*", "\"any\"")])
  }

  @Test func entriesOutsideAreCountedAndTheWorstIsNamed() throws {
    var other = tuned
    for (x, change) in [(3, 0.06), (47, -0.5), (1279, 0.08)] {
      other.tensors["f32.weight"]?.values[x] = (base.tensors["f32.weight"]?.values[x] ?? 0) + change
    }
    guard case .policyViolated(let found)? = refusal(other, try alone("0.05")) else {
      Issue.record("entries outside pass")
      return
    }
    #expect(found.count == 1 && found[0].tensor == "f32.weight")
    guard case .entries(3, let worst, 2, 7, let clause) = found[0].excess else {
      Issue.record("\(found)")
      return
    }
    #expect(abs(worst - 0.5) < 1e-5 && abs((clause.entry ?? 0) - 0.05) < 1e-6)
    #expect(found[0].contains("a change of at most 0.05 in each entry, found 3 entries above that"))
    #expect(abs((found[0].ratio ?? 0) - 10) < 0.001)
    #expect(refusal(other, try alone("0.05"))?.exitCode == 10)
  }

  @Test func entriesOutsideBesideOtherParts() throws {
    var other = tuned
    other.tensors["rank.weight"]?.values[100] += 0.4
    guard case .policyViolated(let found)? = refusal(other, try policy()) else {
      Issue.record("an entry outside passes beside a rank")
      return
    }
    #expect(found.map(\.tensor) == ["rank.weight"])
    // One more row than may change as it likes.
    other = tuned
    other.tensors["rows.weight"]?.values[8 * 20] += 0.4
    guard case .policyViolated(let more)? = refusal(other, try policy()) else {
      Issue.record("a row outside passes")
      return
    }
    #expect(more.count == 1 && more[0].contains("1 rows + a rest of at most 0.05"), "\(more)")
  }

  /// T = 0.05·2^22 = 2^17.68: up to 0.9877·t can be proved. T = 0.08·2^22 = 2^18.36: 0.9952·t.
  @Test(arguments: [
    (0.05, 0.90, 0), (0.05, 0.985, 0), (0.05, 0.9955, 14), (0.05, 0.9999999, 14), (0.05, 1.0001, 10), (0.08, 0.99, 0),
    (0.08, 0.999, 14),
  ])
  func nearTheBound(_ bound: Double, _ part: Double, _ exitCode: Int32) throws {
    var other = base
    other.tensors["f32.weight"]?.values[11] += bound * part
    let policy = try alone("\(bound)")
    let refusal = refusal(other, policy)
    #expect((refusal?.exitCode ?? 0) == exitCode, "\(String(describing: refusal))")
    if exitCode == 14 { #expect("\(String(describing: refusal))".contains("1 entry lies between")) }
  }

  @Test func boundsBelowThePrecision() throws {
    let refusal = refusal(tuned, try alone("1e-9"))
    guard case .coverageGap(let gaps)? = refusal, case .entryBoundTooSmall("f32.weight", _, _, 0)? = gaps.first else {
      Issue.record("\(String(describing: refusal))")
      return
    }
    #expect(refusal?.exitCode == 13)
  }

  // MARK: Forged

  /// Certificates with another policy or version, sealed anew: what a cheating prover would send.
  private func forgeries(_ good: Certificate, identity: BaseIdentity, policy: Policy) throws {
    let manifest = try DriftManifest.parse(good.manifest)
    #expect(good.manifest[0] == 6)
    func rejection(_ other: Policy, rules: StatementRules = .entrywise) -> DriftProofError? {
      let forged = Certificate(
        baseRoot: good.baseRoot, policy: other,
        manifest: DriftManifest(
          rules: rules, code: manifest.code, rowCount: manifest.rowCount, layoutDigest: manifest.layoutDigest,
          entries: manifest.entries),
        driftRoot: good.driftRoot, driftPins: good.driftPins, proof: good.proof)
      return #expect(throws: DriftProofError.self) {
        try CertificateVerifier.verify(certificate: forged.bytes, identity: identity, policy: other)
      }
    }
    // Slightly smaller bounds have the same layout: the statement's τ² tells.
    let narrower = rejection(try self.policy("0.0499"))
    if case .proofInvalid(.argument)? = narrower {} else { Issue.record("\(String(describing: narrower))") }
    let wider = rejection(try self.policy("0.0501"))
    if case .proofInvalid(.argument)? = wider {} else { Issue.record("\(String(describing: wider))") }
    // Another scale is another layout.
    switch rejection(try self.policy("0.03")) {
    case .proofInvalid(.layoutDigest)?, .proofInvalid(.rowCount)?: break
    case let other: Issue.record("\(String(describing: other))")
    }
    for rules in [StatementRules.original, .revised] {
      #expect(rejection(policy, rules: rules) == .proofInvalid(.entryBoundsUnderEarlierRules(rule: 0)))
    }
    let norms = try testPolicy([("*", "{\"norm\": {\"absolute\": 9}}")])
    #expect(rejection(norms) == .proofInvalid(.entryRulesWithoutEntryBounds))
    // The version alone, without a new seal.
    var bytes = good.manifest
    bytes[0] = 4
    let careless = Certificate(
      baseRoot: good.baseRoot, policyDigest: good.policyDigest, tunedCommitment: good.tunedCommitment, manifest: bytes,
      policy: good.policy, driftRoot: good.driftRoot, driftPins: good.driftPins, proof: good.proof)
    #expect(throws: DriftProofError.proofInvalid(.tunedCommitment)) {
      try CertificateVerifier.verify(certificate: careless.bytes, identity: identity, policy: policy)
    }
  }

  /// A prover that goes on where `prove` refuses.
  @Test(arguments: [("f32.weight", 0.06), ("b16.weight", 2), ("norm", 0.5)])
  func aForcedDrift(_ name: String, _ change: Double) throws {
    var other = tuned
    other.tensors[name]?.values[5] = (base.tensors[name]?.values[5] ?? 0) + change
    let bound = name == "norm" ? "{\"relative\": 0.06}" : "{\"absolute\": 0.05}"
    let policy = try testPolicy([(name, "{\"entrywise\": \(bound)}"), ("*", "\"any\"")])
    let (before, after) = (try base.write("base", in: folder), try other.write("forced", in: folder))
    let certificate = try ForcedDriftTests.forced(base: before, tuned: after, policy: policy)
    #expect(throws: DriftProofError.proofInvalid(.argument(.sumcheckFinal(stage: "A")))) {
      try CertificateVerifier.verify(certificate: certificate, identity: try identity, policy: policy)
    }
  }
}
