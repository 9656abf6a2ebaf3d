// SPDX-License-Identifier: Apache-2.0

import DriftProofField
import DriftProofKernels
import TamperingSupport
import Testing
import DriftProofTranscript

@testable import DriftProofCommitment
@testable import DriftProofCommitmentProver

/// Cheating provers, each with the check that stops it; docs/protocol.md section 11.
@Suite struct TamperingTests {
  private func fixture(
    commitment: CommitmentTampering? = nil, _ change: (inout OpeningTampering) -> Void = { _ in }
  ) -> OpeningFixture {
    var result = OpeningFixture()
    result.commitmentTampering = commitment
    var tampering = OpeningTampering()
    change(&tampering)
    result.openingTampering = tampering
    return result
  }

  // MARK: - Rows

  @Test func rowFarFromTheCode() throws {
    let noise = CommitmentTampering { row, position, value in
      row == 2 ? UInt64(position * position * 977 + 5) : value
    }
    #expect(try fixture(commitment: noise).rejection() == .rowsAgainstCombination(functional: "drift"))
    let persistent = fixture(commitment: noise) { $0.persist = true }
    #expect(try persistent.rejection() == .rowsAgainstCombination(functional: "drift"))
  }

  @Test func codewordOfHigherDegree() throws {
    // X^(L + q) added to a row: one coefficient more than the code has.
    let parameters = OpeningFixture().parameters
    let degree = UInt64(parameters.length + parameters.driftRowTail)
    let higher = CommitmentTampering { row, position, value in
      guard row == 0 else { return value }
      let point = CodeDomain(logSize: parameters.logDomain, folds: 0).point(position)
      return (Goldilocks(reducing: value) + point.power(degree)).value
    }
    #expect(try fixture(commitment: higher).rejection() == .rowsAgainstCombination(functional: "drift"))
  }

  @Test(arguments: [false, true])
  func combinationOfOtherRows(_ persist: Bool) throws {
    // Another message was committed than the one that the claims are about.
    var other = OpeningFixture().drift
    other.messages[7] = .narrow([1])
    let rows = other
    let cheat = fixture {
      $0.claimedRows[0] = rows
      $0.persist = persist
    }
    #expect(try cheat.rejection() == .rowsAgainstCombination(functional: "drift"))
  }

  // MARK: - Values

  @Test(arguments: 0..<3)
  func wrongValue(_ claim: Int) throws {
    var cheat = OpeningFixture()
    cheat.valueErrors[claim] = 1
    let expected: ProofRejection =
      claim == 2 ? .clearCombination(functional: "short") : .openingSumcheck(functional: "drift, both")
    #expect(try cheat.rejection() == expected)
  }

  @Test(arguments: 0..<3)
  func wrongValueMadeToFit(_ claim: Int) throws {
    var cheat = fixture { $0.persist = true }
    cheat.valueErrors[claim] = 1
    #expect(try cheat.rejection() == .rowsAgainstCombination(functional: ["drift", "both", "short"][claim]))
  }

  @Test func errorsThatCancel() throws {
    var cheat = OpeningFixture()
    cheat.valueErrors = [5, -CubicExtension(5), .zero]
    #expect(try cheat.rejection() == .openingSumcheck(functional: "drift, both"))
  }

  @Test func wrongMaskValue() throws {
    let cheat = fixture { $0.maskValue = { claim, value in if claim == 1 { value += 1 } } }
    #expect(try cheat.rejection() == .openingSumcheck(functional: "drift, both"))
  }

  @Test func verifierWithAnotherValue() throws {
    let fixture = OpeningFixture()
    var proof = try fixture.prove()
    proof.values[2] += 1
    // The value enters the transcript, so every challenge after it differs.
    #expect(fixture.rejection(of: proof) == .clearCombination(functional: "short"))
  }

  // MARK: - u

