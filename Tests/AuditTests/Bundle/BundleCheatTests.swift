// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAudit
@testable import DriftProofAuditBundle
import DriftProofCore
import TestSupport
import Testing

/// Cheats on readers of bundles, without the signing key and with it, and what each is refused by.
@Suite struct BundleCheatTests {
  private func fails(
    _ tar: [UInt8], _ location: SourceLocation = #_sourceLocation, _ isExpected: (BundleRejection) -> Bool
  ) throws {
    do {
      let report = try BundleForge.verify(tar)
      Issue.record("accepted: \(report.verdict)", sourceLocation: location)
    } catch let error as BundleRejection {
      #expect(isExpected(error), "\(error)", sourceLocation: location)
    }
  }

  private func fails(
    _ tar: [UInt8], _ expected: BundleRejection, _ location: SourceLocation = #_sourceLocation
  ) throws {
    try fails(tar, location) { $0 == expected }
  }

  /// An honest bundle with some of its files replaced.
  private func replacing(_ forge: BundleForge, _ files: [BundleFile: [UInt8]]) throws -> [UInt8] {
    var all = try BundleArchive(tar: try forge.bundle()).files
    for (file, content) in files { all[file] = content }
    return BundleArchive(all).tar
  }

  // MARK: Without the signing key

  @Test func anotherPlanWasNotSigned() throws {
    let forge = try BundleForge(shift: 500_000)
    var plan = forge.simulation.plan
    plan.margin *= 50
    try fails(
      try replacing(forge, [.plan: plan.file]),
      .otherPlan(stated: forge.simulation.plan.digest.hexadecimal, found: plan.digest.hexadecimal))
  }

  @Test func anotherAnswerWasNotSigned() throws {
    let forge = try BundleForge(shift: 500_000)
    let digest = forge.simulation.plan.digest
    let honest = try forge.simulation.candidate(forge.reference)
    // All links, counts and roots made anew.
    let forged = try Forgery.relinked(honest, digest) { _ in }
    try fails(try replacing(forge, [.candidate: forged])) {
      if case .otherTranscript(.candidate, _, _) = $0 { true } else { false }
    }
    try fails(try replacing(forge, [.reference: try forge.simulation.reference(11)])) {
      if case .otherTranscript(.reference, _, _) = $0 { true } else { false }
    }
  }

  @Test func theLastRequestsCannotBeDroppedByOthers() throws {
    let forge = try BundleForge(count: 30)
    let shorter = try forge.simulation.candidate(forge.reference, limit: 20)
    try fails(try replacing(forge, [.candidate: shorter])) {
      if case .otherTranscript(.candidate, _, _) = $0 { true } else { false }
    }
  }

  @Test func anotherResultWasNotSigned() throws {
    let forge = try BundleForge(shift: 500_000)
    var summary = try forge.summary()
    summary.verdict = .same
    try fails(try replacing(forge, [.result: summary.file])) {
      if case .otherResult = $0 { true } else { false }
    }
  }

  /// Everything that is not under the signature has one spelling.
  @Test func theEnvelopeHasOneSpelling() throws {
    let forge = try BundleForge(shift: 500_000)
    let line = String(decoding: try BundleArchive(tar: try forge.bundle())[.attestation], as: UTF8.self)
    let keyID = try BundleForge.signer().publicKey.keyID
    let signature = line.drop { $0 != "[" }.dropFirst().prefix { $0 != "]" }
    for changed in [
      line.replacing(keyID, with: String(repeating: "0", count: 64)), line + "\n", " " + line,
      line.replacing("\"keyid\":\"\(keyID)\",", with: ""), line.replacing("\"payload\"", with: "\"x\":1,\"payload\""),
      line.replacing(signature, with: "\(signature),\(signature)"),
    ] {
      try fails(try replacing(forge, [.attestation: Array(changed.utf8)]), .attestation(.envelopeSpelling))
    }
    try fails(try replacing(forge, [.attestation: Array("{}".utf8)])) {
      if case .attestation(.malformedEnvelope) = $0 { true } else { false }
    }
    try fails(try replacing(forge, [.attestation: Array("x".utf8)])) {
      if case .attestation(.malformedEnvelope) = $0 { true } else { false }
    }
  }

  // MARK: With the signing key

  @Test func signedScoresMustFollow() throws {
    let forge = try BundleForge(shift: 500_000)
    for (member, change) in [
      (
        "scores[1]",
        { $0.scores[1] = .init(index: 1, score: .init(low: 0, high: 0), referenceLine: 5, candidateLine: 5) }
      ),
      ("verdict", { $0.verdict = .same }), ("skipped", { $0.skipped = 1 }), ("missing", { $0.missing = 1 }),
      ("n", { $0.scores.removeLast() }),
      (
        "intervals",
        { $0.intervals = Intervals(meanAbove: 0, meanBelow: nil, tailAbove: 0, tailBelow: nil) }
      ),
      ("plan", { $0.plan = String(repeating: "0", count: 64) }),
    ] as [(String, (inout AuditSummary) -> Void)] {
      try fails(try forge.forged(summary: change), .result(member: member))
    }
  }

