import Commitment
import Field
import Kernels
import Testing
import Transcript

@testable import Argument

/// Norm totals, digits, carries and ranges: every cheat, every continuation (PROTOCOL section 10, items 1, 12, 16).
@Suite struct CheatingNormTests {
  /// One unit above the bound.
  private static var above: Fixture {
    let fixture = Fixture.norm(rows: 128, columns: 128)
    return .norm(rows: 128, columns: 128, bound: fixture.square(0) - 1)
  }
  private static var honest: Fixture { .norm(rows: 128, columns: 128) }

  /// Changes digit cells, then counts multiplicities as an honest prover does.
  private static func digits(
    _ fixture: Fixture, _ change: @escaping @Sendable (inout [UInt64], DigitLayout, Int) -> Void
  ) -> Cheat {
    Cheat(fixture) {
      $0.digits = { table, layout in
        table.tamper { cells in change(&cells, layout.digits, layout.digits.totals?.offset ?? 0) }
      }
    }
  }

  @Test func normAboveItsBoundWithSlackModulo2To90() throws {
    try Cheat(Self.above).expectStopped(at: "A", forge: "D")
    try Cheat(Self.above).expectStopped(at: "A", forge: "h")
  }

  @Test func honestProverRefusesANormAboveItsBound() throws {
    #expect(throws: ArgumentRefusal.boundExceeded(tensor: "w")) { try Self.above.run() }
  }

  @Test func negativeSlackDigits() throws {
    try Self.digits(Self.above) { cells, layout, totals in
      let line = layout.lines[0]
      for digit in 0..<line.digits {
        let sum = digit < 4 ? cells[layout.squares[digit].range].reduce(0, +) : 0
        cells[totals + DigitLayout.slackCell(line: 0, digit: digit)] =
          (Goldilocks(Int(line.bound[digit])) - Goldilocks(Int(sum))).value
        for part in 0..<3 where digit < 5 {
          cells[totals + DigitLayout.carryCell(line: 0, digit: digit, part: part)] = 0
        }
      }
    }.expectStopped(at: "A", forge: "D")
  }

  @Test func carryOfMinusOneModuloP() throws {
    try Self.digits(Self.above) { cells, layout, totals in
      // The same lines, with 2^15 borrowed through a carry of -1: slack_4 takes what line 5 lacks.
      let minusOne = (Goldilocks.zero - .one).value
      let cell = DigitLayout.carryCell(line: 0, digit: 4, part: 0)
      let slack = DigitLayout.slackCell(line: 0, digit: 4)
      cells[totals + cell] = minusOne
      for part in 1..<3 { cells[totals + cell + part] = 0 }
      cells[totals + DigitLayout.slackCell(line: 0, digit: 5)] = 1
      cells[totals + slack] =
        (Goldilocks(Int(layout.lines[0].bound[4])) - Goldilocks(1 << 15)
        - Goldilocks(Int(cells[totals + DigitLayout.carryCell(line: 0, digit: 3, part: 0)]))).value
    }.expectStopped(at: "A", forge: "D")
  }

  @Test func carriesDividedInTheField() throws {
    // Slack 0 everywhere: each carry is a quotient mod p, so that every line but the range checks holds.
    let cheat = Self.digits(Self.above) { cells, layout, totals in
      let line = layout.lines[0]
      let inverse = Goldilocks(1 << 15).inverse
      var carry = Goldilocks.zero
      for digit in 0..<line.digits {
        let sum = digit < 4 ? cells[layout.squares[digit].range].reduce(0, +) : 0
        let left = Goldilocks(Int(sum)) + carry - Goldilocks(Int(line.bound[digit]))
        let last = digit == line.digits - 1
        cells[totals + DigitLayout.slackCell(line: 0, digit: digit)] = last ? (-left).value : 0
        guard !last else { continue }
        carry = left * inverse
        for part in 0..<3 {
          cells[totals + DigitLayout.carryCell(line: 0, digit: digit, part: part)] = part == 0 ? carry.value : 0
        }
      }
    }
    try cheat.expectStopped(at: "A", forge: "D")
    // The helper of every digit out of range left 0: the range sum holds, h·(α + d) = 1 does not.
    try cheat.with { $0.helpers = Self.zeroOutOfRange }.expectStopped(at: "A", forge: "h")
  }

  static let zeroOutOfRange: @Sendable (inout [CubicExtension], DigitTable, CubicExtension) -> Void = { h, table, _ in
    for slot in table.layout.digits.digitSlots {
      for cell in slot.range where table.cells[cell] >= UInt64(Limits.digitBase) { h[cell] = .zero }
    }
  }

