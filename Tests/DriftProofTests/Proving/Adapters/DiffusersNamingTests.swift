// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAdapter
import DriftProofCheckpoint
import Foundation
import TestSupport
import Testing

/// LoRA files of diffusers in the spellings of the years.
@Suite struct DiffusersNamingTests {
  private static let block = "down_blocks.0.attentions.1.transformer_blocks.0."

  @Test(arguments: [
    ("unet.\(block)attn1.to_q.lora_A.weight", "unet.\(block)attn1.to_q.lora_B.weight", "attn1.to_q"),
    ("unet.\(block)attn1.to_q.lora.down.weight", "unet.\(block)attn1.to_q.lora.up.weight", "attn1.to_q"),
    (
      "unet.\(block)attn1.processor.to_out_lora.down.weight", "unet.\(block)attn1.processor.to_out_lora.up.weight",
      "attn1.to_out.0"
    ),
    ("\(block)attn1.processor.to_v_lora.down.weight", "\(block)attn1.processor.to_v_lora.up.weight", "attn1.to_v"),
    (
      "diffusion_model.\(block)attn1.to_k.lora_down.weight", "diffusion_model.\(block)attn1.to_k.lora_up.weight",
      "attn1.to_k"
    ),
    (
      "transformer.\(block)ff.net.lora_linear_layer.down.weight",
      "transformer.\(block)ff.net.lora_linear_layer.up.weight", "ff.net"
    ),
  ])
  func spellings(_ down: String, _ up: String, _ module: String) throws {
    let name = Self.block + module + ".weight"
    var fixture = try SchemeFixture([(name, [12, 10]), (Self.block + "attn1.norm.weight", [12])])
    let a = fixture.add(down, [4, 10])
    let b = fixture.add(up, [12, 4])
    // Without an alpha the factor is 1.
    try fixture.expect([name: SchemeFixture.product(1, b, a)])
  }

  @Test func textEncoders() throws {
    let layer = "text_model.encoder.layers.0.self_attn."
    var fixture = try SchemeFixture([(layer + "q_proj.weight", [12, 10]), (layer + "out_proj.weight", [10, 12])])
    let a = fixture.add("text_encoder.\(layer)to_q_lora.down.weight", [4, 10])
    let b = fixture.add("text_encoder.\(layer)to_q_lora.up.weight", [12, 4])
    let c = fixture.add("text_encoder.\(layer)out_proj.lora_linear_layer.down.weight", [4, 12])
    let d = fixture.add("text_encoder.\(layer)out_proj.lora_linear_layer.up.weight", [10, 4])
    try fixture.expect([
      layer + "q_proj.weight": SchemeFixture.product(1, b, a),
      layer + "out_proj.weight": SchemeFixture.product(1, d, c),
    ])
    // Two matrices of one module in two spellings.
    fixture.add("text_encoder.\(layer)q_proj.lora_A.weight", [4, 10])
    guard case .twice = fixture.refusal() else {
      Issue.record("two spellings")
      return
    }
  }

