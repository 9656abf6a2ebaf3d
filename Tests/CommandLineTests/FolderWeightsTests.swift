// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Every command that reads a model folder: other weights in it are refused (13), unless they are left out, which is said.
@Suite(.serialized)
struct FolderWeightsTests {
  /// Folders of a base and a fine-tune, and a certificate about them.
  private final class Case: Sendable {
    static let shared = Result { try Case() }

    let folder: TemporaryFolder
    let base, tuned, policy, identity, certificate, opening: String

    init() throws {
      folder = try TemporaryFolder()
      for (name, drift) in [("base", 0), ("tuned", 0.125), ("run", 0.0625)] as [(String, Float)] {
        let path = folder.file(name)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let values = (0..<64).map { Float($0) / 64 + drift * Float($0 % 3) }
        _ = try folder.checkpoint("\(name)/model.safetensors", [("a.weight", [8, 8], values)])
        for file in ["README.md", "tokenizer.json", "optimizer.pt", "training_args.bin", "rng_state_0.pth"] {
          try folder.write("\(name)/\(file)", Array("x".utf8))
        }
        try folder.write("\(name)/config.json", Array("{}".utf8))
      }
      (base, tuned, policy) = (folder.file("base"), folder.file("tuned"), folder.file("policy.json"))
      (identity, certificate) = (folder.file("base.json"), folder.file("tuned.drift"))
      opening = folder.file("tuned.secret")
      try folder.write(
        "policy.json",
        Array(
          #"{"driftPolicy": 1, "name": "p", "securityBits": 128, "rules": [{"tensors": "*", "allow": {"norm": {"absolute": 9}}}]}"#
            .utf8))
      #expect(try Tool.run("identify", base, "-o", identity, "-q").exitCode == 0)
      let proved = try Tool.run(prove + ["--out", certificate, "--opening", opening, "--json", "-q"])
      #expect(proved.exitCode == 0, "\(proved.errors)")
      #expect(try proved.json()["filesLeftOut"] as? [String] == [] && proved.json()["drift"] as? String == "some")
    }

    var prove: [String] { ["prove", "--base", base, "--tuned", tuned, "--policy", policy] }
    var check: [String] { ["check", certificate, "--base", base, "--tuned", tuned, "--opening", opening] }
    var attest: [String] {
      [
        "attest", certificate, "--key", Repository.fixture("attestation/ed25519.pem").path, "--tuned", tuned, "--base",
        base,
        "--opening", opening,
      ]
    }

    /// With a file in the tuned model's folder while `body` runs.
    func with<R>(_ name: String, in place: String = "tuned", _ body: () throws -> R) throws -> R {
      let path = try folder.write("\(place)/\(name)", Array("{}".utf8))
      defer { try? FileManager.default.removeItem(atPath: path) }
      return try body()
    }
  }

  /// The commands with what they print as result, by the folder that has another file.
  private func commands(_ pair: Case) -> [(place: String, arguments: [String])] {
    [
      ("tuned", pair.prove + ["--out", pair.folder.file("c"), "--opening", pair.folder.file("o")]),
      ("base", pair.prove + ["--out", pair.folder.file("c"), "--opening", pair.folder.file("o")]),
      ("tuned", pair.prove + ["--dry-run"]), ("tuned", pair.check), ("base", pair.check),
      ("tuned", ["inspect", pair.base, pair.tuned]), ("base", ["inspect", pair.base, pair.tuned]),
      ("base", ["identify", pair.base, "-o", pair.folder.file("i")]),
      ("tuned", ["calibrate", "--base", pair.base, "--runs", pair.tuned]),
      ("base", ["calibrate", "--base", pair.base, "--runs", pair.tuned]),
      ("base", ["policy", "init", "--preset", "mlp", "--base", pair.base]),
      ("base", ["policy", "explain", pair.policy, "--base", pair.base]),
      (
        "tuned",
        [
          "report", pair.certificate, "--base-identity", pair.identity, "--base", pair.base, "--tuned", pair.tuned,
          "--out",
          pair.folder.file("page.html"),
        ]
      ),
      ("tuned", pair.attest + ["--out", pair.folder.file("a")]),
    ]
  }

