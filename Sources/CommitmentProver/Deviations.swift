// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofField
import DriftProofKernels

// The seams at which the adversarial tests (docs/protocol.md section 11) replace what an honest prover does. They lie
// at the boundaries of the prover's moves, and what is honest costs nothing; the verifier knows nothing of them.

/// Deviations while committing. Of the tree and of its opening alike, so that the tree is consistent and only the code
/// or the message is not.
package protocol CommitmentDeviation: Sendable {
  /// What a leaf is the hash of.
  func leaf(_ format: RowLeafFormat) -> RowLeafFormat
  /// The salts of a run before they are hashed, 32 bytes for each position.
  func salts(_ salts: AlignedBuffer<UInt8>, ofRun run: Int)
  /// Some encoded positions of a coset before they are hashed: `blocks.pointer[8 * i + lane]`, i one of `positions`, is row
  /// `rows.lowerBound + lane` at position `start + i`.
  func encoded(_ blocks: AlignedBuffer<UInt64>, rows: Range<Int>, positions: Range<Int>, ofCoset start: Int)
  /// A row's values at some positions before they are opened.
  func opened(_ values: [UInt64], row: Int, positions: [Int]) -> [UInt64]
  /// The values of all rows at a point outside F before they are stated.
  func pins(_ values: [CubicExtension]) -> [CubicExtension]
}

extension CommitmentDeviation {
  package func leaf(_ format: RowLeafFormat) -> RowLeafFormat { format }
  package func salts(_ salts: AlignedBuffer<UInt8>, ofRun run: Int) {}
  package func encoded(
    _ blocks: AlignedBuffer<UInt64>, rows: Range<Int>, positions: Range<Int>, ofCoset start: Int
  ) {}
  package func opened(_ values: [UInt64], row: Int, positions: [Int]) -> [UInt64] { values }
  package func pins(_ values: [CubicExtension]) -> [CubicExtension] { values }
}

package struct HonestCommitment: CommitmentDeviation {
  package init() {}
}

/// Deviations while opening, each told of the claim (its index among all) that a message belongs to.
package protocol OpeningDeviation: Sendable {
  /// The rows that the combination of a tree is computed from.
  func rows(_ committed: any TableauRows, ofTree tree: Int) -> any TableauRows
  /// P_b(z_a) before it is sent; `pin`: the number of the pinned tree among those of the claim.
  func treeValue(_ value: CubicExtension, claim: Int, pin: Int, tree: Int) -> CubicExtension
  /// mask(z_a) before it is sent.
  func maskPin(_ value: CubicExtension, claim: Int, pin: Int) -> CubicExtension
  /// μ of a claim before it is sent.
  func maskValue(_ value: CubicExtension, claim: Int) -> CubicExtension
  /// All u before anything of them is sent.
  func combinations(_ combinations: inout [[CubicExtension]], of moves: CombinedClaims)
  /// p(1) and p(2) of a sumcheck round before they are sent.
  func round(_ values: inout [CubicExtension], round: Int)
  /// A folded polynomial before a later layer commits to it; `weights`: those of the running claim.
  func polynomial(_ coefficients: inout [CubicExtension], layer: Int, claim: Int, weights: [CubicExtension])
  /// What takes the place of a layer's codewords, in the order of positions; nil for the honest ones. `claims`: those of the
  /// codewords, in order.
  func codewords(layer: Int, claims: [Int], honest: () -> [[CubicExtension]]) -> [[CubicExtension]]?
  /// A layer's out-of-domain answer before it is sent.
  func outOfDomain(_ value: CubicExtension, layer: Int, claim: Int) -> CubicExtension
  /// The final coefficients of a claim before they are sent; `weights`: those of the running claim.
  func final(_ coefficients: inout [CubicExtension], claim: Int, weights: [CubicExtension])
  /// A nonce to send without searching, for the positions of a layer (0: those of the rows); nil to search.
  func nonce(for work: ProofOfWork, layer: Int) -> UInt64?
  /// Told of the positions of layer 0, the leaves of later ones.
  func opens(_ positions: [Int], layer: Int)
}

extension OpeningDeviation {
  package func rows(_ committed: any TableauRows, ofTree tree: Int) -> any TableauRows { committed }
  package func treeValue(_ value: CubicExtension, claim: Int, pin: Int, tree: Int) -> CubicExtension { value }
  package func maskPin(_ value: CubicExtension, claim: Int, pin: Int) -> CubicExtension { value }
  package func maskValue(_ value: CubicExtension, claim: Int) -> CubicExtension { value }
  package func combinations(_ combinations: inout [[CubicExtension]], of moves: CombinedClaims) {}
  package func round(_ values: inout [CubicExtension], round: Int) {}
  package func polynomial(
    _ coefficients: inout [CubicExtension], layer: Int, claim: Int, weights: [CubicExtension]
  ) {}
  package func codewords(layer: Int, claims: [Int], honest: () -> [[CubicExtension]]) -> [[CubicExtension]]? { nil }
  package func outOfDomain(_ value: CubicExtension, layer: Int, claim: Int) -> CubicExtension { value }
  package func final(_ coefficients: inout [CubicExtension], claim: Int, weights: [CubicExtension]) {}
  package func nonce(for work: ProofOfWork, layer: Int) -> UInt64? { nil }
  package func opens(_ positions: [Int], layer: Int) {}
}

package struct HonestOpening: OpeningDeviation {
  package init() {}
}

/// What the combinations u of all claims must satisfy: ⟨c, u⟩ and u(z) of each.
package struct CombinedClaims: Sendable {
  /// By claim: the table of c.
  package let functionals: [[CubicExtension]]
  package let targets: [OpeningLayout.Targets]
  package let layout: OpeningLayout
}
