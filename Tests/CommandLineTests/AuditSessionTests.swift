// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The session of docs/audit.md, as it stands there: `llama-server` and the endpoint are scripted servers, of which the second
/// lists every value 0.13 nats lower.
@Suite(.enabled(if: AuditSession.hasPython, "needs python3"))
struct AuditSessionTests {
  @Test func theSessionDoesWhatTheTextSays() throws {
    let text = try String(contentsOf: Repository.root.appendingPathComponent("docs/audit.md"), encoding: .utf8)
    let steps = Tutorial(text).steps
    #expect(steps.count >= 10)
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(
      atPath: Repository.root.appendingPathComponent("Examples/mlp-lora/tuned").path, toPath: folder.file("tuned"))
    let wrapper = "#!/bin/sh\nexec python3 \"\(AuditSession.script)\" \"$4\"\n"
    try wrapper.write(toFile: folder.file("llama-server"), atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.file("llama-server"))
    let server = Process()
    server.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    server.arguments = ["python3", AuditSession.script, "0", "--port-file", folder.file("port"), "shift=130000"]
    try server.run()
    defer { kill(server.processIdentifier, SIGKILL) }
    for _ in 0..<600 where !FileManager.default.fileExists(atPath: folder.file("port")) {
      Thread.sleep(forTimeInterval: 0.05)
    }
    let port = try String(contentsOfFile: folder.file("port"), encoding: .utf8)
    let path = try Tool.program().deletingLastPathComponent().path + ":\(folder.path):/usr/local/bin:/usr/bin:/bin"
    var status: Int32 = 0
    for (index, step) in steps.enumerated() {
      let command = step.command.replacing("https://api.example.com/v1", with: "http://127.0.0.1:\(port)/v1")
      let run = try Tool.run(
        executable: URL(fileURLWithPath: "/bin/bash"), ["-c", "cd '\(folder.path)' && (exit \(status)); \(command)"],
        environment: ["PATH": path, "NO_COLOR": "1", "PROVIDER_KEY": "sk-1"])
      status = run.exitCode
      // A verdict that is no success is what the text goes on to look at.
      let isShown = steps.dropFirst(index + 1).first?.command == "echo $?"
      #expect(status == 0 || isShown, "line \(step.line): \(command)\n\(run.output)\(run.errors)")
      var lines = run.output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      if lines.last == "" { lines.removeLast() }
      let missing = step.missingLine(in: lines)
      #expect(missing == nil, "line \(step.line): \(command) does not print: \(missing ?? "")\n\(run.output)")
    }
  }
}
