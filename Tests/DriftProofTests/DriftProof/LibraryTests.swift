// SPDX-License-Identifier: Apache-2.0

import DriftProof
import DriftProofCertificate
import DriftProofProving
import Foundation
import TestSupport
import Testing

/// What a package that depends on this one can reach: public entry points by path, without `@testable`.
@Suite struct LibraryTests {
  @Test func provesVerifiesAndChecksByPath() throws {
    let root = Repository.example("mlp-lora")
    let (base, tuned) = (root.appendingPathComponent("base").path, root.appendingPathComponent("tuned").path)
    let policy = Array(try Data(contentsOf: root.appendingPathComponent("policy.json")))
    let opening = NSTemporaryDirectory() + "driftproof-library-\(UUID().uuidString).secret"
    defer { try? FileManager.default.removeItem(atPath: opening) }
    let result = try DriftProver.prove(base: base, tuned: tuned, policyFile: policy, openingPath: opening)
    let report = try CertificateVerifier.verify(
      certificate: result.certificate, identityFile: try BaseIdentityFile.compute(base: base), policyFile: policy)
    #expect(report.securityBits >= 128)
    _ = try CertificateChecker.check(
      certificate: result.certificate, base: base, tuned: tuned, openingPath: opening)
    let error = #expect(throws: DriftProofError.self) {
      try CertificateChecker.check(certificate: result.certificate, base: base, tuned: base, openingPath: opening)
    }
    #expect(error?.exitCode == 12)
  }
}
