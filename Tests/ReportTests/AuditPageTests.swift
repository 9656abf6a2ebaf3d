// SPDX-License-Identifier: Apache-2.0

import DriftProofAttestation
import DriftProofAudit
import DriftProofAuditBundle
import DriftProofCore
import DriftProofReport
import Foundation
import TestSupport
import Testing

/// Pages about audits, from bundles that Tests/AuditTests would make, too: a few answers, signed.
@Suite struct AuditPageTests {
  /// An audit of texts: the candidate answers as the reference does, or not at all like it.
  private func bundle(
    isDifferent: Bool, count: Int, withheld: Bool = false, model: String = "org/tuned"
  ) throws -> (tar: [UInt8], key: PublicKey) {
    let key = try #require(AuditKey(bytes: Array(0..<32)))
    let plan = AuditPlan(mode: .quick, score: .text, margin: 100_000, subject: .local, modelName: model, key: key)
    let source = try plan.questions(key: key, beacon: [], file: nil)
    func transcript(_ side: AuditSide, _ root: String?, _ decide: Bool, _ text: (Int) -> String) throws -> [UInt8] {
      var transcript = Transcript(side: side, planDigest: plan.digest)
      var file: [UInt8] = []
      func add(_ line: TranscriptLine) throws { file += try transcript.append(line) + [0x0A] }
      let time = "2026-03-01T12:30:00Z"
      try add(
        .header(
          .init(
            side: side, plan: plan.digest.hexadecimal, origin: "local", path: "/v1/completions", model: model,
            spelling: .plain, beacon: nil, tool: "test", started: time)))
      try add(.session(.init(at: time, concurrency: 1, reference: root)))
      var decision = Decision(mode: plan.mode)
      for index in 0..<count where decision.verdict == .undecided {
        let request = EndpointRequest(plan: plan, modelName: model).body(source.prompt(index) ?? "")
        try add(
          .sent(
            .init(
              index: index, attempt: 1, request: SHA256.hash(request).hexadecimal,
              salt: key.salt(side: side, kind: .sent, index: index, attempt: 1).hexadecimal, at: time)))
        let body = Array("{\"choices\":[{\"text\":\"\(text(index))\",\"finish_reason\":\"length\"}]}".utf8)
        let response = try EndpointResponse(body: body, tokens: 8, wantsLogProbabilities: false)
        try add(
          .answer(
            .init(
              index: index, attempt: 1, body: SHA256.hash(body).hexadecimal, response: response,
              salt: key.salt(side: side, kind: .answer, index: index, attempt: 1).hexadecimal)))
        if decide { decision.add(isDifferent ? .init(low: 1000, high: 1000) : .init(low: 0, high: 0)) }
      }
      try add(transcript.ending(count: decide ? decision.count : count, outcome: decide ? .init(decision) : nil))
      return file
    }
    let reference = try transcript(.reference, nil, false) { "answer \($0)" }
    let root = try Transcript(file: reference, side: .reference, planDigest: plan.digest).endings.last?.end.root
    let candidate = try transcript(.candidate, root, true) { isDifferent ? "\($0) other" : "answer \($0)" }
    var maker = BundleMaker(plan: plan, key: key, reference: reference, candidate: candidate, binding: .recorded)
    maker.isWithheld = withheld
    let pem = [UInt8](try Data(contentsOf: Repository.fixture("attestation").appendingPathComponent("ed25519.pem")))
    let signer = try SigningKey(pem: pem)
    return (try maker.make(signing: signer).tar, signer.publicKey)
  }

  private func page(_ bundle: (tar: [UInt8], key: PublicKey), name: String = "audit.tar") throws -> PageReader {
    let result: Result<BundleReport, BundleRejection>
    do throws(BundleRejection) {
      result = .success(try BundleVerifier.verify(bundle.tar, key: bundle.key))
    } catch {
      result = .failure(error)
    }
    return try PageReader(
      AuditPage(
        report: result, fileName: name, keyName: "auditor.pub.pem",
        madeAt: try #require(Timestamp("2026-03-01T12:30:00Z")), exitCode: 11
      ).html)
  }

  @Test func everyVerdictHasItsPage() throws {
    for (isDifferent, count, words) in [
      (false, 88, "SAME"), (true, 12, "DIFFERENT"), (false, 12, "UNDECIDED"),
    ] {
      let page = try page(bundle(isDifferent: isDifferent, count: count))
      try page.checkStructure()
      #expect(page.title == "Audit report: \(words), audit.tar")
      #expect(page.text.contains("What \(words) means"))
      // Where no verdict fell, none can be wrong.
      #expect(page.text.contains(words == "UNDECIDED" ? "A verdict's risk" : "Wrong at most"))
      #expect(page.text.contains("2.5\u{A0}%"))
      #expect(page.text.contains("It is whatever answered when the reference was recorded"))
      #expect(page.text.contains("driftproof audit verify audit.tar --public-key auditor.pub.pem"))
      #expect(page.count("polyline") == 2 && page.count("script") == 0)
      #expect(PromptFamily.allCases.contains { page.text.contains($0.rawValue) })
      #expect(page.text.contains("not recomputed") == false)
    }
    // The curve crosses what is needed where the verdict fell.
    let different = try page(bundle(isDifferent: true, count: 12)).text
    #expect(different.contains("After 2 requests the endpoint's answers are shown not to be the reference's."))
    #expect(different.contains("reached at request 2."))
    let same = try page(bundle(isDifferent: false, count: 88)).text
    #expect(same.contains("never reached.") && same.contains("SAME is shown to 100\u{A0}% after request 88"))
  }

  @Test func aPageSaysWhatIsWithheld() throws {
    let page = try page(bundle(isDifferent: false, count: 88, withheld: true))
    try page.checkStructure()
    #expect(page.title.contains("SAME, not recomputed"))
    #expect(page.text.contains("is the signer's word") && page.text.contains("withheld with the key"))
    #expect(!page.text.contains("arithmetic"))
  }

  @Test func aBundleThatFailsIsNoEvidence() throws {
    var bundle = try bundle(isDifferent: false, count: 12)
    bundle.tar[bundle.tar.count / 2] ^= 1
    let page = try page(bundle)
    #expect(page.title == "Audit report: Not verified, audit.tar")
    #expect(page.text.contains("ends with exit code 11") && page.text.contains("what was signed is about"))
    #expect(!page.text.contains("SAME") && !page.text.contains("UNDECIDED"))
  }

  /// Names of others become no markup.
  @Test func namesAreNotTrusted() throws {
    let page = try page(
      bundle(isDifferent: true, count: 12, model: "<script>alert(1)</script> & \"x\""), name: "<img src=x>\u{202E}.tar")
    try page.checkStructure()
    #expect(page.count("script") == 0 && page.count("img") == 0)
    #expect(page.text.contains("<script>alert(1)</script>") && page.text.contains("[U+202E]"))
  }
}
