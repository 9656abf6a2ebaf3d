import Commitment
import Field
import Transcript

/// Deviations of a cheating prover (PROTOCOL section 10), for adversarial tests only: the verifier knows nothing of them.
package struct ArgumentTampering: Sendable {
  /// Go on where an honest prover refuses.
  package var skipsRefusals = false
  /// Changes E, U, V, S before P1.
  var tables: (@Sendable (inout WitnessTables) -> Void)?
  /// Changes the digits.
  var digits: (@Sendable (inout DigitTable, ArgumentLayout) -> Void)?
  package var stageA: SumcheckTampering?
  package var stageB: SumcheckTampering?
  package var stageC: SumcheckTampering?
  /// Added to the claimed value d of the drift tableau.
  package var driftOffset: CubicExtension?
  /// Replaces the opening; receives the trees, as the scheme's committed tableaux, and the claims.
  package var open: (@Sendable ([any Sendable], [OpeningClaim], inout ProverChannel) throws -> Void)?

  package init() {}
}
