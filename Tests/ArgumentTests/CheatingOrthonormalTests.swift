// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofField
import Testing
import DriftProofTranscript

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

/// Rows that are not orthonormal, false products, a false the orthonormality stage (docs/protocol.md section 11, items
/// 22 to 25): every cheat, every continuation.
@Suite struct CheatingOrthonormalTests {
  private static var honest: Fixture { .orthonormal([(5, 40), (4, 5000)]) }

  /// Row 3 of tensor 0 has a part of row 1: product (1, 3) is 2^40/256, far outside [-2^29, 2^29).
  private static var skew: Fixture {
    var fixture = honest
    for x in 0..<40 { fixture.drifts[0][3 * 40 + x] += fixture.drifts[0][40 + x] / 256 }
    fixture.tensors[0].plainBound = Fixture.digits(1 << 50)
    return fixture
  }

  /// Adds to products (tensor, j, k).
  private typealias Change = (tensor: Int, j: Int, k: Int, by: Int64)

  private static func adding(_ changes: [Change], to fixture: Fixture = honest) -> Cheat {
    Cheat(fixture) {
      $0.digits = { table, layout in
        for change in changes {
          let cell = layout.digits.products[change.tensor].cell(change.j, change.k)
          let value = table.digits.number(at: cell, digits: Limits.projectionDigits)
          table.store(value &+ change.by, digits: Limits.projectionDigits, at: cell)
        }
      }
    }
  }

  /// What σ must be for the changed products to be right.
  private static func sum(
    _ changes: [Change]
  ) -> @Sendable (OrthonormalChallenges, CubicExtension) -> CubicExtension {
    { challenges, sum in
      changes.reduce(sum) { sum, change in
        let layout = ArgumentLayout(honest.statement).orthonormal
        let log = layout.members[change.tensor].logRows
        return sum + Multilinear.equality(challenges.members, at: change.tensor)
          * Multilinear.equality(challenges.left.prefix(log), at: change.j)
          * Multilinear.equality(challenges.right.prefix(log), at: change.k) * Goldilocks(change.by)
      }
    }
  }

  @Test func theHonestMatricesAreAccepted() throws {
    #expect(try Cheat(Self.honest).rejection() == nil)
    #expect(throws: ArgumentRefusal.notOrthonormal(tensor: "a0", row: 1, other: 3)) { try Self.skew.run() }
  }

  // MARK: Products

  @Test func trueProductsThatAreNoDigits() throws { try Cheat(Self.skew).expectStopped(at: .bounds, forge: .residuals) }

  /// The products of the matrix that it should be: all in range, all sums of the orthonormality stage true.
  @Test func productsOfAnotherMatrix() throws {
    let cheat = Cheat(Self.skew) {
      $0.digits = { table, layout in
        for index in 0..<2 {
          table.storeProducts([Int64](repeating: 0, count: index == 0 ? 25 : 16), of: index)
        }
      }
    }
    try cheat.expectStopped(at: .bounds, forge: .residuals)
  }

  /// One product, both of a pair with the same or with the opposite sign, errors that cancel within a tensor or between
  /// two, and those that one point for both sides would not see.
  @Test(arguments: 0..<7)
  func wrongProducts(_ index: Int) throws {
    let cases: [[Change]] = [
      [(0, 2, 2, 1)], [(0, 1, 2, 1)], [(0, 1, 2, 1), (0, 2, 1, 1)], [(0, 1, 2, 1), (0, 2, 1, -1)],
      [(0, 0, 0, 1), (0, 1, 1, -1)], [(0, 0, 0, 1), (1, 0, 0, -1)],
      [(0, 0, 3, 1), (0, 3, 0, 1), (0, 1, 2, -1), (0, 2, 1, -1)],
    ]
    // σ of the matrix: the digits say otherwise. σ of the digits: the orthonormality stage says otherwise.
    let cheat = Self.adding(cases[index])
    try cheat.expectStopped(at: .bounds, forge: .residuals)
    let sum = Self.sum(cases[index])
    try cheat.with { $0.orthonormalSum = sum }.expectStopped(at: .orthonormality, forge: .leftRows)
  }

  /// The digits say the same number, one of them is none.
  @Test func productDigitsTradedUpwards() throws {
    try Cheat(Self.honest) {
      $0.digits = { table, layout in
        let cell = layout.digits.products[1].cell(3, 3)
        table.tamper { cells in
          cells[cell] += 4
          cells[cell + 1] = (Goldilocks(reducing: cells[cell + 1]) - .one).value
        }
      }
    }.expectStopped(at: .bounds, forge: .residuals)
  }

  /// Pairs of rows that do not exist, and the sixteenth cell, count nothing but must be digits.
  @Test func cellsOfNoProduct() throws {
    func cheat(_ value: UInt64, _ cell: @escaping @Sendable (DigitLayout) -> Int) -> Cheat {
      Cheat(Self.honest) {
        $0.digits = { table, layout in table.tamper { $0[cell(layout.digits)] = value } }
      }
    }
    for cell: @Sendable (DigitLayout) -> Int in [
      { $0.products[0].cell(5, 2) }, { $0.products[0].cell(2, 7) }, { $0.products[0].cell(0, 0) + 15 },
    ] {
      #expect(try cheat(3, cell).rejection() == nil)
      try cheat(4, cell).expectStopped(at: .bounds, forge: .residuals)
    }
  }

  // MARK: the orthonormality stage

