// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofArgumentProver
import DriftProofAttestation
import DriftProofAudit
import DriftProofAuditBundle
import DriftProofAuditDecision
import DriftProofCommitment
import DriftProofCommitmentProver
import DriftProofCore

/// Why there is nothing to prove.
package enum DecisionRefusal: Error, Equatable, Sendable {
  /// Only SAME is proved.
  case verdict(Verdict)
  case tooManyRequests(found: Int, limit: Int)
  /// The plan's rule says SAME, but not by what can be proved: sums of scores, and bounds of squares from those.
  case notProvable(requests: Int)
  case scores(DecisionRejection)
  /// The argument refuses, or memory or system fail.
  case argument(String)
}

extension DecisionRefusal: CustomStringConvertible {
  package var description: String {
    switch self {
    case .verdict(let verdict): "the audit says \(verdict.rawValue), and only SAME can be proved without its scores"
    case .tooManyRequests(let found, let limit): "\(found) requests are more than the \(limit) that one proof is about"
    case .notProvable(let requests):
      "the plan's rule says SAME of these \(requests) requests by their squares, which a proof bounds from their sum: they are "
        + "too near the margin"
    case .scores(let rejection): rejection.description
    case .argument(let why): why
    }
  }
}

/// Proves what an audit says without its questions, answers and scores (docs/protocol.md, section 14).
package struct DecisionProver: Sendable {
  let plan: AuditPlan
  let key: AuditKey
  var result: AuditResult
  let statement: @Sendable (DecisionClaim, String) -> DecisionStatement
  private static let proofLabel = "driftproof/audit/decision proof/v1"

  /// - Parameters:
  ///   - result: of exactly these transcripts, computed again.
  ///   - reference: the file, whose root goes into the statement.
  package init(
    plan: AuditPlan, key: AuditKey, result: AuditResult, reference: (file: [UInt8], transcript: Transcript),
    candidate: (file: [UInt8], transcript: Transcript)
  ) {
    self.plan = plan
    self.key = key
    self.result = result
    func side(_ file: [UInt8]) -> DecisionStatement.Side {
      let root = AuditStatement.TranscriptRoot(of: file)
      return .init(root: root.root.hexadecimal, lines: root.lines)
    }
    let sides = (side(reference.file), side(candidate.file))
    let (truth, found) = (reference.transcript.header, candidate.transcript.header)
    let finished = BundleMaker.finishedAt(candidate.transcript)
    let digest = plan.digest.hexadecimal
    statement = { claim, nonce in
      DecisionStatement(
        plan: digest, claim: claim, reference: sides.0, candidate: sides.1, referenceModel: truth?.model ?? "",
        beacon: found?.beacon, scores: "", nonce: nonce, startedAt: found?.started ?? "", finishedAt: finished)
    }
  }

  /// Scores as they count against SAME.
  private var scores: [Int] { result.rows.map(\.score.high) }

  /// What can be proved of scores: with the first bound that all but few are below and whose sum is small enough.
  /// - Returns: nil where nothing can.
  package static func claim(_ plan: AuditPlan, scores: [Int]) -> DecisionClaim? {
    for below in DecisionClaim.bounds {
      guard let outline = DecisionClaim(plan, requests: scores.count, far: 0, below: below) else { continue }
      let near = scores.filter(outline.isProvable)
      guard
        let claim = DecisionClaim(plan, requests: scores.count, far: scores.count - near.count, below: below),
        let bound = claim.normBound
      else { continue }
      if near.reduce(0, { $0 + claim.root($1) * claim.root($1) }) <= bound { return claim }
    }
    return nil
  }

  /// Commits to the scores, signs whose they are, proves that the plan's rule says SAME of them, and verifies what was made
  /// as its readers will.
  /// - Returns: the bytes of `AUDIT.decision`, and what they say.
  package func make(signing signer: SigningKey) throws(DecisionRefusal) -> (file: [UInt8], report: DecisionReport) {
    try make(try claim(), signing: signer)
  }

  /// What would be proved.
  /// - Throws: why nothing can be.
  package func claim() throws(DecisionRefusal) -> DecisionClaim {
    guard result.verdict == .same else { throw .verdict(result.verdict) }
    let limit = DecisionClaim.requestRange.upperBound
    guard scores.count <= limit else { throw .tooManyRequests(found: scores.count, limit: limit) }
    guard let claim = Self.claim(plan, scores: scores) else { throw .notProvable(requests: scores.count) }
    return claim
  }

  private func make(
    _ claim: DecisionClaim, signing signer: SigningKey
  ) throws(DecisionRefusal) -> (file: [UInt8], report: DecisionReport) {
    // A commitment serves one proof: fresh randomness for each.
    let nonce = SystemRandom.bytes(DecisionStatement.nonceLength)
    let opening = ScoreOpening(plan: plan, key: key, nonce: nonce, scores: scores, claim: claim)
    var signed = statement(claim, nonce.hexadecimal)
    let committed: CommittedTableau
    let proof: [UInt8]
    let envelope: SignatureEnvelope
    do {
      committed = try opening.commit()
      signed.scores = ScoreOpening.commitment(of: committed).digest.hexadecimal
      envelope = try SignatureEnvelope(
        payloadType: AttestationStatement.payloadType, payload: signed.payload(plan), key: signer)
      proof = try prove(claim, opening, committed, payload: signed.payload(plan))
    } catch let error as KeyError {
      throw .scores(.signing(error))
    } catch {
      throw .argument("\(error)")
    }
    let file = DecisionFile(
      plan: plan.file, attestation: Array(envelope.line.utf8), scores: ScoreOpening.commitment(of: committed),
      proof: proof
    ).bytes
    do throws(DecisionRejection) {
      return (file, try DecisionVerifier.verify(file, key: signer.publicKey))
    } catch {
      throw .scores(error)
    }
  }

  private func prove(
    _ claim: DecisionClaim, _ opening: ScoreOpening, _ committed: CommittedTableau, payload: [UInt8]
  ) throws -> [UInt8] {
    let binding = ScoreCommitment.binding(payload: payload)
    guard let statement = try claim.statement(binding: binding) else {
      throw DecisionRefusal.notProvable(requests: claim.requests)
    }
    var message: [UInt8] = []
    message.append(lengthPrefixed: Self.proofLabel)
    message.append(lengthPrefixed: binding)
    let secret = SHA256.authenticate(key: opening.secret, message: message + SystemRandom.bytes(32))
    return try ArgumentProver(statement: statement, scheme: HashCommitment(statement.code)).prove(
      witness: opening.witness, drift: committed, secret: secret
    ).bytes
  }
}
