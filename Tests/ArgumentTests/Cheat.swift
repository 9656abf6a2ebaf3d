// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import TamperingSupport
import DriftProofCommitmentProver
import DriftProofField
import TestSupport
import Testing
import DriftProofTranscript

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

/// A cheating prover and where each way to go on must end.
///
/// A cheat makes a claim of one sumcheck false (or the tableau differ from what the claims say). The prover may then
/// - answer honestly: the sumcheck's last check fails;
/// - forge g(ρ): the opening of the Libra masks fails, at the clear combination or, when that is bent too, at the rows;
/// - forge an evaluation: the opening at that stage's point fails, at its sumcheck or, when u is bent too, at the rows.
struct Cheat {
  var fixture: Fixture
  /// The verifier's statement, when it differs.
  var verifier: Fixture?
  var tampering = ArgumentTampering()
  var codeword: CommitmentTampering?
  /// Rows that are committed, when they differ from those that the prover argues about.
  var committed: Fixture?
  /// Of the base: whose trees are opened, when they are not those of what the prover argues about.
  var committedBase: Fixture?

  init(_ fixture: Fixture, _ change: (inout ArgumentTampering) -> Void = { _ in }) {
    self.fixture = fixture
    tampering.skipsRefusals = true
    change(&tampering)
  }

  static let pointA = "at Stage A's point"
  static let pointC = "at Stage C's point"
  static let libra = "Libra masks"

  /// Names of the folded claims, as the opening's sumcheck reports them.
  var folded: String { ArgumentLayout(fixture.statement).hasFactors ? "\(Self.pointA), \(Self.pointC)" : Self.pointA }

  /// What the verifier says; nil when it accepts.
  func rejection(bendsOpening: Bool = false, secret: UInt8 = 8, _ change: (inout ArgumentTampering) -> Void = { _ in })
    throws
    -> ProofRejection?
  {
    var tampering = tampering
    change(&tampering)
    return try rejection(
      of: tampering, bendsOpening: bendsOpening, driftSecret: [UInt8](repeating: 7, count: 32),
      secret: [UInt8](repeating: secret, count: 32))
  }

  func rejection(
    of tampering: ArgumentTampering, bendsOpening: Bool, driftSecret: [UInt8], secret: [UInt8]
  ) throws -> ProofRejection? {
    var tampering = tampering
    let scheme = HashCommitment(fixture.code)
    if bendsOpening {
      tampering.open = { trees, claims, channel in
        var opening = OpeningTampering()
        opening.persist = true
        try scheme.open(trees, claims: claims, channel: &channel, deviation: opening)
      }
    }
    let prover = try ArgumentProver(statement: fixture.statement, scheme: scheme)
    let drift = try scheme.pin(
      scheme.commit(
        label: ArgumentLabel.drift, rows: (committed ?? fixture).rows,
        shapes: ArgumentProtocol.driftShapes(prover.layout), secret: driftSecret,
        deviation: codeword ?? CommitmentTampering()))
    let base = try fixture.committedBase(scheme)
    let opened = try committedBase.map { try $0.committedBase(scheme) } ?? base
    let proof = try prover.prove(
      witness: ArgumentWitness(
        rows: fixture.rows, factors: fixture.factors, supports: fixture.supports, diagonals: fixture.diagonals,
        base: base.map(\.rows)), drift: drift,
      base: opened.map(\.tree), secret: secret, deviation: tampering)
    do {
      try (verifier ?? fixture).verify(proof.bytes, drift: Fixture.Drift(drift))
      return nil
    } catch let rejection as ProofRejection {
      return rejection
    }
  }

  /// Runs every continuation of a cheat whose false claim is in `stage`.
  ///
  /// - Parameters:
  ///   - forge: an oracle that the stage finishes last and whose evaluation can be forged.
  func expectStopped(
    at stage: Stage, forge: Oracle?, location: SourceLocation = #_sourceLocation
  ) throws {
    #expect(try rejection() == .sumcheckFinal(stage: stage.rawValue), sourceLocation: location)
    #if DEBUG
      // A proof takes seconds here: the other continuations run in release builds, and in ``CheatingTableauTests``.
      return
    #else
      try expectPersistenceStopped(at: stage, forge: forge, location: location)
    #endif
  }

