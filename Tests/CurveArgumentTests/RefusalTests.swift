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
    let (one, cells) = (CurveBound(1 as UInt64), "more than 2^40 cells")
    let changes: [(String, (inout CurveStatement) -> Void)] = [
      ("rows of 2^7", { $0.logLength = 7 }), ("rows of 2^29", { $0.logLength = 29 }),
      ("the setup's id", { $0.setupID = [] }), ("no tensor", { $0.tensors = [] }),
      ("no tensor", { $0.tensors[0].claim = .any }), ("one name", { $0.tensors[1].name = "a" }),
      ("is empty", { $0.tensors[0].rows = 0 }), ("is empty", { $0.tensors[0].columns = -1 }),
      ("has 0 rows", { $0.tensors[0].rowCount = 0 }), ("rows of cells", { $0.tensors[0].rowCount = 1 << 33 }),
      ("rows of cells", { $0.tensors[0].rowCount = .max }), ("of its shape", { $0.tensors[0].rows = 2 }),
      ("of its shape", { $0.tensors[0].rows = .max }), ("of its shape", { $0.tensors[0].rowCount = 2 }),
      (cells, { for index in 0..<2 { $0.tensors[index].rowCount = 1 << 32; $0.tensors[index].rows = 1 << 32 } }),
      ("precision of a", { $0.tensors[0].fractionBits = 29 }),
      ("precision of a", { $0.tensors[0].fractionBits = -21 }),
      ("bound of a", { $0.tensors[0].claim = .norm(one.shiftedLeft(120)) }),
      ("the total counts f", { $0.tensors[1].countsInTotal = true }), ("not there", { $0.totalBound = nil }),
      ("total is out", { $0.totalBound = one.shiftedLeft(208) }),
      (
        "nothing bounds",
        {
          $0.totalBound = nil
          $0.tensors[0].countsInTotal = false
          $0.tensors[0].claim = .norm(nil)
        }
      ),
      ("of nothing", { $0.tensors[0].countsInTotal = false }),
      (
        "too far apart",
        {
          $0.tensors[0].fractionBits = -20
          $0.tensors[1].fractionBits = 25
          $0.tensors[1].claim = .norm(nil)
          $0.tensors[1].countsInTotal = true
        }
      ),
    ]
    for (reason, change) in changes {
      var statement = good
      change(&statement)
      let error = #expect(throws: CurveProofRejection.self, "\(reason)") { try statement.validate() }
      guard case .unsupported(let why)? = error else {
        Issue.record("\(reason): \(String(describing: error))")
        continue
      }
      #expect(why.contains(reason), "\(why)")
      #expect(throws: CurveArgumentError.statement(.unsupported(why))) { try CurveArgumentProver(statement: statement) }
    }
    // Composed and decomposed letters are two names.
    var names = good
    (names.tensors[0].name, names.tensors[1].name) = ("\u{E9}", "e\u{301}")
    #expect(throws: Never.self) { try names.validate() }
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
    for rows in [1, 3, 65, 129, 1 << 17, 1 << 32] {
      var statement = CurveFixture([.tight("a", CurveFixture.random(1, seed: 53))]).statement
      statement.tensors[0].rowCount = rows
      let layout = CurveArgumentLayout(statement)
      #expect(CurveSoundness.bits(layout) >= 132)
      #expect(layout.libraLength + CurveLibra.randomCells <= 1 << layout.logLength)
    }
  }
}
