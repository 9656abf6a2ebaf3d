// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofAudit
import DriftProofCommitment
import DriftProofTranscript

/// What is proved of committed scores: that a plan's rule says SAME of them (docs/protocol.md, section 14).
///
/// A score z is committed as a whole number w with z ≤ w²/D², so that none can be negative and sums of scores are sums of
/// squares. All but k of n scores are below b thousandths, and what these add up to is at most s: then one line of the
/// mean's clause holds, the k others counted as 1000 each, and one of the tail's. k, n and b are public, all bounds follow
/// from them and from the plan.
package struct DecisionClaim: Hashable, Sendable {
  package let mode: AuditMode
  /// 1/ρ, from 1 to 1000.
  package let inverseTailShare: Int
  /// n.
  package let requests: Int
  /// k: requests that may have any score; every far one is among them.
  package let far: Int
  /// b, in thousandths: the scores of all others are below it.
  package let below: Int

  /// One row of the tableau.
  package static let requestRange = 1...1 << logRow
  /// The scores' bounds that a claim may have. None is above the tail's score, so that the k others include all far ones.
  package static let bounds = [500, 200, 100, 50]
  static let logRow = 14

  /// - Returns: nil for numbers out of range.
  package init?(mode: AuditMode, inverseTailShare: Int, requests: Int, far: Int, below: Int) {
    guard Self.requestRange.contains(requests), (0...requests).contains(far), Self.bounds.contains(below),
      below <= mode.tailScore, (1...1000).contains(inverseTailShare)
    else { return nil }
    self.mode = mode
    self.inverseTailShare = inverseTailShare
    self.requests = requests
    self.far = far
    self.below = below
  }

  package init?(_ plan: AuditPlan, requests: Int, far: Int, below: Int) {
    self.init(
      mode: plan.mode, inverseTailShare: plan.inverseFarShare, requests: requests, far: far, below: below)
  }

  /// D: roots of scores are in units of 1/D. b·D² is at most 2^37, the most that an entrywise bound can be.
  package var scale: Int { Int(EntryClaim.squareRoot((1 << EntryClaim.logLargestSquare) / below)) }

  /// τ² of the entrywise claim, so that w² < τ² + 2^30 = b·D² is proved.
  package var square: Int { below * scale * scale - EntryClaim.slack }

  /// The root that a score is committed as: the least w with w² ≥ z·D².
  /// - Parameter score: from 0 to 1000.
  package func root(_ score: Int) -> Int {
    let square = score * scale * scale
    let root = Int(EntryClaim.squareRoot(square))
    return root * root < square ? root + 1 : root
  }

  /// Whether a score can be proved to be below b: those within b/128 of it, about, cannot.
  package func isProvable(_ score: Int) -> Bool {
    let root = root(score)
    return root * root <= square
  }

  /// ⌊s·D²⌋ for the largest s with which a line of the mean's clause holds; nil where none does, or the tail's does not.
  ///
  /// With S ≤ s + 1000k and Q ≤ b·s + 10^6·k, as x² ≤ b·x below b, a line holds when
  /// s·(1000·l·2^40 + 32ψb) ≤ l(nm - 1000k)·1000·2^40 - 32ψ·10^6·k - 32·10^6·need.
  package var normBound: Int? {
    guard tailHolds else { return nil }
    let best = SameClauses.meanLines.compactMap { line -> Int128? in
      let lambda = Int128(line.lambda) * 1000 << 40
      let psi = 32 * Int128(line.psi)
      let room =
        lambda * Int128(requests * mode.margin - 1000 * far) - psi * 1_000_000 * Int128(far)
        - 32_000_000 * Int128(line.need(mode))
      guard room > 0 else { return nil }
      return room * Int128(scale * scale) / (lambda + psi * Int128(below))
    }.max()
    return best.flatMap { $0 > 0 ? Int($0) : nil }
  }

  private var tailHolds: Bool {
    var clauses = SameClauses()
    for index in 0..<requests { clauses.add(0, isFar: index < far) }
    return clauses.tailIsBelow(1, over: inverseTailShare, mode)
  }

  /// The code of every such proof: nobody chooses it. A commitment serves one proof.
  package static var code: CodeParameters {
    get throws(ProofRejection) {
      try CodeParameters(logLength: logRow, logBlowup: 5, queries: 44, grindingBits: 20, driftTail: 44)
    }
  }

  package static let tensorName = "scores"

  /// The statement of the argument; nil where the rule would not say SAME.
  /// - Parameter binding: what the proof is bound to, absorbed first.
  package func statement(binding: [UInt8]) throws(ProofRejection) -> DriftStatement? {
    guard let normBound else { return nil }
    let limbs = (0..<Limits.boundLimbs).map {
      UInt16(normBound >> ($0 * Limits.logLimb) & (1 << Limits.logLimb - 1))
    }
    let clause = StructuredClause(
      rank: nil, sparse: far > 0 ? .entries(far) : nil, scale: 0, bound: limbs, entries: EntryClaim(square: square))
    return DriftStatement(
      tensors: [
        TableauTensor(
          name: Self.tensorName, rows: 1, columns: requests, fractionBits: 0, isPlain: false, plainBound: nil,
          clauses: [clause])
      ], totalBound: nil, code: try Self.code, binding: binding)
  }
}
