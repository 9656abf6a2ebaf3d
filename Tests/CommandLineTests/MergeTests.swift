// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `driftproof merge` on the repository's real adapter.
@Suite struct MergeCommandTests {
  private static let example = Repository.example("mlp-lora").path

  @Test func mergedAndProved() throws {
    let folder = try TemporaryFolder()
    let (base, adapter, merged) = (Self.example + "/base", Self.example + "/adapter", folder.file("merged"))
    let run = try Tool.run("merge", base, adapter, "--out", merged, "--quiet", "--json")
    let json = try run.json()
    #expect(run.exitCode == 0 && json["merged"] as? Int == 6 && json["copied"] as? Int == 6, "\(run.errors)")
    #expect(
      json["weightFiles"] as? [String] == ["model.safetensors"] && json["companions"] as? [String] == ["config.json"])
    let proof = try Tool.run(
      "prove", "--base", base, "--tuned", merged, "--policy", Self.example + "/policy.json", "--out",
      folder.file("c"), "--opening", folder.file("o"), "--quiet")
    #expect(proof.exitCode == 0, "\(proof.errors)")

    let again = try Tool.run("merge", base, adapter, "-o", merged, "--quiet")
    #expect(again.exitCode == 1 && again.errors.contains("exists already"), "\(again.errors)")
    let other = try Tool.run("merge", base, adapter, "-o", folder.file("again"))
    #expect(other.exitCode == 0 && other.output.contains("merged         6 tensors with a product added"))
    let name = "/model.safetensors"
    #expect(
      try Data(contentsOf: URL(fileURLWithPath: merged + name))
        == Data(contentsOf: URL(fileURLWithPath: folder.file("again") + name)))
  }

  @Test func whatIsNoAdapter() throws {
    let folder = try TemporaryFolder()
    let run = try Tool.run("merge", Self.example + "/base", Self.example + "/tuned", "-o", folder.file("m"), "--quiet")
    #expect(run.exitCode != 0 && !run.errors.isEmpty && !FileManager.default.fileExists(atPath: folder.file("m")))
  }
}
