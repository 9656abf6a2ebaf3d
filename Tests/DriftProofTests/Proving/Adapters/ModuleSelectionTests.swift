// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAdapter
@testable import DriftProofCertificate
@testable import DriftProofStatement
import DriftProofCheckpoint
import Foundation
import TestSupport
import Testing

/// Which modules PEFT loads, by its `check_target_module_exists`, and the refusal of the others by name.
@Suite struct ModuleSelectionTests {
  private func verdict(
    _ settings: [String: String], _ module: String, _ kind: ModuleKind = .linear
  ) throws -> ModuleSelection.Verdict {
    var adapter = TestAdapter()
    adapter.config.merge(settings) { $1 }
    return try AdapterConfig.parse(Array(adapter.configText.utf8), file: "f").selection.verdict(module, kind)
  }

  private func expect(
    _ settings: [String: String], selected: [String] = [], not: [String] = [], by setting: String = "target_modules",
    undecided: [String] = [], line: Int = #line
  ) throws {
    for module in selected { #expect(try verdict(settings, module) == .selected, "line \(line): \(module)") }
    for module in not { #expect(try verdict(settings, module) == .notSelected(setting), "line \(line): \(module)") }
    for module in undecided {
      guard case .undecided(setting, _) = try verdict(settings, module) else {
        Issue.record("line \(line): \(module)")
        continue
      }
    }
  }

  @Test func targets() throws {
    try expect(
      ["target_modules": #"["q_proj", "mlp.up"]"#], selected: ["q_proj", "a.q_proj", "x.mlp.up", "mlp.up"],
      not: ["xq_proj", "a.q_proj.b", "up", "amlp.up", "k_proj"])
    try expect(
      ["target_modules": #"".*\\.[01]\\.(q|v)""#], selected: ["a.0.q", "x.y.1.v"], not: ["0.q", "a.2.q", "a.0.qx", "q"])
    try expect(["target_modules": #""q""#], selected: ["q"], not: ["a.q"])
    try expect(["target_modules": "[]"], not: ["q"])
    try expect(["target_modules": "null"], undecided: ["q"])
    try expect(["target_modules": #""(?i)q""#], undecided: ["q"])
    try expect(["target_modules": #"["q"]"#], undecided: ["é.q"])
  }

  @Test func allLinear() throws {
    let all = ["target_modules": #""all-linear""#]
    try expect(
      all, selected: ["model.layers.0.q", "fc.1", "dense", "layer.3.output"],
      undecided: ["lm_head", "score", "a.embed_out"])
    #expect(try verdict(["target_modules": #""All-Linear""#], "a.q") == .selected)
    for kind in [ModuleKind.embedding, .convolution] {
      #expect(try verdict(all, "a.q", kind) == .notSelected("target_modules"))
    }
  }

  @Test func exclusions() throws {
    var settings = ["target_modules": #"["q", "v"]"#, "exclude_modules": #"["layers.1.q"]"#]
    try expect(settings, selected: ["a.layers.0.q", "a.layers.1.v"])
    try expect(settings, not: ["a.layers.1.q", "layers.1.q"], by: "exclude_modules")
    settings["exclude_modules"] = #"".*vision.*""#
    try expect(settings, selected: ["text.q"])
    try expect(settings, not: ["a.vision.b.q"], by: "exclude_modules")
    settings["exclude_modules"] = #""(?<=x)q""#
    try expect(settings, by: "exclude_modules", undecided: ["text.q"])
    for none in ["null", "[]", #""""#] {
      settings["exclude_modules"] = none
      try expect(settings, selected: ["text.q"])
    }
    settings = ["target_modules": #"["q"]"#, "modules_to_save": #"["score", "a.b"]"#]
    try expect(settings, selected: ["scores.q", "a.bc.q", "q"])
    try expect(settings, not: ["score.q", "x.score.y.q", "a.b.q"], by: "modules_to_save")
  }

  @Test func layers() throws {
    var settings = ["target_modules": #"["q", "model.layers.7.k"]"#, "layers_to_transform": "[0, 2]"]
    try expect(settings, selected: ["model.layers.0.q", "a.h.2.attn.q", "x.y.1.z.2.q"])
    // Something must stand before the part, and the last number counts.
    try expect(
      settings, not: ["model.layers.1.q", "layers.0.q", "model.layers.q", "a.h.2.x.3.q"], by: "layers_to_transform"
    )
    try expect(settings, not: ["model.layers.0.v"])
    try expect(settings, by: "layers_to_transform", undecided: ["model.layers.7.k", "q"])
    settings["layers_to_transform"] = "2"
    settings["layers_pattern"] = #""layers""#
    try expect(settings, selected: ["model.layers.2.q", "a.layers.2.experts.5.q"])
    try expect(settings, not: ["a.h.2.q", "model.layers.3.q"], by: "layers_to_transform")
    settings["layers_pattern"] = #"["h", "layers"]"#
    try expect(settings, selected: ["model.layers.2.q", "a.h.2.q"])
    settings["layers_pattern"] = #""lay.*""#
    try expect(settings, by: "layers_pattern", undecided: ["model.layers.2.q"])
    settings["layers_to_transform"] = "[]"
    settings["layers_pattern"] = nil
    try expect(settings, selected: ["model.layers.9.q"])
    settings = ["target_modules": #"".*q""#, "layers_to_transform": "[0]"]
    try expect(settings, by: "layers_to_transform", undecided: ["a.layers.0.q"])
  }

  // MARK: Files

  private func refusal(_ adapter: TestAdapter, _ folder: TemporaryFolder) -> String {
    do {
      _ = try adapter.open("refused", in: folder)
      return "accepted"
    } catch DriftProofError.coverageGap(let gaps) {
      return gaps.map(\.description).joined(separator: "\n")
    } catch {
      return "\(error)"
    }
  }

  @Test func refusesWhatIsNotLoaded() throws {
    var fixture = try AdapterFixture()
    var adapter = fixture.adapter
    adapter.config["target_modules"] = #"["q"]"#
    let message = refusal(adapter, fixture.folder)
    #expect(message.contains("\"model.layers.0.v\"") && message.contains("$.target_modules"), "\(message)")
    #expect(!message.contains("\"model.layers.0.q\""))
    adapter.config["target_modules"] = #"["q", "v"]"#
    #expect(refusal(adapter, fixture.folder) == "accepted")
    adapter.config["layers_to_transform"] = "[1]"
    #expect(refusal(adapter, fixture.folder).contains("$.layers_to_transform"))
    adapter.config["layers_to_transform"] = nil
    adapter.config["exclude_modules"] = #"["v"]"#
    #expect(refusal(adapter, fixture.folder).contains("$.exclude_modules"))
    adapter.config["exclude_modules"] = nil
    adapter.config["target_modules"] = nil
    #expect(refusal(adapter, fixture.folder).contains("it is missing"))

    // Whole tensors that would find no place in PEFT's model.
    adapter = fixture.adapter
    for (key, words) in [
      ("model.layers.0.q.bias", "base_layer.bias"), ("model.head.base_layer.bias", "no base_layer"),
      ("model.head.modules_to_save.weight", "$.modules_to_save"), ("model.layers.5.q.weight", "base_layer.weight"),
    ] {
      adapter = fixture.adapter
      adapter.tensors["base_model.model.\(key)"] = TestAdapter.random([10], random: &fixture.random)
      let message = refusal(adapter, fixture.folder)
      #expect(message.contains(key) && message.contains(words) && message.contains("would not be loaded"), "\(message)")
    }
    adapter.tensors["base_model.model.model.layers.5.q.weight"] = nil
    adapter.config["modules_to_save"] = #"["head"]"#
    adapter.tensors["base_model.model.model.head.modules_to_save.weight"] = TestAdapter.random(
      [10, 48], random: &fixture.random)
    #expect(refusal(adapter, fixture.folder) == "accepted")
    // A save of ZeRO-3.
    adapter = fixture.adapter
    adapter.tensors["base_model.model.model.layers.0.q.lora_A.weight"] = .init(shape: [0], values: [])
    #expect(refusal(adapter, fixture.folder).contains("the save was incomplete"))
  }

  // MARK: Square matrices

  private func orientation(
    _ weight: String, _ others: [(String, [Int])], isStated: Bool = false
  ) -> Bool? {
    let leaves = ([(weight, [8, 8])] + others).sorted { TensorPair.precedes($0.0, $1.0) }.map {
      BaseIdentity.Leaf(
        name: $0.0, dtype: .f32, shape: $0.1,
        statistics: TensorStatistics(
          fractionBits: 22, sumOfSquares: 1, maxAbs: 1, sha256: [UInt8](repeating: 0, count: 32)))
    }
    return LayerOrientation.isTransposed(weight, in: BaseIdentity(sorted: leaves), isStated: isStated)
  }

  /// GPT-2's Conv1D keeps [in, out]; GPTBigCode's Linear has the same names and keeps [out, in].
  @Test func squareMatrices() {
    let name = "transformer.h.3.attn.c_proj.weight"
    let conv: [(String, [Int])] = [
      ("transformer.h.3.attn.c_attn.weight", [8, 24]), ("transformer.h.3.attn.c_attn.bias", [24]),
      ("transformer.h.3.mlp.c_fc.weight", [8, 32]), ("transformer.h.3.mlp.c_fc.bias", [32]),
    ]
    let linear: [(String, [Int])] = [
      ("transformer.h.3.attn.c_attn.weight", [24, 8]), ("transformer.h.3.attn.c_attn.bias", [24]),
    ]
    for isStated in [false, true] {
      #expect(orientation(name, conv, isStated: isStated) == true)
      #expect(orientation(name, linear, isStated: isStated) == false)
      #expect(orientation(name, conv + linear.suffix(1), isStated: isStated) == true)
      // Nothing decides: no biases, or another layer's.
      #expect(orientation(name, [conv[0]], isStated: isStated) == nil)
      #expect(
        orientation(name, conv.map { ($0.0.replacingOccurrences(of: "h.3", with: "h.30"), $0.1) }, isStated: isStated)
          == nil)
    }
    #expect(orientation("model.layers.0.q.weight", []) == false)
    #expect(orientation("model.layers.0.q.weight", [], isStated: true) == nil)
    #expect(orientation("attn.c_proj.weight", []) == false)
  }
}
