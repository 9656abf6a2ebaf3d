// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// policy init and policy explain as programs.
@Suite(.serialized)
struct PolicyTests {
  private let folder: TemporaryFolder
  private let base: String

  init() throws {
    folder = try TemporaryFolder()
    let weights = (0..<64).map { Float($0) / 64 }
    base = try folder.checkpoint(
      "base.safetensors", [("fc.0.bias", [8], Array(weights[0..<8])), ("fc.0.weight", [8, 8], weights)])
  }

  private func write(_ text: String) throws -> String {
    let path = folder.file("policy.json")
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    return path
  }

  private func explain(_ rules: String, _ more: String...) throws -> Run {
    let policy = try write(
      #"{"driftPolicy": 1, "name": "small", "securityBits": 128, "rules": [\#(rules)]}"#)
    return try Tool.run(["policy", "explain", policy, "--base", base] + more)
  }

  @Test func printsAPolicyThatExplainAndProveAccept() throws {
    let initial = try Tool.run("policy", "init", "--preset", "mlp", "--base", base, "--rank=2")
    #expect(initial.exitCode == 0, "\(initial.errors)")
    #expect(initial.output.contains("    // Weight matrices"))
    let path = try write(initial.output)
    let explained = try Tool.run("policy", "explain", path, "--base", base, "--json")
    let object = try explained.json()
    #expect(object["resolves"] as? Bool == true)
    #expect(object["policyName"] as? String == "mlp-r2")
    #expect((object["tensors"] as? [Any])?.count == 2)
    let proved = try Tool.run(
      "prove", "--base", base, "--tuned", base, "--policy", path, "--out", folder.file("c.drift"), "--opening",
      folder.file("o.secret"))
    #expect(proved.exitCode == 0, "\(proved.errors)")
  }

  @Test func whatIsAssumedIsPrinted() throws {
    let initial = try Tool.run("policy", "init", "--preset", "mlp", "--base", base, "--assume", "bls12-381")
    #expect(initial.exitCode == 0 && initial.output.contains("\n  \"assume\": \"bls12-381\",\n"), "\(initial.errors)")
    let path = try write(initial.output)
    let explained = try Tool.run("policy", "explain", path, "--base", base)
    #expect(explained.output.contains("assumes bls12-381") && explained.output.contains("can forge them"))
    #expect(
      try Tool.run("policy", "explain", path, "--base", base, "--json").json()["assume"] as? String == "bls12-381")
    let plain = try explain(#"{"tensors": "*", "allow": "frozen"}"#)
    #expect(plain.output.contains("assumes nothing") && !plain.output.contains("kzg"))
    let wrong = try Tool.run("policy", "init", "--preset", "mlp", "--base", base, "--assume", "luck")
    #expect(wrong.exitCode == 2 && wrong.errors.contains("--assume is bls12-381"))
  }

  @Test func takesAnIdentityForTheBase() throws {
    let identity = folder.file("base.identity.json")
    #expect(try Tool.run("identify", base, "-o", identity, "-q").exitCode == 0)
    let (byFile, byIdentity) = (
      try Tool.run("policy", "init", "--preset", "mlp", "--base", base),
      try Tool.run("policy", "init", "--preset", "mlp", "--base", identity)
    )
    #expect(byFile.exitCode == 0 && byFile.output == byIdentity.output)
  }

  @Test func explainsForPeople() throws {
    let run = try explain(
      #"{"tensors": "*.weight", "heads": {"of": "rows", "size": 4}, "allow": {"rank": 1}}, {"tensors": "typo", "allow": "any"}"#
    )
    #expect(run.exitCode == 0, "\(run.errors)")
    for words in [
      "PROBLEMS", "matches no tensor", "no rule matches the tensor \"fc.0.bias\"", "NO TENSOR", "undecided",
      "in each of 2 heads of 4 rows: rank 1, exactly", "low rank does not exclude a backdoor",
      "a change inside the bounds may be harmful",
    ] { #expect(run.output.contains(words), "\(words) in \(run.output)") }
    let object = try explain(#"{"tensors": "*", "allow": "frozen"}, {"tensors": "*", "allow": "any"}"#, "--json").json()
    #expect(object["resolves"] as? Bool == false)
    #expect((object["problems"] as? [String])?.count == 1)
  }

  private static let wrong: [(arguments: [String], code: Int32, message: String)] = [
    (["policy"], 2, "policy is followed by one of init, explain"),
    (["policy", "int"], 2, "policy is followed by one of init, explain"),
    (["policy", "init", "--preset", "mpl", "--base", "x"], 2, "did you mean mlp?"),
    (["policy", "init", "--preset", "mlp"], 2, "--base BASE is missing"),
    (["policy", "init", "--preset", "mlp", "--base", "x", "--rank", "0"], 2, "expected a whole number of 1 to 1024"),
    (["policy", "init", "--preset", "mlp", "--base", "x", "--norm=-1"], 2, "expected a number such as 0.02"),
    (["policy", "init", "--preset", "mlp", "--base", "/nonexistent"], 1, "/nonexistent"),
    (["policy", "explain", "--base", "x"], 2, "POLICY is missing"),
  ]

  @Test(arguments: wrong)
  func rejects(_ arguments: [String], _ code: Int32, _ message: String) throws {
    let run = try Tool.run(arguments)
    #expect(run.exitCode == code)
    #expect(run.errors.contains(message), "\(run.errors)")
    #expect(run.output.isEmpty)
  }

  @Test func rejectsABaseOfAnotherFamily() throws {
    let run = try Tool.run("policy", "init", "--preset", "llama-lora", "--base", base)
    #expect(run.exitCode == 1)
    #expect(run.errors.contains("the base has none of the tensors that llama-lora is about"))
  }

  @Test func helpsWithBothVerbs() throws {
    #expect(try Tool.run("policy", "--help").output == Tool.run("--help").output)
    for verb in ["init", "explain"] {
      let run = try Tool.run("policy", verb, "--help")
      #expect(run.exitCode == 0)
      #expect(run.output.contains("Usage: driftproof policy \(verb) "))
      #expect(try Tool.run("help", "policy", verb).output == run.output)
    }
  }
}
