// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofChain
import DriftProofCheckpoint
import DriftProofPolicy
@testable import DriftProofStatement
import Testing

/// Circulant blocks in links and in cumulative policies.
@Suite struct CirculantChainTests {
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

  private static func blocks(_ size: Int, _ more: String = "") -> String {
    "{\"circulant\": {\"block\": \(size)}\(more)}"
  }

  /// a.weight is 64 × 64.
  @Test func blocksOfOneSizeAddUp() throws {
    let own = Self.blocks(8)
    #expect(try problem([own, own, own], own) == nil)
    #expect(try problem([own, own], own, grown: 64) == nil)
    // Neither half nor twice the size is the same form, nor are Kronecker products with blocks of this size.
    for other in [Self.blocks(4), Self.blocks(16), #"{"kronecker": {"terms": 1, "inner": [8, 8]}}"#, #"{"rank": 1}"#] {
      #expect(
        try problem([own, other], own)?.contains("add up to other blocks, allowed is circulant blocks of 8 × 8") == true
      )
    }
    for other in [#"{"entries": 1}"#, #"{"rows": 1}"#] { #expect(try problem([own, other], own) != nil) }
    #expect(try problem([own, #"{"entries": 2}"#], Self.blocks(8, ", \"entries\": 2")) == nil)
    #expect(try problem([own, #"{"entries": 3}"#], Self.blocks(8, ", \"entries\": 2")) != nil)
    // No rank follows but the full one, no norm, and no bound of entries.
    #expect(try problem([own], "{\"rank\": 64}") == nil)
    #expect(try problem([own], "{\"rank\": 63}") != nil)
    #expect(try problem([own], #"{"kronecker": {"terms": 63, "inner": [8, 8]}}"#) != nil)
    #expect(try problem([own], #"{"norm": {"absolute": 9}}"#) != nil)
    let residual = Self.blocks(8, ", \"residual\": {\"absolute\": 0.1}")
    #expect(try problem([residual, residual], Self.blocks(8, ", \"residual\": {\"absolute\": 0.21}")) == nil)
    #expect(try problem([residual, residual], Self.blocks(8, ", \"residual\": {\"absolute\": 0.19}")) != nil)
    let bounded = Self.blocks(8, ", \"entrywise\": {\"absolute\": 0.1}")
    #expect(try problem([bounded, own], Self.blocks(8, ", \"entrywise\": {\"absolute\": 0.11}")) == nil)
    #expect(try problem([bounded], #"{"norm": {"absolute": 9}}"#) != nil)
  }
}
