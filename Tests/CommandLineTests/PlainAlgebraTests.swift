// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The program where there is no OpenBLAS.
@Suite struct PlainAlgebraTests {
  private static let digits = Repository.root.appendingPathComponent("Examples/digits").path

  @Test(arguments: ["none", "/nowhere/libopenblas.so"])
  func ranksAreFittedWithoutOpenBLAS(name: String) throws {
    let folder = try TemporaryFolder()
    let policy = """
      { "driftPolicy": 1, "name": "merged", "securityBits": 128, "rules": [
        { "tensors": "fc.*.weight", "allow": { "rank": 4, "residual": { "relative": 0.0041 } } },
        { "tensors": "*", "allow": "frozen" }] }
      """
    try Data(policy.utf8).write(to: URL(fileURLWithPath: folder.file("policy.json")))
    func run(_ arguments: String...) throws -> Run {
      try Tool.run(executable: Tool.program(), arguments, environment: ["DRIFTPROOF_OPENBLAS": name])
    }
    let (base, tuned) = ("\(Self.digits)/base", "\(Self.digits)/release-1")
    let proved = try run(
      "prove", "--base", base, "--tuned", tuned, "--policy", folder.file("policy.json"), "--out",
      folder.file("a.drift"),
      "--opening", folder.file("a.opening.secret"))
    #expect(proved.exitCode == 0, "\(proved.errors)")
    #expect(!proved.errors.contains("OpenBLAS"), "so little is not felt")
    let identified = try run("identify", base, "-o", folder.file("base.identity.json"))
    #expect(identified.exitCode == 0)
    let verified = try run(
      "verify", folder.file("a.drift"), "--base-identity", folder.file("base.identity.json"), "--policy",
      folder.file("policy.json"))
    #expect(verified.exitCode == 0, "\(verified.errors)")
    // What four directions do not explain is refused, as with OpenBLAS.
    let refused = try run(
      "prove", "--base", base, "--tuned", "\(Self.digits)/backdoored", "--policy", folder.file("policy.json"), "--out",
      folder.file("b.drift"), "--opening", folder.file("b.opening.secret"))
    #expect(refused.exitCode == 10, "\(refused.errors)")
  }

  @Test func whatInspectSeesIsTheSame() throws {
    let arguments = ["inspect", "\(Self.digits)/base", "\(Self.digits)/release-1"]
    let plain = try Tool.run(
      executable: Tool.program(), arguments, environment: ["DRIFTPROOF_OPENBLAS": "none"])
    let usual = try Tool.run(arguments)
    #expect(plain.exitCode == 0 && plain.output == usual.output)
  }
}
