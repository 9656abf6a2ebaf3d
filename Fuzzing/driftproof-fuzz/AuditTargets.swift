// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAudit
import DriftProofAuditBundle
import DriftProofEnclave
import DriftProofCore

/// Targets about audits: what endpoints answer, and the files of an audit.
enum AuditTargets {
  /// The input as an endpoint's body: whatever it is read as has scores within their range, and nothing is at a distance from
  /// itself.
  /// - Returns: whether it was read.
  @discardableResult
  static func answer(_ bytes: [UInt8]) -> Bool {
    guard let response = try? EndpointResponse(body: bytes, tokens: 64, wantsLogProbabilities: true) else {
      return false
    }
    for spelling in TokenSpelling.allCases {
      guard let read = ReadAnswer(response.answer, spelling: spelling) else { continue }
      let score = Distance(reference: read, candidate: read, listed: 20).score(scale: 80, margin: 100)
      FuzzTarget.promise((0...1000).contains(score.low) && score.low <= score.high, "scores are in their range")
      if read.isGreedy { FuzzTarget.promise(score.low == 0, "an answer is at no distance from itself") }
    }
    return true
  }

  /// The input as a plan, and as lines of a transcript.
  static func file(_ bytes: [UInt8]) {
    if let plan = try? AuditPlan(file: bytes) { FuzzTarget.promise(plan.file == bytes, "one plan has one form") }
    for line in bytes.split(separator: 0x0A) {
      let (fast, whole) = (try? TranscriptLine.read(Array(line)), try? TranscriptLine.readValues(Array(line)))
      FuzzTarget.promise(fast?.line == whole?.line && fast?.previous == whole?.previous, "both readers read the same")
      guard let (parsed, previous) = fast else { continue }
      FuzzTarget.promise(parsed.bytes(after: previous) == Array(line), "one line has one form")
    }
    for side in AuditSide.allCases {
      _ = try? Transcript(file: bytes, side: side, planDigest: [UInt8](repeating: 0, count: 32))
    }
    _ = try? PromptFile(bytes)
  }

  /// The input as a bundle's frame, result, withheld transcript and opened records.
  static func bundle(_ bytes: [UInt8]) {
    if let archive = try? BundleArchive(tar: bytes) {
      FuzzTarget.promise(archive.tar == bytes, "one archive has one form")
    }
    if let summary = try? AuditSummary(file: bytes) {
      FuzzTarget.promise(summary.file == bytes, "one result has one form")
    }
    if let opened = try? OpenedRecords(file: bytes) {
      FuzzTarget.promise(opened.file == bytes, "opened records have one form")
    }
    for side in AuditSide.allCases {
      _ = try? WithheldTranscript(file: bytes, side: side, planDigest: [UInt8](repeating: 0, count: 32))
    }
    _ = WithheldTranscript.root(of: bytes[...])
  }

  /// The input as a Nitro document, an SEV-SNP report, and certificates.
  static func quote(_ bytes: [UInt8]) {
    if let value = try? CBOR.parse(bytes) { FuzzTarget.promise(CBOR.encode(value) == bytes, "one value has one form") }
    _ = try? NitroQuote(bytes)
    _ = try? SNPReport(bytes)
    _ = try? QuoteCertificate.all(in: bytes)
  }
}