  @Test(arguments: [(0, 3), (1, 63), (0, 70), (1, 96)])
  func changedCombination(_ claim: Int, _ entry: Int) throws {
    let names = ["drift", "both"]
    let change: @Sendable (Int, inout [CubicExtension]) -> Void = { if $0 == claim { $1[entry] += 1 } }
    #expect(
      try fixture { $0.combination = change }.rejection() == .rowsAgainstCombination(functional: names[claim]))
    let persistent = fixture {
      $0.combination = change
      $0.persist = true
    }
    #expect(try persistent.rejection() == .rowsAgainstCombination(functional: names[claim]))
  }

  @Test(arguments: [1, 6])
  func changedClearCombination(_ entry: Int) throws {
    let change: @Sendable (Int, inout [CubicExtension]) -> Void = { if $0 == 2 { $1[entry] += 1 } }
    let expected: ProofRejection =
      entry < OpeningFixture.shortLength
      ? .clearCombination(functional: "short") : .rowsAgainstCombination(functional: "short")
    #expect(try fixture { $0.combination = change }.rejection() == expected)
    let persistent = fixture {
      $0.combination = change
      $0.persist = true
    }
    #expect(try persistent.rejection() == .rowsAgainstCombination(functional: "short"))
  }

  // MARK: - Folding

  @Test(arguments: 0..<3, 0..<2)
  func changedLayer(_ layer: Int, _ claim: Int) throws {
    let cheat = fixture {
      $0.layer = { l, c, codeword in
        if l == layer && c == claim { for i in codeword.indices { codeword[i] += 1 } }
      }
    }
    let name = ["drift", "both"][claim]
    let expected: [ProofRejection] = [
      .rowsAgainstCombination(functional: name), .openingSumcheck(functional: "drift, both"),
      .finalPolynomial(functional: name),
    ]
    #expect(try cheat.rejection() == expected[layer])
  }

  @Test func changedRound() throws {
    let cheat = fixture { $0.round = { round, values in if round == 2 { values[1] += 1 } } }
    #expect(try cheat.rejection() == .openingSumcheck(functional: "drift, both"))
  }

  @Test func changedFinal() throws {
    let cheat = fixture { $0.final = { claim, coefficients, _ in if claim == 1 { coefficients[2] += 1 } } }
    #expect(try cheat.rejection() == .openingSumcheck(functional: "drift, both"))
  }

  @Test func changedFinalThatKeepsTheSum() throws {
    // Two coefficients of one final polynomial change so that the last sum stays: only the codewords can tell.
    let fixture = fixture {
      $0.final = { claim, coefficients, weights in
        if claim == 0 {
          coefficients[0] += weights[1]
          coefficients[1] -= weights[0]
        }
      }
    }
    #expect(try fixture.rejection() == .finalPolynomial(functional: "drift"))
  }

  // MARK: - Grinding and bytes

  @Test func noWork() throws {
    let fixture = OpeningFixture()
    let honest = try fixture.prove()
    guard let start = OpeningFixture.offset(of: OpeningLabel.nonce, in: honest) else {
      Issue.record("no nonce")
      return
    }
    var lazy = OpeningFixture()
    lazy.openingTampering = OpeningTampering()
    // The honest nonce is the least one, so every one below it is wrong.
    let least = honest.bytes[start..<start + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    if least > 0 {
      lazy.openingTampering?.nonce = { _, layer in layer == 0 ? least - 1 : nil }
      #expect(try lazy.rejection() == .proofOfWork)
    }
    // With 4 bits a nonce is wrong with probability 15/16: one of these is.
    let rejections = (1..<5).map { delta -> ProofRejection? in
      var proof = honest
      proof.bytes[start + 2] ^= UInt8(delta)
      return fixture.rejection(of: proof)
    }
    #expect(rejections.contains(.proofOfWork) && !rejections.contains(nil))
  }

  @Test(arguments: [
    (OpeningLabel.salts("drift"), "drift"), (OpeningLabel.paths("drift"), "drift"), (OpeningLabel.rows("aux"), "aux"),
    (OpeningLabel.salts("aux"), "aux"), (OpeningLabel.paths("aux"), "aux"),
    (OpeningLabel.rows(OpeningLabel.layerTree(0)), OpeningLabel.layerTree(0)),
    (OpeningLabel.paths(OpeningLabel.layerTree(2)), OpeningLabel.layerTree(2)),
  ])
  func changedHint(_ section: String, _ tree: String) throws {
    let fixture = OpeningFixture()
    var proof = try fixture.prove()
    let start = try #require(OpeningFixture.offset(of: section, in: proof))
    proof.bytes[start] ^= 1
    #expect(fixture.rejection(of: proof) == .merklePath(tree: tree))
  }

  @Test(arguments: [
    OpeningLabel.maskValue, OpeningLabel.high, OpeningLabel.clear, OpeningLabel.round, OpeningLabel.final,
    OpeningLabel.rows("drift"), OpeningLabel.rows("aux"), OpeningLabel.rows(OpeningLabel.layerTree(1)),
  ])
  func uncanonicalValue(_ section: String) throws {
    let fixture = OpeningFixture()
    var proof = try fixture.prove()
    let start = try #require(OpeningFixture.offset(of: section, in: proof))
    for i in 0..<8 { proof.bytes[start + i] = 0xFF }
    #expect(fixture.rejection(of: proof) == .notCanonical(section: section))
  }

  @Test func everyTruncationIsRejected() throws {
    let fixture = OpeningFixture()
    let honest = try fixture.prove()
    for length in stride(from: 0, to: honest.bytes.count, by: 997) {
      var proof = honest
      proof.bytes.removeLast(honest.bytes.count - length)
      guard case .truncated = fixture.rejection(of: proof) else {
        Issue.record("cut to \(length) bytes: \(String(describing: fixture.rejection(of: proof)))")
        return
      }
    }
    var proof = honest
    proof.bytes.append(0)
    #expect(fixture.rejection(of: proof) == .trailingBytes(count: 1))
  }

  @Test func everyChangedByteIsRejected() throws {
    let fixture = OpeningFixture()
    let honest = try fixture.prove()
    for index in stride(from: 0, to: honest.bytes.count, by: 61) {
      var proof = honest
      proof.bytes[index] ^= UInt8(1 << (index % 8))
      if fixture.rejection(of: proof) == nil { Issue.record("byte \(index) may change") }
    }
  }

  @Test func randomBytesAreRejected() {
    let fixture = OpeningFixture()
    for seed in 0..<8 {
      let stream = PseudorandomStream(secret: [UInt8(seed)], label: "noise")
      var bytes = stream.bytes(60_000)
      // Small words are canonical, so that parsing goes further.
      for i in stride(from: 7, to: bytes.count, by: 8) { bytes[i] = 0 }
      #expect(fixture.rejection(of: .init(bytes: bytes, values: [.zero, .zero, .zero], sizes: [])) != nil)
    }
  }
}
