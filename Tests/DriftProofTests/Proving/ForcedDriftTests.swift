// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofCertificate
@testable import DriftProofDrift
@testable import DriftProofProving
@testable import DriftProofStatement
import DriftProofArgument
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofPolicy
import Foundation
import DriftProofLinearAlgebra
import TestSupport
import Testing
import DriftProofTranscript

@testable import DriftProofArgumentProver
/// Real drifts outside their policy: `prove` refuses them, and a prover that goes on all the same is rejected.
@Suite struct ForcedDriftTests {
  /// A certificate by a prover that skips the policy check and every refusal, with its best factors and supports.
  /// - Parameters:
  ///   - given: of the base, which commits to its weights where the policy speaks of them.
  ///   - own: whose trees are opened; nil for those of the same one.
  ///   - opening: secret of a base that hides its weights.
  static func forced(
    base: Checkpoint, tuned: Checkpoint, policy: Policy, identity given: BaseIdentity? = nil,
    trees own: BaseIdentity? = nil, opening: [UInt8]? = nil
  ) throws -> [UInt8] {
    let identity = try given ?? BaseIdentity.compute(checkpoint: base)
    let baseRoot = try StatementRules.baseRoot(identity, for: policy)
    let derived = try DerivedStatement.derive(identity: identity, tuned: tuned.manifestTensors, policy: policy)
    let code = try CodeSelection.choose(derived)
    let opened = try own.map {
      try DerivedStatement.derive(identity: $0, tuned: tuned.manifestTensors, policy: policy)
    }
    let trees = try LinkedTrees(
      opened ?? derived, identity: own ?? identity, base: base, code: code, opening: opening)
    let secret = [UInt8](repeating: 3, count: 32)
    let committed = try DriftCommitment(
      derived: derived, code: code, base: base, tuned: tuned, secret: secret, phase: { _ in })
    let tableau = try #require(committed.tableau)
    let statement = derived.statement(
      code: code,
      binding: TunedCommitment.binding(
        baseRoot: baseRoot, policyDigest: Certificate.policyDigest(policy),
        commitment: committed.commitment(baseRoot: baseRoot)))
    var witness = ArgumentWitness(rows: tableau.rows, factors: [:], supports: [:], base: trees.rows)
    for (index, tensor) in statement.tensors.enumerated() {
      let drift = try DriftSource(
        base: base, tuned: tuned, name: tensor.name, fractionBits: tensor.fractionBits, block: tensor.block
      ).matrix()
      for (number, clause) in tensor.clauses.enumerated() {
        let id = ArgumentWitness.ClauseID(tensor: index, clause: number)
        if let rank = clause.rank, drift.maximumMagnitude > 0 {
          let order = try ClauseFitter(drift: drift, fractionBits: tensor.fractionBits).order(clause)
          let factors = try IntegerFactors.quantise(
            order?.ordered(drift) ?? drift, rank: rank, scaleBits: clause.scale
          ).factors
          witness.factors[id] = .init(left: factors.left, right: factors.right)
        }
        if let block = clause.circulant {
          let fit = CirculantFit(drift: drift, block: block, scale: clause.scale)
          witness.diagonals[id] = fit.fit(sparse: nil) { _ in nil }.diagonals
        }
        if let sparse = clause.sparse {
          let changed = ClauseFitter(drift: drift, fractionBits: tensor.fractionBits).changed(sparse)
          witness.supports[id] = Array(changed.prefix(sparse.count))
        }
      }
    }
    let proof = try ArgumentProver(statement: statement, scheme: HashCommitment(code)).prove(
      witness: witness, drift: tableau.committed, base: trees.committed, secret: [UInt8](repeating: 4, count: 32),
      deviation: UnrefusingProver())
    return Certificate(
      baseRoot: baseRoot, policy: policy, manifest: committed.manifest, driftRoot: committed.driftRoot,
      driftPins: committed.driftPins,
      proof: proof.bytes
    ).bytes
  }

  /// - Parameter output: where the forced certificate goes, for other programs to verify.
  static func expectStopped(base: String, tuned: String, policy: Policy, output: String? = nil) throws {
    let base = try Checkpoint.open(base)
    let tuned = try Checkpoint.open(tuned)
    let path = NSTemporaryDirectory() + "driftproof-forced-\(UUID().uuidString).secret"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let refusal = #expect(throws: DriftProofError.self) {
      try DriftProver.prove(base: base, tuned: tuned, policy: policy, openingPath: path)
    }
    #expect(refusal?.exitCode == 10)
    let certificate = try forced(base: base, tuned: tuned, policy: policy)
    if let output { try Data(certificate).write(to: URL(fileURLWithPath: output)) }
    #expect(throws: DriftProofError.proofInvalid(.argument(.sumcheckFinal(stage: "A")))) {
      try CertificateVerifier.verify(
        certificate: certificate, identity: try BaseIdentity.compute(checkpoint: base), policy: policy)
    }
  }

  private static func policy(_ rule: String) throws -> Policy {
    try Policy.parse(
      Array(
        #"""
        {"driftPolicy": 1, "name": "forced", "securityBits": 128,
         "rules": [{"tensors": "fc.*.weight", "allow": \#(rule)}, {"tensors": "*", "allow": "frozen"}]}
        """#.utf8))
  }

  static var example: String {
    Repository.example("mlp-lora").path
  }

  @Test(arguments: [
    #"{"rank": 8, "residual": {"relative": 0.002}}"#, #"{"rank": 7, "residual": {"relative": 0.003}}"#,
    #"{"norm": {"relative": 0.2}}"#,
  ])
  func shippedPairUnderANarrowerPolicy(_ rule: String) throws {
    try Self.expectStopped(base: Self.example + "/base", tuned: Self.example + "/tuned", policy: try Self.policy(rule))
  }

  /// By hand and by `scripts/evaluate`: `DRIFTPROOF_DISHONEST="BASE TUNED POLICY [CERTIFICATE];…"` names more pairs, and where
  /// their forced certificates go.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["DRIFTPROOF_DISHONEST"] != nil))
  func pairsNamedByTheEnvironment() throws {
    let list = ProcessInfo.processInfo.environment["DRIFTPROOF_DISHONEST"] ?? ""
    for entry in list.split(separator: ";") {
      let words = entry.split(separator: " ").map(String.init)
      guard (3...4).contains(words.count), let policy = FileManager.default.contents(atPath: words[2]) else {
        Issue.record("\(entry): expected BASE TUNED POLICY [CERTIFICATE]")
        continue
      }
      try Self.expectStopped(
        base: words[0], tuned: words[1], policy: try Policy.parse(Array(policy)),
        output: words.count == 4 ? words[3] : nil)
    }
  }
}
