// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofCommitmentProver
import DriftProofTranscript
import TestSupport

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

/// One clause, a change that it does not allow, and many proofs of it by provers that go on: each with weights,
/// commitment and randomness of its own.
struct ForcedCase: Sendable {
  let clause: String
  let attack: String
  /// The statement with the weights that break it; the same weights before the attack obey it.
  let make: @Sendable (_ seed: UInt64) -> (honest: Fixture, attacked: Fixture)

  struct Outcome: Encodable {
    let clause: String
    let attack: String
    var proofs = 0
    var accepted = 0
    /// By the check that stopped them.
    var rejections: [String: Int] = [:]
    /// By the way in which the prover went on, then by check.
    var ways: [String: [String: Int]] = [:]
    /// Of weights inside the clause: the same prover and the same verifier without deviations.
    var honestProofs = 0
    var honestAccepted = 0
    /// Attacked weights that the prover itself refused.
    var attempts = 0
    var refused = 0
    var refusals: [String: Int] = [:]
    /// Of the statement, proven.
    var securityBits = 0.0
    var seconds = 0.0
  }

  /// 128 proven bits at rate 1/2 and without proofs of work: longer codewords would be most of the time of so small a proof.
  static let code: CodeParameters? = {
    let (logLength, logBlowup) = (14, 1)
    return CodeParameters.queries(logLength: logLength, logBlowup: logBlowup, grindingBits: 0, proofs: 2).flatMap {
      try? CodeParameters(
        logLength: logLength, logBlowup: logBlowup, queries: $0, grindingBits: 0, driftTail: 2 * $0)
    }
  }()

  /// - Parameters:
  ///   - count: of forced proofs, in all ways of going on by turns.
  ///   - controls: of honest proofs, and of attempts by a prover that refuses.
  func run(count: Int, controls: Int) throws -> Outcome {
    var outcome = Outcome(clause: clause, attack: attack)
    let start = ContinuousClock.now
    for seed in 0..<UInt64(controls) {
      let pair = prepared(seed &+ 1_000_003)
      outcome.honestProofs += 1
      try pair.honest.run(secret: UInt8(truncatingIfNeeded: seed))
      outcome.honestAccepted += 1
      outcome.attempts += 1
      do {
        try pair.attacked.run(secret: UInt8(truncatingIfNeeded: seed))
      } catch let refusal as ArgumentRefusal {
        outcome.refused += 1
        outcome.refusals[Self.name(refusal), default: 0] += 1
      }
    }
    var turn = 0
    while outcome.proofs < count {
      let fixture = prepared(UInt64(turn)).attacked
      let layout = ArgumentLayout(fixture.statement)
      if turn == 0 { outcome.securityBits = Soundness.bits(layout) }
      let ways = GoingOn.allCases.filter { $0.applies(to: layout) }
      let way = ways[turn % ways.count]
      let rejection = try Cheat(fixture).rejection(
        of: way.tampering(layout), bendsOpening: way.bendsOpening, driftSecret: Self.secret(turn, label: 1),
        secret: Self.secret(turn, label: 2))
      turn += 1
      outcome.proofs += 1
      guard let rejection else {
        outcome.accepted += 1
        continue
      }
      outcome.rejections[Self.name(rejection), default: 0] += 1
      outcome.ways[way.rawValue, default: [:]][Self.name(rejection), default: 0] += 1
    }
    outcome.seconds = (ContinuousClock.now - start) / .seconds(1)
    return outcome
  }

  private func prepared(_ seed: UInt64) -> (honest: Fixture, attacked: Fixture) {
    var pair = make(seed)
    for path in [\(honest: Fixture, attacked: Fixture).honest, \.attacked] {
      pair[keyPath: path].provenCode = Self.code
      // Its root depends on the code.
      if !pair[keyPath: path].bases.isEmpty { pair[keyPath: path].placeBase() }
    }
    return pair
  }

  private static func secret(_ turn: Int, label: UInt8) -> [UInt8] {
    var generator = SeededGenerator(seed: UInt64(turn) << 8 | UInt64(label))
    return (0..<32).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
  }

  /// The check, without the place in the opening where it failed.
  private static func name(_ rejection: ProofRejection) -> String {
    switch rejection {
    case .sumcheckFinal(let stage): "end of stage \(stage)"
    case .clearCombination: "clear combination"
    case .rowsAgainstCombination: "rows against combination"
    case .openingSumcheck: "opening's sumcheck"
    case .finalPolynomial: "final polynomial"
    default: String(describing: rejection)
    }
  }

  /// Checks of the argument and its opening; anything else says that an experiment is broken.
  static let checks: Set<String> = [
    "end of stage A", "end of stage B", "end of stage C", "clear combination", "rows against combination",
    "opening's sumcheck", "final polynomial",
  ]

  private static func name(_ refusal: ArgumentRefusal) -> String {
    switch refusal {
    case .boundExceeded: "bound exceeded"
    case .exactClauseViolated: "exact clause violated"
    case .entryBoundExceeded: "entry above its bound"
    case .totalExceeded: "total exceeded"
    default: String(describing: refusal)
    }
  }
}
