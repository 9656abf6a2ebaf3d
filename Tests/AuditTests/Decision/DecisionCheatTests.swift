// SPDX-License-Identifier: Apache-2.0

import DriftProofAttestation
import DriftProofAudit
@testable import DriftProofAuditDecision
import DriftProofCore
import DriftProofTranscript
import TestSupport
import Testing

/// Cheats on readers of decisions, and what each is refused by (docs/protocol.md, section 14). All but the first few hold
/// the signing key.
@Suite struct DecisionCheatTests {
  private static let stageA = DecisionRejection.proof(.sumcheckFinal(stage: "A"))
  private static let zeros = [Int](repeating: 0, count: 100)
  /// Made once: a proof takes its time.
  private static let honest = Result { try DecisionForge(scores: zeros).file() }

  private func fails(
    _ file: DecisionFile, _ location: SourceLocation = #_sourceLocation, _ isExpected: (DecisionRejection) -> Bool
  ) throws {
    do {
      _ = try DecisionForge.verify(file.bytes)
      Issue.record("accepted", sourceLocation: location)
    } catch let error as DecisionRejection {
      #expect(isExpected(error), "\(error)", sourceLocation: location)
    }
  }

  private func fails(
    _ file: DecisionFile, _ expected: DecisionRejection, _ location: SourceLocation = #_sourceLocation
  ) throws {
    try fails(file, location) { $0 == expected }
  }

  // MARK: Scores

  @Test func aSumThatIsTooLarge() throws {
    // Twice the margin's sum, every score far below its own bound.
    try fails(try DecisionForge(scores: [Int](repeating: 110, count: 100)).file(), Self.stageA)
  }

  /// Few large scores, whose squares alone are too large: their sum would do without them.
  @Test func squaresThatAreTooLarge() throws {
    let scores = [Int](repeating: 480, count: 15) + [Int](repeating: 0, count: 85)
    var clauses = SameClauses()
    for score in scores { clauses.add(score, isFar: false) }
    #expect(clauses.sum < 100 * 150 && !clauses.meanIsBelow(150, .quick))
    try fails(try DecisionForge(scores: scores).file(), Self.stageA)
  }

  @Test func oneScoreThatIsFar() throws {
    // Its sum is small enough: the bound of single scores alone stops it.
    let forge = try DecisionForge(scores: [500] + Self.zeros.dropLast())
    let bound = try #require(forge.claim.normBound)
    #expect(forge.roots.reduce(0) { $0 + Int($1) * Int($1) } < bound)
    try fails(try forge.file(), Self.stageA)
  }

  /// More far requests than are stated.
  @Test func oneFarRequestMoreThanStated() throws {
    let forge = try DecisionForge(scores: [900, 900] + [Int](repeating: 0, count: 198), far: 1)
    #expect(forge.far.count == 2)
    try fails(try forge.file(), Self.stageA)
  }

  /// A negative score would make up for others: none can be committed. -1 is 1.
  @Test func aNegativeRootIsItsSquare() throws {
    var forge = try DecisionForge(scores: [Int](repeating: 110, count: 100))
    forge.roots = forge.roots.map { -$0 }
    try fails(try forge.file(), Self.stageA)
    forge = try DecisionForge(scores: [30] + Self.zeros.dropLast())
    forge.roots[0] = -forge.roots[0]
    #expect(try DecisionForge.verify(forge.file().bytes).claim.far == 0)
  }

  // MARK: The claim

