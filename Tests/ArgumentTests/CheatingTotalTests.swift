// SPDX-License-Identifier: Apache-2.0
import DriftProofField
import DriftProofKernels
import TestSupport
import Testing
import DriftProofTranscript

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

/// Totals over precisions so far apart that limbs move to other lines, and sums of squares that wrap.
@Suite struct CheatingTotalTests {
  /// Two tensors under one ball, f = 20 and 20 - spread.
  private static func ball(spread: Int, excess: Int = 0) -> Fixture {
    var generator = SeededGenerator(seed: 78)
    var fixture = Fixture(tensors: [], drifts: [])
    for (index, (rows, columns, f)) in [(60, 70, 20), (1, 37, 20 - spread)].enumerated() {
      fixture.drifts.append(Fixture.random(rows * columns, 500, &generator))
      fixture.tensors.append(
        TableauTensor(
          name: "w\(index)", rows: rows, columns: columns, fractionBits: f, isPlain: true, plainBound: nil, clauses: [])
      )
    }
    let total = fixture.square(0) + fixture.square(1) << (2 * spread) - excess
    fixture.totalBound = (0..<Limits.boundLimbs + 2 * spread / Limits.logLimb + 1).map {
      UInt16(truncatingIfNeeded: total >> min(63, 15 * $0) & 0x7fff)
    }
    return fixture
  }

  /// 4^(F - f) = 2^(15·limbShift + logWeight), from no line to two lines higher.
  @Test(arguments: [(0, 0, 0), (7, 0, 14), (8, 1, 1), (10, 1, 5), (14, 1, 13), (15, 2, 0)])
  func linesOfATotal(_ spread: Int, _ limbShift: Int, _ logWeight: Int) throws {
    let fixture = Self.ball(spread: spread)
    let layout = ArgumentLayout(fixture.statement)
    let line = try #require(layout.digits.lines.last)
    let pieces = layout.tableau.squarePieces
    for term in line.terms {
      let isFine = pieces[0][0].contains(term.piece)
      #expect(isFine || pieces[1][0].contains(term.piece))
      #expect(term.limbShift == (isFine ? 0 : limbShift) && term.logWeight == (isFine ? 0 : logWeight))
    }
    #expect(line.limbs == Limits.boundLimbs + 2 * spread / Limits.logLimb + 1)
  }

  @Test(arguments: [7, 8, 10, 15])
  func aTotalHoldsAtItsBoundAndNotBelow(_ spread: Int) throws {
    try Self.ball(spread: spread).run()
    let above = Self.ball(spread: spread, excess: 1)
    #expect(throws: ArgumentRefusal.totalExceeded) { try above.run() }
    try Cheat(above).expectStopped(at: .bounds, forge: .digits)
  }

  /// A total that is too small by the weight of a line, or of the limbs within it.
  @Test(arguments: [8, 10], [true, false])
  func aTotalWithoutTheShift(_ spread: Int, _ forgetsLine: Bool) throws {
    var fixture = Self.ball(spread: spread)
    let shift = forgetsLine ? 2 * spread % Limits.logLimb : 2 * spread / Limits.logLimb * Limits.logLimb
    let total = fixture.square(0) + fixture.square(1) << shift
    fixture.totalBound = Self.ball(spread: spread).totalBound?.indices.map {
      UInt16(truncatingIfNeeded: total >> min(63, 15 * $0) & 0x7fff)
    }
    try Cheat(fixture) {
      $0.digits = { table, layout in
        var line = layout.digits.lines[0]
        for index in line.terms.indices {
          if forgetsLine { line.terms[index].limbShift = 0 } else { line.terms[index].logWeight = 0 }
        }
        table.fillLine(0, as: line)
      }
    }.expectStopped(at: .bounds, forge: .digits)
  }

  // MARK: Wrapping

  /// 2^14 entries of 2^25, each far below 2^29: ΣE² = 2^64, which is 2^32 - 1 modulo p. Squares, lines and digits all
  /// say so truthfully; of all claims only that about the projections is false.
  @Test(arguments: [false, true])
  func smallEntriesWhoseSquaresWrap(_ negatesHalf: Bool) throws {
    var fixture = Fixture.norm(rows: 128, columns: 128, bound: 1 << 32 - 1)
    fixture.drifts[0] = (0..<128 * 128).map { negatesHalf && $0 % 2 == 1 ? -(1 << 25) : 1 << 25 }
    let wrapped = fixture.drifts[0].reduce(Goldilocks.zero) { $0 + Goldilocks($1) * Goldilocks($1) }
    #expect(wrapped == Goldilocks(1 << 32 - 1))
    try Cheat(fixture) {
      $0.digits = { table, layout in
        table.storeSquare(1 << 32 - 1, 0)
        table.fillLine(0)
        // Sums beyond the range of their digits: the digits of what is left modulo 2^30.
        table.tamper { cells in
          for row in 0..<Limits.projections {
            for digit in 0..<Limits.projectionDigits {
              cells[layout.digits.projections[0].cell(chunk: 0, row: row) + digit] &= 3
            }
          }
        }
      }
    }.expectStopped(at: .bounds, forge: .digits)
  }
}
