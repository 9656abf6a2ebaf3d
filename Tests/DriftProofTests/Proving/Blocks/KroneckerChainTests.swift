// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofChain
import DriftProofCheckpoint
import DriftProofPolicy
@testable import DriftProofStatement
import Testing

/// Sums of Kronecker products in links and in cumulative policies.
@Suite struct KroneckerChainTests {
  let fixture: StatementFixture

  init() throws { fixture = try StatementFixture() }

  /// - Parameter grown: by how many rows the tensor has grown in every link.
  private func problem(_ links: [String], _ cumulative: String, grown: Int = 0) throws -> String? {
    func policy(_ allow: String) throws -> Policy {
      let growth = grown > 0 ? "\"grow\": {\"rows\": \(grown)}, " : ""
      let rules =
        "{\"tensors\": \"a.weight\", \(growth)\"allow\": \(allow)}, {\"tensors\": \"*\", \"allow\": \"frozen\"}"
      return try Policy.parse(
        Array("{\"driftPolicy\": 1, \"name\": \"p\", \"securityBits\": 128, \"rules\": [\(rules)]}".utf8))
    }
    func derive(_ policy: Policy) throws -> DerivedStatement {
      let tuned = fixture.tuned.map { tensor in
        tensor.name == "a.weight"
          ? TunedTensor(name: tensor.name, dtype: tensor.dtype, shape: [64 + grown, 64]) : tensor
      }
      return try DerivedStatement.derive(identity: fixture.identity, tuned: tuned, policy: policy)
    }
    let drift = CumulativeDrift(
      identity: fixture.identity,
      links: try links.enumerated().map { index, allow in
        let own = try policy(allow)
        return LinkDrift(name: "link \(index + 1)", identity: fixture.identity, policy: own, derived: try derive(own))
      })
    let target = try policy(cumulative)
    return drift.violations(of: target, target: try derive(target)).map(\.description).first
  }

  private static func sum(_ terms: Int, _ rows: Int, _ columns: Int, _ more: String = "") -> String {
    "{\"kronecker\": {\"terms\": \(terms), \"inner\": [\(rows), \(columns)]}\(more)}"
  }

  /// a.weight is 64 × 64.
  @Test func termsAddUp() throws {
    let one = Self.sum(1, 8, 4)
    #expect(try problem([one, one], Self.sum(2, 8, 4)) == nil)
    #expect(try problem([one, Self.sum(2, 8, 4)], Self.sum(2, 8, 4))?.contains("3 Kronecker products") == true)
    // Of other blocks nothing is known but the rank: of A ⊗ B, A 8 × 16 and B 8 × 4, it is at most 8·4.
    #expect(try problem([one], Self.sum(31, 4, 8)) != nil)
    #expect(try problem([one], "{\"rank\": 32}") == nil)
    #expect(try problem([one], "{\"rank\": 31}") != nil)
    // With as many new rows A has 16 × 16 entries.
    #expect(try problem([one], "{\"rank\": 63}", grown: 64) != nil)
    #expect(try problem([one], Self.sum(1, 8, 4), grown: 64) == nil)
    // 128 blocks of 32 entries: every matrix is a sum of 32 products.
    #expect(try problem(["{\"rank\": 1}"], Self.sum(32, 8, 4)) == nil)
    #expect(try problem(["{\"rank\": 1}"], Self.sum(31, 8, 4)) != nil)
    // An entry is a product; a row of one block each of 16 is at most 4 of them, a column of 8 at most 8.
    #expect(try problem([one, "{\"entries\": 1}"], Self.sum(2, 8, 4)) == nil)
    #expect(try problem([one, "{\"rows\": 1}"], Self.sum(5, 8, 4)) == nil)
    #expect(try problem([one, "{\"rows\": 1}"], Self.sum(4, 8, 4)) != nil)
    #expect(try problem([one, "{\"columns\": 1}"], Self.sum(9, 8, 4)) == nil)
    #expect(try problem([one, "{\"columns\": 1}"], Self.sum(8, 8, 4)) != nil)
    #expect(try problem([one, "{\"rows\": 1}"], Self.sum(1, 8, 4, ", \"rows\": 1")) == nil)
    // No norm follows, and no bound of entries.
    #expect(try problem([one], "{\"norm\": {\"absolute\": 9}}") != nil)
    let bounded = Self.sum(1, 8, 4, ", \"entrywise\": {\"absolute\": 0.1}")
    #expect(try problem([bounded], "{\"norm\": {\"absolute\": 9}}") != nil)
    #expect(try problem([bounded, one], Self.sum(2, 8, 4, ", \"entrywise\": {\"absolute\": 0.11}")) == nil)
    let residual = Self.sum(1, 8, 4, ", \"residual\": {\"absolute\": 0.1}")
    #expect(try problem([residual, residual], Self.sum(2, 8, 4, ", \"residual\": {\"absolute\": 0.21}")) == nil)
    #expect(try problem([residual, residual], Self.sum(2, 8, 4, ", \"residual\": {\"absolute\": 0.19}")) != nil)
  }
}
