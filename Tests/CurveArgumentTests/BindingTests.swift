// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve
import DriftProofCurveCommitment
import DriftProofCurveCommitmentProver
import TestSupport
import Testing

@testable import DriftProofCurveArgument
@testable import DriftProofCurveArgumentProver

/// A proof is of one statement, of one base and of one tuned model; attack 13.
@Suite struct BindingTests {
  private static let fixture = CurveFixture(
    [
      .tight("a", CurveFixture.random(2, seed: 41), slack: 100, countsInTotal: true),
      .init(name: "frozen", rows: CurveFixture.random(1, seed: 42), claim: .frozen),
      .init(name: "any", rows: CurveFixture.random(1, seed: 43), claim: .any),
    ], totalBound: CurveBound(1 << 40 as UInt64))
  private static let proof = Result { try fixture.prove() }
  private static let final = CurveProofRejection.sumcheckFinal(stage: "A")

  @Test func aTrueProofIsAccepted() throws { #expect(Self.fixture.rejection(of: try Self.proof.get()) == nil) }

  @Test func everyFieldOfTheStatement() throws {
    let proof = try Self.proof.get()
    let changes: [(inout CurveStatement) -> Void] = [
      { $0.tensors[0].name = "A" }, { $0.tensors[0].columns = 255 },
      { $0.tensors[0].fractionBits += 1 }, { $0.tensors[0].claim = .norm(CurveBound(ones: 119)) },
      { $0.tensors[1].claim = .any }, { $0.totalBound = CurveBound(ones: 39) }, { $0.binding = [1, 2, 4] },
      { $0.binding = [] },
    ]
    for (index, change) in changes.enumerated() {
      var statement = Self.fixture.statement
      change(&statement)
      #expect(statement != Self.fixture.statement)
      #expect(Self.fixture.rejection(of: proof, statement: statement) == Self.final, "change \(index)")
    }
    // Other rounds: what is read is not what was sent.
    var wide = Self.fixture.statement
    wide.tensors[2].claim = .norm(CurveBound(ones: 100))
    #expect(Self.fixture.rejection(of: proof, statement: wide) != nil)
    wide = Self.fixture.statement
    wide.tensors[0].claim = .norm(nil)
    #expect(Self.fixture.rejection(of: proof, statement: wide) != nil)
    wide = Self.fixture.statement
    wide.totalBound = nil
    wide.tensors[0].countsInTotal = false
    #expect(Self.fixture.rejection(of: proof, statement: wide) != nil)
  }

  /// Other checks would reject most of these changes, too; that each is in the transcript is seen by its state alone.
  @Test func everythingPublicIsAbsorbed() {
    let fixture = Self.fixture
    func state(
      _ change: (inout CurveStatement) -> Void = { _ in }, base: CurvePoints? = nil, tuned: CurvePoints? = nil
    ) -> [UInt8] {
      var statement = fixture.statement
      change(&statement)
      return CurveArgumentProtocol.transcript(statement, base: base ?? fixture.base, tuned: tuned ?? fixture.tuned)
        .state
    }
    func shifted(_ points: CurvePoints) -> CurvePoints {
      CurvePoints([points.points[0] + .generator] + points.points.dropFirst())
    }
    var seen: Set<[UInt8]> = [state()]
    for other in [
      state { $0.tensors[0].name = "A" }, state { $0.tensors[0].rows += 1 }, state { $0.tensors[0].columns = 255 },
      state { $0.tensors[0].fractionBits += 1 }, state { $0.tensors[0].rowCount += 1 },
      state { $0.tensors[0].claim = .norm(CurveBound(ones: 119)) }, state { $0.tensors[0].claim = .norm(nil) },
      state { $0.tensors[0].claim = .any }, state { $0.tensors[0].claim = .frozen },
      state { $0.tensors[0].countsInTotal = false }, state { $0.totalBound = CurveBound(ones: 39) },
      state { $0.totalBound = nil }, state { $0.binding = [9] }, state { $0.setupID[0] ^= 1 },
      state { $0.logLength += 1 }, state { $0.tensors.removeLast() },
      state(base: shifted(fixture.base)), state(tuned: shifted(fixture.tuned)),
      state(base: shifted(fixture.base), tuned: shifted(fixture.tuned)),
    ] {
      #expect(seen.insert(other).inserted)
    }
  }

  @Test func theFrozenTensorIsTheBases() throws {
    let fixture = Self.fixture
    var tuned = fixture.tuned.points
    tuned[2] = tuned[2] + .generator
    #expect(
      fixture.rejection(of: try Self.proof.get(), tuned: CurvePoints(tuned)) == .frozenTensorChanged("frozen"))
    // Shifted together with the base it is another base.
    var base = fixture.base.points
    base[2] = base[2] + .generator
    #expect(
      fixture.rejection(of: try Self.proof.get(), base: CurvePoints(base), tuned: CurvePoints(tuned)) == Self.final)
    #expect(throws: CurveArgumentError.frozenTensorChanged("frozen")) {
      try CurveArgumentProver(statement: fixture.statement).prove(
        rows: fixture.rows, base: fixture.base, tuned: CurvePoints(tuned), committer: fixture.committer,
        secret: CurveFixture.secret)
    }
  }

  @Test func rowsOfBaseAndTunedModel() throws {
    let (fixture, proof) = (Self.fixture, try Self.proof.get())
    // A known drift is added, and taken from both; an excluded tensor is bound, too.
    for row in [0, 1, 3] {
      var (base, tuned) = (fixture.base.points, fixture.tuned.points)
      tuned[row] = tuned[row] + .generator
      #expect(fixture.rejection(of: proof, tuned: CurvePoints(tuned)) == Self.final)
      base[row] = base[row] + .generator
      #expect(fixture.rejection(of: proof, base: CurvePoints(base), tuned: CurvePoints(tuned)) == Self.final)
    }
    let short = CurvePoints(Array(fixture.tuned.points.dropLast()))
    #expect(fixture.rejection(of: proof, tuned: short) == .rowCount(expected: 4, found: 3))
    #expect(fixture.rejection(of: proof, base: short) == .rowCount(expected: 4, found: 3))
  }

  @Test func theSetup() throws {
    let other = CurveCommitter(secret: Fr(99), logLength: CurveFixture.logLength)
    let (fixture, proof) = (Self.fixture, try Self.proof.get())
    #expect(fixture.rejection(of: proof, key: other.key) == .otherSetup)
    var statement = fixture.statement
    statement.setupID = other.key.id
    #expect(fixture.rejection(of: proof, statement: statement, key: other.key) == Self.final)
    #expect(throws: CurveArgumentError.otherSetup) {
      try CurveArgumentProver(statement: fixture.statement).prove(
        rows: fixture.rows, base: fixture.base, tuned: fixture.tuned, committer: other, secret: CurveFixture.secret)
    }
  }

  /// A key of two τ has an id like any other.
  @Test func theKeyIsOfOneSecret() throws {
    let fixture = Self.fixture
    let (own, other) = (fixture.committer.key, CurveCommitter(secret: Fr(98), logLength: 8).key)
    let key = CurveSetupKey(first: own.first, second: other.second, secondSquare: other.secondSquare)
    var statement = fixture.statement
    statement.setupID = key.id
    let committer = CurveCommitter(key: key, logLength: 8, powers: fixture.committer.powers)
    let proof = try CurveArgumentProver(statement: statement).prove(
      rows: fixture.rows, base: fixture.base, tuned: fixture.tuned, committer: committer, secret: CurveFixture.secret)
    let rejection = fixture.rejection(of: proof.bytes, statement: statement, key: key)
    guard case .unsupported(let why)? = rejection else {
      Issue.record("\(String(describing: rejection))")
      return
    }
    #expect(why.hasPrefix("the setup's key"))
  }

  /// Nothing is made for rows that nobody has sent.
  @Test func rowsAreCountedBeforeTheyAreListed() throws {
    var statement = Self.fixture.statement
    statement.tensors = [
      CurveTensor(
        name: "a", rows: 1 << 32, columns: 256, fractionBits: 0, rowCount: 1 << 32, claim: .norm(CurveBound.zero))
    ]
    statement.totalBound = nil
    #expect(
      Self.fixture.rejection(of: try Self.proof.get(), statement: statement)
        == .rowCount(expected: 1 << 32, found: 4))
  }

  @Test func everyElementOfTheProof() throws {
    let fixture = CurveFixture([.tight("a", CurveFixture.random(1, seed: 44))])
    let prover = try CurveArgumentProver(statement: fixture.statement)
    let proof = try prover.prove(
      rows: fixture.rows, base: fixture.base, tuned: fixture.tuned, committer: fixture.committer,
      secret: CurveFixture.secret)
    var start = 0
    var seen: Set<String> = []
    for (section, count) in proof.sizes {
      let isPoint = [CurveLabel.auxiliaryRows, "opening/remainder", "opening/quotient"].contains(section)
      let size = isPoint ? 48 : 32
      for element in 0..<count / size {
        let place = start + element * size..<start + (element + 1) * size
        var bytes = proof.bytes
        if isPoint {
          let point = try G1(compressed: Array(bytes[place])) + .generator
          bytes.replaceSubrange(place, with: point.compressed)
        } else {
          let scalar = try #require(Fr(littleEndian: bytes[place])) + .one
          bytes.replaceSubrange(place, with: scalar.littleEndianBytes)
        }
        let expected = section.hasPrefix("opening/") ? CurveProofRejection.openingPairing : Self.final
        #expect(fixture.rejection(of: bytes) == expected, "\(section), element \(element)")
      }
      // What is sent for the first time under a label may be cut.
      if seen.insert(section).inserted {
        let expected: CurveProofRejection = .truncated(section: section)
        #expect(fixture.rejection(of: Array(proof.bytes[..<start])) == expected)
      }
      start += count
    }
    #expect(start == proof.bytes.count)
    #expect(fixture.rejection(of: proof.bytes + [0]) == .trailingBytes(count: 1))
  }

  @Test func bytesOfAnyKind() throws {
    let fixture = CurveFixture([.tight("a", CurveFixture.random(1, seed: 44))])
    var generator = SeededGenerator(seed: 45)
    for count in [0, 1, 47, 48, 500, 3000] {
      let bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
      #expect(fixture.rejection(of: bytes) != nil)
    }
  }
}
