// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAdapter
@testable import DriftProofCertificate
import DriftProofCheckpoint
import TestSupport
import Testing

/// PEFT's names with and without prefix and adapter name, layouts of vision-language models, and torch's attention.
@Suite struct PEFTNamingTests {
  private static let config =
    #"{"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["q", "v", "attn", "embed"]}"#

  /// An adapter on `q` of two layers under a prefix of names.
  private func fixture(
    _ modules: [String], base: [String], end: (String) -> String = { ".lora_\($0).weight" },
    prefix: String = AdapterKey.prefix
  ) throws -> (SchemeFixture, [String: [Double]]) {
    var fixture = try SchemeFixture(base.map { ($0 + ".weight", [12, 10]) })
    fixture.adapter.configBytes = Self.config
    fixture.adapter.weightsName = "adapter_model.safetensors"
    var expected: [String: [Double]] = [:]
    for (module, name) in zip(modules, base) {
      let a = fixture.add(prefix + module + end("A"), [4, 10])
      let b = fixture.add(prefix + module + end("B"), [12, 4])
      expected[name + ".weight"] = SchemeFixture.product(2, b, a)
    }
    return (fixture, expected)
  }

  @Test func stateDicts() throws {
    let modules = ["layers.0.q", "layers.1.q"]
    var (fixture, expected) = try fixture(modules, base: modules) { ".lora_\($0).default.weight" }
    try fixture.expect(expected)
    #expect(try fixture.model().adapter.scheme == .peft(isPrefixed: true, adapterName: "default"))
    fixture.adapter.tensors["base_model.model.layers.1.q.lora_A.other.weight"] = fixture.matrix([4, 10])
    guard case .adapterNames(_, ["default", "other"]) = fixture.refusal() else {
      Issue.record("two adapters")
      return
    }
    fixture.adapter.tensors["base_model.model.layers.1.q.lora_A.other.weight"] = nil
    let moved = fixture.adapter.tensors.removeValue(forKey: "base_model.model.layers.1.q.lora_A.default.weight")
    fixture.adapter.tensors["base_model.model.layers.1.q.lora_A.weight"] = moved
    guard case .mixedNames = fixture.refusal() else {
      Issue.record("with and without a name")
      return
    }
  }

  @Test func embeddingsOfStateDicts() throws {
    var fixture = try SchemeFixture([("embed.weight", [20, 6])])
    fixture.adapter.configBytes = Self.config
    fixture.adapter.weightsName = "adapter_model.safetensors"
    let a = fixture.add("base_model.model.embed.lora_embedding_A.style", [4, 20])
    let b = fixture.add("base_model.model.embed.lora_embedding_B.style", [6, 4])
    try fixture.expect(["embed.weight": SchemeFixture.transposed(SchemeFixture.product(2, b, a), rows: 6)])
  }

  @Test func withoutPrefix() throws {
    let modules = ["layers.0.q", "layers.1.q"]
    var (fixture, expected) = try fixture(modules, base: modules, prefix: "")
    try fixture.expect(expected)
    #expect(try fixture.model().adapter.scheme == .peft(isPrefixed: false, adapterName: nil))
    fixture.add("base_model.model.layers.1.v.lora_A.weight", [4, 10])
    guard case .mixedNames = fixture.refusal() else {
      Issue.record("with and without PEFT's prefix")
      return
    }
  }

  /// Before and since the change of layouts in transformers, both ways round.
  @Test(arguments: [
    (
      ["model.language_model.layers.0.q", "model.vision_tower.layers.0.q"],
      ["language_model.model.layers.0.q", "vision_tower.layers.0.q"]
    ),
    (
      ["language_model.model.layers.0.q", "vision_tower.layers.0.q"],
      ["model.language_model.layers.0.q", "model.vision_tower.layers.0.q"]
    ),
    (["model.language_model.layers.0.q", "model.visual.blocks.0.q"], ["model.layers.0.q", "visual.blocks.0.q"]),
    (["model.layers.0.q", "visual.blocks.0.q"], ["model.language_model.layers.0.q", "model.visual.blocks.0.q"]),
    (["text_model.model.layers.0.q"], ["model.text_model.layers.0.q"]),
  ])
  func layouts(_ modules: [String], _ base: [String]) throws {
    var (fixture, expected) = try fixture(modules, base: base)
    fixture.base.append(("lm_head.weight", [10, 12]))
    try fixture.expect(expected)
    let names = try AdapterNames.resolve(fixture.model().adapter, base: Set(fixture.base.map(\.name)))
    #expect(names.mapping.count == modules.count)
    for (module, name) in zip(modules, base) {
      #expect(names.mapping.contains { module.hasPrefix($0.adapter) && name.hasPrefix($0.base) })
    }
  }