  /// Factors: `.alpha` tensors, the metadata of newer files, or none at all.
  @Test func factors() throws {
    var fixture = try SchemeFixture([("x.to_q.weight", [12, 10]), ("x.to_k.weight", [12, 10])])
    let a = fixture.add("unet.x.to_q.lora_A.weight", [4, 10])
    let b = fixture.add("unet.x.to_q.lora_B.weight", [12, 4])
    let expected = { (factor: Double) in ["x.to_q.weight": SchemeFixture.product(factor, b, a)] }
    fixture.add("unet.x.to_q.alpha", alpha: 6)
    try fixture.expect(expected(1.5))
    let settings = { (component: String) in
      #"{"\#(component).peft_type": "LORA", "\#(component).r": 4, "\#(component).lora_alpha": 10, "#
        + #""\#(component).target_modules": ["to_q"], "\#(component).use_dora": false, "\#(component).bias": "none"}"#
    }
    fixture.adapter.metadata = [("lora_adapter_metadata", settings("unet"))]
    guard case .alpha(_, "unet.x.to_q.alpha", _) = fixture.refusal() else {
      Issue.record("two statements")
      return
    }
    fixture.adapter.tensors["unet.x.to_q.alpha"] = nil
    try fixture.expect(expected(2.5))
    fixture.adapter.metadata = [("lora_adapter_metadata", settings("text_encoder"))]
    try fixture.expect(expected(1))
    fixture.adapter.metadata = [("lora_adapter_metadata", "[1]")]
    guard case .json = fixture.refusal() else {
      Issue.record("metadata of another kind")
      return
    }
    // Settings that make it more than a product count as in a configuration.
    fixture.adapter.metadata = [
      ("lora_adapter_metadata", settings("unet").replacingOccurrences(of: "dora\": false", with: "dora\": true"))
    ]
    guard case .dora = fixture.refusal() else {
      Issue.record("DoRA in the metadata")
      return
    }
    fixture.adapter.metadata = []
    // Several ranks and no alpha: versions differ.
    fixture.add("unet.x.to_k.lora_A.weight", [2, 10])
    fixture.add("unet.x.to_k.lora_B.weight", [12, 2])
    guard case .factor = fixture.refusal() else {
      Issue.record("several ranks")
      return
    }
    fixture.add("unet.x.to_q.alpha", alpha: 4)
    guard case .alphas(_, "x.to_k") = fixture.refusal() else {
      Issue.record("some alphas")
      return
    }
    // PEFT's own names without anything that states a factor.
    fixture.adapter.tensors = [:]
    fixture.add("x.to_q.lora_A.weight", [4, 10])
    fixture.add("x.to_q.lora_B.weight", [12, 4])
    guard case .factor = fixture.refusal() else {
      Issue.record("no factor")
      return
    }
    // A language model whose names begin as a component's.
    fixture.base = [("h.0.to_q.weight", [12, 10])]
    fixture.adapter.tensors = [:]
    fixture.add("transformer.h.0.to_q.lora_A.weight", [4, 10])
    fixture.add("transformer.h.0.to_q.lora_B.weight", [12, 4])
    guard case .factor = fixture.refusal() else {
      Issue.record("GPT-2")
      return
    }
  }

  @Test func refusals() throws {
    var fixture = try SchemeFixture([("x.to_q.weight", [12, 10])])
    func start(_ fixture: inout SchemeFixture) {
      fixture.adapter.tensors = [:]
      fixture.add("unet.x.to_q.lora_A.weight", [4, 10])
      fixture.add("unet.x.to_q.lora_B.weight", [12, 4])
    }
    start(&fixture)
    #expect(fixture.refusal() == nil)
    // A whole pipeline in one file has more before its names.
    fixture.base = [("model.diffusion_model.x.to_q.weight", [12, 10])]
    #expect(try fixture.model().products.map(\.tensor) == ["model.diffusion_model.x.to_q.weight"])
    fixture.base = [("other.x.to_q.weight", [12, 10])]
    guard case .unresolved(_, "unet.x.to_q.lora_A.weight", "x.to_q.weight") = fixture.refusal() else {
      Issue.record("another prefix")
      return
    }
    fixture.base = [("x.to_q.weight", [12, 10])]
    fixture.add("text_encoder.y.lora_A.weight", [4, 10])
    guard case .components(_, ["text_encoder", "unet"]) = fixture.refusal() else {
      Issue.record("two components")
      return
    }
    start(&fixture)
    fixture.add("unet.x.to_q.dora_scale", [12])
    guard case .dora = fixture.refusal() else {
      Issue.record("DoRA")
      return
    }
    start(&fixture)
    fixture.add("unet.x.to_q.lora_B.bias", [12])
    guard case .loraBias = fixture.refusal() else {
      Issue.record("a bias")
      return
    }
    start(&fixture)
    fixture.add("unet.x.norm.weight", [12])
    guard case .unknownTensor(_, "unet.x.norm.weight") = fixture.refusal() else {
      Issue.record("another tensor")
      return
    }
    fixture.adapter.tensors = [:]
    fixture.add("base_model.model.x.to_q.lora_A.weight", [4, 10])
    guard case .noConfigBeside = fixture.refusal() else {
      Issue.record("PEFT's names alone")
      return
    }
    fixture.adapter.tensors = [:]
    fixture.add("x.to_q.weight", [4, 10])
    guard case .noModules = fixture.refusal() else {
      Issue.record("a model")
      return
    }
  }
}
