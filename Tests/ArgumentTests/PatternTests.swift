// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofField
import DriftProofTranscript
import TestSupport
import Testing

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

/// Honest proofs of patterns, and what an honest prover refuses.
@Suite struct PatternTests {
  @Test(arguments: [PatternClaim.drift(2, of: 4), .tuned(2, of: 4), .base])
  func oneTensor(_ pattern: PatternClaim) throws { try Fixture.patterned([pattern]).run() }

  @Test(arguments: [(1, 2, 2), (1, 64, 64), (3, 4, 4), (129, 128, 8), (70, 260, 4), (300, 6, 2)])
  func oddShapes(_ rows: Int, _ columns: Int, _ group: Int) throws {
    try Fixture.patterned(
      rows: rows, columns: columns, [.drift(1, of: group), .base, .tuned(group - 1, of: group)]
    ).run()
  }

  @Test func tensorsThatShareATile() throws { try Fixture.sharedPatterns().run() }

  @Test func besideEverything() throws { try Fixture.patternsWithEverything().run() }

  @Test func noDrift() throws {
    var fixture = Fixture.patterned([.drift(1, of: 4), .base])
    fixture.drifts[0] = fixture.drifts[0].map { _ in 0 }
    try fixture.run()
  }

  /// Several chunks in a tile, several tiles, and more tiles in Z-space than in E-space.
  @Test func longRows() throws {
    var fixture = Fixture.patterned(rows: 300, columns: 520, [.drift(2, of: 4), .base, .tuned(3, of: 8)])
    fixture.logLength = 16
    fixture.placeBase()
    let layout = ArgumentLayout(fixture.statement)
    #expect(layout.patterns.variables > layout.driftVariables)
    try fixture.run()
  }

  @Test func rowsMadeAnewInEveryPass() throws {
    let fixture = Fixture.patterned(rows: 130, columns: 200, [.drift(2, of: 4), .base])
    let scheme = HashCommitment(fixture.code)
    var prover = try ArgumentProver(statement: fixture.statement, scheme: scheme)
    prover.keptTileBytes = 0
    let drift = try DriftCommitter(statement: fixture.statement, scheme: scheme).commit(
      rows: fixture.rows, secret: [UInt8](repeating: 1, count: 32))
    let base = try fixture.committedBase(scheme)
    let proof = try prover.prove(
      witness: ArgumentWitness(rows: fixture.rows, factors: [:], supports: [:], base: base.map(\.rows)), drift: drift,
      base: base.map(\.tree), secret: [UInt8](repeating: 2, count: 32))
    try fixture.verify(proof.bytes, drift: Fixture.Drift(drift))
  }

  @Test func honestProverRefusesAGroupWithTooMany() throws {
    var fixture = Fixture.patterned()
    for place in 36..<40 { fixture.drifts[0][place] = 1 }
    #expect(throws: ArgumentRefusal.patternViolated(tensor: "w", row: 1, column: 4)) { try fixture.run() }
  }

  @Test func honestProverRefusesAWeightThatMustStayZero() throws {
    var fixture = Fixture.patterned([.base])
    let place = try #require(fixture.bases[0]?.lastIndex(of: 0))
    fixture.drifts[0][place] = -3
    #expect(throws: ArgumentRefusal.patternViolated(tensor: "w", row: place / 32, column: place % 32)) {
      try fixture.run()
    }
  }

  /// The verifier's weights at a point are the sums over all places of what the claims say, place by place.
  @Test(arguments: [false, true]) func weightsAreSumsOverPlaces(_ everything: Bool) throws {
    let fixture = everything ? Fixture.patternsWithEverything() : .sharedPatterns()
    let layout = ArgumentLayout(fixture.statement)
    var transcript = Transcript(protocolID: "patterns")
    // No orthonormal tensors: the stage before leaves nothing.
    let challenges = BoundsStageChallenges(layout: layout, transcript: &transcript)
    let point = transcript.challenges("point", layout.patterns.variables)
    let (at, weight) = (Multilinear.equality(point), Multilinear.equality(challenges.patterns))
    var expected = PatternForm()
    var total = CubicExtension.zero
    for tile in layout.patterns.tiles {
      let block = layout.patterns.blocks[tile.block]
      for member in block.members {
        let claim = fixture.tensors[member].patterns[block.set]
        let region = TileRegion(layout: layout.tableau, block: block, member: member, tile: tile.tile)
        for place in region.positions {
          let x = tile.tile << layout.logLength | place
          let group = (x >> claim.logGroup) << claim.logGroup
          let groups = (group..<group + claim.group).reduce(CubicExtension.zero) { $0 + weight[$1] }
          expected.add(claim, weight: weight[x] * at[x], groups: groups * at[x], challenges: challenges)
          total += challenges.power(.groups) * weight[x] * Goldilocks(claim.count)
        }
      }
    }
    let weights = PatternWeights(layout: layout.patterns, challenges: challenges)
    #expect(weights.form(point) == expected)
    #expect(weights.total == total)
  }

  @Test func statementsWithoutPatternsKeepTheirBytes() {
    for (fixture, version) in [(Fixture.everything(), "v1"), (.sharedEntries(), "v2"), (.merged(), "v3")] {
      var statement = fixture.statement
      let text = Array("driftproof/statement/\(version)".utf8)
      #expect(statement.canonicalBytes.dropFirst(8).starts(with: text))
      let digest = statement.layoutDigest
      statement.tensors[0].patterns = [.drift(2, of: 4)]
      #expect(statement.canonicalBytes.dropFirst(8).starts(with: Array("driftproof/statement/v4".utf8)))
      #expect(statement.layoutDigest != digest)
    }
  }

  @Test func soundnessCountsTheClaims() throws {
    func bits(_ patterns: [PatternClaim], _ name: String) throws -> Double {
      let fixture = Fixture.patterned(rows: 128, columns: 128, patterns)
      return try #require(Soundness.terms(fixture.statement).first { $0.name == name }?.bits)
    }
    for name in ["claims", "evaluations"] { #expect(try bits([.drift(2, of: 4)], name) < bits([], name), "\(name)") }
    #expect(try bits([.tuned(2, of: 4)], "evaluations") < bits([.drift(2, of: 4)], "evaluations"))
  }
}
