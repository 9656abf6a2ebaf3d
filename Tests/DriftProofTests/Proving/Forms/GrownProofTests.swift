// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofStatement
@testable import DriftProofCertificate
@testable import DriftProofDrift
@testable import DriftProofProving
import DriftProofCheckpoint
import DriftProofPolicy
import Foundation
import TestSupport
import Testing
import DriftProofTranscript

/// Vocabularies that grew: from proof to check, and what a cheat could try.
@Suite struct GrownProofTests {
  let folder: TemporaryFolder
  var base = TypedModel()
  var tuned = TypedModel()

  init() throws {
    folder = try TemporaryFolder()
    var random = SeededGenerator(seed: 23)
    base.add("embed.weight", .f32, [5, 13], random: &random)
    base.add("lm_head.weight", .bf16, [5, 13], random: &random)
    base.add("rank.weight", .f32, [20, 17], random: &random)
    base.add("bias", .f32, [5], random: &random)
    base.add("still", .f32, [4, 4], random: &random)
    tuned = base
    // New rows of both; the head in another type besides; rank 1 in new rows alone.
    tuned.append(rows: 2, to: "embed.weight", scale: 0.1, random: &random)
    tuned.append(rows: 2, to: "lm_head.weight", scale: 0.1, random: &random)
    tuned.tensors["lm_head.weight"]?.dtype = .f32
    tuned.append(rows: 1, to: "rank.weight", scale: 0.2, random: &random)
    tuned.append(rows: 2, to: "bias", scale: 0.1, random: &random)
    for column in 0..<13 { tuned.tensors["embed.weight"]?.values[13 + column] += 0.05 }
  }

  private static func rule(_ pattern: String, _ rows: Int, _ allow: String) -> String {
    "{\"tensors\": \"\(pattern)\", \"grow\": {\"rows\": \(rows)}, \"allow\": \(allow)}"
  }

  private func policy(
    rows: Int = 3, norm: String = "1.5", head: String = "2", rank: Int = 1, total: String = "9", growth: Int = 2
  ) throws -> Policy {
    try StatementFixture.policy(
      [
        Self.rule("embed.weight", growth, "[{\"rows\": \(rows)}, {\"norm\": {\"absolute\": \(norm)}}]"),
        Self.rule("lm_head.weight", growth, "{\"norm\": {\"absolute\": \(head)}}"),
        Self.rule("rank.weight", 4, "{\"rank\": \(rank), \"residual\": {\"absolute\": 0.001}}"),
        Self.rule("bias", 2, "{\"norm\": {\"absolute\": 1}}"), StatementFixture.frozenRest,
      ].joined(separator: ", "), total: ", \"total\": {\"norm\": {\"absolute\": \(total)}}")
  }

  private func refusal(_ model: TypedModel, _ policy: Policy) throws -> DriftProofError? {
    let (before, after) = (try base.write("base", in: folder), try model.write("refused", in: folder))
    do throws(DriftProofError) {
      _ = try DriftProver.prove(base: before, tuned: after, policy: policy, openingPath: folder.file("refused.secret"))
      return nil
    } catch {
      return error
    }
  }

  @Test func provedVerifiedAndChecked() throws {
    let before = try base.write("base", in: folder)
    let after = try tuned.writeSharded("tuned", in: folder)
    let policy = try policy()
    let identity = try BaseIdentity.compute(checkpoint: before)
    let opening = folder.file("opening")
    var request = DriftProver.Request(base: before, tuned: after, policy: policy, openingPath: opening)
    request.identity = identity
    let result = try DriftProver.prove(request)
    let report = try CertificateVerifier.verify(certificate: result.certificate, identity: identity, policy: policy)
    #expect(report.tensors.frozen == 1 && report.tensors.norm == 2)
    #expect(
      report.grown.map { "\($0.name) \($0.from) \($0.to)" } == [
        "bias 5 7", "embed.weight 5 7", "lm_head.weight 5 7", "rank.weight 20 21",
      ])
    #expect(report.retyped.map { "\($0.from) \($0.to) \($0.tensors)" } == ["BF16 F32 1"])
    #expect(report.certifiedParameters == 7 + 2 * 7 * 13 + 21 * 17)
    let checked = try CertificateChecker.check(
      certificate: result.certificate, base: before, tuned: after, openingPath: opening)
    #expect(checked.tunedCommitment == report.tunedCommitment)