  @Test func ambiguousLayouts() throws {
    // The layout before and another model around it.
    var (fixture, _) = try fixture(["model.language_model.layers.0.q"], base: ["language_model.model.layers.0.q"])
    fixture.base.append(("language_model.layers.0.q.weight", [12, 10]))
    guard case .candidates(_, _, let tensors) = fixture.refusal() else {
      Issue.record("two readings")
      return
    }
    #expect(Set(tensors) == ["language_model.model.layers.0.q.weight", "language_model.layers.0.q.weight"])
    // One module of the language model is lost: no mixture of layouts.
    (fixture, _) = try self.fixture(
      ["model.language_model.layers.0.q", "model.layers.1.q"],
      base: ["language_model.model.layers.0.q", "model.layers.1.q"])
    guard case .unresolved = fixture.refusal() else {
      Issue.record("a mixture of layouts")
      return
    }
    // Two names that become one.
    let layout = ModelLayout.all[2]
    #expect(layout.apply("model.language_model.layers.0.q") == nil && layout.apply("model.visual.q") == nil)
  }

  /// torch's attention: three weights in one parameter of no module.
  @Test func attention() throws {
    var fixture = try SchemeFixture([
      ("block.attn.in_proj_weight", [24, 8]), ("block.attn.out_proj.weight", [8, 8]), ("block.attn.in_proj_bias", [24]),
    ])
    fixture.adapter.configBytes =
      #"{"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["attn"], "alpha_pattern": {"attn": 12}}"#
    fixture.adapter.weightsName = "adapter_model.safetensors"
    let start = AdapterKey.prefix + "block.attn."
    let a = fixture.add(start + "lora_A.weight", [4, 8])
    let b = fixture.add(start + "lora_B.weight", [24, 4])
    fixture.add(start + "base_layer.out_proj.lora_A.weight", [4, 8])
    fixture.adapter.tensors[start + "base_layer.out_proj.lora_B.weight"] = .init(
      shape: [8, 4], values: [Double](repeating: 0, count: 32))
    let found = try fixture.products()
    let expected = SchemeFixture.product(3, b, a)
    let worst = zip(found["block.attn.in_proj_weight"] ?? [], expected).map { abs($0 - $1) }.max() ?? 1
    #expect(worst < 1e-5 && found.count == 2)
    #expect(found["block.attn.out_proj.weight"]?.allSatisfy { $0 == 0 } == true)
    // Not zero: added twice by PEFT of today.
    fixture.adapter.tensors[start + "base_layer.out_proj.lora_B.weight"]?.values[5] = 0.5
    guard case .attentionOutput(_, "block.attn.out_proj", [3, 6]) = fixture.refusal() else {
      Issue.record("the output layer inside")
      return
    }
    // The same layer twice, by both of its names.
    fixture.adapter.configBytes =
      #"{"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["attn", "out_proj"]}"#
    fixture.adapter.tensors[start + "base_layer.out_proj.lora_B.weight"]?.values[5] = 0
    fixture.adapter.tensors[start + "out_proj.lora_A.weight"] = fixture.matrix([4, 8])
    fixture.adapter.tensors[start + "out_proj.lora_B.weight"] = .init(
      shape: [8, 4], values: [Double](repeating: 0, count: 32))
    guard case .twice(_, "block.attn.out_proj.weight") = fixture.refusal() else {
      Issue.record("one layer twice")
      return
    }
    // Named by itself: not called until it is merged.
    fixture.adapter.configBytes = #"{"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["out_proj"]}"#
    fixture.adapter.tensors = [:]
    fixture.add(start + "out_proj.lora_A.weight", [4, 8])
    fixture.add(start + "out_proj.lora_B.weight", [8, 4])
    guard case .attentionOutput(_, "block.attn.out_proj", [0, 2]) = fixture.refusal() else {
      Issue.record("the output layer alone")
      return
    }
    // Of attention that has modules only, it is a layer like others.
    fixture.base.removeAll { $0.name.contains("in_proj") }
    #expect(fixture.refusal() == nil)
  }

  @Test func strippedKeys() throws {
    let modules = ["layers.0.q"]
    let (fixture, _) = try fixture(modules, base: modules, prefix: "module.base_model.model._orig_mod.")
    let path = try fixture.adapter.write("wrapped", in: fixture.folder)
    #expect(throws: AdapterError.self) { try fixture.model(Adapter.open(path)) }
    let read = try Adapter.open(path, reading: NameReading(without: ["module", "_orig_mod."]))
    #expect(try fixture.model(read).products.map(\.tensor) == ["layers.0.q.weight"])
    #expect(read.scheme == .peft(isPrefixed: true, adapterName: nil))
  }
}
