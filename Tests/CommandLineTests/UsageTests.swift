// SPDX-License-Identifier: Apache-2.0

import Testing

/// Help, versions and command lines that cannot be understood.
struct UsageTests {
  @Test func printsHelpOnStandardOutput() throws {
    let run = try Tool.run("--help")
    #expect(run.exitCode == 0)
    #expect(run.errors.isEmpty)
    for word in [
      "inspect", "calibrate", "policy init", "policy explain", "identify", "prove", "verify", "check", "attest",
      "digest", "audit plan", "audit record", "audit run", "audit compare", "completions", "man", "Exit codes:",
    ] {
      #expect(run.output.contains(word))
    }
  }

  @Test(arguments: [
    "inspect", "calibrate", "policy init", "policy explain", "identify", "prove", "verify", "check", "attest", "digest",
    "audit plan", "audit record", "audit run", "audit compare", "completions", "man",
  ])
  func helpsWithEveryCommand(_ command: String) throws {
    let run = try Tool.run(command.split(separator: " ").map(String.init) + ["--help"])
    #expect(run.exitCode == 0)
    #expect(run.output.contains("Usage: driftproof \(command) "))
    #expect(run.output.contains("--json"))
  }

  @Test func printsItsVersion() throws {
    let run = try Tool.run("--version")
    #expect(run.exitCode == 0)
    #expect(run.output.hasPrefix("driftproof "))
  }

  private static let wrong: [(arguments: [String], message: String)] = [
    ([], "no command given"),
    (["inspct", "a", "b"], "did you mean inspect?"),
    (["inspect", "a"], "TUNED is missing"),
    (["inspect", "a", "b", "c"], "unexpected argument \"c\""),
    (["inspect", "a", "b", "--jsn"], "did you mean --json?"),
    (["inspect", "a", "b", "--json=yes"], "--json takes no value"),
    (["inspect", "a", "b", "--quiet", "-q"], "--quiet is given twice"),
    (["identify", "a"], "--out FILE is missing"),
    (["identify", "a", "-o"], "--out needs a value"),
    (["identify", "a", "-o", "--json"], "--out needs a value"),
    (["identify", "a", "-o", "b", "--out=c"], "--out is given twice"),
    (["prove", "--base", "a"], "--policy POLICY.json is missing"),
    (["prove", "--base", "a", "--policy", "b", "--out", "c", "--opening", "d"], "--tuned TUNED is missing"),
    (
      ["prove", "--base", "a", "--policy", "b", "--out", "c", "--opening", "d", "--bands", "0"],
      "--bands is \"0\", expected a whole number of 1 to 256"
    ),
    (["prove", "--base", "a", "--policy", "b", "--dry-run", "--bands", "257"], "expected a whole number of 1 to 256"),
    (["prove", "--polcy", "a"], "did you mean --policy?"),
    (["verify", "--base-identity", "a", "--policy", "b"], "CERT is missing"),
    (["attest", "a", "--key", "b"], "--out FILE is missing"),
    (["attest", "a", "--key", "b", "--out", "c", "--base", "d"], "--base and --opening go together"),
    (["attest", "a", "--key", "b", "--out", "c", "--base", "d", "--opening", "e"], "with --tuned"),
    (["completions", "csh"], "no completions for \"csh\""),
    (["completions"], "{bash,zsh,fish} is missing"),
    (["man", "prove"], "unexpected argument \"prove\""),
    (["--json", "inspect"], "the command comes before options"),
  ]

  @Test(arguments: wrong)
  func rejectsTheCommandLine(_ arguments: [String], _ message: String) throws {
    let run = try Tool.run(arguments)
    #expect(run.exitCode == 2)
    #expect(run.errors.contains(message), "\(run.errors)")
    if !arguments.contains("--json") { #expect(run.output.isEmpty) }
  }

  @Test func reportsUsageErrorsAsJSON() throws {
    let run = try Tool.run("verify", "--json")
    #expect(run.exitCode == 2)
    let object = try run.json()
    #expect(object["verified"] as? Bool == false)
    #expect(object["exitCode"] as? Int == 2)
    #expect(object["reason"] as? String == "CERT is missing")
  }

  @Test func takesEverythingAfterTwoDashesAsPlaces() throws {
    let run = try Tool.run("inspect", "--", "--json", "-x")
    #expect(run.exitCode == 1)
    #expect(run.errors.contains("--json: cannot be opened"))
  }
}