    // Another new row is another model; so is one more, or one less.
    var other = tuned
    other.tensors["embed.weight"]?.values[6 * 13 + 12] += 0.01
    var random = SeededGenerator(seed: 1)
    var more = tuned
    more.append(rows: 1, to: "embed.weight", scale: 0.1, random: &random)
    for (model, words) in [(other, "\"embed.weight\" is not the one"), (more, "[8, 13] here")] {
      let stranger = try model.write("stranger", in: folder)
      let error = #expect(throws: DriftProofError.self) {
        try CertificateChecker.check(
          certificate: result.certificate, base: before, tuned: stranger, openingPath: opening)
      }
      #expect(error?.exitCode == 12 && "\(String(describing: error))".contains(words), "\(String(describing: error))")
    }
    try forgeries(Certificate.parse(result.certificate), identity: identity, policy: policy)
  }

  /// Manifests that say something else of the rows, sealed anew: what a cheating prover would send.
  private func forgeries(_ good: Certificate, identity: BaseIdentity, policy: Policy) throws {
    let manifest = try DriftManifest.parse(good.manifest)
    func verify(_ rules: StatementRules = .current, shape: [Int], policy other: Policy? = nil) -> DriftProofError? {
      let entries = manifest.entries.map { entry in
        let own = entry.tensor
        guard own.name == "embed.weight" else { return entry }
        return DriftManifest.Entry(
          tensor: TunedTensor(name: own.name, dtype: own.dtype, shape: shape), byteDigest: entry.byteDigest)
      }
      let forged = Certificate(
        baseRoot: good.baseRoot, policy: other ?? policy,
        manifest: DriftManifest(
          rules: rules, code: manifest.code, rowCount: manifest.rowCount, layoutDigest: manifest.layoutDigest,
          entries: entries),
        driftRoot: good.driftRoot, driftPins: good.driftPins, proof: good.proof)
      return #expect(throws: DriftProofError.self) {
        try CertificateVerifier.verify(certificate: forged.bytes, identity: identity, policy: other ?? policy)
      }
    }
    // A row that is hidden: the layout is that of the shapes.
    #expect(verify(shape: [6, 13]) == .proofInvalid(.layoutDigest))
    // None at all, as if nothing had grown.
    #expect(verify(shape: [5, 13]) == .proofInvalid(.layoutDigest))
    // More than the policy has.
    #expect(
      verify(shape: [8, 13])
        == .coverageGap([.grown(tensor: "embed.weight", base: [5, 13], tuned: [8, 13], added: 3, allowed: 2)]))
    #expect(
      verify(shape: [7, 14]) == .coverageGap([.reshaped(tensor: "embed.weight", base: [5, 13], tuned: [7, 14])]))
    // Under the rules of old manifests there is no growth.
    guard case .coverageGap(let gaps)? = verify(.original, shape: [7, 13]) else {
      Issue.record("a relabelled certificate passes")
      return
    }
    #expect(gaps.contains(.reshaped(tensor: "embed.weight", base: [5, 13], tuned: [7, 13])))
    // A policy of which the certificate says nothing: it was proved under another one.
    let narrow = try self.policy(growth: 1)
    guard case .coverageGap? = verify(shape: [7, 13], policy: narrow) else {
      Issue.record("a narrower policy passes")
      return
    }
  }

  /// Each bound holds for the new rows, too; a little less is refused by name.
  @Test func newRowsCount() throws {
    func violations(_ policy: Policy) throws -> [PolicyViolation] {
      guard case .policyViolated(let found)? = try refusal(tuned, policy) else {
        Issue.record("accepted")
        return []
      }
      return found
    }
    guard case .count(3, _)? = try violations(policy(rows: 2)).first?.excess else {
      Issue.record("two new rows and a changed one are two rows")
      return
    }
    guard case .norm(let found, _)? = try violations(policy(norm: "0.2")).first?.excess else {
      Issue.record("new rows have no norm")
      return
    }
    let added = try #require(tuned.tensors["embed.weight"]).values[65...].reduce(0) { $0 + $1 * $1 }
    #expect(found * found > added && found * found < added + 0.1)
    #expect(try violations(policy(head: "0.05")).map(\.tensor) == ["lm_head.weight"])
    #expect(try violations(policy(total: "0.3")).map(\.tensor) == [PolicyViolation.wholeModel])
    var full = tuned
    for index in 0..<17 { full.tensors["rank.weight"]?.values[index] += 0.3 * Double(index % 3) }
    guard case .policyViolated(let ranks)? = try refusal(full, policy()) else {
      Issue.record("a new row of another direction has no rank")
      return
    }
    #expect(ranks.map(\.tensor) == ["rank.weight"])
  }

  /// A prover that counts fewer rows than changed, or hides the new ones from a norm, fails in the argument.
  @Test func aProverThatDoesNotCountNewRows() throws {
    var random = SeededGenerator(seed: 2)
    var small = TypedModel()
    small.add("embed.weight", .f32, [5, 13], random: &random)
    var grown = small
    grown.append(rows: 2, to: "embed.weight", scale: 0.5, random: &random)
    let base = try small.write("small", in: folder)
    let tuned = try grown.write("grown", in: folder)
    let identity = try BaseIdentity.compute(checkpoint: base)
    for allow in ["{\"rows\": 1}", "{\"norm\": {\"absolute\": 0.5}}"] {
      let policy = try StatementFixture.policy(Self.rule("*", 2, allow))
      let certificate = try ForcedDriftTests.forced(base: base, tuned: tuned, policy: policy)
      #expect(throws: DriftProofError.proofInvalid(.argument(.sumcheckFinal(stage: "A")))) {
        try CertificateVerifier.verify(certificate: certificate, identity: identity, policy: policy)
      }
    }
  }

  @Test func whatTheRuleDoesNotAdmitIsAGap() throws {
    var random = SeededGenerator(seed: 4)
    var more = tuned
    more.append(rows: 1, to: "embed.weight", scale: 0.1, random: &random)
    #expect(
      try refusal(more, policy())
        == .coverageGap([.grown(tensor: "embed.weight", base: [5, 13], tuned: [8, 13], added: 3, allowed: 2)]))
    var fewer = base
    fewer.tensors["embed.weight"]?.shape = [4, 13]
    fewer.tensors["embed.weight"]?.values.removeLast(13)
    #expect(
      try refusal(fewer, policy()) == .coverageGap([.shrunk(tensor: "embed.weight", base: [5, 13], tuned: [4, 13])]))
    // A new row beyond 2^40 units has no integer.
    var large = tuned
    large.tensors["embed.weight"]?.values[6 * 13] = 1e30
    #expect(try refusal(large, policy())?.exitCode == 1)
    large.tensors["embed.weight"]?.values[6 * 13] = .nan
    #expect(
      try refusal(large, policy())
        == .coverageGap([.notEncodable(tensor: "embed.weight", of: .tuned, entry: 78, rule: nil)]))
  }

  /// A base that stores its head tied: a model that stores none is read with its grown embedding as head, whose rule must
  /// admit the rows; one that stores a head of other rows trained it apart.
  @Test func tiedHeads() throws {
    var random = SeededGenerator(seed: 6)
    var tied = TypedModel()
    tied.add("model.embed_tokens.weight", .f32, [5, 3], random: &random)
    tied.tensors["lm_head.weight"] = tied.tensors["model.embed_tokens.weight"]
    var grown = tied
    grown.append(rows: 2, to: "model.embed_tokens.weight", scale: 0.1, random: &random)
    let base = try tied.write("tied", in: folder)
    let identity = try BaseIdentity.compute(checkpoint: base)
    let norm = "{\"norm\": {\"absolute\": 1}}"
    let frozenHead = try StatementFixture.policy(
      [Self.rule("*embed_tokens*", 2, norm), StatementFixture.frozenRest].joined(separator: ", "))
    let headless = try grown.write("headless", in: folder, only: ["model.embed_tokens.weight"])
    guard case .checkpoint(let read, _) = try TunedModel.checkpoints(tuned: headless, base: base) else {
      Issue.record("a checkpoint is no checkpoint")
      return
    }
    #expect(read.tensor(named: "lm_head.weight")?.shape == [7, 3])
    func gaps(_ tuned: Checkpoint, _ identity: BaseIdentity, _ policy: Policy) -> [CoverageGap] {
      do {
        _ = try DerivedStatement.derive(identity: identity, tuned: tuned.manifestTensors, policy: policy)
        return []
      } catch .coverageGap(let gaps) {
        return gaps
      } catch {
        return []
      }
    }
    #expect(
      gaps(read, identity, frozenHead) == [
        .grown(tensor: "lm_head.weight", base: [5, 3], tuned: [7, 3], added: 2, allowed: 0)
      ])
    #expect(gaps(read, identity, try StatementFixture.policy(Self.rule("*", 2, norm))).isEmpty)
    // The base without a head, the model with the old one beside a grown embedding.
    let bare = try tied.write("bare", in: folder, only: ["model.embed_tokens.weight"])
    let apart = try grown.write("apart", in: folder)
    guard case .checkpoint(let stored, _) = try TunedModel.checkpoints(tuned: apart, base: bare) else {
      Issue.record("a checkpoint is no checkpoint")
      return
    }
    let both = try StatementFixture.policy(Self.rule("*", 2, norm))
    #expect(
      gaps(stored, try BaseIdentity.compute(checkpoint: bare), both) == [
        .added(tensor: "lm_head.weight", renamedFrom: nil)
      ])
  }
}
