// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import Foundation
import TestSupport
import Testing

/// calibrate as a program, and prove under the policies that it writes; serial, because some tests prove.
@Suite(.serialized)
struct CalibrateTests {
  /// A small pair, by path: one matrix and one vector, the vector frozen.
  private struct Small {
    let folder: TemporaryFolder
    let base: String
    let run: String

    init() throws {
      folder = try TemporaryFolder()
      let weights = (0..<64).map { Float($0) / 64 }
      let bias = (name: "a.bias", shape: [4], values: [1, 2, 3, 4] as [Float])
      base = try folder.checkpoint("base.safetensors", [bias, ("a.weight", [8, 8], weights)])
      let drifted = weights.enumerated().map { $0.element + 0.1 * Float(($0.offset * 37 + 11) % 64) / 64 }
      run = try folder.checkpoint("run.safetensors", [bias, ("a.weight", [8, 8], drifted)])
    }

    func prove(_ policy: String) throws -> Run {
      try Tool.run(
        "prove", "--base", base, "--tuned", run, "--policy", policy, "--out", folder.file("certificate"), "--opening",
        folder.file("opening-\(UUID().uuidString)"))
    }
  }

  /// The real fine-tune of the demo: LoRA of rank 8, merged and stored in bf16.
  private enum Example {
    static var folder: URL {
      Repository.example("mlp-lora")
    }

    static var base: String { folder.appendingPathComponent("base").path }
    static var tuned: String { folder.appendingPathComponent("tuned").path }

    /// The fine-tune with some bf16 weights of one tensor replaced.
    static func tampered(
      _ name: String, in folder: TemporaryFolder, tensor: String, every step: Int, _ change: (UInt16) -> UInt16
    ) throws -> String {
      let tuned = try Checkpoint.open(tuned)
      let path = folder.file(name + ".safetensors")
      let writer = try SafetensorsWriter(
        path: path, tensors: tuned.tensors.map { .init(name: $0.name, dtype: $0.dtype, shape: $0.shape) })
      for info in tuned.tensors {
        var bytes = try tuned.bytes(of: info, range: 0..<info.byteRange.count)
        for index in stride(from: 0, to: info.name == tensor ? info.entryCount : 0, by: step) {
          let word = change(UInt16(bytes[2 * index]) | UInt16(bytes[2 * index + 1]) << 8)
          bytes[2 * index] = UInt8(truncatingIfNeeded: word)
          bytes[2 * index + 1] = UInt8(truncatingIfNeeded: word >> 8)
        }
        try writer.append(bytes)
      }
      try writer.finish()
      return path
    }
  }

  #if !DEBUG  // A million entries, fitted five times and proved twice: minutes without optimisation.
    @Test func enclosesARealFineTuneAndRefusesTamperedOnes() throws {
      let folder = try TemporaryFolder()
      let policy = folder.file("policy.json")
      let run = try Tool.run("calibrate", "--base", Example.base, "--runs", Example.tuned, "--out", policy, "--json")
      #expect(run.exitCode == 0, "\(run.errors)")
      let groups = try #require(try run.json()["groups"] as? [[String: Any]])
      #expect(groups.map { $0["patterns"] as? [String] } == [["fc.*.weight"]])
      #expect(groups.map { $0["form"] as? String } == ["rank"])

      // One is 1 in bf16; 524 weights of 262,144, about as many as a backdoor that worked.
      let backdoor = try Example.tampered("backdoor", in: folder, tensor: "fc.3.weight", every: 500) { _ in 0x3F80 }
      // A change of the second-highest bit of every mantissa: of full rank.
      let full = try Example.tampered("full", in: folder, tensor: "fc.1.weight", every: 1) { $0 ^ 0x20 }
      let frozen = try Example.tampered("frozen", in: folder, tensor: "fc.2.bias", every: 512) { $0 ^ 1 }
      // What no residual for bf16 can refuse: as many weights as the backdoor, by the last bit.
      let faint = try Example.tampered("faint", in: folder, tensor: "fc.3.weight", every: 500) { $0 ^ 1 }
      for (tuned, exitCode) in [(Example.tuned, 0), (backdoor, 10), (full, 10), (frozen, 10), (faint, 0)]
        as [(String, Int32)]
      {
        let proved = try Tool.run(
          "prove", "--base", Example.base, "--tuned", tuned, "--policy", policy, "--out", folder.file("certificate"),
          "--opening", folder.file("opening-\(UUID().uuidString)"), "--quiet")
        #expect(proved.exitCode == exitCode, "\(tuned): \(proved.errors)")
      }
    }
  #endif

