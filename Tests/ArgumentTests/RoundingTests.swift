// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofField
import TestSupport
import Testing

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

/// Honest proofs of clauses relative to weights.
@Suite struct RoundingTests {
  @Test(arguments: [8, 11]) func oneTensor(_ bits: Int) throws { try Fixture.merged(bits: bits).run() }

  @Test(arguments: [(1, 70), (3, 5), (40, 24), (129, 127)])
  func oddShapes(_ rows: Int, _ columns: Int) throws { try Fixture.merged(rows: rows, columns: columns).run() }
}
