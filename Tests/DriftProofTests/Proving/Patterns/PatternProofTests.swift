// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofCertificate
@testable import DriftProofChain
import DriftProofCheckpoint
import DriftProofPolicy
@testable import DriftProofProving
@testable import DriftProofStatement
import Foundation
import TestSupport
import Testing

/// Patterns from files to verified certificates.
@Suite struct PatternProofTests {
  private let folder: TemporaryFolder
  private let base: Checkpoint
  private let identity: BaseIdentity
  private let model: TestModel

  /// a and n are 16-bit tensors whose zeros are a third, s has 32 bits.
  init() throws {
    folder = try TemporaryFolder()
    var random = SeededGenerator(seed: 61)
    var model = TestModel()
    model.tensors["a"] = TestTensor([150, 160], isHalf: true, random: &random)
    model.tensors["n"] = TestTensor([90, 8], isHalf: true, random: &random)
    model.tensors["s"] = TestTensor([24, 20], random: &random)
    for name in ["a", "n"] {
      for index in 0..<(model.tensors[name]?.values.count ?? 0) where index % 3 == 0 {
        model.tensors[name]?.values[index] = 0
      }
    }
    self.model = model
    base = try model.write("base", in: folder)
    identity = try BaseTableau.link(BaseIdentity.compute(checkpoint: base), base: base)
  }

  /// Each group's last `kept` values move; so far nothing else does.
  private func moved(_ name: String, group: Int, kept: Int, in model: TestModel? = nil) -> TestModel {
    var result = model ?? self.model
    for index in 0..<(result.tensors[name]?.values.count ?? 0) where index % group >= group - kept {
      result.tensors[name]?.values[index] += 0.25
    }
    return result
  }

  /// 2:4, and zeros of the base are zeros.
  private func pruned(_ name: String) -> TestModel {
    var result = model
    for index in 0..<(result.tensors[name]?.values.count ?? 0) {
      let value = result.tensors[name]?.values[index] ?? 0
      result.tensors[name]?.values[index] = index % 4 < 2 || value == 0 ? 0 : value + 0.125
    }
    return result
  }

  private func request(_ tuned: Checkpoint, _ policy: Policy, identity: BaseIdentity?) throws -> DriftProver.Request {
    var request = DriftProver.Request(
      .checkpoint(tuned, base: base), policy: policy, openingPath: folder.file("opening \(UUID())"))
    request.identity = identity
    return request
  }

  private func prove(_ tuned: Checkpoint, _ policy: Policy, identity: BaseIdentity? = nil) throws -> DriftProver.Result
  {
    try DriftProver.prove(try request(tuned, policy, identity: identity))
  }

  private func violations(_ tuned: TestModel, _ policy: Policy) throws -> [PolicyViolation] {
    do {
      _ = try prove(try tuned.write("bad", in: folder), policy, identity: identity)
      return []
    } catch DriftProofError.policyViolated(let violations) { return violations }
  }

  // MARK: Honest models

  @Test func theDriftsPattern() throws {
    // 2:4 of one tensor under a norm and a total, 1:2 of another in heads; no base is committed to.
    let tuned = try moved("s", group: 4, kept: 2, in: moved("a", group: 2, kept: 1)).write("tuned", in: folder)
    let text = """
      {"driftPolicy": 1, "name": "t", "securityBits": 128, "rules": [
        {"tensors": "s", "allow": [{"pattern": {"of": "drift", "n": 2, "m": 4}}, {"norm": {"absolute": 9}}]},
        {"tensors": "a", "heads": {"of": "columns", "size": 40}, "allow": {"pattern": {"of": "drift", "n": 1, "m": 2}}},
        {"tensors": "n", "allow": {"pattern": {"of": "drift", "n": 1, "m": 8}}}],
        "total": {"norm": {"absolute": 99}}}
      """
    let policy = try Policy.parse(Array(text.utf8))
    let plain = BaseIdentity(sorted: identity.tensors)
    let result = try prove(tuned, policy, identity: plain)
    let manifest = try Certificate.parse(result.certificate).manifest
    #expect(Array(manifest.prefix(5)) == [9, 0, 0, 0, 0])
    #expect(result.verification.securityBits >= 128)
    #expect(result.verification.tensors.pattern == 2 && result.verification.tensors.composed == 1)
    // With an identity that commits to the base it is about the same base root: nothing speaks of the tableau.
    let report = try CertificateVerifier.verify(
      certificate: result.certificate, identity: try BaseIdentity.parse(identity.jsonBytes()), policy: policy)
    #expect(report.baseIdentity == identity.root.map { String(format: "%02x", $0) }.joined())
  }

