// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Completions and the manual page, which are generated from the command descriptions, and the pipeline step's codes.
struct GeneratedTextTests {
  private static let bash = URL(fileURLWithPath: "/bin/bash")
  private static let commands = [
    "inspect", "calibrate", "policy init", "policy explain", "identify", "commit", "prove", "verify", "check",
    "chain verify", "merge", "report", "attest", "digest", "audit calibrate", "audit plan", "audit record",
    "audit run", "audit compare", "audit bundle", "audit verify", "audit open", "audit static", "audit suite",
    "audit quote", "setup new", "setup import", "setup contribute", "setup verify", "setup info", "completions",
    "man",
  ]

  private static var firstWords: [String] { commands.compactMap { $0.split(separator: " ").first.map(String.init) } }

  private func script(_ shell: String) throws -> String {
    let run = try Tool.run("completions", shell)
    #expect(run.exitCode == 0 && run.errors.isEmpty)
    #expect(try Tool.run("completions", shell, "--json").json()["script"] as? String == run.output)
    return run.output
  }

  /// What bash would offer for the last word.
  private func offers(_ words: String...) throws -> [String] {
    let folder = try TemporaryFolder()
    try Data(try script("bash").utf8).write(to: URL(fileURLWithPath: folder.file("script")))
    try FileManager.default.createDirectory(atPath: folder.file("files/a folder"), withIntermediateDirectories: true)
    try Data().write(to: URL(fileURLWithPath: folder.file("files/b.json")))
    let line = """
      set -u; cd "$1/files"; source "$1/script"; shift
      COMP_WORDS=(driftproof "$@"); COMP_CWORD=$(($#)); COMPREPLY=()
      _driftproof; ((${#COMPREPLY[@]} == 0)) || printf '%s\\n' "${COMPREPLY[@]}"
      """
    let run = try Tool.run(executable: Self.bash, ["-c", line, "bash", folder.path] + words)
    #expect(run.exitCode == 0, "\(run.errors)")
    return run.output.split(separator: "\n").map(String.init)
  }

  @Test func bashCompletes() throws {
    #expect(try offers("ver") == ["verify"])
    #expect(Set(try offers("")).isSuperset(of: Self.firstWords + ["help", "--version"]))
    #expect(try offers("verify", "--pu") == ["--public-key"])
    #expect(
      Set(try offers("identify", "-")) == [
        "--out", "-o", "--commit", "--hiding", "--opening", "--proofs", "--cache", "--leave-out", "--strip-prefix",
        "--backend", "--setup", "--log-rows", "--json",
        "--quiet", "-q", "--help", "-h",
      ])
    #expect(try offers("attest", "--relation", "m") == ["merge"])
    #expect(try offers("completions", "") == ["bash", "zsh", "fish"])
    #expect(Set(try offers("inspect", "")) == ["a folder", "b.json"])
    #expect(try offers("verify", "--policy", "b") == ["b.json"])
    #expect(try offers("verify", "b.json", "--base-identity", "a") == ["a folder"])
    #expect(try offers("help", "pro") == ["prove"])
    #expect(try offers("policy", "") == ["init", "explain"])
    #expect(try offers("chain", "") == ["verify"])
    #expect(try offers("chain", "verify", "--cu") == ["--cumulative"])
    #expect(try offers("policy", "init", "--pre") == ["--preset"])
    #expect(try offers("policy", "explain", "b") == ["b.json"])
    #expect(try offers("help", "policy", "e") == ["explain"])
    #expect(try offers("nothing", "-x") == [])
  }

  /// Every command and every option is in every script; shells that are installed read it.
  @Test(arguments: ["bash", "zsh", "fish"])
  func completionsNameEverything(_ shell: String) throws {
    let text = try script(shell)
    for command in Self.commands {
      for word in command.split(separator: " ") { #expect(text.contains(word)) }
      let help = try Tool.run(command.split(separator: " ").map(String.init) + ["--help"]).output
      for word in help.split(whereSeparator: { " \n,".contains($0) }) where word.hasPrefix("--") && word.count > 2 {
        let name = word.dropFirst(2).prefix { $0.isLetter || $0 == "-" }
        #expect(text.contains(shell == "fish" ? "-l \(name)" : "--\(name)"), "\(command) --\(name)")
      }
    }
    for folder in ["/bin/", "/usr/bin/"] where FileManager.default.isExecutableFile(atPath: folder + shell) {
      let file = try TemporaryFolder()
      try Data(text.utf8).write(to: URL(fileURLWithPath: file.file("script")))
      let run = try Tool.run(executable: URL(fileURLWithPath: folder + shell), ["-n", file.file("script")])
      #expect(run.exitCode == 0 && run.errors.isEmpty, "\(run.errors)")
    }
  }

  @Test func theManualIsComplete() throws {
    let run = try Tool.run("man")
    #expect(run.exitCode == 0)
    for command in Self.commands { #expect(run.output.contains(".SS \(command)\n")) }
    for section in ["NAME", "SYNOPSIS", "OPTIONS", "COMMANDS", "EXIT STATUS", "ENVIRONMENT", "EXAMPLES"] {
      #expect(run.output.contains(".SH \(section)\n"))
    }
    let groff = URL(fileURLWithPath: "/usr/bin/groff")
    guard FileManager.default.isExecutableFile(atPath: groff.path) else { return }
    let folder = try TemporaryFolder()
    try Data(run.output.utf8).write(to: URL(fileURLWithPath: folder.file("page.1")))
    let page = try Tool.run(executable: groff, ["-man", "-ww", "-Kutf8", "-Tutf8", folder.file("page.1")])
    #expect(page.exitCode == 0 && page.errors.isEmpty, "\(page.errors)")
    #expect(page.output.contains("driftproof"))
  }

  /// Verdicts keep their codes, anything else fails, too.
  @Test(arguments: [
    (0, 0), (1, 1), (2, 1), (10, 10), (11, 11), (12, 12), (13, 13), (14, 14), (15, 1), (127, 1), (139, 1),
  ])
  func thePipelineStepMapsCodes(_ code: Int, _ expected: Int) throws {
    let folder = try TemporaryFolder()
    let stub = folder.file("driftproof")
    try Data("#!/bin/sh\nexit \(code)\n".utf8).write(to: URL(fileURLWithPath: stub))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: stub)
    let run = try PipelineStep.run(["a", "b", "c"], program: stub)
    #expect(run.exitCode == expected)
    #expect(run.errors.contains("::error") == (code != 0))
  }
}
