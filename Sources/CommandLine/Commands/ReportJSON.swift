// SPDX-License-Identifier: Apache-2.0

import DriftProofReport
import DriftProofReportFacts
import DriftProofPolicy

/// A report for machines: all that the page says, every tensor included.
enum ReportJSON {
  static func render(
    _ reports: [MeasuredReport], _ folders: FolderFacts, output: String, byteCount: Int
  ) -> JSONOutput {
    let failure = reports.lazy.compactMap(\.failure).first
    return .object(
      [
        ("verified", .boolean(failure == nil)),
        ("reason", failure.map { .string($0.description) } ?? .null),
        ("exitCode", .integer(Int(failure.map { ExitCode($0).rawValue } ?? 0))),
        ("out", .string(output)),
        ("bytes", .integer(byteCount)),
        ("certificates", .array(reports.map(certificate))),
      ] + folders.members)
  }

  private static func certificate(_ report: MeasuredReport) -> JSONOutput {
    let words = VerdictWords(report.facts)
    let members: [(key: String, value: JSONOutput)] = [
      ("file", .string(report.fileName)),
      ("sha256", .string(report.sha256)),
      ("verified", .boolean(report.failure == nil)),
      ("verdict", .string(words.title)),
      ("sentence", .string(words.sentence)),
      ("advice", .array(words.advice.map { .string($0) })),
      ("reason", report.failure.map { .string($0.description) } ?? .null),
      ("exitCode", .integer(Int(report.failure.map { ExitCode($0).rawValue } ?? 0))),
      ("policySource", .string(report.policySource.rawValue)),
      ("claims", report.claims.map(claims) ?? .null),
      (
        "chain",
        report.link.map { link in
          .object([
            ("path", .array(link.path.map { .string($0) })), ("driftFromBase", .number(link.driftFromBase)),
            ("baseNorm", .number(link.baseNorm)), ("excluded", .array(link.excluded.map { .string($0) })),
          ])
        } ?? .null
      ),
      ("measured", report.measurement.map(measured) ?? .null),
    ]
    return .object(members + (report.contents.map(contents) ?? []))
  }

  /// What the file says of itself, true or not.
  private static func claims(_ claims: CertificateReport.Claims) -> JSONOutput {
    .object([
      ("baseIdentity", .string(claims.baseIdentity)), ("tunedCommitment", .string(claims.tunedCommitment)),
      ("policyName", .string(claims.policyName)), ("policyDigest", .string(claims.policyDigest)),
    ])
  }

  private static func contents(_ contents: VerifiedContents) -> [(key: String, value: JSONOutput)] {
    let explanation = contents.explanation
    return [
      ("verification", .object(contents.verification.members)),
      ("transition", contents.transition?.member ?? .null),
      ("verifySeconds", .number(contents.verification.verifySeconds)),
      (
        "coverage",
        .object([
          ("proved", share(contents.coverage.proved)), ("identical", share(contents.coverage.identical)),
          ("excluded", share(contents.coverage.excluded)),
        ])
      ),
      (
        "rules",
        .array(
          explanation.rules.map { rule in
            .object([
              ("rule", .integer(rule.index)), ("pattern", .string(rule.pattern)), ("allows", .string(rule.words)),
              ("tensors", .integer(rule.tensors.count)), ("remarks", .array(rule.remarks.map { .string($0) })),
            ])
          })
      ),
      ("totalNorm", .number(explanation.totalNorm)),
      ("baseNorm", .number(explanation.baseNorm)),
      ("remarks", .array(explanation.remarks.map { .string($0) })),
      ("tensors", .array(contents.tensors.map(tensor))),
    ]
  }

  private static func share(_ share: CoverageShare) -> JSONOutput {
    .object([("tensors", .integer(share.tensors)), ("parameters", .integer(share.parameters))])
  }

  private static func tensor(_ tensor: ReportedTensor) -> JSONOutput {
    .object([
      ("name", .string(tensor.name)), ("dtype", .string(tensor.dtype)),
      ("shape", .array(tensor.shape.map { .integer($0) })), ("class", .string(tensor.tensorClass.rawValue)),
      ("rule", .integer(tensor.rule)), ("allows", .string(tensor.words)), ("largestNorm", .number(tensor.largestNorm)),
    ])
  }

  private static func measured(_ measurement: WeightMeasurement) -> JSONOutput {
    .object([
      ("doubts", .array(measurement.doubts.map { .string($0.description) })),
      ("withoutSpectrum", .array(measurement.withoutSpectrum.map { .string($0) })),
      ("seconds", .number(measurement.seconds)),
      ("inspection", InspectJSON.render(measurement.inspection)),
      (
        "singularValues",
        .array(
          measurement.inspection.tensors.compactMap { tensor in
            tensor.drift?.lowRank.map { lowRank in
              .object([
                ("name", .string(tensor.name)), ("values", .array(lowRank.singularValues.map { .number($0) })),
              ])
            }
          })
      ),
    ])
  }
}