  @Test func aSignedKeyMustBeThePlans() throws {
    let forge = try BundleForge(shift: 500_000)
    try fails(try forge.forged { $0.key = AuditKey() }, .audit(.plan(.otherKey)))
  }

  /// Questions that the auditor chose.
  @Test func chosenQuestionsAreSeen() throws {
    var forge = try BundleForge(shift: 500_000)
    let summary = try forge.summary()
    forge.reference = try Forgery.relinked(forge.reference, forge.simulation.plan.digest) { lines in
      guard case .sent(var sent) = lines[2] else { return }
      sent.request = String(repeating: "ab", count: 32)
      lines[2] = .sent(sent)
    }
    try fails(try forge.sign(summary), .audit(.otherRequest(.reference, line: 3, index: 0)))
  }

  @Test func whatTheTranscriptsSayIsComputedAgain() throws {
    var forge = try BundleForge(shift: 500_000)
    let (summary, digest) = (try forge.summary(), forge.simulation.plan.digest)
    let (honest, reference) = (forge.candidate, forge.reference)
    // Another reference than the sessions name.
    forge.reference = try forge.simulation.reference(13)
    try fails(try forge.sign(summary)) {
      if case .audit(.otherReference) = $0 { true } else { false }
    }
    forge.reference = reference
    // Another verdict at its end.
    forge.candidate = try Forgery.relinked(honest, digest) { lines in
      guard case .end(var end)? = lines.last, var outcome = end.outcome else { return }
      outcome.verdict = .same
      end.outcome = outcome
      lines[lines.count - 1] = .end(end)
    }
    try fails(try forge.sign(summary)) {
      if case .audit(.wrongVerdict(line: _, stated: .same, computed: .different)) = $0 { true } else { false }
    }
    // A verdict after the first crossing.
    forge.candidate = try Forgery.relinked(honest, digest) { lines in
      guard case .session(let session)? = lines.first(where: { if case .session = $0 { true } else { false } }) else {
        return
      }
      lines.append(.session(session))
    }
    try fails(try forge.sign(summary)) {
      if case .audit(.transcript(.candidate, .afterVerdict)) = $0 { true } else { false }
    }
  }

  @Test func everyMemberOfTheStatementFollows() throws {
    let forge = try BundleForge(shift: 500_000)
    for (path, old, new) in [
      ("$.predicate.verdict", "\"verdict\":\"DIFFERENT\"", "\"verdict\":\"SAME\""),
      ("$.predicate.requests", "\"requests\":2", "\"requests\":200"),
      ("$.predicate.endpoint.origin", "https://api.example.com", "https://api.example.org"),
      ("$.predicate.endpoint.model", "\"model\":\"org/tuned\"", "\"model\":\"org/other\""),
      ("$.predicate.plan.commitment", "\"commitment\":\"", "\"commitment\":\"0"),
      ("$.predicate.plan.margin", "\"margin\":20000", "\"margin\":1000"),
      ("$.predicate.plan.mode", "\"mode\":\"audit\"", "\"mode\":\"extended\""),
      ("$.predicate.evidence", "\"evidence\":\"auditor\"", "\"evidence\":\"enclave\""),
      ("$.predicate.withheld", "\"withheld\":false", "\"withheld\":true"),
      ("$.predicate.startedAt", "\"startedAt\":\"2026", "\"startedAt\":\"2025"),
      ("$.predicate.finishedAt", "\"finishedAt\":\"2026", "\"finishedAt\":\"2027"),
      ("$.predicate.intervals.meanAbove", "\"meanAbove\":", "\"meanAbove\":9"),
      ("$.predicate.transcripts.candidate.lines", "\"lines\":7", "\"lines\":70"),
      ("$.subject[0].name", "\"name\":\"reference\"", "\"name\":\"org/tuned\""),
      ("$._type", "in-toto.io/Statement/v1", "in-toto.io/Statement/v2"),
      ("$.predicate", "\"evidence\":\"auditor\",", ""),
    ] {
      try fails(try forge.forged(payload: { $0.replacing(old, with: new) })) {
        if case .claim(let found, _, _) = $0 { found == path } else { false }
      }
    }
    try fails(try forge.forged(payload: { $0.replacing("\"skipped\":0", with: "\"skipped\": 0") }), .statementSpelling)
    try fails(
      try forge.forged(payload: { $0.replacing("attestation/audit/v1", with: "attestation/drift/v1") }),
      .attestation(
        .predicateType(
          found: "\"https://driftproof.dev/attestation/drift/v1\"", expected: AuditStatement.predicateType)))
    try fails(
      try forge.forged(payload: { $0.replacing("\"recorded\"", with: "\"certified\"") }),
      .unknownBinding("\"certified\""))
    try fails(
      try forge.forged(payload: {
        $0.replacing("\"finishedAt\":\"2026-03-01T12", with: "\"finishedAt\":\"2026-03-01T25")
      })
    ) {
      if case .malformedTime = $0 { true } else { false }
    }
    try fails(try forge.forged(payload: { _ in "{}" })) {
      if case .attestation(.malformedStatement) = $0 { true } else { false }
    }
  }

