// SPDX-License-Identifier: Apache-2.0
import DriftProofCommitment
import DriftProofField
import DriftProofTranscript
import Testing

@testable import DriftProofArgument

/// Every value that the final opening states has a power of τ or χ of its own: with two under one power, errors that
/// cancel would pass (docs/protocol.md section 6 and section 11, item 14).
@Suite struct OpeningClaimTests {
  private let layout: ArgumentLayout
  private let outcomes: StageOutcomes
  private let transcript = Transcript(protocolID: "opening claims")

  init() {
    var fixture = Fixture.everything()
    fixture.add(.orthonormal([(5, 40), (4, 50)]))
    let layout = ArgumentLayout(fixture.statement)
    let stream = PseudorandomStream(secret: [4], label: "outcomes")
    func outcome(_ shape: SumcheckShape) -> SumcheckOutcome {
      var evaluations = Evaluations(shape.stage)
      for (oracle, _) in shape.oracles { evaluations.set(oracle, stream.extensionElement()) }
      return SumcheckOutcome(
        point: (0..<shape.variables).map { _ in stream.extensionElement() }, evaluations: evaluations,
        libraValue: stream.extensionElement())
    }
    self.layout = layout
    outcomes = StageOutcomes(
      bounds: outcome(.bounds(layout)), drift: stream.extensionElement(),
      factors: FactorOutcomes(structure: outcome(.structure(layout)), merging: outcome(.merging(layout))),
      orthonormality: outcome(.orthonormality(layout.orthonormal)))
  }

  private func claims(_ change: (inout StageOutcomes) throws -> Void = { _ in }) throws -> [OpeningClaim] {
    var outcomes = outcomes
    var transcript = transcript
    try change(&outcomes)
    return try OpeningClaims.draw(layout, outcomes: outcomes, transcript: &transcript)
  }

  /// τ and χ.
  private var powers: (tau: CubicExtension, chi: CubicExtension) {
    var transcript = transcript
    return (transcript.challenge(ArgumentLabel.valuePowers), transcript.challenge(ArgumentLabel.libraPowers))
  }

  /// By how much each claim's value grows.
  private func growth(_ change: (inout StageOutcomes) throws -> Void) throws -> [CubicExtension] {
    zip(try claims(change), try claims()).map { $0.value - $1.value }
  }

  /// What a value of an oracle of so many variables counts in a full row.
  private func factor(_ variables: Int) -> CubicExtension {
    let x = Array(outcomes.bounds.point[1...])
    guard variables < layout.logLength else { return .one }
    return x[variables..<layout.logLength].reduce(.one) { $0 * (.one - $1) }
  }

  @Test func valuesAtTheBoundsPoint() throws {
    let tau = powers.tau
    #expect(layout.hasFactors && layout.hasOrthonormal)
    #expect(try growth { $0.drift += 1 } == [1, .zero, .zero])
    let expected: [(Oracle, CubicExtension)] = [
      (.digits, tau * factor(layout.digitVariables)), (.factors, tau * tau * factor(layout.factorVariables)),
      (.orthonormalMasks, tau * tau * tau * factor(OrthonormalLayout.maskVariables)),
    ]
    for (oracle, power) in expected {
      let growth = try growth {
        $0.bounds.evaluations.set(oracle, try $0.bounds.evaluations.value(oracle) + 1)
      }
      #expect(growth == [power, .zero, .zero], "\(oracle.letter)")
    }
    // E's value has gone into d, which the rows hold.
    #expect(
      try growth { $0.bounds.evaluations.set(.residuals, 1) }.allSatisfy { $0 == .zero })
  }

  /// Rows are weighed by the power of the value that they make up.
  @Test func rowsAtTheBoundsPoint() throws {
    let tau = powers.tau
    let claim = try claims()[0]
    let top = outcomes.bounds.point[0]
    let x = Array(outcomes.bounds.point[1...])
    func high(_ variables: Int) -> CubicExtension {
      x[min(variables, layout.logLength)..<variables].reduce(.one) { $0 * (.one - $1) }
    }
    let auxiliary = claim.weights[1]
    #expect(auxiliary[layout.digitMaskRow] == tau * top * high(layout.digitVariables))
    #expect(auxiliary[layout.orthonormalRow] == tau * tau * tau * (.one - top))
    #expect(auxiliary[layout.orthonormalMaskRow] == tau * tau * tau * top)
    #expect(claim.weights[2].last == tau * tau * top * high(layout.factorVariables))
  }

  @Test func valuesOfTheLibraMasks() throws {
    let chi = powers.chi
    #expect(try growth { $0.bounds.libraValue += 1 } == [.zero, .zero, 1])
    #expect(try growth { $0.factors?.structure.libraValue += 1 } == [.zero, .zero, chi])
    #expect(try growth { $0.factors?.merging.libraValue += 1 } == [.zero, .zero, chi * chi])
    #expect(try growth { $0.orthonormality?.libraValue += 1 } == [.zero, .zero, chi * chi * chi])
  }
}
