// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofArgumentProver

/// A prover that goes on where an honest one refuses.
struct UnrefusingProver: ProverDeviation {
  var refuses: Bool { false }
}
