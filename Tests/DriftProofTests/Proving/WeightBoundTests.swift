// SPDX-License-Identifier: Apache-2.0

import DriftProofAdapter
@testable import DriftProofCertificate
import DriftProofChain
import DriftProofCheckpoint
import DriftProofPolicy
@testable import DriftProofProving
@testable import DriftProofStatement
import DriftProofTranscript
import Foundation
import TestSupport
import Testing

/// Bounds by a fraction of each base weight, of real files: from proof to check, what is refused, and what a cheat could try.
@Suite struct WeightBoundTests {
  private let folder: TemporaryFolder
  private var model = TypedModel()
  private var tuned = TypedModel()
  private let base: Checkpoint
  private let identity: BaseIdentity

  init() throws {
    folder = try TemporaryFolder()
    var random = SeededGenerator(seed: 91)
    model.add("a.weight", .bf16, [150, 160], random: &random)
    model.add("b.weight", .f16, [40, 33], random: &random)
    model.add("c.bias", .bf16, [37], random: &random)
    model.add("f32.weight", .f32, [20, 20], random: &random)
    model.add("rank.weight", .f16, [24, 30], random: &random)
    model.add("zero.bias", .bf16, [24], random: &random)
    model.tensors["zero.bias"]?.values = [Double](repeating: 0, count: 24)
    base = try model.write("base", in: folder)
    identity = try BaseTableau.link(BaseIdentity.compute(checkpoint: base), base: base)
    tuned = model
    // By up to 3.2 % of each weight, as it is stored, and half an ulp.
    for name in model.tensors.keys.sorted() where name != "zero.bias" {
      let step: Double = model.tensors[name]?.dtype == .bf16 ? 0x1p-7 : 0x1p-10
      tuned.tensors[name]?.values = try base.doubles(of: #require(base.tensor(named: name))).map {
        $0 * (1 + (0.032 - step) * Double(random.signed()))
      }
    }
    for row in 0..<24 {
      for column in 0..<30 {
        tuned.tensors["rank.weight"]?.values[row * 30 + column] += 0.1 * Double(row % 5 - 2) * Double(column % 7 - 3)
      }
    }
  }

  private static let clause = #"{"entrywise": {"ofWeight": 0.04}}"#

