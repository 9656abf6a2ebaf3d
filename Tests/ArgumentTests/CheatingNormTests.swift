// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofField
import DriftProofKernels
import TestSupport
import Testing
import DriftProofTranscript

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

/// Norm totals, digits, carries and ranges: every cheat, every continuation (docs/protocol.md section 11, items 1, 12,
/// 16).
@Suite struct CheatingNormTests {
  /// One unit above the bound.
  private static var above: Fixture {
    let fixture = Fixture.norm(rows: 128, columns: 128)
    return .norm(rows: 128, columns: 128, bound: fixture.square(0) - 1)
  }
  private static var honest: Fixture { .norm(rows: 128, columns: 128) }

  /// Changes digit cells; told the offset of line 0.
  private static func digits(
    _ fixture: Fixture, _ change: @escaping @Sendable (inout DigitTable, DigitLayout, Int) -> Void
  ) -> Cheat {
    Cheat(fixture) {
      $0.digits = { table, layout in change(&table, layout.digits, layout.digits.lineSlots[0].offset) }
    }
  }

  /// Puts a number into the first cell of a run of digits, whatever its size, and 0 into the others.
  private static func put(_ value: Goldilocks, _ table: inout DigitTable, at cell: Int, digits: Int) {
    table.tamper { cells in
      for i in 0..<digits { cells[cell + i] = i == 0 ? value.value : 0 }
    }
  }

  @Test func normAboveItsBoundWithSlackModulo2To90() throws {
    try Cheat(Self.above).expectStopped(at: .bounds, forge: .digits)
  }

  @Test func honestProverRefusesANormAboveItsBound() throws {
    #expect(throws: ArgumentRefusal.boundExceeded(tensor: "w")) { try Self.above.run() }
  }

  @Test func negativeSlackDigits() throws {
    // Every line holds without carries; the slack is negative mod p.
    try Self.digits(Self.above) { table, layout, offset in
      let line = layout.lines[0]
      for (limb, sum) in table.lineSums(line).enumerated() {
        let slack = Goldilocks(Int64(line.bound[limb])) - Goldilocks(sum)
        Self.put(slack, &table, at: offset + BoundLine.slackCell(limb: limb, digit: 0), digits: Limits.limbDigits)
        guard limb + 1 < line.limbs else { continue }
        Self.put(.zero, &table, at: offset + BoundLine.carryCell(limb: limb, digit: 0), digits: Limits.carryDigits)
      }
    }.expectStopped(at: .bounds, forge: .digits)
  }

  @Test func carriesDividedInTheField() throws {
    // Slack 0 everywhere: each carry is a quotient mod p, so that every line but the range checks holds.
    try Self.digits(Self.above) { table, layout, offset in
      let line = layout.lines[0]
      let inverse = Goldilocks(1 << Limits.logLimb).inverse
      var carry = Goldilocks.zero
      for (limb, sum) in table.lineSums(line).enumerated() {
        let left = Goldilocks(sum) + carry - Goldilocks(Int64(line.bound[limb]))
        let last = limb == line.limbs - 1
        Self.put(
          last ? -left : .zero, &table, at: offset + BoundLine.slackCell(limb: limb, digit: 0),
          digits: Limits.limbDigits)
        guard !last else { continue }
        carry = left * inverse
        Self.put(carry, &table, at: offset + BoundLine.carryCell(limb: limb, digit: 0), digits: Limits.carryDigits)
      }
    }.expectStopped(at: .bounds, forge: .digits)
  }

  @Test func carryOutOfTheLastLine() throws {
    try Self.digits(Self.above) { table, _, offset in
      Self.put(
        .one, &table, at: offset + BoundLine.carryCell(limb: Limits.boundLimbs - 1, digit: 0),
        digits: Limits.carryDigits)
    }.expectStopped(at: .bounds, forge: .digits)
  }

  @Test func sumOfSquaresOfAChunkUnderstated() throws {
    try Cheat(Self.above) {
      $0.digits = { table, _ in
        table.storeSquare(1, 0)
        table.fillLine(0)
      }
    }.expectStopped(at: .bounds, forge: .digits)
  }

  @Test func squareDigitsTradedUpwards() throws {
    // d0 + 4, d1 - 1: the same sum, digits out of range.
    try Self.digits(Self.honest) { table, layout, _ in
      let cell = layout.squareCell(chunk: 0, limb: 0)
      table.tamper { cells in
        cells[cell] += 4
        cells[cell + 1] = (Goldilocks(reducing: cells[cell + 1]) - .one).value
      }
      table.fillLine(0)
    }.expectStopped(at: .bounds, forge: .digits)
  }

  @Test func projectionDigitsTradedUpwards() throws {
    try Self.digits(Self.honest) { table, layout, _ in
      let cell = layout.projections[0].cell(chunk: 0, row: 131)
      table.tamper { cells in
        cells[cell] += 4
        cells[cell + 1] = (Goldilocks(reducing: cells[cell + 1]) - .one).value
      }
    }.expectStopped(at: .bounds, forge: .digits)
  }

  @Test(arguments: [0, 127, 128, 131])
  func aProjectionDigitOffByOne(_ row: Int) throws {
    try Self.digits(Self.honest) { table, layout, _ in
      table.tamper { $0[layout.projections[0].cell(chunk: 0, row: row)] ^= 1 }
    }.expectStopped(at: .bounds, forge: .digits)
  }

  @Test func aUsedCellThatNoClaimNames() throws {
    // The sixteenth cell of a projection is always 0; a number there is no digit.
    try Self.digits(Self.honest) { table, layout, _ in
      table.tamper { $0[layout.projections[0].cell(chunk: 0, row: 0) + Limits.projectionDigits] = 4 }
    }.expectStopped(at: .bounds, forge: .digits)
  }

