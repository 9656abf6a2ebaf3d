// SPDX-License-Identifier: Apache-2.0

import DriftProofAttestation
import DriftProofAuditDecision
import DriftProofCore
import DriftProofReport
import Foundation
import TestSupport
import Testing

/// The page about a decision in zero knowledge, from the pinned one.
@Suite struct DecisionPageTests {
  private func page(key name: String = "ed25519", fileName: String = "quick.decision") throws -> PageReader {
    let file = [UInt8](
      try Data(contentsOf: Repository.fixture("audit-decision").appendingPathComponent("quick.decision")))
    let pem = [UInt8](
      try Data(contentsOf: Repository.fixture("attestation").appendingPathComponent(name + ".pub.pem")))
    let result: Result<DecisionReport, DecisionRejection>
    do throws(DecisionRejection) {
      result = .success(try DecisionVerifier.verify(file, key: try publicKey(pem)))
    } catch {
      result = .failure(error)
    }
    return try PageReader(
      DecisionPage(
        report: result, fileName: fileName, keyName: "auditor.pub.pem",
        madeAt: try #require(Timestamp("2026-03-01T12:30:00Z")), exitCode: 11
      ).html)
  }

  private func publicKey(_ pem: [UInt8]) throws(DecisionRejection) -> PublicKey {
    do {
      return try PublicKey(pem: pem)
    } catch {
      throw .attestation(.malformedStatement("\(error)"))
    }
  }

  @Test func itSaysWhatIsProvedAndWhatNot() throws {
    let page = try page()
    try page.checkStructure()
    #expect(page.title == "Audit report: SAME, in zero knowledge, quick.decision")
    for words in [
      "The claim in words", "Not shown to anybody", "On the signer's word", "What was not checked",
      "driftproof audit verify quick.decision --zero-knowledge --public-key auditor.pub.pem", "mode quick",
      "audit verify --decision",
    ] {
      #expect(page.text.contains(words), "\(words)")
    }
    #expect(page.count("script") == 0 && page.count("polyline") == 0)
  }

  @Test func aDecisionThatFailsIsNoEvidence() throws {
    let page = try page(key: "p256", fileName: "<img src=x>.decision")
    try page.checkStructure()
    #expect(page.title.contains("Not verified") && page.count("img") == 0)
    #expect(page.text.contains("is not signed by the key") && page.text.contains("ends with exit code 11"))
    #expect(!page.text.contains("SAME"))
  }
}
