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

  /// Names with what wrappers add, read over in every function alike.
  @Test func namesWithPrefixes() throws {
    let folder = try TemporaryFolder()
    var random = SeededGenerator(seed: 8)
    var (base, tuned) = (TestModel(), TestModel())
    base.tensors["a.weight"] = TestTensor([8, 8], random: &random)
    tuned.tensors["module.a.weight"] = base.tensors["a.weight"]
    tuned.tensors["module.a.weight"]?.values[3] += 0.25
    let paths = (base: try base.write("base", in: folder).path, tuned: try tuned.write("tuned", in: folder).path)
    let policy = Array(
      #"{"driftPolicy": 1, "name": "p", "securityBits": 128, "rules": [{"tensors": "a.*", "allow": {"norm": {"absolute": 1}}}]}"#
        .utf8)
    let opening = folder.file("o.secret")
    let identity = try BaseIdentityFile.compute(base: paths.base, strippingPrefixes: ["module"])
    #expect(identity == (try BaseIdentityFile.compute(base: paths.base)))
    _ = try Forecast.make(base: paths.base, tuned: paths.tuned, policyFile: policy, strippingPrefixes: ["module"])
    let result = try DriftProver.prove(
      base: paths.base, tuned: paths.tuned, policyFile: policy, openingPath: opening, identityFile: identity,
      strippingPrefixes: ["module"])
    let check = { (prefixes: [String]) in
      try CertificateChecker.check(
        certificate: result.certificate, base: paths.base, tuned: paths.tuned, openingPath: opening,
        strippingPrefixes: prefixes)
    }
    _ = try check(["module."])
    #expect(throws: DriftProofError.self) { try check([]) }
  }
}