  @Test func carryOutOfTheLastLine() throws {
    try Self.digits(Self.above) { cells, _, totals in
      cells[totals + DigitLayout.carryCell(line: 0, digit: 5, part: 0)] = 1
    }.expectStopped(at: "A", forge: "D")
  }

  @Test func sumOfSquaresOfAChunkUnderstated() throws {
    try Cheat(Self.above) {
      $0.digits = { table, _ in
        table.storeSquare(1, 0)
        table.fillLine(0)
      }
    }.expectStopped(at: "A", forge: "D")
  }

  @Test(arguments: [false, true])
  func squareDigitsTradedUpwards(_ forgesHelper: Bool) throws {
    // d0 + 2^15, d1 - 1: the same sum, one digit out of range.
    try Cheat(Self.honest) {
      $0.digits = { table, layout in
        table.tamper { cells in
          cells[layout.digits.squares[0].offset] += 1 << 15
          cells[layout.digits.squares[1].offset] -= 1
        }
        table.fillLine(0)
      }
      if forgesHelper { $0.helpers = Self.zeroOutOfRange }
    }.expectStopped(at: "A", forge: forgesHelper ? "h" : "D")
  }

  @Test func projectionDigitsTradedUpwards() throws {
    try Self.digits(Self.honest) { cells, layout, _ in
      cells[layout.projections[0].cell(digit: 0, chunk: 0, row: 131)] += 1 << 15
      cells[layout.projections[0].cell(digit: 1, chunk: 0, row: 131)] -= 1
    }.expectStopped(at: "A", forge: "D")
  }

  @Test(arguments: [0, 127, 128, 131])
  func aProjectionDigitOffByOne(_ row: Int) throws {
    try Self.digits(Self.honest) { cells, layout, _ in
      cells[layout.projections[0].cell(digit: 0, chunk: 0, row: row)] ^= 1
    }.expectStopped(at: "A", forge: "D")
  }

  @Test func wrongMultiplicity() throws {
    try Cheat(Self.honest) {
      $0.multiplicities = { table, layout in table.tamper { $0[layout.digits.multiplicities.offset + 3] += 1 } }
    }.expectStopped(at: "A", forge: "D")
  }

  @Test func wrongCarry() throws {
    try Self.digits(Self.honest) { cells, _, totals in
      cells[totals + DigitLayout.carryCell(line: 0, digit: 0, part: 0)] += 1
    }.expectStopped(at: "A", forge: "D")
  }

  @Test func wrongCarryWithCompensatedSlack() throws {
    try Self.digits(Self.honest) { cells, _, totals in
      cells[totals + DigitLayout.carryCell(line: 0, digit: 0, part: 0)] += 1
      cells[totals + DigitLayout.slackCell(line: 0, digit: 0)] += 1 << 15
      let next = totals + DigitLayout.slackCell(line: 0, digit: 1)
      cells[next] = (Goldilocks(reducing: cells[next]) - .one).value
    }.expectStopped(at: "A", forge: "h")
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
        for digit in 0..<2 { cells[layout.digits.projections[0].cell(digit: digit, chunk: 0, row: row)] &= 0x7fff }
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
    }.expectStopped(at: "A", forge: "D")
  }

  @Test(arguments: [false, true])
  func fourHalves(_ truncates: Bool) throws {
    // Four entries (p + 1)/2: S = 1 mod p; unsound with ±1 projections.
    try Cheat(Self.entries([Int64](repeating: Goldilocks.half.centred, count: 4), bound: 1)) {
      if truncates { $0.digits = Self.truncateProjections }
    }.expectStopped(at: "A", forge: "D")
  }

  @Test(arguments: [false, true])
  func sumOfSquaresOf2To60(_ truncates: Bool) throws {
    // One entry 2^30: S = 2^60 needs a fifth digit; with four the norm would be 0.
    try Cheat(Self.entries([1 << 30], bound: 0)) {
      $0.digits = { table, layout in
        if truncates {
          table.storeSquare(0, 0)
          table.fillLine(0)
        }
      }
    }.expectStopped(at: "A", forge: "D")
  }

  // MARK: The global ball

  /// Three tensors of different f under one ball, one unit above it.
  private static var ball: Fixture {
    var generator = Generator(state: 77)
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
          table.fillLine(0, pretending: line)
        }
      }.expectStopped(at: "A", forge: "D")
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
        table.fillLine(0, pretending: line)
      }
    }.expectStopped(at: "A", forge: "D")
    // The same with a prover that believes in another statement.
    var believed = fixture
    believed.tensors[1].fractionBits = 20
    var cheat = Cheat(believed) { $0.absorbedStatement = fixture.statement }
    cheat.verifier = fixture
    // Without the shift the global line has one digit less, so more than the total differs.
    #expect(try cheat.rejection() == .sumcheckFinal(stage: "A"))
  }
}
