// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofReport
@testable import DriftProofReportFacts
import DriftProofCheckpoint
import DriftProofPolicy
import Foundation
import TestSupport
import Testing

/// The pinned certificate with one tensor of every class, and everything that belongs to it.
struct ReportFixture {
  let certificate: [UInt8]
  let identity: BaseIdentity
  let policy: Policy
  let base: String
  let tuned: String

  static let folder = Repository.fixture("pinned-v2")

  init(_ name: String = "classes") throws {
    let folder = Self.folder.appendingPathComponent(name)
    func read(_ file: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: folder.appendingPathComponent(file))) }
    certificate = try read("tuned.drift")
    identity = try BaseIdentity.parse(try read("base.identity.json"))
    policy = try Policy.parse(try read("policy.json"))
    base = folder.appendingPathComponent("base.safetensors").path
    tuned = folder.appendingPathComponent("tuned.safetensors").path
  }

  func report(_ fileName: String = "tuned.drift", policy: Policy? = nil) -> CertificateReport {
    CertificateReport(fileName: fileName, certificate: certificate, identity: identity, policy: policy ?? self.policy)
  }

  /// One bit of the proof is another.
  var damaged: CertificateReport {
    var bytes = certificate
    bytes[bytes.count / 2] ^= 1
    return CertificateReport(fileName: "damaged.drift", certificate: bytes, identity: identity, policy: policy)
  }

  /// Verified with the policy inside it, and measured.
  func measured(limits: WeightMeasurement.Limits = .init()) throws -> MeasuredReport {
    var report = MeasuredReport(
      CertificateReport(fileName: "tuned.drift", certificate: certificate, identity: identity, policy: nil))
    report.measurement = try WeightMeasurement.measure(
      base: Checkpoint.open(base), tuned: Checkpoint.open(tuned), contents: try #require(report.contents),
      limits: limits)
    return report
  }

  /// The tuned checkpoint with other bytes at a tensor's place.
  func tuned(_ name: String, writing bytes: [UInt8], into folder: URL) throws -> Checkpoint {
    let tensor = try #require(try Checkpoint.open(tuned).tensor(named: name))
    var data = try Data(contentsOf: URL(fileURLWithPath: tuned))
    data.replaceSubrange(tensor.byteRange.lowerBound..<tensor.byteRange.lowerBound + bytes.count, with: bytes)
    return try Self.write(data, into: folder)
  }

  static func write(_ data: Data, into folder: URL) throws -> Checkpoint {
    let url = folder.appendingPathComponent("\(UUID().uuidString).safetensors")
    try data.write(to: url)
    return try Checkpoint.open(url.path)
  }
}

/// A folder that is removed after use.
func withFolder<R>(_ body: (URL) throws -> R) throws -> R {
  try TemporaryFolder.with { try body(URL(fileURLWithPath: $0.path)) }
}