  /// What nobody can see: a signer who stopped early, or invented all of it. docs/threat-model.md says so.
  @Test func aSignerCanCutOrInvent() throws {
    var forge = try BundleForge(count: 30)
    forge.candidate = try forge.simulation.candidate(forge.reference, limit: 20)
    #expect(try BundleForge.verify(try forge.bundle()).summary.scores.count == 20)
    // No endpoint was asked for any of these.
    #expect(try BundleForge.verify(try BundleForge(count: 265).bundle()).verdict == .same)
  }

  // MARK: What the reference is bound to

  @Test func aBindingMustBeThePlans() throws {
    let digest = String(repeating: "ab", count: 32)
    let bare = try BundleForge()
    for binding in [ReferenceBinding.declared, .checked] {
      try fails(try bare.forged(binding: binding), .binding(binding, plan: .none))
    }
    let declared = try BundleForge { $0.modelDigest = digest }
    #expect(try BundleForge.verify(try declared.forged(binding: .declared)).statement.binding == .declared)
    try fails(try declared.forged(binding: .recorded), .binding(.recorded, plan: .model))
    try fails(try declared.forged(binding: .checked), .binding(.checked, plan: .model))
    #expect(throws: BundleReport.Mismatch.model(stated: digest, found: "00")) {
      try BundleForge.verify(try declared.forged(binding: .declared)).requireModel("00")
    }
    #expect(throws: BundleReport.Mismatch.model(stated: nil, found: digest)) {
      try BundleForge.verify(try bare.bundle()).requireModel(digest)
    }
  }

  @Test func theCertificateMustBeThePlans() throws {
    let folder = "pinned-v6/entries"
    let certificate = try BundleForge.fixture("tuned.drift", in: folder)
    let identity = try BundleForge.fixture("base.identity.json", in: folder)
    let policy = try BundleForge.fixture("policy.json", in: folder)
    let digest = SHA256.hash(certificate).hexadecimal
    let commitment = String(
      decoding: try BundleForge.fixture("tuned-commitment.txt", in: folder).prefix(64), as: UTF8.self)
    let forge = try BundleForge { plan in
      plan.certificate = digest
      plan.modelDigest = String(repeating: "ab", count: 32)
    }
    func bundle(_ files: [BundleFile: [UInt8]], _ commitment: String) throws -> [UInt8] {
      try forge.forged(binding: .checked, tunedCommitment: commitment, files: files)
    }
    let report = try BundleForge.verify(
      try bundle([.certificate: certificate, .identity: identity, .policy: policy], commitment))
    #expect(report.statement.binding == .checked && report.certificate?.verification != nil)
    try report.requireCertificate(digest)
    #expect(throws: BundleReport.Mismatch.certificate(stated: digest, found: "00")) {
      try report.requireCertificate("00")
    }
    #expect(
      try BundleForge.verify(try bundle([.certificate: certificate], commitment)).certificate?.verification == nil)
    try fails(try bundle([:], commitment), .noCertificate(named: digest))
    try fails(
      try bundle([.certificate: identity], commitment),
      .otherCertificate(stated: digest, found: SHA256.hash(identity).hexadecimal))
    try fails(try bundle([.certificate: certificate, .policy: policy], commitment), .unexpectedFile(.policy))
    // Another commitment in the subject than the certificate's.
    try fails(try bundle([.certificate: certificate], String(repeating: "0", count: 64))) {
      if case .claim(path: "$.subject[0].digest.driftCommitment", _, _) = $0 { true } else { false }
    }
    // An identity of another base, or a policy that the certificate does not keep: the proof is verified.
    let other = try BundleForge.fixture("base.identity.json", in: "pinned-v4/norm")
    for files in [
      [BundleFile.certificate: certificate, .identity: other],
      [
        .certificate: certificate, .identity: identity,
        .policy: try BundleForge.fixture("policy.json", in: "pinned-v4/norm"),
      ],
    ] {
      try fails(try bundle(files, commitment)) { if case .certificate = $0 { true } else { false } }
    }
    // Where the plan names none there is none.
    let bare = try BundleForge()
    for file in [BundleFile.certificate, .identity, .policy] {
      try fails(try bare.forged(files: [file: certificate]), .unexpectedFile(file))
    }
    // A plan that names bytes that are no certificate.
    let empty = try BundleForge { $0.certificate = SHA256.hash([1]).hexadecimal }
    try fails(try empty.forged(files: [.certificate: [1]])) { if case .certificate = $0 { true } else { false } }
  }
}
