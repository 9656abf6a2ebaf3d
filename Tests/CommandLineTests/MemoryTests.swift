// SPDX-License-Identifier: Apache-2.0

#if os(Linux)
  import Foundation
  import TestSupport
  import Testing

  /// Limits of memory end in errors with figures, never in traps.
  @Suite(.serialized) struct MemoryTests {
    private let fixture: RemedyFixture
    private let arguments: [String]

    init() throws {
      fixture = try RemedyFixture()
      arguments = [
        "prove", "-q", "--base", try fixture.model("base.safetensors"), "--tuned",
        try fixture.model("tuned.safetensors", drift: 0.01), "--policy", try fixture.policy(RemedyFixture.norm("*")),
        "--out", fixture.folder.file("c.drift"), "--opening", fixture.folder.file("o.secret"),
      ]
    }

    /// A little more than the program needs to begin with.
    private func kilobytes() throws -> Int {
      // 32 MB at a time: programs of debug and release builds differ, and what the C library reserves for threads.
      for limit in stride(from: 64_000, through: 12_000_000, by: 32_000) {
        if try RemedyFixture.limited("ulimit -v \(limit)", ["--version"]).hasSuffix("exit 0\n") { return limit }
      }
      return 12_000_000
    }

    @Test func proofsAreRefusedWithTheEstimate() throws {
      let limit = try kilobytes()
      let output = try RemedyFixture.limited("ulimit -v \(limit)", arguments)
      #expect(output.hasSuffix("exit 1\n"), "\(output)")
      #expect(output.contains("the proof needs about") && output.contains("address space leaves"), "\(output)")
      #expect(output.contains("--ignore-memory-limit"), "\(output)")
      #expect(!FileManager.default.fileExists(atPath: fixture.folder.file("o.secret")))
    }

    /// Past the check, too, the end is an error. Both files can still be mapped, the proof needs several times as much.
    @Test func exhaustionIsAnError() throws {
      func model(_ name: String, _ step: Float) throws -> String {
        let values: [Float] = (0..<2048 * 2048).map { index in
          let weight = Float(index % 63 - 31) / 64
          return weight + step * Float(index % 5)
        }
        return try fixture.folder.checkpoint(name, [("w", [2048, 2048], values)])
      }
      var arguments = arguments
      for (option, path) in [
        ("--base", try model("large.safetensors", 0)), ("--tuned", try model("own.safetensors", 0.001)),
      ] {
        guard let place = arguments.firstIndex(of: option) else { continue }
        arguments[place + 1] = path
      }
      let output = try RemedyFixture.limited(
        "ulimit -v \(try kilobytes() + 64_000)", arguments + ["--ignore-memory-limit", "--json"])
      #expect(output.hasSuffix("exit 1\n") && output.contains("memory is exhausted"), "\(output.suffix(2000))")
      #expect(output.contains(#""exitCode": 1"#) && !output.contains("Backtrace"), "\(output.suffix(2000))")
    }
  }
#endif