  /// A proof of what is weaker: more far requests, a wider bound of scores, more requests, another mode or share.
  @Test func aProofOfAWeakerClaim() throws {
    let plan = try DecisionForge(scores: Self.zeros).plan
    for weaker in [
      DecisionClaim(plan, requests: 200, far: 1, below: 500), DecisionClaim(plan, requests: 4000, far: 0, below: 500),
      DecisionClaim(mode: .quick, inverseTailShare: 5, requests: 100, far: 2, below: 500),
    ] {
      var forge = try DecisionForge(scores: [400] + Self.zeros.dropLast())
      forge.argued = weaker
      forge.far = [0, 1]
      // The verifier derives its own statement: what the prover absorbed, or argued about, is another.
      try fails(try forge.file(), Self.stageA)
    }
    var narrow = try DecisionForge(scores: [300] + [Int](repeating: 0, count: 199), below: 200)
    narrow.argued = DecisionClaim(plan, requests: 200, far: 0, below: 500)
    try fails(try narrow.file(), Self.stageA)
  }

  @Test func numbersThatAreNotProvedOf() throws {
    let file = try Self.honest.get()
    func with(_ old: String, _ new: String) throws -> DecisionFile {
      var changed = file
      let payload = try payload(file)
      #expect(payload.contains(old))
      changed.attestation = try DecisionForge.signed(Array(payload.replacing(old, with: new).utf8))
      return changed
    }
    try fails(
      try with("\"requests\":100", "\"requests\":87"), .notDecided(requests: 87, far: 0, below: 500))
    try fails(try with("\"far\":0", "\"far\":1"), .notDecided(requests: 100, far: 1, below: 500))
    try fails(try with("\"far\":0", "\"far\":101"), .numbers(requests: 100, far: 101, below: 500))
    try fails(try with("\"below\":500", "\"below\":999"), .numbers(requests: 100, far: 0, below: 999))
    // Numbers that the rule would allow are those of another transcript.
    try fails(try with("\"requests\":100", "\"requests\":99"), Self.stageA)
    try fails(try with("\"requests\":100", "\"requests\":16385")) {
      if case .attestation(.malformedStatement) = $0 { true } else { false }
    }
  }

  // MARK: Another audit

  private func payload(_ file: DecisionFile) throws -> String {
    let envelope = try SignatureEnvelope(try JSONNode(parsing: file.attestation))
    return String(decoding: envelope.payload, as: UTF8.self)
  }

  /// The proof is of everything that was signed: none of it can be exchanged, by the signer neither.
  @Test func aProofOfAnotherAudit() throws {
    let file = try Self.honest.get()
    let text = try payload(file)
    for (old, new) in [
      (String(repeating: "1", count: 64), String(repeating: "4", count: 64)),
      (String(repeating: "2", count: 64), String(repeating: "4", count: 64)),
      (String(repeating: "3", count: 64), String(repeating: "4", count: 64)), ("12:40:00", "12:41:00"),
      ("\"name\":\"reference\"", "\"name\":\"other\""), ("\"lines\":300", "\"lines\":301"),
    ] {
      #expect(text.contains(old))
      var other = file
      other.attestation = try DecisionForge.signed(Array(text.replacing(old, with: new).utf8))
      try fails(other, Self.stageA)
    }
    // The scores of one audit with the statement of another.
    var forge = try DecisionForge(scores: Self.zeros)
    forge.roots[0] = 1
    let foreign = try forge.file()
    var replayed = foreign
    replayed.attestation = file.attestation
    try fails(replayed) { if case .otherScores = $0 { true } else { false } }
    replayed = file
    replayed.proof = foreign.proof
    try fails(replayed, Self.stageA)
    // A proof that was made for another statement, all else being right.
    try fails(try DecisionForge(scores: Self.zeros).file(proved: { Array($0.dropLast()) }), Self.stageA)
  }

