// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve
import DriftProofCurveCommitment
import DriftProofCurveCommitmentProver
import TestSupport
import Testing

@testable import DriftProofCurveArgument
@testable import DriftProofCurveArgumentProver

/// What Stage A shows. The opening's part is shown by its own tests.
@Suite struct HidingTests {
  /// Records messages, and has its own challenges.
  private struct Recorder: StageChannel {
    var messages: [Fr] = []
    var generator = SeededGenerator(seed: 60)

    mutating func send(_ label: String, _ scalars: [Fr]) { messages += scalars }
    mutating func challenge(_ label: String) -> Fr { Fr(Int64(bitPattern: generator.next())).power(4) }

    /// What g adds to Σg and to the rounds under these challenges.
    static func libra(_ libra: LibraMask) -> [Fr] {
      var recorder = Recorder()
      let gamma = recorder.challenge(CurveLabel.libraFactor)
      var (messages, point) = ([libra.sum], [Fr]())
      for degree in libra.degrees {
        messages += libra.roundValues(bound: point)[1...degree].map { gamma * $0 }
        point.append(recorder.challenge(CurveLabel.roundChallenge))
      }
      return messages
    }
  }

  private struct Setting {
    let layout: CurveArgumentLayout
    let challenges: StageChallenges
    let matrices: [TernaryMatrix]

    init(_ fixture: CurveFixture) {
      layout = CurveArgumentLayout(fixture.statement)
      var transcript = CurveArgumentProtocol.transcript(fixture.statement, base: fixture.base, tuned: fixture.tuned)
      matrices = layout.range.draw(&transcript)
      challenges = StageChallenges(layout: layout, transcript: &transcript)
    }

    /// Stage A's messages.
    func messages(_ fixture: CurveFixture, masks: (Fr, Fr), libra: [Fr]) throws -> [Fr] {
      let rows = (0..<fixture.rows.count).map { fixture.rows.row($0) }
      let measure = try DriftMeasure(layout, rows: fixture.rows)
      let sums = ProjectionSums(layout, matrices: matrices, rows: fixture.rows)
      let bits = BitCells.cells(layout, projections: sums.values, measure: measure).map { Fr($0) }
      var cells = rows.flatMap { $0.map { Fr($0) } }
      cells += [Fr](repeating: .zero, count: 1 << layout.driftVariables - cells.count)
      var stage = DenseStage(
        layout, challenges: challenges, matrices: matrices, cells: cells,
        bits: bits + [Fr](repeating: .zero, count: 1 << layout.bitVariables - bits.count), masks: masks)
      var recorder = Recorder()
      _ = stage.run(
        libra: LibraMask(coefficients: libra, degrees: layout.degrees), continuation: .none, channel: &recorder)
      return recorder.messages
    }
  }

