// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore
import DriftProofCurve
import DriftProofCurveCertificate
import DriftProofCurveProving
import DriftProofPolicy
import TestSupport
import Testing

/// Which checkpoints a certificate is about, for whoever has them and the opening.
@Suite struct CurveCheckerTests {
  private static let secret: UInt8 = 21

  private struct Subject {
    let fixture: CurveModelFixture
    let tuned: Checkpoint
    let certificate: [UInt8]
    let opening: CurveOpening
  }

  private func subject(bias: String = #""any""#) throws -> Subject {
    let fixture = try CurveModelFixture.shared.get()
    let tuned = try CurveModelFixture.model(
      fixture.folder, "checked.safetensors", drift: 0.001, frozenDrift: 0.01, counter: 8)
    let policy = try CurveModelFixture.policy(bias: bias)
    let result = try CurveProver.prove(fixture.request(tuned, policy, secret: Self.secret))
    return Subject(
      fixture: fixture, tuned: tuned, certificate: result.certificate,
      opening: CurveOpening(
        setupID: fixture.setup.id, tunedCommitment: result.report.tunedCommitment,
        secret: [UInt8](repeating: Self.secret, count: 32)))
  }

  private func check(
    _ subject: Subject, base: Checkpoint? = nil, tuned: Checkpoint? = nil, opening: CurveOpening? = nil,
    identity: CurveIdentity? = nil, certificate: [UInt8]? = nil
  ) throws(CurveProvingError) {
    _ = try CurveChecker.check(
      .init(
        certificate: certificate ?? subject.certificate, base: base ?? subject.fixture.base,
        tuned: tuned ?? subject.tuned, identity: identity ?? subject.fixture.identity, setup: subject.fixture.setup,
        opening: opening ?? subject.opening))
  }

  private func expectOther(
    _ name: String, isBase: Bool = false, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () throws(CurveProvingError) -> Void
  ) throws {
    do throws(CurveProvingError) {
      try body()
      Issue.record("it was accepted", sourceLocation: sourceLocation)
    } catch {
      switch error {
      case .otherTuned(name) where !isBase: break
      case .otherBase(name) where isBase: break
      default: throw error
      }
    }
  }

  @Test func theCheckpointsOfACertificateAreFound() throws {
    let subject = try subject()
    try check(subject)
    func model(_ drift: Float, _ bias: Float, counter: Int64 = 8) throws -> Checkpoint {
      try CurveModelFixture.model(
        subject.fixture.folder, "other-\(drift)-\(bias)-\(counter).safetensors", drift: drift, frozenDrift: bias,
        counter: counter)
    }
    // Of a bounded tensor, of one with any change and rows, of one without rows.
    let others = [
      ("a.weight", try model(0.002, 0.01)), ("c.bias", try model(0.001, 0.02)),
      ("d.counter", try model(0.001, 0.01, counter: 9)),
    ]
    for (name, other) in others {
      try expectOther(name) { () throws(CurveProvingError) in try check(subject, tuned: other) }
    }
    // Another base, by the identity's digests.
    let base = try CurveModelFixture.model(subject.fixture.folder, "otherbase.safetensors", drift: 0.25)
    try expectOther("a.weight", isBase: true) { () throws(CurveProvingError) in try check(subject, base: base) }
    // Another secret, under the same names.
    var wrong = [UInt8](repeating: Self.secret, count: 32)
    wrong[31] ^= 1
    let opening = CurveOpening(
      setupID: subject.opening.setupID, tunedCommitment: subject.opening.tunedCommitment, secret: wrong)
    try expectOther("d.counter") { () throws(CurveProvingError) in try check(subject, opening: opening) }
    let stranger = CurveOpening(
      setupID: subject.opening.setupID, tunedCommitment: [UInt8](repeating: 0, count: 32), secret: wrong)
    do throws(CurveProvingError) {
      try check(subject, opening: stranger)
      Issue.record("it was accepted")
    } catch {
      guard case .otherOpening = error else { throw error }
    }
    var damaged = subject.certificate
    damaged[damaged.count - 1] ^= 1
    do throws(CurveProvingError) {
      try check(subject, certificate: damaged)
      Issue.record("it was accepted")
    } catch {
      guard case .certificate(.proof) = error else { throw error }
    }
  }

  @Test func frozenTensorsAreComparedByteByByte() throws {
    let fixture = try CurveModelFixture.shared.get()
    let tuned = try CurveModelFixture.model(fixture.folder, "checked2.safetensors", drift: 0.001)
    let result = try CurveProver.prove(
      fixture.request(tuned, try CurveModelFixture.policy(), secret: Self.secret))
    let subject = Subject(
      fixture: fixture, tuned: tuned, certificate: result.certificate,
      opening: CurveOpening(
        setupID: fixture.setup.id, tunedCommitment: result.report.tunedCommitment,
        secret: [UInt8](repeating: Self.secret, count: 32)))
    try check(subject)
    let other = try CurveModelFixture.model(
      fixture.folder, "checked3.safetensors", drift: 0.001, frozenDrift: 0.5)
    try expectOther("c.bias") { () throws(CurveProvingError) in try check(subject, tuned: other) }
  }

  /// An identity whose digests are the base's and whose rows are not: a certificate over it proves nothing about these weights.
  @Test func rowsOfAnotherBaseAreFound() throws {
    let fixture = try CurveModelFixture.shared.get()
    let other = try CurveModelFixture.model(fixture.folder, "rows.safetensors", drift: 0.125)
    let rows = try CurveBaseCommitter.commit(
      base: other, identity: fixture.identity.base, committer: try fixture.setup.committer(log: CurveModelFixture.log))
    let tuned = try CurveModelFixture.model(fixture.folder, "rowstuned.safetensors", drift: 0.126)
    // The rows are of `other`, and so is what the proof is about.
    let policy = try CurveModelFixture.policy()
    let result = try CurveProver.prove(
      fixture.request(tuned, policy, secret: Self.secret, base: other, identity: rows))
    let subject = Subject(
      fixture: fixture, tuned: tuned, certificate: result.certificate,
      opening: CurveOpening(
        setupID: fixture.setup.id, tunedCommitment: result.report.tunedCommitment,
        secret: [UInt8](repeating: Self.secret, count: 32)))
    try expectOther("a.weight", isBase: true) { () throws(CurveProvingError) in try check(subject, identity: rows) }
  }

  @Test func openingsAreReadStrictly() throws {
    let opening = CurveOpening(
      setupID: [UInt8](repeating: 1, count: 32), tunedCommitment: [UInt8](repeating: 2, count: 32),
      secret: [UInt8](repeating: 0xAB, count: 32))
    #expect(try CurveOpening(parsing: opening.jsonBytes) == opening)
    let text = String(decoding: opening.jsonBytes, as: UTF8.self)
    for (old, new) in [
      ("\"driftCurveOpening\": 1", "\"driftCurveOpening\": 2"), ("abab", "abax"), ("\"secret\"", "\"Secret\""),
      ("}", ", \"more\": 1}"), ("0202", "02"),
    ] {
      let changed = text.replacing(old, with: new, maxReplacements: 1)
      do throws(CurveProvingError) {
        _ = try CurveOpening(parsing: Array(changed.utf8))
        Issue.record("\(changed) was read")
      } catch {
        guard case .opening(let why) = error else { throw error }
        // What is secret is in no message.
        #expect(!why.contains("abab"))
      }
    }
  }
}
