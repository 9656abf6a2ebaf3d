// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofReportFacts
import DriftProofCheckpoint
import DriftProofPolicy
import Testing

/// What people read about a link.
@Suite struct ReportedLinkTests {
  /// `second` freezes what `first` left outside its proof: nothing on its page may pass that for unchanged since the base.
  @Test func whatAParentLeftOutIsNamed() throws {
    let fixture = try ChainFixture.shared.get()
    let chain = try fixture.verify(["first", "second"].map { try fixture.input($0, policy: nil) })
    let links = ReportedLink.all(in: chain)
    #expect(links[0] == nil)
    let link = try #require(links[1]).get()
    #expect(link.path == ["first", "second"] && link.excluded == ["steps"])
    let report = CertificateReport(
      fileName: "second", certificate: try #require(fixture.certificates["second"]), identity: fixture.identity,
      policy: nil, link: links[1])
    #expect(try #require(report.contents).coverage.excluded.tensors == 0)
    let advice = VerdictWords(report).advice
    #expect(advice.contains { $0.contains("All changes of the other tensors together have a norm of at most") })
    #expect(!advice.contains { $0.contains("All changes together") })
    #expect(advice.contains { $0.contains("1 tensor may have changed without limit") && $0.hasSuffix(": \"steps\".") })
  }
}
