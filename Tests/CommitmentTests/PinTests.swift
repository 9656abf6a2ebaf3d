// SPDX-License-Identifier: Apache-2.0

import DriftProofField
import DriftProofKernels
import TamperingSupport
import Testing
import DriftProofTranscript

@testable import DriftProofCommitment
@testable import DriftProofCommitmentProver

/// Trees that the list-decoding regime leaves ambiguous, and false pins; docs/protocol.md section 6.
@Suite struct PinTests {
  private static let folded = ProofRejection.openingSumcheck(functional: "drift, both")

  /// One position opened and no grinding: the rows' check lets half a codeword pass half the time.
  private static func oneQuery(masks: UInt8) -> OpeningFixture {
    OpeningFixture(
      masks: masks,
      parameters: CodeParameters(
        unchecked: 6, logBlowup: 2, queries: 1, grindingBits: 0, driftTail: 2, foldSchedule: [2, 1, 1]))
  }

  /// Two tableaux in one tree: row 7 is one codeword on half of the positions, another on the rest. Both pass the rows'
  /// check with probability 1/2; the pins decide which of them the tree holds.
  @Test func pinsOfOneCodewordOpeningTheOther() throws {
    var verdicts: [Bool: [ProofRejection?]] = [true: [], false: []]
    for masks in UInt8(2)..<18 {
      var fixture = Self.oneQuery(masks: masks)
      var other = fixture.drift
      other.messages[7] = .narrow([1, 2, 3])
      let codeword = try HashCommitment(fixture.parameters)
        .commit(label: "drift", rows: other, shapes: fixture.driftShapes, secret: fixture.secret)
        .values(at: Array(0..<1 << fixture.parameters.logDomain))
      fixture.commitmentTampering = CommitmentTampering { row, position, value in
        row == 7 && position & 1 == 0 ? codeword[position * OpeningFixture.driftRows + 7] : value
      }
      for opensOther in [false, true] {
        var cheat = fixture
        if opensOther {
          // The values that the claims state are those of the other tableau, too.
          cheat.openingTampering = OpeningTampering()
          cheat.openingTampering?.claimedRows[0] = other
          cheat.claimedDrift = other
        }
        verdicts[opensOther]?.append(try cheat.rejection())
      }
    }
    let honest = try #require(verdicts[false])
    let forged = try #require(verdicts[true])
    #expect(honest.contains(nil), "what the pins state is opened half the time")
    #expect(honest.allSatisfy { $0 == nil || $0 == .rowsAgainstCombination(functional: "drift") })
    #expect(forged.contains(Self.folded), "rows that pass are stopped by the pins")
    #expect(forged.allSatisfy { $0 == Self.folded || $0 == .rowsAgainstCombination(functional: "drift") })
  }

  /// The weight of row 0 of tree `tree` in a claim: transcripts are deterministic.
  private func weight(_ fixture: OpeningFixture, claim: Int, tree: Int) throws -> CubicExtension {
    var channel = ProverChannel(transcript: Transcript(protocolID: "test"))
    _ = try fixture.commit(HashCommitment(fixture.parameters), &channel)
    return fixture.claims(&channel.transcript, values: nil)[claim].weights[tree][0]
  }

  /// "late" alone has a false pin, and only the claim "both" weighs it. What is sent for its point is bent by the same
  /// amount: without a coefficient of its own for the pinned tree the sum would come out.
  @Test(arguments: ["nothing", "drift", "aux", "mask", "μ"], [false, true])
  func falsePinCompensated(_ by: String, _ persists: Bool) throws {
    var cheat = OpeningFixture()
    cheat.lateTampering = CommitmentTampering(pin: { row, value in row == 0 ? value + 1 : value })
    let weight = try weight(cheat, claim: 1, tree: 2)
    var tampering = OpeningTampering()
    tampering.persist = persists
    tampering.treeValue = { claim, pin, tree, value in
      if claim == 1, pin == 1, tree == (by == "drift" ? 0 : by == "aux" ? 1 : -1) { value -= weight }
    }
    tampering.maskPin = { claim, pin, value in if by == "mask", claim == 1, pin == 1 { value -= weight } }
    tampering.maskValue = { claim, value in if by == "μ", claim == 1 { value -= weight } }
    cheat.openingTampering = tampering
    #expect(try cheat.rejection() == (persists ? .rowsAgainstCombination(functional: "both") : Self.folded))
  }