  private func policy(_ rules: [(String, String)]? = nil) throws -> Policy {
    try testPolicy(
      rules ?? [
        ("{a,b}.weight", Self.clause), ("c.bias", #"[{"norm": {"relative": 0.5}}, \#(Self.clause)]"#),
        (
          "rank.weight",
          #"[{"norm": {"absolute": 20}}, {"rank": 1, "entrywise": {"ofWeight": 0.04, "absolute": 0.02}}]"#
        ),
        ("f32.weight", #"{"entrywise": {"absolute": 0.1}}"#),
      ], frozenRest: rules?.last?.0 != "*")
  }

  private func prove(_ model: TypedModel, _ policy: Policy, _ name: String = "opening") throws(DriftProofError)
    -> [UInt8]
  {
    do {
      var request = DriftProver.Request(
        base: base, tuned: try model.write("tuned-\(name)", in: folder), policy: policy, openingPath: folder.file(name))
      request.identity = identity
      return try DriftProver.prove(request).certificate
    } catch {
      throw DriftProofError(translating: error)
    }
  }

  private func refusal(_ model: TypedModel, _ rules: [(String, String)]) -> DriftProofError? {
    do {
      _ = try prove(model, policy(rules), "refused-\(UUID().uuidString)")
      return nil
    } catch { return error as? DriftProofError }
  }

  /// One weight of a tensor moved by a part of itself, everything else as in the base.
  private func moving(_ name: String, _ share: Double, at index: Int? = nil) -> (model: TypedModel, weight: Double) {
    var other = model
    let values = model.tensors[name]?.values ?? []
    let index = index ?? values.indices.max { abs(values[$0]) < abs(values[$1]) } ?? 0
    other.tensors[name]?.values[index] = values[index] * (1 + share)
    return (other, values[index])
  }

  // MARK: Honest

  @Test func everyTypeAndForm() throws {
    let policy = try policy()
    let certificate = try prove(tuned, policy)
    #expect(try Certificate.parse(certificate).manifest[0] == 8)
    let report = try CertificateVerifier.verify(
      certificate: certificate, identity: BaseIdentity.parse(identity.jsonBytes()), policy: policy)
    #expect(report.rounded.map(\.name) == ["a.weight", "b.weight", "c.bias", "rank.weight"])
    for tensor in report.rounded {
      let fraction = try #require(tensor.ofWeight)
      // Where the least number decides the scale, more may be missing.
      #expect(fraction <= 0.04 && fraction > (tensor.name == "rank.weight" ? 0.75 : 0.81) * 0.04, "\(tensor)")
      #expect(tensor.halfUlps.isEmpty && tensor.roundoffs == nil)
      // The floor of the fraction: some part of the weights' size; that of the rank's clause is the policy's number.
      let least = try #require(tensor.leastOfWeight)
      #expect(
        tensor.name == "rank.weight" ? (0.019...0.02001).contains(least) : (0.001...0.01).contains(least), "\(least)")
    }
    #expect(report.tensors.entrywise == 3 && report.soundness.allSatisfy { $0.bits >= 128 })
    for given in [identity, nil] {
      _ = try CertificateChecker.check(
        certificate: certificate,
        model: .checkpoint(Checkpoint.open(folder.file("tuned-opening.safetensors")), base: base),
        openingPath: folder.file("opening"), identity: given)
    }
    try forgeries(Certificate.parse(certificate))
  }

  @Test func noDriftAtAll() throws {
    let policy = try policy()
    _ = try CertificateVerifier.verify(
      certificate: prove(model, policy), identity: identity, policy: policy)
  }

  // MARK: Refused

  @Test func weightsOutsideAreCountedAndTheWorstIsNamed() throws {
    let (moved, weight) = moving("b.weight", 0.08)
    var other = moved
    #expect(abs(weight) > 0.9)
    other.tensors["b.weight"]?.values[3] += 0.4
    let found = refusal(other, [("b.weight", Self.clause), ("*", "\"any\"")])
    guard case .policyViolated(let violations)? = found, violations.count == 1,
      case .rounding(2, let worst, _, _, _) = violations[0].excess
    else {
      Issue.record("\(String(describing: found))")
      return
    }
    #expect(worst > 0.04 && violations[0].tensor == "b.weight" && found?.exitCode == 10)
    let text = violations[0].description
    #expect(text.contains("of the base's weight in each entry") && !text.contains("true factors"), "\(text)")
  }

  /// What a bound on all weights alike would allow.
  @Test func aSmallWeightStaysSmall() throws {
    let values = try base.doubles(of: #require(base.tensor(named: "a.weight")))
    let index = try #require(values.indices.min { abs(values[$0]) < abs(values[$1]) })
    var other = model
    other.tensors["a.weight"]?.values[index] = 0.03
    #expect(refusal(other, [("a.weight", Self.clause), ("*", "\"any\"")])?.exitCode == 10)
    let flat = #"{"entrywise": {"relative": 0.04}}"#
    #expect(refusal(other, [("a.weight", flat), ("*", "\"any\"")]) == nil)
    #expect(
      refusal(other, [("a.weight", #"{"entrywise": {"ofWeight": 0.1, "absolute": 0.04}}"#), ("*", "\"any\"")]) == nil)
  }

  @Test func whereItCannotStand() throws {
    func gap(_ rules: [(String, String)]) -> CoverageGap? {
      if case .coverageGap(let gaps)? = refusal(model, rules) { gaps.first } else { nil }
    }
    #expect(
      gap([("f32.weight", Self.clause), ("*", "\"any\"")])
        == .rounding(tensor: "f32.weight", obstacle: .type("F32"), rule: 0))
    #expect(
      gap([("zero.bias", Self.clause), ("*", "\"any\"")])
        == .rounding(tensor: "zero.bias", obstacle: .nearlyZero, rule: 0))
    let small = gap([("a.weight", #"{"entrywise": {"ofWeight": 1e-7}}"#), ("*", "\"any\"")])
    guard case .rounding(tensor: "a.weight", obstacle: .smallFraction(let least), rule: 0)? = small else {
      Issue.record("\(String(describing: small))")
      return
    }
    #expect(least == 0x1p-21)
    var request = DriftProver.Request(
      base: base, tuned: base, policy: try policy([("a.weight", Self.clause), ("*", "\"any\"")]),
      openingPath: folder.file("link"))
    request.identity = identity
    request.parent = ParentCertificate(unverified: [UInt8](repeating: 1, count: 32), tensors: base.manifestTensors)
    let link = request
    #expect(throws: DriftProofError.coverageGap([.roundingInLink(rule: 0)])) { try DriftProver.prove(link) }
    let plain = BaseIdentity(sorted: identity.tensors)
    #expect(throws: DriftProofError.coverageGap([.baseNotCommitted(rule: 0)])) {
      _ = try DriftProofError.translating {
        try DerivedStatement.derive(identity: plain, tuned: base.manifestTensors, policy: try policy())
      }
    }
  }

  // MARK: Forged

  /// The same proof under another policy, sealed anew.
  private func forgeries(_ good: Certificate) throws {
    let manifest = try DriftManifest.parse(good.manifest)
    func rejection(_ clause: String, rules: StatementRules = .rounding) throws -> DriftProofError? {
      var rules: [(String, String)] = [
        ("{a,b}.weight", clause), ("c.bias", #"[{"norm": {"relative": 0.5}}, \#(clause)]"#),
      ]
      rules += [
        (
          "rank.weight",
          #"[{"norm": {"absolute": 20}}, {"rank": 1, "entrywise": {"ofWeight": 0.04, "absolute": 0.02}}]"#
        ),
        ("f32.weight", #"{"entrywise": {"absolute": 0.1}}"#),
      ]
      let other = try policy(rules)
      let forged = Certificate(
        baseRoot: good.baseRoot, policy: other, manifest: manifest, driftRoot: good.driftRoot,
        driftPins: good.driftPins,
        proof: good.proof)
      return #expect(throws: DriftProofError.self) {
        try CertificateVerifier.verify(certificate: forged.bytes, identity: identity, policy: other)
      }
    }
    // Of the same scale another coefficient, or another least number: the statement's bytes tell.
    for clause in [#"{"entrywise": {"ofWeight": 0.043}}"#, #"{"entrywise": {"ofWeight": 0.037}}"#] {
      let found = try rejection(clause)
      #expect(
        found == .proofInvalid(.argument(.sumcheckFinal(stage: "A"))), "\(clause): \(String(describing: found))")
    }
    // Another scale, or another kind, is another layout.
    for clause in [#"{"entrywise": {"ofWeight": 0.01}}"#, #"{"entrywise": {"absolute": 0.04}}"#] {
      switch try rejection(clause) {
      case .proofInvalid(.layoutDigest)?, .proofInvalid(.rowCount)?: break
      case let other: Issue.record("\(clause): \(String(describing: other))")
      }
    }
  }

  /// A prover that goes on where `prove` refuses.
  @Test(arguments: [("b.weight", 0.08), ("a.weight", 1), ("c.bias", 0.2)])
  func aForcedDrift(_ name: String, _ share: Double) throws {
    let policy = try policy([(name, Self.clause), ("*", "\"any\"")])
    let other = try moving(name, share).model.write("forced", in: folder)
    let certificate = try ForcedDriftTests.forced(base: base, tuned: other, policy: policy, identity: identity)
    #expect(throws: DriftProofError.proofInvalid(.argument(.sumcheckFinal(stage: "A")))) {
      try CertificateVerifier.verify(certificate: certificate, identity: identity, policy: policy)
    }
  }

  /// An identity whose base has larger weights is another base, whatever the certificate says.
  @Test func anotherBase() throws {
    var heavier = model
    heavier.tensors["b.weight"]?.values = model.tensors["b.weight"]?.values.map { 2 * $0 } ?? []
    let other = try heavier.write("heavier", in: folder)
    let linked = try BaseTableau.link(BaseIdentity.compute(checkpoint: other), base: other)
    let policy = try policy([("b.weight", Self.clause), ("*", "\"any\"")])
    let certificate = try prove(tuned, policy)
    let error = #expect(throws: DriftProofError.self) {
      try CertificateVerifier.verify(certificate: certificate, identity: linked, policy: policy)
    }
    #expect(error?.exitCode == 12)
  }
}