  /// Two drifts under one statement: to every proof of the one there is a proof of the other with the same messages. So what
  /// Stage A sends has one distribution.
  @Test func twoDriftsHaveTheSameProofs() throws {
    let claim = CurveTensor.Claim.norm(CurveBound(1 << 20 as UInt64))
    let fixtures = [61, 62].map { seed in
      CurveFixture([
        .init(name: "a", rows: CurveFixture.random(2, seed: seed), claim: claim),
        .init(name: "b", rows: CurveFixture.random(1, magnitude: Int(seed % 7), seed: seed), claim: claim),
      ])
    }
    let setting = Setting(fixtures[0])
    let layout = setting.layout
    var generator = SeededGenerator(seed: 63)
    func scalars(_ count: Int) -> [Fr] {
      (0..<count).map { _ in Fr(Int64(bitPattern: generator.next())) * Fr(Int64(bitPattern: generator.next())) }
    }
    let libra = scalars(layout.libraLength)
    let none = [Fr](repeating: .zero, count: layout.libraLength)
    let masks = scalars(2)
    let first = try setting.messages(fixtures[0], masks: (masks[0], masks[1]), libra: libra)

    // Where the messages have E and D, in rounds n_E and v_D: behind Σg and the rounds so far.
    func place(after round: Int) -> Int { 1 + layout.degrees[...round].reduce(0, +) }
    #expect(layout.bitVariables > layout.driftVariables)
    let drift = place(after: layout.driftVariables)
    let bits = place(after: layout.bitVariables) + 1
    // E and D of the other drift are linear in its masks.
    let zero = try setting.messages(fixtures[1], masks: (.zero, .zero), libra: none)
    let one = try setting.messages(fixtures[1], masks: (.one, .one), libra: none)
    let other = (
      (first[drift] - zero[drift]) * (one[drift] - zero[drift]).inverse(),
      (first[bits] - zero[bits]) * (one[bits] - zero[bits]).inverse()
    )
    // All messages are linear in g's coefficients: find those that make up for the difference.
    let bare = try setting.messages(fixtures[1], masks: other, libra: none)
    let columns = (0..<layout.libraLength).map { index in
      var unit = none
      unit[index] = .one
      return Recorder.libra(LibraMask(coefficients: unit, degrees: layout.degrees))
    }
    // Σg and what the rounds send, but for g(ρ), which follows.
    let sent = first.indices.filter { $0 != drift && $0 != bits && $0 != first.count - 1 }
    var equations = sent.enumerated().map { index, message in
      columns.map { $0[index] } + [first[message] - bare[message]]
    }
    let pivots = Elimination.reduce(&equations, columns: layout.libraLength)
    // The map has full rank: as many messages as coefficients, all independent.
    #expect(sent.count == layout.libraLength)
    #expect(pivots == Array(0..<layout.libraLength))
    let solution = equations.map { $0[layout.libraLength] }
    #expect(try setting.messages(fixtures[1], masks: other, libra: solution) == first)
    #expect(solution != libra)
  }

  /// Libra's sums and rounds are those of its polynomial.
  @Test func libraIsItsPolynomial() {
    let degrees = [3, 2, 3]
    let coefficients = (0..<9).map { Fr(Int64(17 * $0 * $0 + 3)) }
    let libra = LibraMask(coefficients: coefficients, degrees: degrees)
    func points(_ count: Int) -> [[Fr]] {
      (0..<1 << count).map { index in (0..<count).map { Fr(Int64(index >> $0 & 1)) } }
    }
    #expect(libra.sum == points(3).reduce(.zero) { $0 + libra.value(at: $1) })
    let bound = [Fr(12345), Fr(-777)]
    for count in 0...2 {
      for (x, value) in libra.roundValues(bound: Array(bound.prefix(count))).enumerated() {
        let expected = points(2 - count).reduce(Fr.zero) {
          $0 + libra.value(at: bound.prefix(count) + [Fr(Int64(x))] + $1)
        }
        #expect(value == expected)
      }
    }
  }

  /// A new secret makes a new proof, and one secret masks two drifts differently.
  @Test func everyProofHasItsOwnMasks() throws {
    let layout = CurveArgumentLayout(CurveFixture([.tight("a", CurveFixture.random(1, seed: 64))]).statement)
    let all = [
      ([UInt8](repeating: 1, count: 32), [1]), ([UInt8](repeating: 2, count: 32), [1]),
      ([UInt8](repeating: 1, count: 32), [2]),
    ].map { ProofRandomness(layout, secret: $0, context: $1) }
    for (i, a) in all.enumerated() {
      #expect(
        Set(a.libra + a.openingMask + a.blindings + [a.driftMask, a.bitsMask]).count
          == a.libra.count + a.openingMask.count + a.blindings.count + 2)
      for b in all.dropFirst(i + 1) { #expect(Set(a.libra + a.blindings).isDisjoint(with: b.libra + b.blindings)) }
    }
    #expect(all[0].libra.count == layout.libraLength + 16 && all[0].openingMask.count == 16)
  }
}