  @Test func printsAPolicyThatProveAccepts() throws {
    let small = try Small()
    let run = try Tool.run("calibrate", "--runs", small.run, "--base", small.base, "--margin=2", "--quiet")
    #expect(run.exitCode == 0, "\(run.errors)")
    #expect(run.errors.isEmpty)
    #expect(run.output.contains("// frozen: 1 tensor that no run changed"))
    #expect(run.output.contains("// warning: one run does not show"))
    let policy = small.folder.file("policy.json")
    try Data(run.output.utf8).write(to: URL(fileURLWithPath: policy))
    #expect(try small.prove(policy).exitCode == 0)
  }

  @Test func writesThePolicyWithoutFiguresOfTheRuns() throws {
    let small = try Small()
    let policy = small.folder.file("policy.json")
    let run = try Tool.run("calibrate", "--base", small.base, "--runs", small.run, "-o", policy)
    #expect(run.exitCode == 0, "\(run.errors)")
    #expect(run.output.contains("‖Δ‖/‖W‖") && run.output.contains("policy  "))
    let text = try String(contentsOfFile: policy, encoding: .utf8)
    #expect(!text.contains("‖") && !text.contains("warning") && !text.contains(small.run))
    #expect(try small.prove(policy).exitCode == 0)
  }

  @Test func printsOneObjectWithTheSamePolicy() throws {
    let small = try Small()
    let policy = small.folder.file("policy.json")
    let run = try Tool.run("calibrate", "--base", small.base, "--runs", small.run, "--out", policy, "--json")
    let object = try run.json()
    #expect(object["exitCode"] as? Int == 0 && object["out"] as? String == policy)
    let text = try String(contentsOfFile: policy, encoding: .utf8)
    let lines = text.split(separator: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("//") }
    let written = try JSONSerialization.jsonObject(with: Data(lines.joined(separator: "\n").utf8))
    #expect(try #require(object["policy"] as? NSDictionary) == written as? NSDictionary)
    let group = try #require((object["groups"] as? [[String: Any]])?.first)
    let drift = try #require(group["drift"] as? [String: Any])
    #expect(drift["minimum"] as? Double == drift["maximum"] as? Double)
    let spectral = try #require((group["admitted"] as? [String: Any])?["spectralNorm"] as? [String: Any])
    #expect(try #require(spectral["ratio"] as? Double) > 2.5)
    #expect((object["warnings"] as? [[String: Any]])?.contains { $0["kind"] as? String == "fewRuns" } == true)
  }

  @Test func listsTensorsThatDiffer() throws {
    let small = try Small()
    let other = try small.folder.checkpoint(
      "other.safetensors", [("a.weight", [7, 8], [Float](repeating: 0, count: 56))])
    let policy = small.folder.file("policy.json")
    let run = try Tool.run(
      "calibrate", "--base", small.base, "--runs", small.run, other, "--out", policy, "--json")
    #expect(run.exitCode == 13)
    let findings = try #require(try run.json()["findings"] as? [String])
    #expect(findings.contains { $0.hasPrefix("only in the base: \"a.bias\"") })
    #expect(findings.contains { $0.hasPrefix("another shape: \"a.weight\" [8, 8] -> [7, 8]") })
    #expect(!FileManager.default.fileExists(atPath: policy))
  }

  @Test func refusesTheBaseAsARun() throws {
    let small = try Small()
    let run = try Tool.run("calibrate", "--base", small.base, "--runs", small.run, small.base)
    #expect(run.exitCode == 1)
    #expect(run.errors.contains("does not differ from the base"))
  }

  private static let wrong: [(arguments: [String], message: String)] = [
    (["calibrate", "--base", "a"], "--runs RUN is missing"),
    (["calibrate", "--base", "a", "--runs", "--json"], "--runs needs a value"),
    (["calibrate", "--base", "a", "--runs", "b", "--margin", "0.5"], "a number from 1 to 1000"),
    (["calibrate", "--base", "a", "--runs", "b", "--margin", "two"], "a number from 1 to 1000"),
    (["calibrate", "--base", "a", "--runs", "b", "c", "--marign", "2"], "did you mean --margin?"),
    (["calibrate", "d", "--base", "a", "--runs", "b"], "unexpected argument \"d\""),
  ]

  @Test(arguments: wrong)
  func rejectsTheCommandLine(_ arguments: [String], _ message: String) throws {
    let run = try Tool.run(arguments)
    #expect(run.exitCode == 2)
    #expect(run.errors.contains(message), "\(run.errors)")
  }

  @Test func helpsWithLists() throws {
    let run = try Tool.run("calibrate", "--help")
    #expect(run.exitCode == 0)
    #expect(run.output.contains("--runs RUN ... "))
  }
}
