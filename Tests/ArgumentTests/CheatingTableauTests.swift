// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import TamperingSupport
import DriftProofCommitmentProver
import DriftProofField
import DriftProofKernels
import Testing
import DriftProofTranscript

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

/// Tableaux and statements that are not those of the proof (docs/protocol.md section 11, items 3, 9, 14, 15).
@Suite struct CheatingTableauTests {
  private static func changed(_ fixture: Fixture, tensor: Int = 0) -> Fixture {
    var result = fixture
    result.drifts[tensor][3] += 1000
    return result
  }

  @Test(arguments: [true, false])
  func tableauOfAnotherDrift(_ structured: Bool) throws {
    // The prover argues about a small drift; another one was committed.
    let fixture = structured ? Fixture.lowRank(rank: 2) : .norm(rows: 64, columns: 32)
    var cheat = Cheat(fixture)
    cheat.committed = Self.changed(fixture)
    try cheat.expectStoppedByOpening()
    // u computed from the drift that the prover argues about.
    let scheme = HashCommitment(fixture.code)
    let rows = fixture.rows
    let bent = cheat.with {
      $0.open = { trees, claims, channel in
        var opening = OpeningTampering()
        opening.claimedRows[0] = rows
        try scheme.open(trees, claims: claims, channel: &channel, deviation: opening)
      }
    }
    #expect(try bent.rejection() == .rowsAgainstCombination(functional: Cheat.pointA))
  }

  @Test func codewordOfAnotherMessage() throws {
    // A constant added to the codeword: entry 0 of the message is another one. The leaves are consistent.
    var cheat = Cheat(.norm(rows: 64, columns: 32))
    cheat.codeword = CommitmentTampering { _, _, value in (Goldilocks(reducing: value) + .one).value }
    #expect(try cheat.rejection() == .rowsAgainstCombination(functional: Cheat.pointA))
    #expect(try cheat.rejection(bendsOpening: true) == .rowsAgainstCombination(functional: Cheat.pointA))
  }

  @Test func rowFarFromTheCode() throws {
    var cheat = Cheat(.norm(rows: 150, columns: 200))
    cheat.codeword = CommitmentTampering { row, position, value in
      row == 1 && position % 5 < 3 ? UInt64(position) &* 977 : value
    }
    #expect(try cheat.rejection() == .rowsAgainstCombination(functional: Cheat.pointA))
    #expect(try cheat.rejection(bendsOpening: true) == .rowsAgainstCombination(functional: Cheat.pointA))
  }

  @Test func falseClaimsOfTwoStagesTogether() throws {
    // Both claims of the opening are false at once: D at the bounds stage, G at the merging stage. (Errors chosen to
    // cancel over two claims are tested where claims can be chosen freely, in the commitment's tests.)
    let cheat = Cheat(.lowRank(rank: 3, bound: 100, noise: 9)) {
      $0.claimsTrueDrift = true
      $0.tables = { $0.tamper { tiles, _ in tiles[0].entries = .narrow([Int32](repeating: 5, count: 1 << 14)) } }
      $0.stages[.bounds] = SumcheckTampering(forge: .factors, root: RootFinding.root)
      $0.stages[.structure] = SumcheckTampering(forge: .leftFactor, root: RootFinding.root)
      $0.stages[.merging] = SumcheckTampering(forge: .factors, root: RootFinding.root)
    }
    #expect(try cheat.rejection() == .openingSumcheck(functional: cheat.folded))
    #expect(try cheat.rejection(bendsOpening: true) == .rowsAgainstCombination(functional: Cheat.pointA))
  }

  @Test func everyStageForgesItsMask() throws {
    let cheat = Cheat(.lowRank(rank: 3, bound: 100, noise: 9)) {
      $0.claimsTrueDrift = true
      $0.tables = { $0.tamper { tiles, _ in tiles[0].entries = .zero } }
      $0.driftOffset = .one
      $0.stages[.bounds] = SumcheckTampering(persists: true)
      $0.stages[.structure] = SumcheckTampering(persists: true)
      $0.stages[.merging] = SumcheckTampering(persists: true)
    }
    #expect(try cheat.rejection() == .clearCombination(functional: Cheat.libra))
    #expect(try cheat.rejection(bendsOpening: true) == .rowsAgainstCombination(functional: Cheat.libra))
  }

  // MARK: Statements

  /// Statements that differ from `fixture`'s in one thing.
  private static func variants(of fixture: Fixture) -> [(name: String, fixture: Fixture)] {
    func vary(_ change: (inout Fixture) -> Void) -> Fixture {
      var result = fixture
      change(&result)
      return result
    }
    return [
      ("plain bound", vary { $0.tensors[0].plainBound?[0] ^= 1 }),
      ("no plain bound", vary { $0.tensors[0].plainBound = nil }),
      ("name", vary { $0.tensors[0].name += "'" }),
      ("order of names", vary { $0.tensors.swapAt(0, 1) }),
      ("fraction bits", vary { $0.tensors[1].fractionBits += 1 }),
      ("shape, same size", vary { ($0.tensors[1].rows, $0.tensors[1].columns) = (37, 1) }),
      ("shape, same padding", vary { $0.tensors[1].columns = 38 }),
      ("total bound", vary { $0.totalBound?[2] ^= 1 }),
      ("no total bound", vary { $0.totalBound = nil }),
      ("rank", vary { $0.tensors[2].clauses[0].rank = 4 }),
      ("scale", vary { $0.tensors[2].clauses[0].scale = 3 }),
      ("residual", vary { $0.tensors[2].clauses[0].bound?[0] ^= 1 }),
      ("exact", vary { $0.tensors[2].clauses[0].bound = nil }),
      ("count", vary { $0.tensors[3].clauses[0].sparse = .entries(6) }),
      ("sparse form", vary { $0.tensors[5].clauses[0].sparse = .rows(3) }),
      ("clause left out", vary { $0.tensors[4].clauses = [] }),
      ("tensor frozen", vary { $0.tensors.removeLast() }),
      ("row length", vary { $0.logLength = 15 }),
      ("orthonormal", vary { $0.tensors[0].isOrthonormal = true }),
    ]
  }