  @Test(arguments: ["adapter_config.json", "consolidated.safetensors", "pytorch_model.bin"])
  func everyCommandRefusesAndLeavesOut(_ name: String) throws {
    let pair = try Case.shared.get()
    for (place, arguments) in commands(pair) {
      try pair.with(name, in: place) {
        let refused = try Tool.run(arguments + ["-q"])
        #expect(refused.exitCode == 13, "\(arguments[0]) \(refused.errors)")
        #expect(refused.errors.contains("\"\(name)\"") && refused.errors.contains("move what is no part"))
        #expect(refused.errors.contains("--leave-out \"\(name)\""), "\(arguments[0]) \(refused.errors)")
        let left = try Tool.run(arguments + ["--leave-out", name.prefix(7) + "*", "-q"])
        #expect(left.exitCode == 0, "\(arguments[0]) \(left.errors)")
        if arguments.prefix(2) != ["policy", "init"] {
          #expect(left.output.contains(name), "\(arguments) \(left.output)")
        }
        try? FileManager.default.removeItem(atPath: pair.folder.file("o"))
        let json = try Tool.run(arguments + ["--leave-out", name, "--json", "-q"]).json()
        try? FileManager.default.removeItem(atPath: pair.folder.file("o"))
        guard arguments[0] != "attest" else {
          let attestation = try #require(json["attestation"] as? [String: Any])
          #expect(attestation["filesLeftOut"] as? [String] == [name])
          return
        }
        #expect(json["filesLeftOut"] as? [String] == [pair.folder.file("\(place)/\(name)")], "\(arguments[0])")
      }
    }
  }

  @Test func checkSaysWithoutWhat() throws {
    let pair = try Case.shared.get()
    let clean = try Tool.run(pair.check + ["-q"])
    #expect(clean.exitCode == 0 && clean.output.contains("exactly these two checkpoints\n"), "\(clean.output)")
    try pair.with("extra.safetensors") {
      let run = try Tool.run(pair.check + ["-q", "--leave-out", "extra.*"])
      #expect(run.output.contains("these two checkpoints, WITHOUT THE FILES LEFT OUT\n"), "\(run.output)")
    }
  }

