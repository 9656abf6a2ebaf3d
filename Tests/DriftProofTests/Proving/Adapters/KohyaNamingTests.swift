// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAdapter
import DriftProofCheckpoint
import TestSupport
import Testing

/// LoRA files of kohya's scripts: the base says where the dots are.
@Suite struct KohyaNamingTests {
  private static let name = "down_blocks.0.attentions.1.proj_in"
  private static let key = "lora_unet_down_blocks_0_attentions_1_proj_in"

  private func fixture(_ shape: [Int] = [12, 10]) throws -> SchemeFixture {
    try SchemeFixture([(Self.name + ".weight", shape), ("down_blocks.0.resnets.0.conv1.weight", [12, 6, 3, 3])])
  }

  @Test func factors() throws {
    var fixture = try fixture()
    let a = fixture.add(Self.key + ".lora_down.weight", [4, 10])
    let b = fixture.add(Self.key + ".lora_up.weight", [12, 4])
    // As old files have it, without an alpha.
    try fixture.expect([Self.name + ".weight": SchemeFixture.product(1, b, a)])
    fixture.add(Self.key + ".alpha", alpha: 6)
    try fixture.expect([Self.name + ".weight": SchemeFixture.product(1.5, b, a)])
    #expect(try fixture.model().adapter.scheme == .kohya)
    // Convolutions: a kernel below, single pixels above.
    let conv = "lora_unet_down_blocks_0_resnets_0_conv1"
    let c = fixture.add(conv + ".lora_down.weight", [3, 6, 3, 3])
    let d = fixture.add(conv + ".lora_up.weight", [12, 3, 1, 1])
    guard case .alphas(_, conv) = fixture.refusal() else {
      Issue.record("some alphas")
      return
    }
    fixture.add(conv + ".alpha", alpha: 1)
    try fixture.expect([
      Self.name + ".weight": SchemeFixture.product(1.5, b, a),
      "down_blocks.0.resnets.0.conv1.weight": SchemeFixture.product(1.0 / 3, d, c),
    ])
    for value in [0.0] {
      fixture.add(conv + ".alpha", alpha: value)
      guard case .alpha(_, conv + ".alpha", "0") = fixture.refusal() else {
        Issue.record("alpha \(value)")
        return
      }
    }
    fixture.adapter.tensors[conv + ".alpha"] = .init(shape: [], dtype: .i64, values: [1])
    guard case .alpha(_, conv + ".alpha", "I64 []") = fixture.refusal() else {
      Issue.record("an integer")
      return
    }
    fixture.adapter.tensors[conv + ".alpha"] = .init(shape: [2], values: [1, 1])
    guard case .alpha(_, conv + ".alpha", "F32 [2]") = fixture.refusal() else {
      Issue.record("two numbers")
      return
    }
  }

  /// Single pixels with two sizes and with four, both ways round.
  @Test(arguments: [([12, 10, 1, 1], [4, 10], [12, 4]), ([12, 10], [4, 10, 1, 1], [12, 4, 1, 1])])
  func singlePixels(_ shape: [Int], _ down: [Int], _ up: [Int]) throws {
    var fixture = try fixture(shape)
    let a = fixture.add(Self.key + ".lora_down.weight", down)
    let b = fixture.add(Self.key + ".lora_up.weight", up)
    try fixture.expect([Self.name + ".weight": SchemeFixture.product(1, b, a)])
  }

  @Test func ambiguity() throws {
    var fixture = try fixture()
    fixture.add(Self.key + ".lora_down.weight", [4, 10])
    fixture.add(Self.key + ".lora_up.weight", [12, 4])
    fixture.base.append(("down_blocks.0.attentions.1_proj.in.weight", [12, 10]))
    guard case .candidates(_, _, let tensors) = fixture.refusal() else {
      Issue.record("two names with the same underscores")
      return
    }
    #expect(Set(tensors) == [Self.name + ".weight", "down_blocks.0.attentions.1_proj.in.weight"])
    fixture.base = [("other.weight", [12, 10])]
    guard case .unresolved(_, Self.key + ".lora_down.weight", Self.key) = fixture.refusal() else {
      Issue.record("no such module")
      return
    }
  }

  /// Parts of a pipeline: in one file with all of it, and each alone.
  @Test func components() throws {
    let text = "text_model.encoder.layers.0.mlp.fc1"
    let mark = "text_model_encoder_layers_0_mlp_fc1"
    var fixture = try SchemeFixture([
      ("model.diffusion_model.\(Self.name).weight", [12, 10]),
      ("conditioner.embedders.0.transformer.\(text).weight", [8, 6]),
    ])
    let a = fixture.add(Self.key + ".lora_down.weight", [4, 10])
    let b = fixture.add(Self.key + ".lora_up.weight", [12, 4])
    let c = fixture.add("lora_te1_\(mark).lora_down.weight", [4, 6])
    let d = fixture.add("lora_te1_\(mark).lora_up.weight", [8, 4])
    try fixture.expect([
      "model.diffusion_model.\(Self.name).weight": SchemeFixture.product(1, b, a),
      "conditioner.embedders.0.transformer.\(text).weight": SchemeFixture.product(1, d, c),
    ])
    fixture.base = [(Self.name + ".weight", [12, 10])]
    guard case .components(_, ["lora_unet", "lora_te1"]) = fixture.refusal() else {
      Issue.record("a part that the base does not have")
      return
    }
    // Both text encoders have the same names.
    fixture.adapter.tensors = [:]
    for encoder in ["te1", "te2"] {
      fixture.add("lora_\(encoder)_\(mark).lora_down.weight", [4, 6])
      fixture.add("lora_\(encoder)_\(mark).lora_up.weight", [8, 4])
    }
    fixture.base = [("\(text).weight", [8, 6])]
    guard case .components(_, ["lora_te1", "lora_te2"]) = fixture.refusal() else {
      Issue.record("two text encoders")
      return
    }
  }

  @Test(arguments: ["lora_mid.weight", "hada_w1_a", "lokr_w1", "diff", "scalar"])
  func otherMethods(_ end: String) throws {
    var fixture = try fixture()
    fixture.add(Self.key + ".lora_down.weight", [4, 10])
    fixture.add(Self.key + ".lora_up.weight", [12, 4])
    fixture.add("\(Self.key).\(end)", [4, 4])
    guard case .unknownTensor(_, "\(Self.key).\(end)") = fixture.refusal() else {
      Issue.record("\(end)")
      return
    }
    fixture.adapter.tensors["\(Self.key).\(end)"] = nil
    fixture.add(Self.key + ".dora_scale", [12])
    guard case .dora = fixture.refusal() else {
      Issue.record("DoRA")
      return
    }
  }
}