  /// A sum that neither the matrices nor the digits have: false in both stages.
  @Test func falseSum() throws {
    let cheat = Cheat(Self.honest) { $0.orthonormalSum = { $1 + 1 } }
    #expect(try cheat.rejection() == .sumcheckFinal(stage: "O"))
    let persists = SumcheckTampering(persists: true)
    let forged = SumcheckTampering(forge: .leftRows, root: RootFinding.root)
    for tampering in [persists, forged] {
      try cheat.with { $0.stages[.orthonormality] = tampering }.expectFalseInStageA()
    }
  }

  @Test(arguments: [Oracle.leftRows, .rightRows, .blind])
  func forgedEvaluations(_ oracle: Oracle) throws {
    // Of one false sum the claim about the digits is true, so that all that is false is the evaluation.
    let changes: [Change] = [(0, 2, 2, 1)]
    let sum = Self.sum(changes)
    let cheat = Self.adding(changes).with {
      $0.orthonormalSum = sum
      $0.stages[.orthonormality] = SumcheckTampering(forge: oracle, root: RootFinding.root)
    }
    try cheat.expectStopped(at: .bounds, forge: .residuals)
  }

  /// An evaluation under another mask, a sum under another blind: the orthonormality stage holds, its claims do not.
  @Test(arguments: [
    OrthonormalLayout.maskCell(.left, 0), OrthonormalLayout.maskCell(.right, 7),
    OrthonormalLayout.maskCell(.blindMask, 3), OrthonormalLayout.maskCell(.blind, 0),
    OrthonormalLayout.maskCell(.blind, 2),
  ])
  func masksOfAnotherOracle(_ cell: Int) throws {
    try Cheat(Self.honest) { $0.masksOfOrthonormalityStage = { $0[cell] += 1 } }.expectStopped(
      at: .bounds, forge: .residuals)
    try Cheat(Self.honest) { $0.masksOfBoundsStage = { $0[cell] += 1 } }.expectStopped(at: .bounds, forge: .residuals)
    // Both stages alike, but not as committed.
    try Cheat(Self.honest) { $0.committedMasks = { $0[cell] += 1 } }.expectStoppedByOpening()
  }

  /// Two evaluations whose errors would cancel under one power of λ.
  @Test(arguments: [
    (OrthonormalLayout.MaskRun.left, OrthonormalLayout.MaskRun.right), (.left, .blindMask), (.right, .blindMask),
  ])
  func evaluationsWithOppositeErrors(_ a: OrthonormalLayout.MaskRun, _ b: OrthonormalLayout.MaskRun) throws {
    try Cheat(Self.honest) {
      $0.masksOfOrthonormalityStage = {
        $0[OrthonormalLayout.maskCell(a, 2)] += 1
        $0[OrthonormalLayout.maskCell(b, 2)] -= 1
      }
    }.expectStopped(at: .bounds, forge: .residuals)
  }

  // MARK: Statements

  /// The prover leaves the claim out, or proves it of fewer tensors, under the verifier's transcript.
  @Test func claimsLeftOut() throws {
    let honest = Self.skew
    for dropped in [[0], [1], [0, 1]] {
      var own = honest
      for index in dropped { own.tensors[index].isOrthonormal = false }
      var cheat = Cheat(own) { $0.absorbedStatement = honest.statement }
      cheat.verifier = honest
      let rejection = try cheat.rejection()
      // With all of them dropped a message is missing, and all others are read in its place.
      #expect(rejection == .sumcheckFinal(stage: "O"), "\(dropped)")
      // A claim that is not asked for makes no proof of another statement.
      var asked = Cheat(honest) { $0.absorbedStatement = own.statement }
      asked.verifier = own
      #expect(try asked.rejection() != nil)
    }
  }

  /// The flag is in the transcript: the same proof, were it one, does not verify for the other statement.
  @Test func aProofOfTheOtherStatement() throws {
    let fixture = Self.honest
    var plain = fixture
    for index in plain.tensors.indices { plain.tensors[index].isOrthonormal = false }
    for (own, other) in [(fixture, plain), (plain, fixture)] {
      var cheat = Cheat(own)
      cheat.tampering.skipsRefusals = false
      #expect(try cheat.rejection() == nil)
      cheat.verifier = other
      #expect(try cheat.rejection() != nil)
    }
  }

  /// Rows of another drift than the committed one: orthonormal rows are argued about, skew ones were committed.
  @Test func orthonormalRowsOfAnotherTableau() throws {
    var cheat = Cheat(Self.honest)
    cheat.fixture.tensors[0].plainBound = Fixture.digits(1 << 50)
    cheat.committed = Self.skew
    try cheat.expectStoppedByOpening()
  }
}

extension Cheat {
  /// A false claim of the bounds stage beside one that the orthonormality stage has made false already: stopped there,
  /// and when the bounds stage's g(ρ) is forged, too, at the Libra masks.
  fileprivate func expectFalseInStageA(location: SourceLocation = #_sourceLocation) throws {
    #expect(try rejection() == .sumcheckFinal(stage: "A"), sourceLocation: location)
    let persists = SumcheckTampering(persists: true)
    #expect(
      try rejection { $0.stages[.bounds] = persists } == .clearCombination(functional: Self.libra),
      sourceLocation: location)
    #expect(
      try rejection(bendsOpening: true) { $0.stages[.bounds] = persists }
        == .rowsAgainstCombination(functional: Self.libra),
      sourceLocation: location)
  }
}
