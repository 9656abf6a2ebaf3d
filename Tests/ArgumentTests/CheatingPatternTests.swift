// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofField
import DriftProofKernels
import TestSupport
import Testing

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

/// Patterns: every cheat, every continuation (docs/protocol.md section 11, items 45 to 51).
@Suite struct CheatingPatternTests {
  private static let drift = Fixture.patterned()
  private static let tuned = Fixture.patterned([.tuned(2, of: 4)])
  private static let base = Fixture.patterned([.base])
  /// The second group of row 1, and its places: position and index are the same here, as 16 × 32 needs no padding.
  private static let group = 36..<40

  /// Changes cells, or rows of the drift and the base, on the first tile.
  private static func replacing(
    _ values: [PatternOracle: [Int: Goldilocks]]
  ) -> PatternOracles.Replacement {
    { oracle, position, row in
      guard position == 0, let own = values[oracle] else { return row }
      let before = PatternValues(row)
      var result = (0..<1 << 14).map { before[$0].value }
      for (place, value) in own { result[place] = value.value }
      return .field(result)
    }
  }

  private static func cells(_ values: [Goldilocks]) -> PatternOracles.Replacement {
    replacing([.cells: Dictionary(uniqueKeysWithValues: zip(group, values))])
  }

  /// Three of four values that are not 0.
  private static func crowded(_ form: PatternClaim.Form) -> Fixture {
    var fixture = form == .drift ? drift : tuned
    let before = fixture.bases[0] ?? [Int64](repeating: 0, count: 512)
    for (place, value) in zip(group, [7, -5, 3, 0] as [Int64]) {
      fixture.drifts[0][place] = value - (form == .drift ? 0 : before[place])
    }
    return fixture
  }

  private static let forms: [PatternClaim.Form] = [.drift, .tuned]

  // MARK: Groups

  @Test(arguments: forms) func oneTooMany(_ form: PatternClaim.Form) throws {
    // Every cell is honest: the group has three.
    try Cheat(Self.crowded(form)).expectStopped(at: .bounds, forge: .digits)
  }

  @Test(arguments: forms) func oneThatIsNotCounted(_ form: PatternClaim.Form) throws {
    try Cheat(Self.crowded(form)) { $0.patterns = Self.cells([.one, .one, .zero, .zero]) }
      .expectStopped(at: .bounds, forge: .digits)
  }

  @Test(arguments: forms) func cellsThatAreNoBits(_ form: PatternClaim.Form) throws {
    // They add up to two, and leave nothing out.
    try Cheat(Self.crowded(form)) { $0.patterns = Self.cells([.one, .one, .one, -.one]) }
      .expectStopped(at: .bounds, forge: .digits)
  }

  @Test func aGroupThatMakesUpForAnother() throws {
    // Three here, one in the next group: the tensor has no more than it may.
    var fixture = Self.crowded(.drift)
    for place in 40..<44 { fixture.drifts[0][place] = place == 40 ? 1 : 0 }
    let values = [1, 1, 1, 0, 1, 0, 0, 0].map { Goldilocks($0) }
    try Cheat(fixture) {
      $0.patterns = Self.replacing([.cells: Dictionary(uniqueKeysWithValues: zip(36..<44, values))])
    }.expectStopped(at: .bounds, forge: .digits)
  }

  @Test func aGroupAcrossTheBorder() throws {
    // 2 + 2 in groups that begin two places later: the aligned ones have three and one.
    var fixture = Self.drift
    for (place, value) in zip(36..<44, [0, 1, 1, 1, 1, 0, 0, 0] as [Int64]) { fixture.drifts[0][place] = value }
    try Cheat(fixture).expectStopped(at: .bounds, forge: .digits)
  }

  @Test func anotherTensorsPattern() throws {
    // b shares a tile with a, which allows 2 of 4: b has 1 of 8.
    var fixture = Fixture.sharedPatterns()
    for place in 8..<16 { fixture.drifts[1][place] = place.isMultiple(of: 2) ? 1 : 0 }
    try Cheat(fixture).expectStopped(at: .bounds, forge: .digits)
  }