  /// `checked` is never signed for a folder that holds weights outside the certificate.
  @Test func attestations() throws {
    let pair = try Case.shared.get()
    let out = pair.folder.file("a.intoto.jsonl")
    let verify = [
      "verify", pair.certificate, "--base-identity", pair.identity, "--policy", pair.policy, "--attestation", out,
      "--public-key", Repository.fixture("attestation/ed25519.pub.pem").path, "--tuned", pair.tuned, "-q",
    ]
    let clean = try Tool.run(pair.attest + ["--out", out, "--json", "-q"])
    let checked = try #require(clean.json()["attestation"] as? [String: Any])
    #expect(checked["subjectBinding"] as? String == "checked" && checked["filesLeftOut"] as? [String] == [])
    #expect(try !Tool.run(verify).output.contains("NOT CERTIFIED"))
    try pair.with("adapter_model.bin") {
      let run = try Tool.run(pair.attest + ["--out", out, "--leave-out", "adapter*", "--json"])
      #expect(run.exitCode == 0 && run.errors.contains("says declared, not checked"), "\(run.errors)")
      let statement = try #require(run.json()["attestation"] as? [String: Any])
      #expect(statement["subjectBinding"] as? String == "declared")
      let verified = try Tool.run(verify)
      #expect(
        verified.exitCode == 0 && verified.output.contains("NOT CERTIFIED     adapter_model.bin"), "\(verified.errors)")
      let json = try #require(Tool.run(verify + ["--json"]).json()["attestation"] as? [String: Any])
      #expect(json["filesLeftOut"] as? [String] == ["adapter_model.bin"])
    }
    // A digest without the weights would say nothing of them.
    let ignored = try Tool.run(pair.attest + ["--out", out, "--ignore", "model.safetensors", "-q"])
    #expect(ignored.exitCode == 2 && ignored.errors.contains("model.safetensors"), "\(ignored.errors)")
  }

  @Test func noDrift() throws {
    let pair = try Case.shared.get()
    try FileManager.default.copyItem(atPath: pair.base, toPath: pair.folder.file("copy"))
    defer { try? FileManager.default.removeItem(atPath: pair.folder.file("copy")) }
    for tuned in [pair.base, pair.folder.file("copy")] {
      let run = try Tool.run(
        "prove", "--base", pair.base, "--tuned", tuned, "--policy", pair.policy, "--out", pair.folder.file("n.drift"),
        "--opening", pair.folder.file("n.secret"), "--json")
      #expect(run.exitCode == 0 && run.errors.contains("exactly the base's weights"), "\(run.errors)")
      #expect(try run.json()["drift"] as? String == "none")
      try FileManager.default.removeItem(atPath: pair.folder.file("n.secret"))
    }
  }

  @Test func oneShard() throws {
    let folder = try TemporaryFolder()
    let shard = try folder.checkpoint("model-00001-of-00002.safetensors", [("a", [1], [1])])
    let alone = try Tool.run("identify", shard, "-o", folder.file("i"), "-q")
    #expect(alone.exitCode == 13 && alone.errors.contains("shard 1 of 2") && alone.errors.contains("index.json"))
    let set = try Tool.run("identify", folder.path, "-o", folder.file("i"), "-q")
    #expect(set.exitCode != 0 && set.errors.contains("1 of 2 shards") && !set.errors.contains("name that file"))
  }

  /// The notion is the same for the folder of an adapter.
  @Test func adapterFolders() throws {
    let folder = try TemporaryFolder()
    let example = Repository.example("mlp-lora").path
    try FileManager.default.copyItem(atPath: example + "/adapter", toPath: folder.file("adapter"))
    try folder.write("adapter/optimizer.pt", [1])
    let inspect = ["inspect", example + "/base", folder.file("adapter"), "-q"]
    let prove = [
      "prove", "--dry-run", "--adapter", folder.file("adapter"), "--base", example + "/base", "--policy",
      example + "/policy.json", "-q",
    ]
    for arguments in [inspect, prove] { #expect(try Tool.run(arguments).exitCode == 0) }
    for name in ["adapter_model.bin", "second.safetensors", "model.safetensors"] {
      let path = try folder.write("adapter/\(name)", [1])
      for arguments in [inspect, prove] {
        let run = try Tool.run(arguments)
        #expect(run.exitCode == 13 && run.errors.contains(name) && run.errors.contains("--leave-out"), "\(run.errors)")
        let left = try Tool.run(arguments + ["--leave-out", name, "--json"])
        #expect(left.exitCode == 0, "\(left.errors)")
        #expect(try left.json()["filesLeftOut"] as? [String] == [path])
      }
      try FileManager.default.removeItem(atPath: path)
    }
  }

  /// ZeRO-3 saves without gathering.
  @Test func tensorsWithoutEntries() throws {
    let folder = try TemporaryFolder()
    let base = try folder.checkpoint("base.safetensors", [("a.weight", [2, 2], [1, 2, 3, 4])])
    let empty = try folder.checkpoint("empty.safetensors", [("a.weight", [0], [])])
    let pair = try Case.shared.get()
    for (base, tuned) in [(base, empty), (empty, base)] {
      let run = try Tool.run(
        "prove", "--base", base, "--tuned", tuned, "--policy", pair.policy, "--out", folder.file("c"), "--opening",
        folder.file("o"), "-q")
      #expect(run.exitCode == 13 && run.errors.contains("the save was incomplete"), "\(run.errors)")
      #expect(run.errors.contains("ZeRO-3") && !run.errors.contains("\"any\""))
    }
  }
}