  @Test func wrongCarry() throws {
    try Self.digits(Self.honest) { table, _, offset in
      table.tamper { $0[offset + BoundLine.carryCell(limb: 0, digit: 0)] ^= 1 }
    }.expectStopped(at: .bounds, forge: .digits)
  }

  @Test func wrongCarryWithCompensatedSlack() throws {
    try Self.digits(Self.honest) { table, _, offset in
      table.tamper { cells in
        cells[offset + BoundLine.carryCell(limb: 0, digit: 0)] += 1
        cells[offset + BoundLine.slackCell(limb: 0, digit: 0)] += 1 << 15
        let next = offset + BoundLine.slackCell(limb: 1, digit: 0)
        cells[next] = (Goldilocks(reducing: cells[next]) - .one).value
      }
    }.expectStopped(at: .bounds, forge: .digits)
  }

  // MARK: Entries that wrap

  private static func entries(_ values: [Int64], bound: Int) -> Fixture {
    var fixture = Fixture.norm(rows: 128, columns: 128, bound: bound)
    fixture.drifts[0] = values + [Int64](repeating: 0, count: 128 * 128 - values.count)
    return fixture
  }

  private static let truncateProjections: @Sendable (inout DigitTable, ArgumentLayout) -> Void = { table, layout in
    table.tamper { cells in
      for row in 0..<Limits.projections {
        for digit in 0..<Limits.projectionDigits {
          cells[layout.digits.projections[0].cell(chunk: 0, row: row) + digit] &= 3
        }
      }
    }
  }

  @Test(arguments: [false, true])
  func squareRootOfMinusOne(_ truncates: Bool) throws {
    // E = (√-1, 1): S = 0 mod p.
    let root = Goldilocks(7).power((Goldilocks.modulus - 1) / 4)
    #expect(root * root + .one == .zero)
    try Cheat(Self.entries([root.centred, 1], bound: 0)) {
      if truncates { $0.digits = Self.truncateProjections }
    }.expectStopped(at: .bounds, forge: .digits)
  }

  @Test(arguments: [false, true])
  func fourHalves(_ truncates: Bool) throws {
    // Four entries (p + 1)/2: S = 1 mod p; unsound with ±1 projections.
    try Cheat(Self.entries([Int64](repeating: Goldilocks.half.centred, count: 4), bound: 1)) {
      if truncates { $0.digits = Self.truncateProjections }
    }.expectStopped(at: .bounds, forge: .digits)
  }

  @Test(arguments: [false, true])
  func sumOfSquaresOf2To60(_ truncates: Bool) throws {
    // One entry 2^30 is no honest projection; understated, its norm would be 0.
    try Cheat(Self.entries([1 << 30], bound: 0)) {
      $0.digits = { table, layout in
        if truncates {
          table.storeSquare(0, 0)
          table.fillLine(0)
        }
      }
    }.expectStopped(at: .bounds, forge: .digits)
  }

  // MARK: The global ball

  /// Three tensors of different f under one ball, one unit above it.
  private static var ball: Fixture {
    var generator = SeededGenerator(seed: 77)
    var fixture = Fixture(tensors: [], drifts: [])
    for (index, (rows, columns, f)) in [(60, 70, 20), (1, 37, 17), (30, 140, 20)].enumerated() {
      fixture.drifts.append(Fixture.random(rows * columns, 500, &generator))
      fixture.tensors.append(
        TableauTensor(
          name: "w\(index)", rows: rows, columns: columns, fractionBits: f, isPlain: true, plainBound: nil, clauses: [])
      )
    }
    var total = 0
    for (index, tensor) in fixture.tensors.enumerated() {
      total += fixture.square(index) << (2 * (20 - tensor.fractionBits))
    }
    fixture.totalBound = Fixture.digits(total)
    return fixture
  }

  @Test func theBallHoldsAtItsBound() throws { try Self.ball.run() }

  @Test func tensorLeftOutOfTheGlobalBall() throws {
    for omitted in 0..<3 {
      var fixture = Self.ball
      let kept = [0, 1, 2].filter { $0 != omitted }
      let total = kept.reduce(0) { $0 + fixture.square($1) << (2 * (20 - fixture.tensors[$1].fractionBits)) }
      fixture.totalBound = Fixture.digits(total)
      try Cheat(fixture) {
        $0.digits = { table, layout in
          var line = layout.digits.lines[0]
          let pieces = layout.tableau.squarePieces[omitted][0]
          line.terms.removeAll { term in pieces.contains { $0 == term.piece } }
          table.fillLine(0, as: line)
        }
      }.expectStopped(at: .bounds, forge: .digits)
    }
  }

  @Test func fractionBitsOfAnotherTensor() throws {
    // The vector's f is 17: its square counts 2^6 times. Pretends that it counts once.
    var fixture = Self.ball
    fixture.totalBound = Fixture.digits((0..<3).reduce(0) { $0 + fixture.square($1) })
    try Cheat(fixture) {
      $0.digits = { table, layout in
        var line = layout.digits.lines[0]
        for index in line.terms.indices { line.terms[index].logWeight = 0 }
        table.fillLine(0, as: line)
      }
    }.expectStopped(at: .bounds, forge: .digits)
    // The same with a prover that believes in another statement.
    var believed = fixture
    believed.tensors[1].fractionBits = 20
    var cheat = Cheat(believed) { $0.absorbedStatement = fixture.statement }
    cheat.verifier = fixture
    // Without the shift the global line has one digit less, so more than the total differs.
    #expect(try cheat.rejection() == .sumcheckFinal(stage: "A"))
  }
}
