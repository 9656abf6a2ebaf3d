// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `inspect` as a program; the measurements themselves are tested in the library.
struct InspectTests {
  private func pair() throws -> (folder: TemporaryFolder, base: String, tuned: String) {
    let folder = try TemporaryFolder()
    let base = try folder.checkpoint(
      "base.safetensors", [("a.weight", [2, 2], [1, 0, 0, 1]), ("b.bias", [2], [1, 2]), ("gone", [1], [1])])
    let tuned = try folder.checkpoint(
      "tuned.safetensors", [("a.weight", [2, 2], [1, 0.5, 0, 1]), ("b.bias", [2], [1, 2]), ("new", [1], [1])])
    return (folder, base, tuned)
  }

  @Test func printsATable() throws {
    let pair = try pair()
    let run = try Tool.run("inspect", pair.base, pair.tuned)
    #expect(run.exitCode == 0)
    #expect(run.output.contains("a.weight"))
    #expect(run.output.contains("only in BASE:\n  gone"))
    #expect(run.output.contains("only in TUNED:\n  new"))
    #expect(run.output.contains("1 of 2 tensors changed"))
    // A bar is for terminals only.
    #expect(!run.errors.contains("\r"))
  }

  /// COLUMNS bounds the lines; names lose their middles, figures nothing.
  @Test func tablesHonourColumns() throws {
    let folder = try TemporaryFolder()
    let name = "model.layers.10.self_attention.query_key_value.weight"
    let base = try folder.checkpoint("base.safetensors", [(name, [2, 2], [1, 0, 0, 1])])
    let tuned = try folder.checkpoint("tuned.safetensors", [(name, [2, 2], [1, 0.5, 0, 1])])
    func table(_ columns: String) throws -> [String] {
      let run = try Tool.run(
        executable: Tool.program(), ["inspect", base, tuned, "--quiet"], environment: ["COLUMNS": columns])
      #expect(run.exitCode == 0, "\(run.errors)")
      let lines = run.output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      return Array(lines.prefix { !$0.contains("a rank claim") && !$0.hasPrefix("total") })
    }
    func figures(_ lines: [String]) -> [String] {
      lines.flatMap { $0.split(separator: " ").dropFirst().map(String.init) }.sorted()
    }
    let whole = try table("")
    #expect(whole[1].hasPrefix(name) && whole.map(\.count).max() ?? 0 > 140)
    #expect(try table("many") == whole && table("-3") == whole)
    let width = (whole.map(\.count).max() ?? 0) - 20
    let wide = try table(String(width))
    #expect(wide.count == whole.count && wide.allSatisfy { $0.count <= width }, "\(wide)")
    #expect(wide[1].contains("…") && figures(wide) == figures(whole))
    let narrow = try table("60")
    #expect(narrow.allSatisfy { $0.count <= 60 }, "\(narrow)")
    // In blocks under the same name.
    #expect(figures(narrow) == figures(whole))
    #expect(narrow.count { $0.hasPrefix("model") && $0.contains("…") } > 1)
  }

  @Test func printsOneObject() throws {
    let pair = try pair()
    let run = try Tool.run("inspect", pair.base, pair.tuned, "--json", "--quiet")
    #expect(run.exitCode == 0)
    #expect(run.errors.isEmpty)
    let object = try run.json()
    let tensors = try #require(object["tensors"] as? [[String: Any]])
    #expect(tensors.map { $0["name"] as? String } == ["a.weight", "b.bias"])
    #expect(tensors.map { $0["status"] as? String } == ["drifted", "identical"])
    #expect(tensors[0]["driftNorm"] as? Double == 0.5)
    #expect(tensors[0]["changedEntries"] as? Int == 1)
    #expect(tensors[0]["rank"] as? Int == 1)
    #expect((object["missing"] as? [[String: Any]])?.first?["name"] as? String == "gone")
    #expect((object["added"] as? [[String: Any]])?.first?["name"] as? String == "new")
  }

  @Test func printsTheSameBytesTwice() throws {
    let pair = try pair()
    let first = try Tool.run("inspect", pair.base, pair.tuned, "--json")
    #expect(try Tool.run("inspect", pair.base, pair.tuned, "--json").output == first.output)
  }

  @Test func reportsAMissingCheckpoint() throws {
    let folder = try TemporaryFolder()
    let run = try Tool.run("inspect", folder.path, folder.path, "--json")
    #expect(run.exitCode == 1)
    #expect(try run.json()["exitCode"] as? Int == 1)
    #expect(run.errors.contains("model.safetensors"))
  }
}

/// `identify` as a program.
struct IdentifyTests {
  @Test func writesTheSameFileWheneverItRuns() throws {
    let folder = try TemporaryFolder()
    let base = try folder.checkpoint("base.safetensors", [("a", [2, 2], [1, 2, 3, 4])])
    let (first, second) = (folder.file("1.json"), folder.file("2.json"))
    let run = try Tool.run("identify", base, "-o", first, "--json")
    #expect(run.exitCode == 0)
    #expect(try Tool.run("identify", base, "--out=\(second)").exitCode == 0)
    let bytes = try Data(contentsOf: URL(fileURLWithPath: first))
    #expect(try Data(contentsOf: URL(fileURLWithPath: second)) == bytes)
    let root = try #require(try run.json()["baseIdentity"] as? String)
    #expect(root.count == 64)
    #expect(String(decoding: bytes, as: UTF8.self).contains(root))
  }

  @Test func leavesNothingBehindWhenItCannotWrite() throws {
    let folder = try TemporaryFolder()
    let base = try folder.checkpoint("base.safetensors", [("a", [1], [1])])
    let run = try Tool.run("identify", base, "-o", folder.file("no/such/folder.json"))
    #expect(run.exitCode == 1)
    #expect(run.errors.contains("cannot be written"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["base.safetensors"])
  }

  @Test func keepsTheOldFileWhenTheBaseIsBroken() throws {
    let folder = try TemporaryFolder()
    let base = folder.file("base.safetensors")
    try Data([1, 2, 3]).write(to: URL(fileURLWithPath: base))
    let output = folder.file("identity.json")
    try Data("old".utf8).write(to: URL(fileURLWithPath: output))
    let run = try Tool.run("identify", base, "-o", output)
    #expect(run.exitCode == 1)
    #expect(try String(contentsOfFile: output, encoding: .utf8) == "old")
  }
}