  @Test(arguments: [
    #"[{"pattern": {"of": "tuned", "n": 2, "m": 4}}, {"norm": {"relative": 1}}]"#, #"{"pattern": {"of": "base"}}"#,
    #"[{"pattern": {"of": "base"}}, {"pattern": {"of": "tuned", "n": 1, "m": 2}}, {"norm": {"absolute": 99}}]"#,
    #"[{"pattern": {"of": "base"}}, {"rounding": {"roundoffs": 4, "of": ["base", "tuned"]}, "rows": 150}]"#,
  ])
  func theWeightsPattern(_ allow: String) throws {
    // 1:2 as well: of each four the first two are 0, so pairs are empty or full; see below.
    let isPairs = allow.contains("\"m\": 2")
    var tuned = pruned("a")
    if isPairs {
      for index in 0..<150 * 160 where index % 4 == 2 { tuned.tensors["a"]?.values[index] = 0 }
    }
    let checkpoint = try tuned.write("tuned", in: folder)
    let policy = try testPolicy([("a", allow)], frozenRest: true)
    let request = try request(checkpoint, policy, identity: identity)
    let result = try DriftProver.prove(request)
    #expect(result.verification.baseIdentity == identity.linkedRoot?.map { String(format: "%02x", $0) }.joined())
    #expect(try Certificate.parse(result.certificate).manifest[0] == 9)
    #expect(result.verification.securityBits >= 128)
    _ = try CertificateVerifier.verify(
      certificate: result.certificate, identity: try BaseIdentity.parse(identity.jsonBytes()), policy: policy)
    let plain = BaseIdentity(sorted: identity.tensors)
    #expect(throws: DriftProofError.self) {
      try CertificateVerifier.verify(certificate: result.certificate, identity: plain, policy: policy)
    }
    for given in [identity, nil] {
      _ = try CertificateChecker.check(
        certificate: result.certificate, model: .checkpoint(checkpoint, base: base),
        openingPath: request.openingPath, identity: given)
    }
    // Another pruned model is another one.
    var other = tuned
    other.tensors["a"]?.values[3] += 0.5
    let changed = try other.write("other", in: folder)
    #expect(throws: DriftProofError.self) {
      try CertificateChecker.check(
        certificate: result.certificate, model: .checkpoint(changed, base: base), openingPath: request.openingPath,
        identity: identity)
    }
  }

  /// A tensor that shares its row of the base's tableau, in another floating type.
  @Test func smallAndRetyped() throws {
    var tuned = TypedModel()
    for (name, tensor) in pruned("n").tensors {
      tuned.tensors[name] = .init(
        dtype: name == "a" ? .bf16 : .f32, shape: tensor.shape, values: tensor.values.map(Double.init))
    }
    let policy = try testPolicy(
      [("n", #"[{"pattern": {"of": "tuned", "n": 2, "m": 4}}, {"pattern": {"of": "base"}}]"#)], frozenRest: true)
    let result = try prove(try tuned.write("tuned", in: folder), policy, identity: identity)
    #expect(result.verification.retyped.count == 1)
  }

  @Test func newRows() throws {
    var tuned = model
    tuned.tensors["s"]?.shape[0] += 2
    tuned.tensors["s"]?.values += (0..<40).map { $0 % 4 == 0 ? 0.5 : 0 }
    let text = """
      {"driftPolicy": 1, "name": "t", "securityBits": 128, "rules": [{"tensors": "s", "grow": {"rows": 2},
        "allow": {"pattern": {"of": "drift", "n": 1, "m": 4}}}, {"tensors": "*", "allow": "frozen"}]}
      """
    _ = try prove(try tuned.write("tuned", in: folder), try Policy.parse(Array(text.utf8)))
  }

  // MARK: Refusals

  @Test func violationsNameThePlace() throws {
    let drift = try testPolicy([("s", #"{"pattern": {"of": "drift", "n": 1, "m": 4}}"#)], frozenRest: true)
    var tuned = moved("s", group: 4, kept: 1)
    for index in [41, 42, 100] { tuned.tensors["s"]?.values[index] += 1 }
    #expect(
      try violations(tuned, drift) == [
        PolicyViolation(
          tensor: "s", .pattern(of: "drift", count: 1, group: 4, found: 2, most: 3, row: 2, column: 0))
      ])
    #expect(try violations(tuned, drift)[0].ratio == 3)
    let weights = try testPolicy(
      [("a", #"[{"pattern": {"of": "tuned", "n": 2, "m": 4}}, {"pattern": {"of": "base"}}]"#)], frozenRest: true)
    tuned = pruned("a")
    tuned.tensors["a"]?.values[320] = 1
    tuned.tensors["a"]?.values[330] = 1
    let found = try violations(tuned, weights)
    // Entry 330 is a zero of the base; 320 is none, and its group has three.
    #expect(found.count == 2)
    guard
      case .pattern(of: "tuned weights", count: 2, group: 4, found: let groups, most: 3, row: 2, column: 0) = found[0]
        .excess
    else {
      Issue.record("\(found)")
      return
    }
    #expect(groups == 1)
    #expect(found[1].excess == .refilled(found: 1, row: 2, column: 10))
  }

  private func gaps(_ rules: [(String, String)], identity: BaseIdentity? = nil, tuned: [TunedTensor]? = nil) throws
    -> [CoverageGap]
  {
    do {
      _ = try DerivedStatement.derive(
        identity: identity ?? self.identity, tuned: tuned ?? base.manifestTensors,
        policy: try testPolicy(rules, frozenRest: true))
      return []
    } catch StatementError.coverageGap(let gaps) { return gaps }
  }

  @Test func whereNoPatternCanBe() throws {
    let tuned = #"{"pattern": {"of": "tuned", "n": 2, "m": 4}}"#
    #expect(
      try gaps([("s", #"{"pattern": {"of": "drift", "n": 2, "m": 8}}"#)])
        == [.pattern(tensor: "s", obstacle: .columns(20, group: 8), rule: 0)])
    #expect(try gaps([("s", tuned)]) == [.pattern(tensor: "s", obstacle: .type("F32"), rule: 0)])
    let plain = BaseIdentity(sorted: identity.tensors)
    #expect(try gaps([("a", tuned)], identity: plain) == [.patternNeedsBase(rule: 0)])
    let policy = try testPolicy([("a", tuned)], frozenRest: true)
    #expect(throws: StatementError.coverageGap([.patternNeedsBase(rule: 0)])) {
      try StatementRules.baseRoot(plain, for: policy)
    }
    var zeros = model
    zeros.tensors["n"]?.values = .init(repeating: 0, count: 720)
    let empty = try zeros.write("zeros", in: folder)
    let linked = try BaseTableau.link(BaseIdentity.compute(checkpoint: empty), base: empty)
    #expect(
      try gaps([("n", #"{"pattern": {"of": "base"}}"#)], identity: linked, tuned: empty.manifestTensors)
        == [.pattern(tensor: "n", obstacle: .nearlyZero, rule: 0)])
    var grown = base.manifestTensors
    grown[1] = TunedTensor(name: "n", dtype: .bf16, shape: [91, 8])
    let rule = #"{"tensors": "n", "grow": {"rows": 1}, "allow": \#(tuned)}, {"tensors": "*", "allow": "frozen"}"#
    let text = #"{"driftPolicy": 1, "name": "t", "securityBits": 128, "rules": [\#(rule)]}"#
    #expect(
      throws: StatementError.coverageGap([
        .pattern(tensor: "n", obstacle: .grown(base: [90, 8], tuned: [91, 8]), rule: 0)
      ])
    ) {
      try DerivedStatement.derive(identity: identity, tuned: grown, policy: try Policy.parse(Array(text.utf8)))
    }
  }

  @Test func everyPolicyHasOneVersion() throws {
    func derive(_ allow: String, _ rules: StatementRules) throws -> DerivedStatement {
      try DerivedStatement.derive(
        identity: identity, tuned: base.manifestTensors, policy: try testPolicy([("a", allow)], frozenRest: true),
        rules: rules)
    }
    let pattern = #"{"pattern": {"of": "drift", "n": 2, "m": 4}}"#
    for rules in [StatementRules.original, .revised, .entrywise, .rounding] {
      #expect(throws: StatementError.patternsUnderEarlierRules(rule: 0)) { try derive(pattern, rules) }
    }
    for allow in [#"{"rank": 2}"#, #"{"rank": 2, "rounding": {"halfUlps": 1.01}}"#] {
      #expect(throws: StatementError.patternRulesWithoutPatterns) { try derive(allow, .patterns) }
    }
    for parent in [nil, [UInt8](repeating: 5, count: 32)] {
      let manifest = DriftManifest(rules: .patterns, parent: parent, code: nil, rowCount: 0, entries: [])
      #expect(manifest.bytes[0] == 9 && manifest.bytes[4] == (parent == nil ? 0 : 1))
      #expect(try DriftManifest.parse(manifest.bytes) == manifest)
      var bytes = manifest.bytes
      bytes[4] = 2
      #expect(throws: FormatError.badFlag(section: "the parent's flag", found: 2)) { try DriftManifest.parse(bytes) }
    }
    // An entrywise bound beside patterns alone is the older form of the claim, beside rounding the newer one.
    let bound = #"{"entrywise": {"absolute": 0.1}}"#
    let own = try derive("[\(pattern), \(bound)]", .patterns).tensors[0]
    #expect(own.clauses.count == 1 && own.clauses[0].entries?.rounding == nil && own.base == nil)
    let both = try derive("[\(pattern), \(bound), {\"rank\": 1, \"rounding\": {\"halfUlps\": 1.01}}]", .patterns)
    #expect(both.tensors[0].clauses[0].entries?.rounding != nil && both.tensors[0].base != nil)
  }

  // MARK: Adapters

  @Test func unmergedAdapters() throws {
    let fixture = try AdapterFixture()
    let refusal = fixture.refusal(try AdapterFixture.policy(#"{"pattern": {"of": "drift", "n": 1, "m": 2}}"#))
    guard case .coverageGap(let gaps)? = refusal, case .pattern(_, .product, _)? = gaps.first else {
      Issue.record("\(String(describing: refusal))")
      return
    }
    // What an adapter leaves alone keeps every pattern but that of tuned weights.
    let tuned = base.manifestTensors.map {
      TunedTensor(name: $0.name, dtype: $0.dtype, shape: $0.shape, change: $0.name == "s" ? .product(rank: 2) : .none)
    }
    let rank = ("s", #"{"rank": 2}"#)
    #expect(
      try self.gaps([("a", #"{"pattern": {"of": "tuned", "n": 1, "m": 2}}"#), rank], tuned: tuned)
        == [.pattern(tensor: "a", obstacle: .unchangedByAdapter, rule: 0)])
    #expect(
      try self.gaps(
        [("a", #"[{"pattern": {"of": "base"}}, {"pattern": {"of": "drift", "n": 1, "m": 2}}]"#), rank], tuned: tuned
      )
      .isEmpty)
  }
}