  @Test func proofUnderAnotherStatementIsRejected() throws {
    let fixture = Fixture.everything()
    let proof = try fixture.run()
    let drift = try drift(of: fixture)
    try fixture.verify(proof.bytes, drift: drift)
    for (name, other) in Self.variants(of: fixture) {
      #expect(throws: ProofRejection.self, "\(name)") { try other.verify(proof.bytes, drift: drift) }
    }
  }

  @Test func statementBytesTellStatementsApart() {
    let fixture = Fixture.everything()
    let all = [fixture.statement] + Self.variants(of: fixture).map(\.fixture.statement)
    #expect(Set(all.map(\.canonicalBytes)).count == all.count)
  }

  /// The stronger cheat: the verifier's transcript, the prover's own tables, where the layouts have one shape.
  @Test func ownStatementUnderTheVerifiersTranscript() throws {
    let fixture = Fixture.everything()
    let expected: [String: ProofRejection] = [
      "plain bound": .sumcheckFinal(stage: "A"), "fraction bits": .sumcheckFinal(stage: "A"),
      "total bound": .sumcheckFinal(stage: "A"), "residual": .sumcheckFinal(stage: "A"),
      "rank": .sumcheckFinal(stage: "C"), "count": .sumcheckFinal(stage: "C"),
      "scale": .rowsAgainstCombination(functional: Cheat.pointA), "no plain bound": .sumcheckFinal(stage: "A"),
    ]
    for (name, other) in Self.variants(of: fixture) {
      guard let expected = expected[name] else { continue }
      var cheat = Cheat(fixture) { $0.absorbedStatement = other.statement }
      cheat.verifier = other
      #expect(try cheat.rejection() == expected, "\(name)")
    }
  }

  /// False pins of the drift tableau: E, digits and evaluations are all of the committed rows.
  @Test func falsePins() throws {
    var cheat = Cheat(.everything())
    cheat.codeword = CommitmentTampering(pin: { row, value in row == 0 ? value + 1 : value })
    try cheat.expectStoppedByOpening()
  }

  @Test func codeBindingAndRoot() throws {
    let fixture = Fixture.norm(rows: 20, columns: 30)
    let proof = try fixture.run()
    let drift = try drift(of: fixture)
    let scheme = HashCommitment(fixture.code)
    func rejection(_ statement: DriftStatement, _ drift: Fixture.Drift) -> ProofRejection? {
      do throws(ProofRejection) {
        let verifier = try ArgumentVerifier(
          statement: statement, scheme: HashCommitment(statement.code), requiredSecurityBits: 0)
        try verifier.verify(proof.bytes, drift: drift.reference(verifier))
        return nil
      } catch { return error }
    }
    #expect(rejection(fixture.statement, drift) == nil)
    var other = fixture.statement
    other.binding.append(0)
    #expect(rejection(other, drift) == .sumcheckFinal(stage: "A"))
    other = fixture.statement
    other.code = CodeParameters(unchecked: 14, logBlowup: 1, queries: 40, grindingBits: 4, driftTail: 81)
    #expect(rejection(other, drift) == .sumcheckFinal(stage: "A"))
    // A replay under another root: the root is in the transcript.
    let replay = try scheme.pin(
      scheme.commit(
        label: ArgumentLabel.drift, rows: fixture.rows,
        shapes: ArgumentProtocol.driftShapes(ArgumentLayout(fixture.statement)), secret: [1]))
    #expect(rejection(fixture.statement, Fixture.Drift(replay)) == .sumcheckFinal(stage: "A"))
    // So are the pins: a false one is seen at once, and a tree without pins is none.
    var changed = drift
    changed.pins[0] += 1
    #expect(rejection(fixture.statement, changed) == .sumcheckFinal(stage: "A"))
    changed.pins.removeLast()
    #expect(rejection(fixture.statement, changed) != nil)
    let verifier = try ArgumentVerifier(statement: fixture.statement, scheme: scheme, requiredSecurityBits: 0)
    let unpinned = TableauReference(
      label: ArgumentLabel.drift, root: drift.root, shapes: verifier.driftShapes, bands: 1)
    #expect(throws: ProofRejection.unsupportedParameters("the drift tableau is not pinned")) {
      try verifier.verify(proof.bytes, drift: unpinned)
    }
    changed.root = []
    #expect(rejection(fixture.statement, changed) != nil)
  }

  private func drift(of fixture: Fixture) throws -> Fixture.Drift {
    let committer = try DriftCommitter(statement: fixture.statement, scheme: HashCommitment(fixture.code))
    return Fixture.Drift(try committer.commit(rows: fixture.rows, secret: [UInt8](repeating: 7, count: 32)))
  }
}
