// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAttestation
@testable import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofCore
import Foundation
import TestSupport
import Testing

struct AttestationTests {
  @Test(arguments: AttestationFixture.keyNames)
  func aTrueStatementIsAccepted(_ name: String) throws {
    let forger = try StatementForger(name)
    let report = try forger.verify(try forger.forged { _ in })
    #expect(report.keyID == forger.key.publicKey.keyID && report.subjectName == "tuned")
    #expect(report.modelDigest == String(repeating: "ab", count: 32) && report.binding == .declared)
    #expect(report.relation == .finetune && report.baseURI == "pkg:huggingface/org/base@main")
    #expect(report.provedAt == "2026-03-01T12:30:00Z" && report.proverID == "key:" + report.keyID)
    try report.requireModel(String(repeating: "ab", count: 32))

    let time = try #require(Timestamp("2026-03-01T12:30:00Z"))
    let made = try Attestation.make(
      certificate: forger.certificate, details: .init(certificateName: "c", provedAt: time), key: forger.key)
    #expect(made.filter { $0 == UInt8(ascii: "\n") }.count == 1 && made.last == UInt8(ascii: "\n"))
    let bare = try forger.verify(made)
    #expect(bare.modelDigest == nil && bare.binding == .commitment && bare.subjectName == "test")
  }

