// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve
import DriftProofCurveCommitmentProver
import TestSupport
import Testing

@testable import DriftProofCurveArgument
@testable import DriftProofCurveArgumentProver

@Suite struct HonestTests {
  @Test func oneTensorExactlyAtItsBound() throws {
    let fixture = CurveFixture([.tight("a", CurveFixture.random(1, seed: 2))])
    let proof = try fixture.prove()
    #expect(fixture.rejection(of: proof) == nil)
  }

  @Test func severalTensorsFrozenAnyAndTotal() throws {
    let fixture = CurveFixture(
      [
        .tight("a", CurveFixture.random(3, seed: 3), slack: 7, countsInTotal: true),
        .init(name: "b", rows: CurveFixture.random(2, seed: 4), claim: .frozen),
        .init(
          name: "c", rows: CurveFixture.random(1, seed: 5), claim: .norm(nil), countsInTotal: true, fractionBits: 15),
        .init(name: "d", rows: CurveFixture.random(2, seed: 6), claim: .any),
        .tight("e", CurveFixture.random(2, seed: 7)),
      ], totalBound: CurveBound(1_000_000 as UInt64))
    let proof = try fixture.prove()
    #expect(fixture.rejection(of: proof) == nil)
  }
}
