import Field

// Hooks of the cheating provers in the adversarial tests (docs/protocol.md section 11).
// They only reach the prover's functions; the verifier knows nothing of them.

/// Deviations while committing.
package struct CommitmentTampering: Sendable {
  /// (row, position, honest value) -> committed value, canonical. Used at commitment and at opening, so that the tree is
  /// consistent and only the code or the message is not.
  package var codeword: (@Sendable (_ row: Int, _ position: Int, _ value: UInt64) -> UInt64)?

  package init(codeword: (@Sendable (Int, Int, UInt64) -> UInt64)? = nil) { self.codeword = codeword }
}

/// Deviations while opening.
package struct OpeningTampering: Sendable {
  /// Rows that the combination of a tree is computed from, instead of those that were committed.
  package var claimedRows: [Int: any TableauRows] = [:]
  /// Changes μ of a claim before it is sent.
  package var maskValue: (@Sendable (_ claim: Int, _ value: inout CubicExtension) -> Void)?
  /// Changes u of a claim (message coefficients, then its tail) before anything of it is sent.
  package var combination: (@Sendable (_ claim: Int, _ coefficients: inout [CubicExtension]) -> Void)?
  /// After `combination`: changes one message coefficient of every u so that ⟨c, u⟩ comes out as claimed.
  package var persist = false
  /// Changes the codeword of a layer, in position order, before it is hashed.
  package var layer: (@Sendable (_ layer: Int, _ claim: Int, _ codeword: inout [CubicExtension]) -> Void)?
  /// Changes p(1) and p(2) of a sumcheck round.
  package var round: (@Sendable (_ round: Int, _ values: inout [CubicExtension]) -> Void)?
  /// Changes the final coefficients of a claim.
  package var final: (@Sendable (_ claim: Int, _ coefficients: inout [CubicExtension]) -> Void)?
  /// Sends this nonce without searching.
  package var nonce: UInt64?

  package init() {}
}
