// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofCertificate
@testable import DriftProofReportFacts
import DriftProofCheckpoint
import DriftProofPolicy
import Foundation
import Testing

/// The report as values.
struct CertificateReportTests {
  @Test func aVerifiedCertificateSaysWhatItsVerifierSaw() throws {
    let report = try ReportFixture().report()
    let contents = try #require(report.contents)
    let counts = contents.verification.tensors
    #expect(report.failure == nil && report.policySource == .given)
    #expect(report.claims?.tunedCommitment == contents.verification.tunedCommitment)
    #expect(report.claims?.policyName == "pinned classes" && report.givenBase == contents.verification.baseIdentity)

    let coverage = contents.coverage
    #expect(coverage.identical.tensors == counts.frozen && coverage.excluded.tensors == counts.excluded)
    #expect(coverage.proved.tensors == counts.norm + counts.rank + counts.sparse + counts.composed)
    #expect(coverage.proved.parameters == contents.verification.certifiedParameters)
    #expect(coverage.identical.parameters == contents.verification.frozenParameters)
    #expect(coverage.all.tensors == contents.tensors.count && coverage.all.tensors == 10)
    #expect(
      abs([coverage.proved, coverage.identical, coverage.excluded].reduce(0) { $0 + coverage.fraction($1) } - 1) < 1e-9)

    func tensor(_ name: String) throws -> ReportedTensor { try #require(contents.tensors.first { $0.name == name }) }
    #expect(try tensor("rank").shortWords == "rank 2 + 1 %")
    #expect(try tensor("rank").tensorClass == .rank)
    #expect(try tensor("norm").largestNorm == 1)
    #expect(try tensor("norm").shortWords == "norm ≤ 1")
    #expect(try tensor("mixed").shortWords == "rank 1 + 1 entry + 0.001")
    #expect(try tensor("twice").shortWords == "norm ≤ 20 %, rank 1 + 0.001")
    #expect(try tensor("frozen").largestNorm == 0)
    #expect(try tensor("frozen").shortWords == "frozen")
    #expect(try tensor("steps").largestNorm == nil)
    #expect(try tensor("steps").tensorClass == .excluded)
    #expect(contents.explanation.problems.isEmpty && contents.explanation.totalNorm == 5)
  }

  @Test func thePolicyInsideIsSaidToBeItsMakers() throws {
    let fixture = try ReportFixture()
    let report = CertificateReport(
      fileName: "x", certificate: fixture.certificate, identity: fixture.identity, policy: nil)
    #expect(report.policySource == .embedded && report.contents?.policy == fixture.policy)
    let hint = "its maker chose it"
    #expect(VerdictWords(report).advice.contains { $0.contains(hint) })
    #expect(!VerdictWords(fixture.report()).advice.contains { $0.contains(hint) })
  }

  @Test func failuresAreReportsWithTheVerifiersError() throws {
    let fixture = try ReportFixture()
    let other = try ReportFixture("norm")
    #expect(fixture.damaged.contents == nil)
    guard case .proofInvalid? = fixture.damaged.failure else {
      Issue.record("\(String(describing: fixture.damaged.failure))")
      return
    }
    // Its frame is intact, so what it says of itself can be shown.
    #expect(fixture.damaged.claims?.policyName == "pinned classes")
    guard case .identityMismatch(.policy)? = fixture.report(policy: other.policy).failure else {
      Issue.record("another policy is not seen")
      return
    }
    let otherBase = CertificateReport(
      fileName: "x", certificate: fixture.certificate, identity: other.identity, policy: fixture.policy)
    guard case .identityMismatch(.base)? = otherBase.failure else {
      Issue.record("\(String(describing: otherBase.failure))")
      return
    }
    for bytes in [[], Array("no certificate".utf8), Array(fixture.certificate.dropLast(1))] {
      for policy in [nil, fixture.policy] {
        let report = CertificateReport(fileName: "x", certificate: bytes, identity: fixture.identity, policy: policy)
        guard case .proofInvalid? = report.failure, report.claims == nil else {
          Issue.record("\(String(describing: report.failure))")
          continue
        }
      }
    }
  }

  /// Every kind of failure has a title and a sentence of its own, and none sounds like success.
  @Test func everyFailureHasWords() throws {
    let errors: [DriftProofError] = [
      .proofInvalid(.layoutDigest), .identityMismatch(.base(certificate: "a", given: "b")),
      .identityMismatch(.policy(certificate: "a", given: "b")), .coverageGap([]), .policyViolated([]),
      .operational("x"),
    ]
    let words = errors.map { VerdictWords($0) }
    #expect(Set(words.map(\.title)).count == errors.count && Set(words.map(\.sentence)).count == errors.count)
    #expect(words.allSatisfy { $0.title.hasPrefix("Not verified") && !$0.advice.isEmpty && !$0.isGood })
    #expect(VerdictWords(try ReportFixture().report()).title == "Verified")
  }

  /// A new term of the soundness error needs a sentence for people.
  @Test func everySoundnessTermIsExplained() throws {
    let contents = try #require(try ReportFixture().report().contents)
    #expect(contents.verification.soundness.count > 8)
    for term in contents.verification.soundness {
      #expect(SoundnessWords.sentence(term.name) != nil, "\(term.name)")
    }
    #expect(SoundnessWords.sentence("no such term") == nil)
  }
}
