// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// docs/tutorial.md is run as it stands, in a folder of its own.
struct TutorialTests {
  private static let root = Repository.root

  @Test func everyCommandDoesWhatTheTextSays() throws {
    let text = try String(contentsOf: Self.root.appendingPathComponent("docs/tutorial.md"), encoding: .utf8)
    let steps = Tutorial(text).steps
    #expect(steps.count > 15)
    let folder = try TemporaryFolder()
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("Examples"), withDestinationPath: Self.root.appendingPathComponent("Examples").path)
    let path = try Tool.program().deletingLastPathComponent().path + ":/usr/local/bin:/usr/bin:/bin"
    var status: Int32 = 0
    for (index, step) in steps.enumerated() {
      let script = "cd '\(folder.path)' && (exit \(status)); \(step.command)"
      let run = try Tool.run(
        executable: URL(fileURLWithPath: "/bin/bash"), ["-c", script], environment: ["PATH": path, "NO_COLOR": "1"])
      status = run.exitCode
      // A failure is what the text shows only when it goes on to look at the exit code.
      let isExpected = steps.dropFirst(index + 1).first?.command == "echo $?"
      #expect(status == 0 || isExpected, "line \(step.line): \(step.command)\n\(run.errors)")
      let progress = status == 0 ? [] : run.errors.split(separator: "\n").map(String.init)
      let refusal = progress.drop { !$0.hasPrefix("driftproof: error") }
      var lines = run.output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      if lines.last == "" { lines.removeLast() }
      let missing = step.missingLine(in: lines + refusal)
      #expect(
        missing == nil,
        "line \(step.line): \(step.command) does not print: \(missing ?? "")\n\(run.output)\n\(run.errors)")
    }
  }

  @Test func differencesAreSeen() {
    func missing(_ expected: [String], _ output: [String]) -> String? {
      Tutorial.Step(line: 1, command: "", expected: expected).missingLine(in: output)
    }
    #expect(missing(["a", "b"], ["a", "b"]) == nil)
    #expect(missing(["a", "...", "c"], ["a", "b", "b", "c"]) == nil)
    #expect(missing(["a", "..."], ["a", "b"]) == nil)
    #expect(missing(["took … s, … times"], ["took 3.5 s, 2 times"]) == nil)
    #expect(missing(["a", "c"], ["a", "b", "c"]) == "c")
    #expect(missing(["a"], ["a", "b"]) != nil)
    #expect(missing(["...", "d"], ["a", "b"]) == "d")
    #expect(missing(["took … s"], ["took 3 minutes"]) == "took … s")
  }
}
