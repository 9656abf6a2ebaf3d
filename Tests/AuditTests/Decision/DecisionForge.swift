// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofArgument
@testable import DriftProofArgumentProver
@testable import DriftProofAttestation
import DriftProofAudit
@testable import DriftProofAuditDecision
@testable import DriftProofAuditDecisionProver
import DriftProofCommitment
import DriftProofCommitmentProver
import DriftProofCore
import DriftProofKernels

/// A decision as whoever holds the signing key, the scores and time can make one: honest but for what a test changes.
struct DecisionForge {
  /// Goes on where an honest prover refuses, and says what the verifier will hear.
  struct GoingOn: ProverDeviation {
    var heard: DriftStatement?
    var roots: EntryRoots.Replacement?
    var refuses: Bool { false }
    func absorbed(_ statement: DriftStatement) -> DriftStatement { heard ?? statement }
    func roots(_ own: inout EntryRoots) { own.replacement = roots }
  }

  var plan: AuditPlan
  /// What the verifier hears.
  var claim: DecisionClaim
  /// What the prover argues about, where it is something else.
  var argued: DecisionClaim?
  /// The committed roots of scores.
  var roots: [Int32]
  /// Places that the sparse part covers.
  var far: [Int] = []
  var reference = DecisionStatement.Side(root: String(repeating: "1", count: 64), lines: 300)
  var candidate = DecisionStatement.Side(root: String(repeating: "2", count: 64), lines: 300)
  var entryRoots: EntryRoots.Replacement?

  /// - Parameter scores: in thousandths.
  init(mode: AuditMode = .quick, scores: [Int], far: Int = 0, below: Int = 500) throws {
    plan = try PlanTests.plan()
    plan.mode = mode
    guard let claim = DecisionClaim(plan, requests: scores.count, far: far, below: below) else { throw Failure.claim }
    self.claim = claim
    roots = scores.map { Int32(claim.root($0)) }
    self.far = scores.indices.filter { !claim.isProvable(scores[$0]) }
  }

  enum Failure: Error { case claim }

  func statement(scores: ScoreCommitment) -> DecisionStatement {
    DecisionStatement(
      plan: plan.digest.hexadecimal, claim: claim, reference: reference, candidate: candidate,
      referenceModel: "reference", beacon: nil, scores: scores.digest.hexadecimal,
      nonce: String(repeating: "3", count: 64), startedAt: "2026-03-01T12:30:00Z",
      finishedAt: "2026-03-01T12:40:00Z")
  }

  static func signed(_ payload: [UInt8], type: String = AttestationStatement.payloadType) throws -> [UInt8] {
    Array(
      try SignatureEnvelope(payloadType: type, payload: payload, key: try BundleForge.signer()).line.utf8)
  }

  private struct Rows: TableauRows {
    let roots: [Int32]
    var rowCount: Int { 1 }
    func message(_ row: Int) -> RowMessage { .narrow(roots) }
  }

  /// - Parameters:
  ///   - payload: changes what is signed.
  ///   - proved: what the proof is bound to, where it is not what is signed.
  func file(payload change: (String) -> String = { $0 }, proved: ([UInt8]) -> [UInt8] = { $0 }) throws -> DecisionFile {
    let secret = [UInt8](repeating: 5, count: 32)
    let own = argued ?? claim
    guard let outline = try own.statement(binding: []) else { throw Failure.claim }
    let scheme = HashCommitment(outline.code)
    let committed = try DriftCommitter(statement: outline, scheme: scheme).commit(
      rows: Rows(roots: roots), secret: secret)
    let scores = ScoreOpening.commitment(of: committed)
    let payload = Array(change(String(decoding: statement(scores: scores).payload(plan), as: UTF8.self)).utf8)
    let binding = ScoreCommitment.binding(payload: proved(payload))
    guard let statement = try own.statement(binding: binding) else { throw Failure.claim }
    let deviation = GoingOn(heard: argued == nil ? nil : try claim.statement(binding: binding), roots: entryRoots)
    let proof = try ArgumentProver(statement: statement, scheme: scheme).prove(
      witness: ArgumentWitness(
        rows: Rows(roots: roots), factors: [:],
        supports: own.far == 0 ? [:] : [.init(tensor: 0, clause: 0): Array(far.prefix(own.far))]),
      drift: committed, secret: SHA256.hash(secret), deviation: deviation)
    return DecisionFile(
      plan: plan.file, attestation: try Self.signed(payload), scores: scores, proof: proof.bytes)
  }

  static func verify(_ bytes: [UInt8]) throws -> DecisionReport {
    try DecisionVerifier.verify(bytes, key: try BundleForge.signer().publicKey)
  }
}
