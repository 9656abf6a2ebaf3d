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
    #expect(code.securityBits >= 128 && code.logLength <= CodeSelection.maximumLogLengthOfLarge)
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

  /// 6.6 billion weights in the shapes of a decoder of 32 layers. In rows of 2^25 they would take a fifth more cells: a matrix of
  /// 11008 × 4096 fits into three rows of 2^24, and takes two of 2^25.
  @Test func sevenBillion() throws {
    let estimate = try Self.estimate(Self.decoder(feedForward: 11008))
    #expect(estimate.proofBytes <= 1_500_000)
    #expect(estimate.code.logLength == 24 && estimate.code.logBlowup == 1)
  }

  /// 7.6 billion weights in shapes that fill long rows better.
  @Test func longRowsWhereTheyAreFilled() throws {
    let tensors = Self.decoder(feedForward: 14336)
    let estimate = try Self.estimate(tensors)
    #expect(estimate.proofBytes <= 1_250_000)
    #expect(estimate.code.logLength == 25 && estimate.code.logBlowup == 1)
    // What an identity commits to stands in up to eight trees at once.
    let base = try CodeSelection.choose(tensors: tensors, hasManyTrees: true)
    #expect(base.logLength == 24 && base.logBlowup == 1)
  }

  /// All terms of a statement with rows of 2^25 entries, and of one with the longer trees of factors.
  @Test func longRowsAreSound() throws {
    for rank in [nil, 8] {
      let tensors = (0..<6).map { Self.tensor("\($0)", 32768, 32768, rank: rank) }
      let code = try CodeSelection.choose(tensors: tensors)
      #expect(code.logLength == 25)
      let statement = DriftStatement(tensors: tensors, totalBound: nil, code: code, binding: [])
      for term in Soundness.terms(statement) { #expect(term.bits >= 128, "\(term.name)") }
      #expect(Soundness.bits(ArgumentLayout(statement)) >= 128)
    }
  }

  /// A billion weights are not so many that their rows count for much.
  @Test func aBillion() throws {
    let estimate = try Self.estimate((0..<21).map { Self.tensor("\($0)", 8192, 6144) })
    #expect(estimate.code.logLength == 24 && estimate.proofBytes <= 800_000)
  }

  private static func decoder(feedForward: Int) -> [TableauTensor] {
    var tensors = [Self.tensor("embedding", 32000, 4096), Self.tensor("head", 32000, 4096)]
    for layer in 0..<32 {
      for name in ["k", "o", "q", "v"] { tensors.append(Self.tensor("\(layer).\(name)", 4096, 4096)) }
      for name in ["gate", "up"] { tensors.append(Self.tensor("\(layer).\(name)", feedForward, 4096)) }
      tensors.append(Self.tensor("\(layer).down", 4096, feedForward))
    }
    return tensors
  }
}