  @Test func anotherPlan() throws {
    let file = try Self.honest.get()
    var plan = try DecisionForge(scores: Self.zeros).plan
    let digest = plan.digest.hexadecimal
    plan.mode = .extended
    var other = file
    other.plan = plan.file
    try fails(other, .otherPlan(stated: digest, found: plan.digest.hexadecimal))
    // Signed, and its own members are not the plan's.
    let text = try payload(file).replacing(digest, with: plan.digest.hexadecimal)
    other.attestation = try DecisionForge.signed(Array(text.utf8))
    try fails(
      other, .claim(path: "$.predicate.plan.mode", stated: "\"\\\"quick\\\"\"", computed: "\"\\\"extended\\\"\""))
    // Throughout: by the stricter rule as many requests decide nothing.
    other.attestation = try DecisionForge.signed(
      Array(text.replacing("\"mode\":\"quick\"", with: "\"mode\":\"extended\"").utf8))
    try fails(other, .notDecided(requests: 100, far: 0, below: 500))
    other.plan = Array("{}\n".utf8)
    other.attestation = try DecisionForge.signed(
      Array(try payload(file).replacing(digest, with: SHA256.hash(other.plan).hexadecimal).utf8))
    try fails(other) { if case .plan = $0 { true } else { false } }
  }

  // MARK: Bytes

  @Test func whatNobodySigned() throws {
    let file = try Self.honest.get()
    let text = try payload(file)
    let stranger = try BundleForge.signer("p256").publicKey.keyID
    #expect(throws: DecisionRejection.attestation(.notSigned(keyID: stranger))) {
      try DecisionVerifier.verify(file.bytes, key: try BundleForge.signer("p256").publicKey)
    }
    func attested(_ bytes: [UInt8]) -> DecisionFile {
      var other = file
      other.attestation = bytes
      return other
    }
    try fails(attested(Array("{}".utf8))) { if case .attestation(.malformedEnvelope) = $0 { true } else { false } }
    try fails(attested(Array("x".utf8))) { if case .attestation(.malformedEnvelope) = $0 { true } else { false } }
    try fails(attested(file.attestation + [0x0A]), .attestation(.envelopeSpelling))
    try fails(attested(try DecisionForge.signed(Array(text.utf8), type: "text/plain"))) {
      if case .attestation(.payloadType) = $0 { true } else { false }
    }
    try fails(
      attested(
        try DecisionForge.signed(Array(text.replacing("audit-decision/v1", with: "audit/v1").utf8)))
    ) { if case .attestation(.predicateType) = $0 { true } else { false } }
    try fails(attested(try DecisionForge.signed(Array((text + " ").utf8))), .statementSpelling)
    try fails(attested(try DecisionForge.signed(Array(text.replacing("SAME", with: "DIFFERENT").utf8)))) {
      if case .claim(path: "$.predicate.verdict", _, _) = $0 { true } else { false }
    }
    for member in ["\"far\":0,", "\"beacon\":\"xy\",", "\"nonce\":\"00\","] {
      let changed =
        member.hasPrefix("\"far")
        ? text.replacing(member, with: "")
        : member.hasPrefix("\"beacon")
          ? text.replacing("\"verdict\"", with: member + "\"verdict\"")
          : text.replacing("\"nonce\":\"" + String(repeating: "3", count: 64), with: "\"nonce\":\"00")
      try fails(attested(try DecisionForge.signed(Array(changed.utf8)))) {
        if case .attestation(.malformedStatement) = $0 { true } else { false }
      }
    }
    var other = file
    other.scores = .init(root: file.scores.root, pin: [UInt8](repeating: 0xFF, count: 24))
    try fails(other) { if case .otherScores = $0 { true } else { false } }
    other.attestation = try DecisionForge.signed(
      Array(text.replacing(file.scores.digest.hexadecimal, with: other.scores.digest.hexadecimal).utf8))
    try fails(other, .pin)
    other = file
    other.proof.append(0)
    try fails(other, .proof(.trailingBytes(count: 1)))
    other.proof.removeLast(2)
    try fails(other) { if case .proof(.truncated) = $0 { true } else { false } }
  }

  @Test func flippedBits() throws {
    let bytes = try Self.honest.get().bytes
    var random = SeededGenerator(seed: 5)
    for _ in 0..<30 {
      var changed = bytes
      changed[Int.random(in: bytes.indices, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      #expect(throws: DecisionRejection.self) { try DecisionForge.verify(changed) }
    }
  }
}
