import Commitment
import Field
import Transcript

/// Deviations of a cheating prover (docs/protocol.md section 11), for adversarial tests only: the verifier knows nothing of them.
package struct ArgumentTampering: Sendable {
  /// Go on where an honest prover refuses.
  package var skipsRefusals = false
  /// Absorbs this statement, the verifier's, in place of the prover's own.
  package var absorbedStatement: DriftStatement?
  /// Stage B counts rank columns and sparse slots up to their padding.
  package var usesPadding = false
  /// Claims the drift tableau's true value as d, whatever E, U, V and S say.
  package var claimsTrueDrift = false
  /// Changes E, U, V, S before P1.
  var tables: (@Sendable (inout WitnessTables) -> Void)?
  /// Changes the digits.
  var digits: (@Sendable (inout DigitTable, ArgumentLayout) -> Void)?
  package var stageA: SumcheckTampering?
  package var stageB: SumcheckTampering?
  package var stageC: SumcheckTampering?
  package var stageO: SumcheckTampering?
  /// What is sent in place of Stage O's sum σ.
  var orthonormalSum: (@Sendable (OrthonormalChallenges, CubicExtension) -> CubicExtension)?
  /// Changes the mask oracle O that Stage O works on; that of Stage A; that which is committed.
  var masksOfStageO: (@Sendable (inout [Goldilocks]) -> Void)?
  var masksOfStageA: (@Sendable (inout [Goldilocks]) -> Void)?
  var committedMasks: (@Sendable (inout [Goldilocks]) -> Void)?
  /// Added to the claimed value d of the drift tableau.
  package var driftOffset: CubicExtension?
  /// Replaces the opening; receives the trees, as the scheme's committed tableaux, and the claims.
  package var open: (@Sendable ([any Sendable], [OpeningClaim], inout ProverChannel) throws -> Void)?

  package init() {}

  static func changed(_ cells: [Goldilocks], _ change: ((inout [Goldilocks]) -> Void)?) -> [Goldilocks] {
    var cells = cells
    change?(&cells)
    return cells
  }
}

extension ArgumentProver {
  /// The drift tableau's value at Stage A's point, mask included: what the opening can prove.
  func trueDrift(
    rows: any TableauRows, mask: [Goldilocks], stageAPoint: [CubicExtension]
  ) throws -> CubicExtension {
    let (top, x) = (stageAPoint[0], Array(stageAPoint[1...]))
    let positions = x.prefix(layout.logLength)
    let tileWeights = Multilinear.equality(x[layout.logLength..<layout.driftVariables], scale: .one - top)
    let equality = Multilinear.equality(positions)
    var sum = CubicExtension.zero
    for block in layout.tableau.blocks {
      for (tile, row) in block.tiles {
        var value = CubicExtension.zero
        switch try rows.message(row) {
        case .zero: continue
        case .narrow(let values): for (i, v) in values.enumerated() { value += equality[i] * Goldilocks(Int(v)) }
        case .field(let values): for (i, v) in values.enumerated() { value += equality[i] * Goldilocks(reducing: v) }
        }
        sum += value * tileWeights[tile] * Goldilocks(1 << block.signature.scale)
      }
    }
    let maskScale = x[layout.logLength..<layout.driftVariables].reduce(top) { $0 * (.one - $1) }
    for (i, entry) in mask.enumerated() { sum += equality[i] * maskScale * entry }
    return sum
  }
}