  // MARK: Zeros of the base

  @Test func aZeroRefilled() throws {
    var fixture = Self.base
    let place = try #require(fixture.bases[0]?.firstIndex(of: 0))
    fixture.drifts[0][place] = 1
    try Cheat(fixture).expectStopped(at: .bounds, forge: .digits)
    // No ratio makes it one of 0.
    for value: Goldilocks in [.one, Goldilocks(1 << 40)] {
      try Cheat(fixture) { $0.patterns = Self.replacing([.cells: [place: value]]) }
        .expectStopped(at: .bounds, forge: .digits)
    }
  }

  // MARK: Constants

  @Test func aPolicysWiderPattern() throws {
    for (form, wider) in [(PatternClaim.Form.drift, PatternClaim.drift(3, of: 4)), (.tuned, .tuned(3, of: 4))] {
      let own = Self.crowded(form)
      var cheat = Cheat(own)
      cheat.fixture.tensors[0].patterns = [wider]
      cheat.verifier = own
      cheat.tampering.absorbedStatement = own.statement
      #expect(try cheat.rejection() == .sumcheckFinal(stage: Stage.bounds.rawValue))
      cheat.tampering.absorbedStatement = nil
      #expect(try cheat.rejection() != nil)
    }
  }

  // MARK: Commitments

  @Test func aDriftThatIsNotTheTableaus() throws {
    // Every claim holds of a drift without the third value.
    let fixture = Self.crowded(.drift)
    try Cheat(fixture) {
      $0.patterns = Self.replacing([
        .drift: [38: .zero],
        .cells: Dictionary(uniqueKeysWithValues: zip(Self.group, [.one, .one, .zero, .zero] as [Goldilocks])),
      ])
    }.expectStoppedByOpening()
  }

  @Test func aBaseThatIsNotTheTableaus() throws {
    // Of the base's pattern: a 0 that is said to be 1. Of the tuned weights': the one too many is said to cancel.
    var fixture = Self.base
    let place = try #require(fixture.bases[0]?.firstIndex(of: 0))
    fixture.drifts[0][place] = 5
    try Cheat(fixture) { $0.patterns = Self.replacing([.base: [place: .one], .cells: [place: Goldilocks(5)]]) }
      .expectStoppedByOpening()
    let crowded = Self.crowded(.tuned)
    try Cheat(crowded) {
      $0.patterns = Self.replacing([
        .base: [38: -Goldilocks(crowded.drifts[0][38])],
        .cells: Dictionary(uniqueKeysWithValues: zip(Self.group, [.one, .one, .zero, .zero] as [Goldilocks])),
      ])
    }.expectStoppedByOpening()
  }

  @Test func aBaseOfTheProvers() throws {
    // A tree of another base, without the zero.
    var fixture = Self.base
    let place = try #require(fixture.bases[0]?.firstIndex(of: 0))
    fixture.drifts[0][place] = 5
    var cheat = Cheat(fixture)
    cheat.verifier = fixture
    cheat.fixture.bases[0]?[place] = 1
    cheat.fixture.placeBase()
    cheat.tampering.absorbedStatement = fixture.statement
    #expect(try cheat.rejection() == .merklePath(tree: "base/3"))
    cheat.tampering.absorbedStatement = nil
    #expect(try cheat.rejection() != nil)
  }

  @Test func cellsThatAreNotCommitted() throws {
    try Cheat(Self.drift) { $0.committedPatterns = Self.cells([.zero, .zero, .zero, .zero]) }.expectStoppedByOpening()
    // Of a drift outside its pattern no other cells help.
    try Cheat(Self.crowded(.drift)) { $0.committedPatterns = Self.cells([.one, .one, .zero, .zero]) }
      .expectStopped(at: .bounds, forge: .digits)
  }
}
