// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofCommitmentProver
import DriftProofCore
import DriftProofTranscript
import TamperingSupport
import Testing

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

/// Statements in bands, and a prover whose leaves are in other ones.
@Suite struct BandTests {
  /// 19 rows or more, so three blocks of eight.
  private static func fixture(bands: Int) -> Fixture {
    var fixture = Fixture.norm(rows: 600, columns: 500)
    fixture.bands = bands
    return fixture
  }

  @Test func bandsAreInTheStatement() throws {
    let (one, three) = (Self.fixture(bands: 1).statement, Self.fixture(bands: 3).statement)
    var words: [UInt8] = []
    words.append(lengthPrefixed: "driftproof/statement/bands/v1")
    words.append(littleEndian: UInt64(3))
    #expect(three.canonicalBytes == words + one.canonicalBytes && three.layoutDigest == one.layoutDigest)
  }

  @Test func provedInBands() throws {
    let fixture = Self.fixture(bands: 3)
    #expect(fixture.rows.rowCount > 16 && fixture.rows.rowCount <= 24)
    let (proof, drift) = try fixture.prove()
    try fixture.verify(proof.bytes, drift: drift)
    // The same proof under another number: challenges and pins' point are others.
    for bands in [1, 2] {
      #expect(throws: ProofRejection.sumcheckFinal(stage: "A")) {
        try Self.fixture(bands: bands).verify(proof.bytes, drift: drift)
      }
    }
  }

  @Test func moreBandsThanBlocks() throws {
    let statement = Self.fixture(bands: 4).statement
    let rows = Self.fixture(bands: 4).rows.rowCount
    let scheme = HashCommitment(statement.code)
    #expect(throws: ProofRejection.tooManyBands(4, rows: rows)) {
      try ArgumentVerifier(statement: statement, scheme: scheme, requiredSecurityBits: 0)
    }
    #expect(throws: ProofRejection.tooManyBands(4, rows: rows)) {
      try DriftCommitter(statement: statement, scheme: scheme)
    }
    #expect(throws: ProofRejection.tooManyBands(4, rows: rows)) {
      try ArgumentProver(statement: statement, scheme: scheme)
    }
  }

  /// Recounted: pins, claims and proof are of three bands, as the statement says, and only the drift's leaves are of two.
  @Test func leavesOfAnotherNumberOfBands() throws {
    let fixture = Self.fixture(bands: 3)
    let scheme = HashCommitment(fixture.code)
    let layout = ArgumentLayout(fixture.statement)
    var tampering = CommitmentTampering()
    tampering.leaf = { _ in
      RowLeafFormat(
        label: ArgumentLabel.drift, rows: layout.tableau.rowCount, bands: 2,
        logLeaves: layout.statement.code.logDomain)
    }
    let drift = try scheme.pin(
      scheme.commit(
        label: ArgumentLabel.drift, rows: fixture.rows, shapes: ArgumentProtocol.driftShapes(layout),
        secret: [UInt8](repeating: 3, count: 32), deviation: tampering))
    let proof = try ArgumentProver(statement: fixture.statement, scheme: scheme).prove(
      witness: ArgumentWitness(rows: fixture.rows, factors: [:], supports: [:]), drift: drift,
      secret: [UInt8](repeating: 8, count: 32))
    #expect(throws: ProofRejection.merklePath(tree: ArgumentLabel.drift)) {
      try fixture.verify(proof.bytes, drift: Fixture.Drift(drift))
    }
  }
}
