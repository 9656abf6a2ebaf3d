// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofStatement
import DriftProofArgument
import DriftProofPolicy
import Testing

/// The total over products whose bounds shrink by different factors.
@Suite struct AdapterTotalTests {
  /// All summands are bounded by the worst factor, whichever product has it.
  @Test func theWorstFactorCounts() throws {
    let fixture = try StatementFixture()
    // f_A = 21 of 64 columns: 2^13/(2^13 + 1); f_A = 20 of 16 columns: 2^11/(2^11 + 16), the worse one.
    let ranks = ["a.weight": 1, "emb.weight": 16]
    let tuned = fixture.identity.tensors.map { leaf in
      TunedTensor(
        name: leaf.name, dtype: leaf.dtype, shape: leaf.shape,
        change: ranks[leaf.name].map { .product(rank: $0) } ?? .none)
    }
    let derived = try fixture.derive(
      [StatementFixture.rule("{a,emb}.weight", "{\"rank\": 16}")],
      total: ", \"total\": {\"norm\": {\"absolute\": 3}}", tuned: tuned)
    let right = derived.claims.filter { $0.factor == .right }
    #expect(right.map(\.tensor.fractionBits) == [21, 20] && right.allSatisfy { $0.tensor.isOrthonormal })
    let bits = derived.claims.filter { $0.factor == .left }.map(\.tensor.fractionBits)
    let finest = try #require(bits.max())
    let exact = (BigUInt(9 as UInt) << (2 * finest + 11)).divided(by: 2048 + 16)
    #expect(derived.totalBound == BoundArithmetic.totalDigits(exact, fractionBits: bits))
  }
}
