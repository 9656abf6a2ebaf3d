// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofField
import DriftProofKernels
import TestSupport
import DriftProofTranscript

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

/// Random lists of tensors with every kind of clause, for tests of layouts and weights.
struct RandomStatement {
  let statement: DriftStatement
  let layout: ArgumentLayout

  /// - Parameters:
  ///   - maximum: largest number of rows or columns.
  ///   - orthonormal: whether tensors that can be have the claim.
  ///   - entries: whether every other clause bounds single entries, and plain tensors have such a clause.
  init(seed: UInt64, maximum: Int = 260, tensors count: Int = 6, orthonormal: Bool = false, entries: Bool = false) {
    var generator = SeededGenerator(seed: seed)
    func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
    let hasTotal = pick(0...2) == 0
    let tensors = (0..<pick(1...count)).map { index in
      let (rows, columns) = (pick(1...maximum), pick(1...(pick(0...1) == 0 ? 9 : maximum)))
      let bound: () -> [UInt16]? = { pick(0...1) == 0 ? nil : Fixture.digits(pick(0...1_000_000)) }
      let clauses = (0..<pick(0...2)).map { _ -> StructuredClause in
        let rank = pick(0...1) == 0 ? nil : pick(1...min(9, min(rows, columns)))
        let forms: [SparseForm?] = [
          .entries(pick(1...min(9, rows * columns))), .rows(pick(1...min(3, rows))),
          .columns(pick(1...min(5, columns))),
          rank == nil ? .entries(1) : nil,
        ]
        return StructuredClause(
          rank: rank, sparse: forms[pick(0...3)], scale: rank == nil ? 0 : pick(0...4), bound: bound())
      }
      return TableauTensor(
        name: "t\(index)", rows: rows, columns: columns, fractionBits: pick(12...21),
        isPlain: hasTotal || clauses.isEmpty || clauses.contains { $0.scale > 0 } || pick(0...1) == 0, plainBound: nil,
        clauses: clauses)
    }
    statement = DriftStatement(
      tensors: tensors.map {
        var tensor = $0
        if tensor.isPlain { tensor.plainBound = Fixture.digits(1 << tensor.fractionBits) }
        if entries {
          if tensor.clauses.isEmpty {
            tensor.clauses = [StructuredClause(rank: nil, sparse: nil, scale: 3, bound: nil)]
          }
          tensor.isPlain = tensor.isPlain || tensor.clauses.contains { $0.scale > 0 }
          for index in tensor.clauses.indices where index.isMultiple(of: 2) {
            tensor.clauses[index].entries = EntryClaim(square: 1 << 31 + 1000 * tensor.rows + tensor.columns)
          }
        }
        tensor.isOrthonormal = orthonormal && tensor.isPlain && tensor.clauses.isEmpty
        return tensor
      }, totalBound: hasTotal ? Fixture.digits(12345) : nil,
      code: CodeParameters(
        unchecked: Int.random(in: 14...15, using: &generator), logBlowup: 1, queries: 40, grindingBits: 0, driftTail: 80
      ),
      binding: [])
    layout = ArgumentLayout(statement)
  }

  static func challenge(_ generator: inout SeededGenerator) -> CubicExtension {
    CubicExtension(
      Goldilocks(reducing: generator.next()), Goldilocks(reducing: generator.next()),
      Goldilocks(reducing: generator.next())
    )
  }

  static func point(_ count: Int, _ generator: inout SeededGenerator) -> [CubicExtension] {
    (0..<count).map { _ in challenge(&generator) }
  }

  /// The bounds stage's challenges and R, from a transcript of this statement.
  func challenges() -> (BoundsStageChallenges, ProjectionMatrix) {
    var transcript = ArgumentProtocol.transcript(statement, driftBinding: [])
    let matrix = ProjectionMatrix(bits: ArgumentProtocol.matrixBits(&transcript))
    // Any outcome of the orthonormality stage, of full length.
    let claims = layout.hasOrthonormal ? OrthonormalClaims.random(layout.orthonormal, &transcript) : nil
    return (BoundsStageChallenges(layout: layout, orthonormal: claims, transcript: &transcript), matrix)
  }
}

extension OrthonormalClaims {
  /// Claims of a the orthonormality stage with uniform messages.
  static func random(_ layout: OrthonormalLayout, _ transcript: inout Transcript) -> OrthonormalClaims {
    let oracles: [Oracle] = [.leftRows, .rightRows, .blind]
    let challenges = OrthonormalChallenges(layout: layout, transcript: &transcript)
    let values = transcript.challenges("values", 2 + oracles.count)
    return OrthonormalClaims(
      layout: layout, challenges: challenges, sum: values[3],
      outcome: SumcheckOutcome(
        point: transcript.challenges("point", layout.variables + 1),
        evaluations: Evaluations(.orthonormality, Dictionary(uniqueKeysWithValues: zip(oracles, values))),
        libraValue: values[4]))
  }
}
