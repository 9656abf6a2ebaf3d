// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// What honest users run into most, on real data: the message says what to do.
struct RemedyTests {
  private static let digits = Repository.example("digits").path
  private static let frozen = #"{ "tensors": "*", "allow": "frozen" }"#

  private func prove(_ folder: TemporaryFolder, base: String, tuned: String, rules: [String], _ more: String...) throws
    -> Run
  {
    let policy = #"{ "driftPolicy": 1, "name": "p", "securityBits": 128, "rules": [\#(rules.joined(separator: ","))] }"#
    try policy.write(toFile: folder.file("policy.json"), atomically: true, encoding: .utf8)
    return try Tool.run(
      [
        "prove", "--quiet", "--base", base, "--tuned", tuned, "--policy", folder.file("policy.json"),
        "--out", folder.file("c.drift"), "--opening", folder.file("o.secret"),
      ] + more)
  }

  @Test func mergedIsNotBasePlusProduct() throws {
    let folder = try TemporaryFolder()
    let run = try prove(
      folder, base: Self.digits + "/base", tuned: Self.digits + "/release-1",
      rules: [#"{ "tensors": "fc.*.weight", "allow": { "rank": 4 } }"#, Self.frozen])
    #expect(run.exitCode == 10)
    #expect(run.errors.contains("tensor fc.0.weight: allowed rank 4, exactly, found a higher rank"))
    #expect(run.errors.contains("allow a residual as large as the rounding"))
  }

  @Test func tiedHeadOnOneSide() throws {
    let folder = try TemporaryFolder()
    let values: [Float] = [0.5, -0.25, 1, 0.125]
    let tied = try folder.checkpoint("tied.safetensors", [("model.embed_tokens.weight", [2, 2], values)])
    let both = try folder.checkpoint(
      "both.safetensors", [("lm_head.weight", [2, 2], values), ("model.embed_tokens.weight", [2, 2], values)])
    for (base, tuned, stored) in [(tied, both, true), (both, tied, false)] {
      let run = try prove(folder, base: base, tuned: tuned, rules: [Self.frozen], "--json")
      #expect(run.exitCode == 0, "\(run.errors)")
      let alias = try #require((try run.json()["tiedAliases"] as? [[String: Any]])?.first)
      #expect(alias["head"] as? String == "lm_head.weight" && alias["stored"] as? Bool == stored)
      #expect(alias["embedding"] as? String == "model.embed_tokens.weight")
      #expect(
        try Tool.run(
          "check", folder.file("c.drift"), "--base", base, "--tuned", tuned, "--opening", folder.file("o.secret")
        ).output.contains("tied head         lm_head.weight is model.embed_tokens.weight of the same model"))
      try FileManager.default.removeItem(atPath: folder.file("o.secret"))
    }
    // Trained apart: part of the model, and never to be removed.
    let apart = try folder.checkpoint(
      "apart.safetensors",
      [("lm_head.weight", [2, 2], [0.5, -0.25, 1, 0.25]), ("model.embed_tokens.weight", [2, 2], values)])
    for (base, tuned) in [(tied, apart), (apart, tied)] {
      let run = try prove(folder, base: base, tuned: tuned, rules: [Self.frozen])
      #expect(run.exitCode == 13 && run.errors.contains("it was trained apart"), "\(run.errors)")
      #expect(!run.errors.contains("remove it") && !run.errors.contains("\"any\""))
    }
  }

  @Test func resizedVocabulary() throws {
    let folder = try TemporaryFolder()
    let name = "model.embed_tokens.weight"
    let base = try folder.checkpoint("base.safetensors", [(name, [2, 2], [1, 2, 3, 4])])
    let longer = try folder.checkpoint("longer.safetensors", [(name, [3, 2], [1, 2, 3, 4, 5, 6])])
    let run = try prove(folder, base: base, tuned: longer, rules: [Self.frozen])
    #expect(run.exitCode == 13)
    #expect(run.errors.contains("a resized vocabulary?"))
  }

  @Test func missingShard() throws {
    let folder = try TemporaryFolder()
    _ = try folder.checkpoint("model-00001-of-00002.safetensors", [("a", [1], [1])])
    let index =
      #"{"metadata": {}, "weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}"#
    try index.write(toFile: folder.file("model.safetensors.index.json"), atomically: true, encoding: .utf8)
    let run = try Tool.run("identify", folder.path, "-o", folder.file("i.json"))
    #expect(run.exitCode == 1)
    #expect(run.errors.contains(#"names the shard "model-00002-of-00002.safetensors", which is not available"#))
    #expect(run.errors.contains("download it"))
  }

  @Test func foldersThatAreNoCheckpoints() throws {
    let folder = try TemporaryFolder()
    func message() throws -> String { try Tool.run("identify", folder.path, "-o", "/dev/null").errors }
    #expect(try message().contains("looked for model.safetensors"))
    try "x".write(toFile: folder.file("pytorch_model.bin"), atomically: true, encoding: .utf8)
    #expect(try message().contains(#"it has "pytorch_model.bin"; convert it to safetensors"#))
    _ = try folder.checkpoint("weights.safetensors", [("a", [1], [1])])
    #expect(try message().contains(#"it has "weights.safetensors"; name that file itself"#))
    _ = try folder.checkpoint("more.safetensors", [("a", [1], [1])])
    #expect(try message().contains("2 .safetensors files without a model.safetensors.index.json"))
    try "{}".write(toFile: folder.file("adapter_config.json"), atomically: true, encoding: .utf8)
    let words = try message()
    #expect(words.contains("it is an unmerged adapter: give it as one") && words.contains("--adapter"))
    let unfetched = try TemporaryFolder()
    try unfetched.write("model.safetensors", Array("version https://git-lfs.github.com/spec/v1\n".utf8))
    let run = try Tool.run("identify", unfetched.path, "-o", "/dev/null")
    #expect(
      run.errors.contains("a Git LFS pointer, not the file itself, no safetensors file; fetch it with git lfs pull"))
  }
}
