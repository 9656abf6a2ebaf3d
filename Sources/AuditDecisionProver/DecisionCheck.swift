// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import DriftProofAuditBundle
import DriftProofAuditDecision
import DriftProofCore

/// What a bundle that reveals its key says of a decision: whether it is about this audit, and its commitment holds exactly
/// these scores. It makes the signer's word in a decision one that can be refuted.
package enum DecisionCheck {
  package enum Mismatch: Error, Equatable, Sendable {
    /// Questions and answers are withheld, and the key with them.
    case withheld
    case plan(decision: String, bundle: String)
    case transcript(AuditSide, decision: String, bundle: String)
    case requests(decision: Int, bundle: Int)
    /// The commitment is to other scores than the answers have.
    case scores(decision: String, bundle: String)
    case failure(String)
  }

  /// - Parameters:
  ///   - decision: verified.
  ///   - bundle: verified.
  package static func check(_ decision: DecisionReport, against bundle: BundleReport) throws(Mismatch) {
    let (own, statement) = (decision.statement, bundle.statement)
    guard let result = bundle.result, let key = bundle.summary.key else { throw .withheld }
    let plan = bundle.plan.digest.hexadecimal
    guard own.plan == plan else { throw .plan(decision: own.plan, bundle: plan) }
    for (side, stated, root) in [
      (AuditSide.reference, own.reference.root, statement.roots.reference.root.hexadecimal),
      (.candidate, own.candidate.root, statement.roots.candidate.root.hexadecimal),
    ] where stated != root {
      throw .transcript(side, decision: stated, bundle: root)
    }
    let scores = result.rows.map(\.score.high)
    guard own.requests == scores.count else { throw .requests(decision: own.requests, bundle: scores.count) }
    guard let nonce = [UInt8](hexadecimal: own.nonce) else { throw .failure("its nonce is none") }
    let found: String
    do {
      found = try ScoreOpening(plan: bundle.plan, key: key, nonce: nonce, scores: scores, claim: decision.claim)
        .commitment().digest.hexadecimal
    } catch {
      throw .failure("\(error)")
    }
    guard found == own.scores else { throw .scores(decision: own.scores, bundle: found) }
  }
}

extension DecisionCheck.Mismatch: CustomStringConvertible {
  package var description: String {
    switch self {
    case .withheld: "the bundle withholds its answers, and so cannot say whether a decision is about them"
    case .plan(let decision, let bundle): "the decision is about the plan \(decision), the bundle about \(bundle)"
    case .transcript(let side, let decision, let bundle):
      "the decision is about a \(side.rawValue) of root \(decision), the bundle has \(bundle)"
    case .requests(let decision, let bundle): "the decision is about \(decision) requests, the bundle about \(bundle)"
    case .scores(let decision, let bundle):
      "THE DECISION'S SIGNER HAS LIED: it is about the scores \(decision), the bundle's answers have \(bundle)"
    case .failure(let why): "the decision cannot be compared: \(why)"
    }
  }
}
