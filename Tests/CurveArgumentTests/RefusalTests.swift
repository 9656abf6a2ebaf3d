// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve
import DriftProofCurveCommitment
import DriftProofCurveCommitmentProver
import TestSupport
import Testing

@testable import DriftProofCurveArgument
@testable import DriftProofCurveArgumentProver

/// What a prover refuses before it sends anything, and statements that neither side takes.
@Suite struct RefusalTests {
  private func refusal(_ fixture: CurveFixture) -> CurveArgumentError? {
    do {
      _ = try fixture.prove()
      return nil
    } catch { return error as? CurveArgumentError }
  }

  @Test func falseStatements() {
    let rows = CurveFixture.random(2, seed: 50)
    let (square, below) = (CurveBound(rows.square), CurveBound(rows.square - 1))
    #expect(
      refusal(CurveFixture([.init(name: "a", rows: rows, claim: .norm(below))]))
        == .normExceeded(tensor: "a", square: square, bound: below))
    let total = CurveFixture.Tensor(name: "a", rows: rows, claim: .norm(nil), countsInTotal: true)
    #expect(
      refusal(CurveFixture([total], totalBound: below)) == .totalExceeded(square: square, bound: below))
  }

  @Test func driftsThatDoNotFit() {
    let half: Int64 = 1 << 59
    for (rows, fits) in [
      ([[half - 1, -half]], true), ([[half, -half]], false), ([[half], [half]], false), ([[.min]], false),
    ] {
      let fixture = CurveFixture([.init(name: "a", rows: rows, claim: .norm(CurveBound(ones: 120)))])
      #expect(refusal(fixture) == (fits ? nil : .driftTooLarge(tensor: "a")))
    }
    let long = CurveFixture([.init(name: "a", rows: [[1]], claim: .norm(CurveBound(ones: 120)))])
    for rows in [
      MemoryDriftRows(rows: [], blindings: []),
      MemoryDriftRows(rows: [[Int64](repeating: 0, count: CurveFixture.length + 1)], blindings: [.zero]),
    ] {
      let error = #expect(throws: CurveArgumentError.self) {
        try CurveArgumentProver(statement: long.statement).prove(
          rows: rows, base: long.base, tuned: long.tuned, committer: long.committer, secret: CurveFixture.secret)
      }
      guard case .rows? = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
    }
  }

  @Test func statementsThatAreNone() {
    let good = CurveFixture(
      [
        .tight("a", CurveFixture.random(1, seed: 51), countsInTotal: true),
        .init(name: "f", rows: CurveFixture.random(1, seed: 52), claim: .frozen),
      ], totalBound: CurveBound(ones: 208)
    ).statement
    #expect(throws: Never.self) { try good.validate() }
    let changes: [(inout CurveStatement) -> Void] = [
      { $0.logLength = 7 }, { $0.logLength = 29 }, { $0.setupID = [] }, { $0.tensors = [] },
      { $0.tensors[0].claim = .any }, { $0.tensors[1].name = "a" }, { $0.tensors[0].rows = 0 },
      { $0.tensors[0].columns = -1 }, { $0.tensors[0].rowCount = 0 }, { $0.tensors[0].rowCount = 1 << 33 },
      { $0.tensors[0].rowCount = .max }, { $0.tensors[0].rows = 2 }, { $0.tensors[0].rows = .max },
      { $0.tensors[0].fractionBits = 29 }, { $0.tensors[0].fractionBits = -21 },
      { $0.tensors[0].claim = .norm(CurveBound(1 as UInt64).shiftedLeft(120)) },
      { $0.tensors[1].countsInTotal = true }, { $0.totalBound = nil },
      { $0.totalBound = CurveBound(1 as UInt64).shiftedLeft(208) },
      {
        $0.totalBound = nil
        $0.tensors[0].countsInTotal = false
        $0.tensors[0].claim = .norm(nil)
      },
      { $0.tensors[0].countsInTotal = false },
      {
        $0.tensors[0].fractionBits = -20
        $0.tensors[1].fractionBits = 25
        $0.tensors[1].claim = .norm(nil)
        $0.tensors[1].countsInTotal = true
      },
    ]
    for (index, change) in changes.enumerated() {
      var statement = good
      change(&statement)
      #expect(throws: CurveProofRejection.self, "change \(index)") { try statement.validate() }
      #expect(throws: CurveArgumentError.self, "change \(index)") { try CurveArgumentProver(statement: statement) }
    }
  }

  @Test func sizesFollowTheirInequalities() {
    for variables in 8...40 {
      let range = TensorRange(variables: variables)
      let groups = range.groups
      #expect(groups.first?.lowerBound == 0 && groups.last?.upperBound == variables)
      #expect(zip(groups, groups.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
      #expect(groups.allSatisfy { (variables / groups.count...variables / groups.count + 1).contains($0.count) })
      #expect(groups.allSatisfy { $0.count <= 14 && $0.count >= 5 })
    }
    for rows in [1, 3, 65, 129, 1 << 17] {
      var statement = CurveFixture([.tight("a", CurveFixture.random(1, seed: 53))]).statement
      statement.tensors[0].rowCount = rows
      let layout = CurveArgumentLayout(statement)
      #expect(CurveSoundness.bits(layout) >= 132)
      #expect(layout.libraLength + CurveLibra.randomCells <= 1 << layout.logLength)
    }
  }
}