  @Test func falsePinOfTheNamedTree() throws {
    var cheat = OpeningFixture()
    cheat.commitmentTampering = CommitmentTampering(pin: { row, value in row == 3 ? value + 1 : value })
    #expect(try cheat.rejection() == Self.folded)
  }

  /// A verifier with other pins than the prover's: they are in the transcript.
  @Test func pinsOfAnotherStatement() throws {
    let fixture = OpeningFixture()
    var proof = try fixture.prove()
    proof.driftPins[0] += 1
    #expect(fixture.rejection(of: proof) != nil)
    proof.driftPins.removeLast()
    #expect(fixture.rejection(of: proof) == .unsupportedParameters("a tree has not one pin for each row"))
  }

  @Test(arguments: [OpeningLabel.treeValue, OpeningLabel.maskPin])
  func changedPinMessage(_ section: String) throws {
    let fixture = OpeningFixture()
    var proof = try fixture.prove()
    let start = try #require(OpeningFixture.offset(of: section, in: proof))
    proof.bytes[start] ^= 1
    #expect(fixture.rejection(of: proof) != nil)
  }

  @Test func pointsLieOutsideTheBaseField() throws {
    let inside = CubicExtension(Goldilocks(5))
    let outside = CubicExtension(5, 0, 1)
    #expect(OutOfDomain.point { $0 < 3 ? inside : outside } == outside)
    let fixture = OpeningFixture()
    var transcript = Transcript(protocolID: "z")
    let claims = fixture.claims(&transcript, values: [.zero, .zero, .zero])
    let shapes = [fixture.driftShapes, fixture.auxShapes, fixture.lateShapes]
    func layout(_ point: CubicExtension) throws(ProofRejection) {
      _ = try OpeningLayout(fixture.parameters, shapes: shapes, points: [point, nil, outside], claims: claims)
    }
    try layout(outside)
    #expect(throws: ProofRejection.pinInsideBaseField) { try layout(inside) }
    #expect(throws: ProofRejection.self, "a pinned tree is not opened in clear") {
      try OpeningLayout(fixture.parameters, shapes: shapes, points: [nil, outside, nil], claims: claims)
    }
  }

  @Test func pinsAreTheRowsValues() throws {
    let fixture = OpeningFixture()
    let scheme = HashCommitment(fixture.parameters)
    let tree = try scheme.pin(
      scheme.commit(label: "drift", rows: fixture.drift, shapes: fixture.driftShapes, secret: fixture.secret))
    let pins = try #require(tree.pins)
    for row in 0..<OpeningFixture.driftRows {
      var coefficients = (0..<64).map { OpeningFixture.value(of: fixture.drift.messages[row], at: $0) }
      coefficients += tree.randomness.tail(row: row, shape: tree.shapes[row])
        .map { CubicExtension(Goldilocks(reducing: $0)) }
      #expect(pins.values[row] == Univariate.evaluate(coefficients, at: pins.point))
    }
  }

  /// Blocks, tasks and partial blocks of a long row, with entries of both signs at their limits.
  @Test(arguments: [1, 4095, 4097, 65_536, 70_001])
  func longRows(_ count: Int) throws {
    let stream = PseudorandomStream(secret: [3], label: "long")
    let words = stream.elements(count).map(\.value)
    let narrow = words.map { Int32(truncatingIfNeeded: $0) }
    let point = stream.extensionElement()
    let extremes = [Int32](repeating: .min, count: count)
    let evaluation = RowEvaluation(point, length: 1 << 17)
    let values = [RowMessage.narrow(narrow), .field(words), .narrow(extremes), .zero].enumerated().map {
      evaluation.value($1, tail: [UInt64($0), 9], tailOffset: 1 << 17)
    }
    let powers = point.powers((1 << 17) + 2)
    let expected = [
      narrow.map { CubicExtension(Int($0)) }, words.map { CubicExtension(Goldilocks(reducing: $0)) },
      extremes.map { CubicExtension(Int($0)) }, [],
    ].enumerated().map { row, entries in
      zip(powers, entries).reduce(powers[1 << 17] * CubicExtension(row) + powers[(1 << 17) + 1] * 9) {
        $0 + $1.0 * $1.1
      }
    }
    #expect(values == expected)
  }
}
