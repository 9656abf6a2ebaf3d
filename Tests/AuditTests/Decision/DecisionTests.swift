// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
@testable import DriftProofAuditBundle
@testable import DriftProofAuditDecision
@testable import DriftProofAuditDecisionProver
import DriftProofCertificate
import DriftProofCore
import TestSupport
import Testing

/// Decisions in zero knowledge of whole audits.
@Suite struct DecisionTests {
  private func prover(_ forge: BundleForge) throws -> DecisionProver {
    let simulation = forge.simulation
    return DecisionProver(
      plan: simulation.plan, key: simulation.key, result: try simulation.compare(forge.reference, forge.candidate),
      reference: (forge.reference, try simulation.read(forge.reference, .reference)),
      candidate: (forge.candidate, try simulation.read(forge.candidate, .candidate)))
  }

  /// An audit's verdict without its scores, and what a bundle of the same audit says of it later.
  @Test func sameIsProvedAndABundleConfirmsIt() throws {
    let forge = try BundleForge(count: 88, shift: 300) { $0.mode = .quick }
    let signer = try BundleForge.signer()
    let made = try prover(forge).make(signing: signer)
    let report = try DecisionForge.verify(made.file)
    #expect(report.statement == made.report.statement && report.keyID == signer.publicKey.keyID)
    #expect(report.claim.requests == 88 && report.claim.far == 0 && report.claim.below == 500)
    #expect(report.plan == forge.simulation.plan && report.securityBits >= 128)
    #expect(
      report.soundness.contains { $0.name == "queries" } && report.soundness.contains { $0.name == "projections" })
    #expect(report.statement.candidate.root == AuditStatement.TranscriptRoot(of: forge.candidate).root.hexadecimal)
    // Another proof has another commitment: a commitment serves one.
    let again = try prover(forge).make(signing: signer)
    #expect(again.report.statement.nonce != report.statement.nonce)
    #expect(again.report.statement.scores != report.statement.scores)
    // The bundle that reveals the key confirms both, one that withholds it neither.
    let bundle = try BundleForge.verify(try forge.bundle())
    try DecisionCheck.check(report, against: bundle)
    try DecisionCheck.check(again.report, against: bundle)
    let withheld = try BundleForge.verify(try forge.bundle(withheld: true))
    #expect(throws: DecisionCheck.Mismatch.withheld) { try DecisionCheck.check(report, against: withheld) }
    // Another audit by the same plan and key.
    let other = try BundleForge(count: 88, shift: 0) { $0.mode = .quick }
    do {
      try DecisionCheck.check(report, against: try BundleForge.verify(try other.bundle()))
      Issue.record("another audit's decision was confirmed")
    } catch DecisionCheck.Mismatch.transcript(.candidate, _, _) {}
  }

  /// A signer who commits to other scores than the answers have is found out when the key is revealed.
  @Test func aSignerWhoLiesIsFoundOut() throws {
    let forge = try BundleForge(count: 88, shift: 300) { $0.mode = .quick }
    // The same transcripts, and scores of zero.
    let perfect = try BundleForge(count: 88) { $0.mode = .quick }
    var lying = try prover(forge)
    lying.result = try perfect.simulation.compare(perfect.reference, perfect.candidate)
    let made = try lying.make(signing: try BundleForge.signer())
    let report = try DecisionForge.verify(made.file)
    do {
      try DecisionCheck.check(report, against: try BundleForge.verify(try forge.bundle()))
      Issue.record("the lie was confirmed")
    } catch DecisionCheck.Mismatch.scores(let stated, _) {
      #expect(stated == report.statement.scores)
    }
  }

  @Test func onlySameIsProved() throws {
    let signer = try BundleForge.signer()
    let different = try prover(try BundleForge(count: 12, shift: 500_000))
    #expect(throws: DecisionRefusal.verdict(.different)) { try different.make(signing: signer) }
    let undecided = try prover(try BundleForge(count: 12))
    #expect(throws: DecisionRefusal.verdict(.undecided)) { try undecided.make(signing: signer) }
    // SAME by the rule, and too near the margin for what is proved: 8 of 10 thousandths of the margin each.
    let plan = try PlanTests.plan()
    #expect(DecisionProver.claim(plan, scores: [Int](repeating: 60, count: 300)) != nil)
    #expect(DecisionProver.claim(plan, scores: [Int](repeating: 90, count: 300)) == nil)
  }

  @Test func theFrameIsReadStrictly() throws {
    let file = DecisionFile(
      plan: [1, 2], attestation: [3],
      scores: .init(root: [UInt8](repeating: 4, count: 32), pin: [UInt8](repeating: 0, count: 24)),
      proof: [5, 6])
    #expect(try DecisionFile(file.bytes) == file)
    var bytes = file.bytes
    for count in 0..<bytes.count { #expect(throws: FormatError.self) { try DecisionFile(Array(bytes.prefix(count))) } }
    #expect(throws: FormatError.trailingBytes(count: 1)) { try DecisionFile(bytes + [0]) }
    bytes[8] = 2
    #expect(throws: FormatError.unsupportedVersion(2)) { try DecisionFile(bytes) }
    bytes[0] ^= 1
    #expect(throws: FormatError.badMagic) { try DecisionFile(bytes) }
    var wide = file
    wide.scores = .init(root: file.scores.root, pin: [0])
    #expect(throws: FormatError.wrongLength(section: "the pin of the scores", found: 1, expected: 24)) {
      try DecisionFile(wide.bytes)
    }
    wide = file
    wide.plan = [UInt8](repeating: 0, count: 1 << 20 + 1)
    #expect(throws: FormatError.self) { try DecisionFile(wide.bytes) }
  }

  /// A file that another version has made still verifies.
  @Test func thePinnedDecisionVerifies() throws {
    let report = try DecisionForge.verify(try BundleForge.fixture("quick.decision", in: "audit-decision"))
    #expect(report.claim.requests == 200 && report.claim.far == 1 && report.claim.below == 500)
    #expect(report.statement.nonce == String(repeating: "3", count: 64) && report.plan.mode == .quick)
  }
}