  @Test func theStatementSaysWhatTheCertificateSays() throws {
    let forger = try StatementForger()
    let fixture = try CertificateFixture.shared.get()
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(forger.statement.json.compact.utf8)) as? [String: Any])
    let predicate = try #require(json["predicate"] as? [String: Any])
    let coverage = try #require(predicate["coverage"] as? [String: [String: Any]])
    let report = try fixture.verify(fixture.certificate.bytes)
    #expect(coverage["identical"]?["tensors"] as? Int == report.tensors.frozen)
    #expect(coverage["identical"]?["parameters"] as? Int == report.frozenParameters)
    #expect(coverage["proved"]?["parameters"] as? Int == report.certifiedParameters)
    #expect(coverage["excluded"]?["names"] as? [String] == report.excluded)
    let proof = try #require(predicate["proof"] as? [String: Any])
    #expect((proof["annotations"] as? [String: Any])?["baseCommitment"] as? String == report.baseIdentity)
    let rules = try #require((predicate["claims"] as? [String: Any])?["rules"] as? [[String: Any]])
    #expect(rules.first?["tensors"] as? String == "a.weight")
    let subject = try #require((json["subject"] as? [[String: Any]])?.first)
    #expect((subject["digest"] as? [String: String])?["driftCommitment"] == report.tunedCommitment)
  }

  /// Each forgery differs from a true statement in one place, and is signed.
  @Test func everyUntrueMemberIsFound() throws {
    let forger = try StatementForger()
    let truth = forger.statement
    let wrong = String(repeating: "00", count: 32)
    typealias Change = (inout AttestationStatement) -> Void
    let changes: [(Change, AttestationError)] = [
      ({ $0.certificateDigest = wrong }, .certificateDigest(stated: wrong, found: truth.certificateDigest)),
      ({ $0.tunedCommitment = wrong }, .tunedCommitment(stated: wrong, found: truth.tunedCommitment)),
      ({ $0.baseIdentity = wrong }, .baseIdentity(stated: wrong, found: truth.baseIdentity)),
      ({ $0.baseCommitment = wrong }, .baseCommitment(stated: wrong, found: truth.baseIdentity)),
      ({ $0.policyDigest = wrong }, .policyDigest(stated: wrong, found: truth.policyDigest)),
      ({ $0.policyName = "x" }, .policyName(stated: "\"x\"", found: "\"\(truth.policyName)\"")),
      ({ $0.system = "x" }, .proofSystem(stated: "\"x\"", found: CertificateFacts.system)),
      ({ $0.securityBits = 256 }, .securityBits(stated: 256, found: 128)),
      ({ $0.claims = [] }, .claims),
      ({ $0.claims += [JSONMember(key: "more", value: .null)] }, .claims),
      ({ $0.claims = $0.claims.map { .init(key: $0.key, value: $0.value.replacing("0.5", "0.4")) } }, .claims),
      ({ $0.coverage.proved.tensors += 1 }, .coverage),
      ({ $0.coverage.identical.parameters += 1 }, .coverage),
      ({ $0.coverage.excluded.tensors -= 1 }, .coverage),
      ({ $0.coverage.excludedNames = [] }, .coverage),
    ]
    for (change, expected) in changes {
      var changed = truth
      change(&changed)
      #expect(changed != truth)
      forger.expectRejection(expected, exitCode: 12, try forger.forged(change))
    }
  }

  /// Files that nobody has checked are named, and never beside the word `checked`.
  @Test func filesLeftOut() throws {
    let forger = try StatementForger()
    #expect(!forger.statement.json.compact.contains("filesLeftOut"))
    #expect(try forger.verify(forger.forged { _ in }).filesLeftOut == [])
    let names = ["adapter_config.json", "x.bin"]
    #expect(try forger.verify(forger.forged { $0.filesLeftOut = names }).filesLeftOut == names)
    let contradiction = try forger.forged {
      $0.filesLeftOut = names
      $0.binding = .checked
    }
    let error = #expect(throws: AttestationError.self) { try forger.verify(contradiction) }
    guard case .malformedStatement(let why)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(why.contains("filesLeftOut"))
    // A statement that leaves out nothing does not say so: the independent verifier found that this was let through.
    let empty = try forger.respelled("\"subjectBinding\":", "\"filesLeftOut\":[],\"subjectBinding\":")
    #expect(throws: AttestationError.self) { try forger.verify(empty) }
    // Nor does this program sign one.
    let time = try #require(Timestamp("2026-03-01T12:30:00Z"))
    var details = AttestationDetails(certificateName: "c", provedAt: time)
    details.binding = .checked
    details.filesLeftOut = names
    let made = AttestationStatement(try CertificateFacts(forger.certificate), details, keyID: "k")
    #expect(made.binding == .declared && made.filesLeftOut == names)
  }

  @Test func otherStatementsAreRejected() throws {
    let forger = try StatementForger()
    typealias Statement = AttestationStatement
    for (old, new, expected) in [
      (
        Statement.statementType, "https://in-toto.io/Statement/v0.1",
        AttestationError.statementType(found: "\"https://in-toto.io/Statement/v0.1\"")
      ),
      (
        Statement.predicateType, "https://slsa.dev/provenance/v1",
        .predicateType(found: "\"https://slsa.dev/provenance/v1\"")
      ),
      (#""subject":[{"#, #""subject":[{},{"#, .subjectCount(2)),
      (#""relation":"finetune""#, #""relation":"copy""#, .unknownRelation("\"copy\"")),
      (#""subjectBinding":"declared""#, #""subjectBinding":"proven""#, .unknownBinding("\"proven\"")),
      ("2026-03-01T12:30:00Z", "yesterday", .malformedTime("\"yesterday\"")),
      (#""provedAt""#, #""when""#, .malformedStatement("$.predicate.provedAt: the key is missing")),
      (
        #""securityBits":128"#, #""securityBits":"128""#,
        .malformedStatement("$.predicate.proof.annotations.securityBits: found a string, expected an integer")
      ),
    ] { forger.expectRejection(expected, exitCode: 11, try forger.respelled(old, new)) }
    let upper = forger.statement.certificateDigest.uppercased()
    let error = #expect(throws: AttestationError.self) {
      try forger.verify(forger.respelled(forger.statement.certificateDigest, upper))
    }
    guard case .malformedStatement? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    forger.expectRejection(
      .payloadType(found: "\"application/json\""), exitCode: 11,
      try forger.signed(Array(forger.statement.json.compact.utf8), type: "application/json"))
  }

  /// What other tools do to a statement without changing what it says.
  @Test func otherSpellingsAreAccepted() throws {
    let forger = try StatementForger()
    for (old, new) in [
      (#""securityBits":128"#, #""securityBits": 128.0"#), ("5e-1", "0.50"),
      (#""relation""#, #""future":[1,{"a":null}],"relation""#), (#""prover":{"#, #""prover":{"version":{},"#),
      (#""name":"tuned.drift","#, ""), (#""name":"tuned","#, ""),
    ] { _ = try forger.verify(try forger.respelled(old, new)) }
  }

  @Test func aStrangersSignatureIsNotEnough() throws {
    let forger = try StatementForger("ed25519")
    let stranger = try StatementForger("p256")
    forger.expectRejection(
      .notSigned(keyID: forger.key.publicKey.keyID), exitCode: 11, try stranger.forged { _ in })
    // The right key id with another's signature, and a payload changed after signing.
    let line = String(decoding: try stranger.forged { _ in }, as: UTF8.self)
    let relabelled = line.replacingOccurrences(of: stranger.key.publicKey.keyID, with: forger.key.publicKey.keyID)
    forger.expectRejection(.notSigned(keyID: forger.key.publicKey.keyID), exitCode: 11, Array(relabelled.utf8))
    let (mine, other) = (try forger.forged { _ in }, try forger.forged { $0.relation = .merge })
    func payload(_ line: [UInt8]) throws -> String {
      let object = try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any]
      return try #require(object?["payload"] as? String)
    }
    let swapped = String(decoding: mine, as: UTF8.self).replacingOccurrences(
      of: try payload(mine), with: try payload(other))
    forger.expectRejection(.notSigned(keyID: forger.key.publicKey.keyID), exitCode: 11, Array(swapped.utf8))
  }

  @Test func aStatementAboutNoCertificateIsRejected() throws {
    let forger = try StatementForger()
    var copy = forger.statement
    let junk = Array("no certificate".utf8)
    copy.certificateDigest = "44afe3aa1bb3b5bba5d4ab4ba8a3d1cc9c33b1c7b3d13d4cbd35e9c6cc47f7b6"
    let error = #expect(throws: AttestationError.self) {
      try Attestation.verify(
        forger.signed(Array(copy.json.compact.utf8)), certificate: junk, key: forger.key.publicKey)
    }
    guard case .certificateDigest(_, let found)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    copy.certificateDigest = found
    let second = #expect(throws: AttestationError.self) {
      try Attestation.verify(
        forger.signed(Array(copy.json.compact.utf8)), certificate: junk, key: forger.key.publicKey)
    }
    guard case .malformedCertificate? = second else {
      Issue.record("\(String(describing: second))")
      return
    }
    #expect(second?.exitCode == 11)
    let time = try #require(Timestamp("2026-03-01T12:30:00Z"))
    let failure = #expect(throws: DriftProofError.self) {
      try Attestation.make(certificate: junk, details: .init(certificateName: "c", provedAt: time), key: forger.key)
    }
    #expect(failure?.exitCode == 11)
  }

  @Test func theModelIsCompared() throws {
    let forger = try StatementForger()
    let stated = String(repeating: "ab", count: 32)
    let report = try forger.verify(try forger.forged { _ in })
    #expect(throws: AttestationError.modelDigest(stated: stated, found: "cd")) { try report.requireModel("cd") }
    let bare = try forger.verify(try forger.forged { $0.modelDigest = nil })
    let error = #expect(throws: AttestationError.noModelDigest) { try bare.requireModel(stated) }
    #expect(error?.exitCode == 12)
  }

  @Test func aBundleNeedsOneEnvelopeThatHolds() throws {
    let (forger, stranger) = (try StatementForger("ed25519"), try StatementForger("p256"))
    let (good, foreign) = (try forger.forged { _ in }, try stranger.forged { _ in })
    let wrong = String(repeating: "00", count: 32)
    let other = try forger.forged { $0.certificateDigest = wrong }
    let newline = [UInt8(ascii: "\n")]
    _ = try forger.verify(foreign + other + newline + good)
    _ = try forger.verify(Array(String(decoding: foreign + good, as: UTF8.self).replacing("\n", with: "\r\n").utf8))
    // The reason is that of the envelope which came furthest.
    forger.expectRejection(
      .certificateDigest(stated: wrong, found: forger.statement.certificateDigest), exitCode: 12,
      foreign + other + foreign)
    forger.expectRejection(.noEnvelope, exitCode: 11, [])
    forger.expectRejection(.noEnvelope, exitCode: 11, newline + newline)
    let limit = Attestation.maximumEnvelopes
    _ = try forger.verify(Array(repeatElement(good, count: limit).joined()))
    forger.expectRejection(
      .envelopeCount(found: limit + 1, limit: limit), exitCode: 11,
      Array(repeatElement(good, count: limit + 1).joined()))
    let error = #expect(throws: AttestationError.self) { try forger.verify(good + [UInt8(ascii: "{")]) }
    guard case .malformedEnvelope(let why)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(why.hasPrefix("line 2: "))
  }

  /// Changed envelopes never pass for another statement, changed statements never trap, though signed.
  @Test func neverTraps() throws {
    let forger = try StatementForger()
    let good = try forger.forged { _ in }
    let truth = try forger.verify(good)
    var random = SeededGenerator(seed: 21)
    func mutated(_ bytes: [UInt8]) -> [UInt8] {
      var bytes = bytes
      for _ in 0...random.below(3) where !bytes.isEmpty {
        switch random.below(4) {
        case 0: bytes[random.below(bytes.count)] ^= 1 << random.below(8)
        case 1: bytes.removeSubrange(random.below(bytes.count)..<bytes.count)
        case 2: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: random.below(bytes.count))
        default:
          let start = random.below(bytes.count)
          bytes += bytes[start..<min(bytes.count, start + 40)]
        }
      }
      return bytes
    }
    for _ in 0..<2000 {
      if let report = try? forger.verify(mutated(good)) { #expect(report == truth) }
      let payload = mutated(Array(forger.statement.json.compact.utf8))
      _ = try? forger.verify(try forger.signed(payload))
    }
  }
}

extension JSONValue {
  /// One number's text replaced, wherever it stands.
  fileprivate func replacing(_ old: String, _ new: String) -> JSONValue {
    switch self {
    case .number(let text): .number(Double(text) == Double(old) ? new : text)
    case .array(let elements): .array(elements.map { $0.replacing(old, new) })
    case .object(let members): .object(members.map { .init(key: $0.key, value: $0.value.replacing(old, new)) })
    default: self
    }
  }
}
