// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofAttestation
import DriftProofAudit
import DriftProofAuditBundle
import DriftProofCertificate
import DriftProofCommitment
import DriftProofCore
import DriftProofTranscript

/// What a verified decision says: SAME, of scores that nobody sees.
package struct DecisionReport: Sendable {
  package let plan: AuditPlan
  package let statement: DecisionStatement
  package let claim: DecisionClaim
  /// Of the key that was given and that signed.
  package let keyID: String
  /// Terms of the soundness error.
  package let soundness: [Soundness.Term]
  package let proofBytes: Int
  package let byteCount: Int
  package let verifySeconds: Double

  /// -log2 of the error: the least of its terms.
  package var securityBits: Double { soundness.map(\.bits).min() ?? 0 }
}

/// Verifies decisions in zero knowledge, from a file, the auditor's public key and nothing else.
package enum DecisionVerifier {
  /// Checks the signature, that plan and scores are those that were signed, that everything else in the statement follows, and
  /// the proof that the plan's rule says SAME of the scores. No bytes make it trap.
  package static func verify(_ bytes: [UInt8], key: PublicKey) throws(DecisionRejection) -> DecisionReport {
    let start = ContinuousClock.now
    let file: DecisionFile
    do throws(FormatError) {
      file = try DecisionFile(bytes)
    } catch {
      throw .file(error)
    }
    let (sealed, statement) = try statement(file.attestation, key: key)
    let digest = SHA256.hash(file.plan).hexadecimal
    guard digest == statement.plan else { throw .otherPlan(stated: statement.plan, found: digest) }
    let plan: AuditPlan
    do throws(AuditPlanError) {
      plan = try AuditPlan(file: file.plan)
    } catch {
      throw .plan(error)
    }
    if let difference = sealed.document.value.firstDifference(from: statement.json(plan)) {
      throw .claim(path: difference.path, stated: difference.here, computed: difference.there)
    }
    guard sealed.payload == statement.payload(plan) else { throw .statementSpelling }
    let scores = file.scores.digest.hexadecimal
    guard scores == statement.scores else { throw .otherScores(stated: statement.scores, found: scores) }
    let numbers = (statement.requests, statement.far, statement.below)
    guard let claim = DecisionClaim(plan, requests: numbers.0, far: numbers.1, below: numbers.2) else {
      throw .numbers(requests: numbers.0, far: numbers.1, below: numbers.2)
    }
    let soundness = try verify(file, claim, payload: sealed.payload)
    return DecisionReport(
      plan: plan, statement: statement, claim: claim, keyID: key.keyID, soundness: soundness,
      proofBytes: file.proof.count, byteCount: bytes.count, verifySeconds: start.duration(to: .now) / .seconds(1))
  }

  /// What was signed: nothing of it is read before its signature holds.
  private static func statement(
    _ attestation: [UInt8], key: PublicKey
  ) throws(DecisionRejection) -> (sealed: SealedStatement, statement: DecisionStatement) {
    do throws(SealError) {
      let sealed = try SealedStatement(attestation, key: key, predicateType: DecisionStatement.predicateType)
      do throws(JSONError) {
        return (sealed, try DecisionStatement(sealed.document))
      } catch {
        throw .malformedStatement(error.description)
      }
    } catch {
      throw .attestation(error)
    }
  }

  /// The proof, of the statement that follows from the claim.
  /// - Returns: terms of the soundness error.
  private static func verify(
    _ file: DecisionFile, _ claim: DecisionClaim, payload: [UInt8]
  ) throws(DecisionRejection) -> [Soundness.Term] {
    let derived: DriftStatement?
    do throws(ProofRejection) {
      derived = try claim.statement(binding: ScoreCommitment.binding(payload: payload))
    } catch {
      throw .proof(error)
    }
    guard let derived else {
      throw .notDecided(requests: claim.requests, far: claim.far, below: claim.below)
    }
    let verifier: ArgumentVerifier<HashCommitment>
    do throws(ProofRejection) {
      verifier = try ArgumentVerifier(statement: derived, scheme: HashCommitment(derived.code))
    } catch {
      throw .proof(error)
    }
    guard let scores = file.scores.reference(shapes: verifier.driftShapes, code: derived.code) else { throw .pin }
    do throws(ProofRejection) {
      try verifier.verify(file.proof, drift: scores)
    } catch {
      throw .proof(error)
    }
    return verifier.soundness
  }
}
