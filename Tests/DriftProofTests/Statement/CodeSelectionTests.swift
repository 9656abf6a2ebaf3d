// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofStatement
import DriftProofArgument
import Testing

/// Sizes that the choice of code leads to; no proof is made.
@Suite struct CodeSelectionTests {
  private static func tensor(_ name: String, _ rows: Int, _ columns: Int, rank: Int? = nil) -> TableauTensor {
    let bound: [UInt16] = [0, 0, 1, 0, 0, 0]
    let clauses = rank.map { [StructuredClause(rank: $0, sparse: nil, scale: 5, bound: bound)] } ?? []
    return TableauTensor(
      name: name, rows: rows, columns: columns, fractionBits: 20, isPlain: true, plainBound: bound, clauses: clauses)
  }

  private static func estimate(_ tensors: [TableauTensor]) throws -> CodeSelection.Estimate {
    let code = try CodeSelection.choose(tensors: tensors)
    #expect(code.securityBits >= 128 && code.logLength <= CodeSelection.maximumLogLength)
    return try #require(
      CodeSelection.estimate(tensors, logLength: code.logLength, logBlowup: code.logBlowup, proofs: 2))
  }

  @Test func oneBlock() throws {
    #expect(try Self.estimate([Self.tensor("w", 4096, 4096)]).proofBytes <= 250_000)
    #expect(try Self.estimate([Self.tensor("w", 4096, 4096, rank: 8)]).proofBytes <= 340_000)
  }

  @Test func smallPerceptron() throws {
    var tensors: [TableauTensor] = []
    for layer in 0..<6 {
      tensors.append(Self.tensor("\(layer).bias", 1, 256))
      tensors.append(Self.tensor("\(layer).weight", 256, 256, rank: 8))
    }
    #expect(try Self.estimate(tensors).proofBytes <= 250_000)
  }

  /// 6.6 billion weights in the shapes of a decoder of 32 layers.
  @Test func sevenBillion() throws {
    var tensors = [Self.tensor("embedding", 32000, 4096), Self.tensor("head", 32000, 4096)]
    for layer in 0..<32 {
      for name in ["k", "o", "q", "v"] { tensors.append(Self.tensor("\(layer).\(name)", 4096, 4096)) }
      for name in ["gate", "up"] { tensors.append(Self.tensor("\(layer).\(name)", 11008, 4096)) }
      tensors.append(Self.tensor("\(layer).down", 4096, 11008))
    }
    let estimate = try Self.estimate(tensors)
    #expect(estimate.proofBytes <= 2_000_000)
    #expect(estimate.code.logLength == 24 && estimate.code.logBlowup == 1)
  }
}
