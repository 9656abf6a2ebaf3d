// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// What `inspect` says where figures alone would mislead.
@Suite struct InspectionFindingsTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func nothingInCommon() throws {
    let base = try folder.checkpoint("base.safetensors", [("a.weight", [2, 2], [1, 2, 3, 4])])
    let other = try folder.checkpoint("other.safetensors", [("a.weight", [4], [1, 2, 3, 4]), ("b", [1], [1])])
    let run = try Tool.run("inspect", base, other, "-q")
    #expect(run.exitCode == 13 && run.output.contains("NOTHING WAS COMPARED") && !run.output.contains("‖Δ‖ 0"))
    let json = try Tool.run("inspect", base, other, "-q", "--json").json()
    let total = try #require(json["total"] as? [String: Any])
    #expect(json["exitCode"] as? Int == 13 && total["driftNorm"] is NSNull)
    #expect(total["notComparedTensors"] as? Int == 2)
  }

  /// Bytes were compared, but no norm is known: none is printed.
  @Test func nothingInNumbers() throws {
    let base = try folder.checkpoint("base.safetensors", [("a.weight", [2], [.nan, 1])])
    let other = try folder.checkpoint("other.safetensors", [("a.weight", [2], [.nan, 2])])
    let run = try Tool.run("inspect", base, other, "-q")
    #expect(run.exitCode == 0 && run.output.contains("no tensor has a drift in numbers"), "\(run.output)")
    #expect(run.output.contains("entry 0 of the base is NaN") && !run.output.contains("total: ‖Δ‖"))
  }

  @Test func coarseUnits() throws {
    let values = (0..<64).map { Float($0 * 37 % 64 - 31) / 32 }
    let base = try folder.checkpoint("base.safetensors", [("a.weight", [8, 8], values)])
    let near = try folder.checkpoint("near.safetensors", [("a.weight", [8, 8], values.map { $0 + 1e-6 })])
    let far = try folder.checkpoint("far.safetensors", [("a.weight", [8, 8], values.map { $0 + 1e-3 })])
    let words = "unit of the integers is coarse beside this drift"
    #expect(try Tool.run("inspect", base, near, "-q").output.contains(words))
    #expect(try !Tool.run("inspect", base, far, "-q").output.contains(words))
    let json = try Tool.run("inspect", base, near, "-q", "--json").json()
    let tensor = try #require((json["tensors"] as? [[String: Any]])?.first)
    #expect(tensor["unitIsCoarse"] as? Bool == true && tensor["unit"] as? Double == 0x1p-21)
  }

  /// Tensors that an adapter holds as a whole have figures like all others.
  @Test func wholeTensorsOfAdapters() throws {
    let values = (0..<16).map { Float($0 - 8) / 16 }
    let base = try folder.checkpoint(
      "base.safetensors", [("a.weight", [4, 4], values), ("head.weight", [4, 4], values)])
    let adapter = folder.file("adapter")
    try FileManager.default.createDirectory(atPath: adapter, withIntermediateDirectories: false)
    try #"{"peft_type": "LORA", "r": 1, "lora_alpha": 1, "target_modules": ["a"], "modules_to_save": ["head"]}"#
      .write(toFile: adapter + "/adapter_config.json", atomically: true, encoding: .utf8)
    var head = values
    head[3] += 0.5
    _ = try folder.checkpoint(
      "adapter/adapter_model.safetensors",
      [
        ("base_model.model.a.lora_A.weight", [1, 4], [1, 0, 0, 0]),
        ("base_model.model.a.lora_B.weight", [4, 1], [0.25, 0, 0, 0]),
        ("base_model.model.head.weight", [4, 4], head),
      ])
    let run = try Tool.run("inspect", base, adapter, "-q")
    #expect(run.exitCode == 0 && run.output.contains("1 whole tensor, whose ‖Δ‖ is 0.5"), "\(run.output) \(run.errors)")
    let json = try Tool.run("inspect", base, adapter, "-q", "--json").json()
    let whole = try #require((json["wholes"] as? [[String: Any]])?.first)
    #expect(whole["driftNorm"] as? Double == 0.5 && whole["changedEntries"] as? Int == 1)
    #expect(json["wholeNorm"] as? Double == 0.5)
  }
}