  private func expectPersistenceStopped(at stage: Stage, forge: Oracle?, location: SourceLocation) throws {
    let persists = SumcheckTampering(persists: true)
    #expect(
      try rejection { $0.stages[stage] = persists } == .clearCombination(functional: Self.libra),
      "g(ρ) forged", sourceLocation: location)
    #expect(
      try rejection(bendsOpening: true) { $0.stages[stage] = persists }
        == .rowsAgainstCombination(functional: Self.libra), "g(ρ) and u forged", sourceLocation: location)
    guard forge != nil else { return }
    let layout = ArgumentLayout(fixture.statement)
    let shape: SumcheckShape =
      switch stage {
      case .bounds: .bounds(layout)
      case .structure: .structure(layout)
      case .merging: .merging(layout)
      case .orthonormality: .orthonormality(layout.orthonormal)
      }
    // The oracle that the stage finishes last; its evaluation is a root of a polynomial of degree at most 4.
    let forge = try #require(shape.finished(by: shape.variables - 1).first)
    let forged = SumcheckTampering(forge: forge, root: RootFinding.root)
    if stage == .structure {
      // A forged evaluation of the structure stage is a false claim of the merging stage; there the same three ways are
      // open.
      try with { $0.stages[.structure] = forged }.expectStopped(at: .merging, forge: .factors, location: location)
      return
    }
    if stage == .orthonormality {
      // One of the orthonormality stage is a false claim of the bounds stage.
      try with { $0.stages[.orthonormality] = forged }.expectStopped(at: .bounds, forge: .residuals, location: location)
      return
    }
    let point = stage == .bounds ? Self.pointA : Self.pointC
    // A polynomial may have no root: other randomness gives another one.
    func stopped(bendsOpening: Bool) throws -> ProofRejection? {
      for secret in UInt8(8)..<40 {
        let rejection = try rejection(bendsOpening: bendsOpening, secret: secret) { $0.stages[stage] = forged }
        if rejection != .sumcheckFinal(stage: stage.rawValue) { return rejection }
      }
      return .sumcheckFinal(stage: stage.rawValue)
    }
    #expect(
      try stopped(bendsOpening: false) == .openingSumcheck(functional: folded), "\(forge.letter) forged",
      sourceLocation: location)
    #expect(
      try stopped(bendsOpening: true) == .rowsAgainstCombination(functional: point), "\(forge.letter) and u forged",
      sourceLocation: location)
  }

  func with(_ change: (inout ArgumentTampering) -> Void) -> Cheat {
    var result = self
    change(&result.tampering)
    return result
  }

  /// Expects that only the opening can tell: all sumchecks hold for a tableau that was not committed.
  func expectStoppedByOpening(location: SourceLocation = #_sourceLocation) throws {
    #expect(try rejection() == .openingSumcheck(functional: folded), sourceLocation: location)
    #expect(
      try rejection(bendsOpening: true) == .rowsAgainstCombination(functional: Self.pointA), "u forged",
      sourceLocation: location)
  }
}

extension Fixture {
  func square(_ tensor: Int) -> Int { drifts[tensor].reduce(0) { $0 + Int($1 * $1) } }

  /// One exact sparse tensor: entry (position, value) pairs, the first `k` of which the clause may explain.
  static func sparse(rows: Int, columns: Int, k: Int, changes: [(Int, Int64)], covered: Int? = nil) -> Fixture {
    var drift = [Int64](repeating: 0, count: rows * columns)
    for (position, value) in changes { drift[position] = value }
    let tensor = TableauTensor(
      name: "w", rows: rows, columns: columns, fractionBits: 20, isPlain: false, plainBound: nil,
      clauses: [StructuredClause(rank: nil, sparse: .entries(k), scale: 0, bound: nil)])
    return Fixture(
      tensors: [tensor], drifts: [drift],
      supports: [.init(tensor: 0, clause: 0): changes.prefix(covered ?? k).map(\.0)])
  }

  /// A product of `actual` random factors on a tensor whose clause allows rank `rank` and an excess of `bound`.
  static func lowRank(
    rows: Int = 40, columns: Int = 24, rank: Int, actual: Int? = nil, scale: Int = 0, bound: Int? = 0,
    noise: Int64 = 0, seed: UInt64 = 9
  ) -> Fixture {
    var generator = SeededGenerator(seed: seed)
    let actual = actual ?? rank
    let left = random(rows * actual, 300, &generator).map(Int32.init)
    let right = random(columns * actual, 300, &generator).map(Int32.init)
    var drift: [Int64] = []
    for i in 0..<rows {
      for j in 0..<columns {
        let dot = (0..<actual).reduce(Int64(0)) { $0 + Int64(left[i * actual + $1]) * Int64(right[j * actual + $1]) }
        drift.append(dot + (noise == 0 ? 0 : Int64.random(in: -noise...noise, using: &generator)))
      }
    }
    let tensor = TableauTensor(
      name: "w", rows: rows, columns: columns, fractionBits: 20, isPlain: false, plainBound: nil,
      clauses: [StructuredClause(rank: rank, sparse: nil, scale: scale, bound: bound.map(digits))])
    func columnsKept(_ values: [Int32], _ count: Int) -> [Int32] {
      (0..<count).flatMap { i in (0..<rank).map { $0 < actual ? values[i * actual + $0] : 0 } }
    }
    return Fixture(
      tensors: [tensor], drifts: [drift],
      factors: [
        .init(tensor: 0, clause: 0): .init(left: columnsKept(left, rows), right: columnsKept(right, columns))
      ])
  }
}
