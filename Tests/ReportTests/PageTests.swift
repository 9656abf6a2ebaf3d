// SPDX-License-Identifier: Apache-2.0

@testable import DriftProof
import DriftProofCore
@testable import DriftProofCertificate
@testable import DriftProofProving
@testable import DriftProofReport
@testable import DriftProofReportFacts
import DriftProofCheckpoint
import DriftProofPolicy
import Foundation
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// The page as a document: parsed, not searched.
struct PageTests {
  static let files = ReportFileNames(identity: "base.identity.json", policy: "policy.json")

  static func parse(_ reports: [CertificateReport], files: ReportFileNames = files) throws -> PageReader {
    try parse(reports.map { MeasuredReport($0) }, files: files)
  }

  static func parse(_ reports: [MeasuredReport], files: ReportFileNames = files) throws -> PageReader {
    let page = ReportPage(
      reports: reports, files: files, madeAt: Timestamp(secondsSince1970: 1_800_000_000), exitCode: { _ in 99 })
    let reader = try PageReader(page.html)
    try reader.checkStructure()
    return reader
  }

  @Test func aVerifiedPageHasEverything() throws {
    let report = try ReportFixture().measured()
    let reader = try Self.parse([report], files: .init(identity: "i.json", policy: nil))
    let text = reader.text
    for words in [
      "Verified", "2027-01-15 08:00 UTC", "its maker chose it", "pinned classes",
      "rank 2 + a residual of norm at most 1 %",
      "What stays possible", "1 tensor outside the proof", "steps", "all changes together have a norm of at most 5",
      "Measured from the weights", "measured, not proved", "Singular values", "Verify it yourself", report.sha256,
      try #require(report.claims).baseIdentity, "driftproof identify BASE -o i.json", "--policy POLICY.json",
    ] { #expect(text.contains(words), "\(words)") }
    // A term of the soundness error has a row each, and a chart each decomposed tensor.
    let contents = try #require(report.contents)
    for term in contents.verification.soundness { #expect(text.contains(term.name)) }
    let decomposed = try #require(report.measurement).tensors.values.filter { $0.drift?.lowRank != nil }.count
    #expect(reader.count("figure") == decomposed && decomposed == 7)
  }

  @Test func withoutWeightsNothingIsMeasured() throws {
    let reader = try Self.parse([try ReportFixture().report()])
    #expect(!reader.text.contains("Measured from the weights") && reader.count("figure") == 0)
    #expect(reader.text.contains("--policy policy.json") && !reader.text.contains("its maker chose it"))
  }

  /// A failed certificate has its reason and the exit code, and nothing that reads like a result.
  @Test func aFailedPageShowsNoResult() throws {
    let report = try ReportFixture().damaged
    let reader = try Self.parse([report])
    for words in [
      "Not verified: invalid", try #require(report.failure).description, "exit code 99", "None of this was proved",
      "What the file says of itself",
    ] { #expect(reader.text.contains(words), "\(words)") }
    for words in ["What was proved", "Map of what was allowed", "bits", "Proved within bounds", "How sure"] {
      #expect(!reader.text.contains(words), "\(words)")
    }
    #expect(reader.classes.contains("verdict failed") && !reader.classes.contains("verdict"))
    let noCertificate = CertificateReport(
      fileName: "x", certificate: [1, 2], identity: try ReportFixture().identity, policy: nil)
    #expect(try Self.parse([noCertificate]).text.contains("could not be read as a certificate"))
  }

  @Test func severalCertificatesHaveAnIndex() throws {
    let fixture = try ReportFixture()
    let reports = [fixture.report("one.drift"), fixture.damaged, fixture.report("three.drift")]
    let reader = try Self.parse(reports)
    #expect(
      reader.text.contains("2 of 3 certificates verified")
        && reader.title == "Drift report: 2 of 3 certificates verified")
    #expect(reader.links.contains("#c1") && reader.links.contains("#c2") && reader.links.contains("#c3"))
    #expect(reader.text.contains("claimed: pinned classes"))
    #expect(!(try Self.parse([fixture.report()])).text.contains("The certificates on this page"))
  }

  @Test func doubtsAndOmissionsAreSaid() throws {
    let fixture = try ReportFixture()
    var report = try fixture.measured(limits: .init(entriesOfTensor: 63))
    #expect(try Self.parse([report]).text.contains("of 3 matrices were left out"))
    report.measurement = try WeightMeasurement.measure(
      base: Checkpoint.open(fixture.tuned), tuned: Checkpoint.open(fixture.base),
      contents: try #require(report.contents))
    let text = try Self.parse([report]).text
    #expect(text.contains("These are not the certificate's models") && !text.contains("fit the certificate"))
  }

  /// Policies at both ends: nothing may change, and nothing is said.
  @Test(arguments: ["frozen", "any"])
  func certificatesWithoutAnArgument(_ allowance: String) throws {
    let report = try withFolder { folder -> CertificateReport in
      func write(_ file: String, _ value: Float) throws -> String {
        let path = folder.appendingPathComponent(file).path
        let writer = try SafetensorsWriter(path: path, tensors: [.init(name: "w", dtype: .f32, shape: [2])])
        try writer.append(words: [value, 2].map(\.bitPattern))
        try writer.finish()
        return path
      }
      let base = try write("base.safetensors", 1)
      let policy = """
        {"driftPolicy": 1, "name": "p", "securityBits": 128, "rules": [{"tensors": "*", "allow": "\(allowance)"}]}
        """
      let result = try DriftProver.prove(
        base: base, tuned: try write("tuned.safetensors", allowance == "any" ? 5 : 1), policyFile: Array(policy.utf8),
        openingPath: folder.appendingPathComponent("opening").path)
      let identity = try BaseIdentity.parse(try BaseIdentityFile.compute(base: base))
      return CertificateReport(fileName: "x", certificate: result.certificate, identity: identity, policy: nil)
    }
    let reader = try Self.parse([report])
    #expect(report.failure == nil && reader.text.contains("comparison of digests"))
    let isEmpty = allowance == "any"
    #expect(VerdictWords(report).isGood == !isEmpty && reader.classes.contains("verdict failed") == isEmpty)
    #expect(reader.text.contains("Verified, but nothing is proved") == isEmpty)
    #expect(reader.text.contains("All tensors inside the proof are unchanged") == !isEmpty)
  }

  /// Names of tensors, policy and files that would break a page, if they could; the certificate is a real one.
  @Test func hostileNamesStayText() throws {
    let names = [
      "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "&amp;&lt;", "]]>", "<!--", "</style>",
      "\u{202E}evil",
      "line\nbreak\u{0}\u{1B}\u{7F}", "\u{FFFF}\u{200B}", "layer.0.<b>", "layer.1.<b>",
    ]
    let report = try withFolder { folder -> MeasuredReport in
      func write(_ file: String, _ value: Float) throws -> String {
        let path = folder.appendingPathComponent(file).path
        let sorted = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let writer = try SafetensorsWriter(
          path: path, tensors: sorted.map { .init(name: $0, dtype: .f32, shape: [2, 2]) })
        for _ in sorted { try writer.append(words: [value, 2, 3, 4].map(\.bitPattern)) }
        try writer.finish()
        return path
      }
      let (base, tuned) = (try write("base.safetensors", 1), try write("tuned.safetensors", 1.25))
      let policy = Array(
        """
        {"driftPolicy": 1, "name": "<i>name</i> \\u202e&", "securityBits": 128, "rules": [
          {"tensors": "*script*", "allow": "any"}, {"tensors": "*", "allow": {"rank": 1, "residual": {"absolute": 0.5}}}]}
        """.utf8)
      let result = try DriftProver.prove(
        base: base, tuned: tuned, policyFile: policy, openingPath: folder.appendingPathComponent("opening").path)
      let identity = try BaseIdentity.parse(try BaseIdentityFile.compute(base: base))
      var report = MeasuredReport(
        CertificateReport(
          fileName: "<svg onload=x>'\".drift", certificate: result.certificate, identity: identity, policy: nil))
      report.measurement = try WeightMeasurement.measure(
        base: Checkpoint.open(base), tuned: Checkpoint.open(tuned), contents: try #require(report.contents))
      return report
    }
    let reader = try Self.parse([report, report], files: .init(identity: "<i>&'\"", policy: "$(rm -rf ~)\u{202E}"))
    // Whoever reads the page sees them as they are, controls as signs.
    for words in [
      "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "&amp;&lt;", "]]>", "<!--", "</style>",
      "[U+202E]evil",
      "line[U+000A]break[U+0000][U+001B][U+007F]", "[U+FFFF][U+200B]", "layers of layer", "<i>name</i> [U+202E]&",
      "<svg onload=x>'\".drift",
      "'$(rm -rf ~)[U+202E]'",
    ] { #expect(reader.text.contains(words), "\(words)") }
  }
}
