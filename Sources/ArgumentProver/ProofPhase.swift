// SPDX-License-Identifier: Apache-2.0

/// What a proof is at, for progress, reports and forecasts. The raw values are what people and `--json` are told.
package enum ProofPhase: String, CaseIterable, Sendable {
  // Before the argument.
  case reading
  case policyCheck = "policy check"
  case byteDigests = "byte digests"
  case rows
  case commitment
  // The argument's moves.
  case witness
  case factors
  case projections
  case digitCommitment = "digit commitment"
  /// The orthonormality and the bounds stage.
  case boundsStage = "stage A"
  /// The structure and the merging stage.
  case factorStages = "stages B and C"
  case opening
  // After it.
  case selfCheck = "self-check"
  /// That a commitment to the tuned model is the base's and the drift.
  case transition
}
