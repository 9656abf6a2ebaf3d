// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAdapter
import DriftProofCheckpoint
import Foundation
import TestSupport
import Testing

/// Adapters of mlx-lm: x·A·B, matrices the other way round, and a factor that is not one over the rank.
@Suite struct MLXNamingTests {
  private func fixture(
    parameters: String = #"{"rank": 4, "dropout": 0.0, "scale": 20.0}"#, more: String = #""num_layers": 2"#
  ) throws -> SchemeFixture {
    var base: [(name: String, shape: [Int])] = [("model.embed_tokens.weight", [20, 10])]
    for layer in 0..<4 {
      base += [
        ("model.layers.\(layer).self_attn.q_proj.weight", [12, 10]),
        ("model.layers.\(layer).mlp.down_proj.weight", [10, 10]),
      ]
    }
    var fixture = try SchemeFixture(base)
    fixture.adapter.weightsName = "adapters.safetensors"
    fixture.adapter.configBytes = #"{"model": "m", "lr": 1e-05, "lora_parameters": \#(parameters), \#(more)}"#
    return fixture
  }

  /// mlx-lm's own: (scale·Bᵀ)·Aᵀ.
  private static func delta(_ a: TestAdapter.Matrix, _ b: TestAdapter.Matrix) -> [Double] {
    let (input, r, output) = (a.shape[0], a.shape[1], b.shape[1])
    return (0..<output * input).map { place in
      let (o, i) = (place / input, place % input)
      return (0..<r).reduce(0) { $0 + 20 * b.values[$1 * output + o] * a.values[i * r + $1] }
    }
  }

  @Test func orientation() throws {
    var fixture = try fixture()
    let q = "model.layers.3.self_attn.q_proj"
    let square = "model.layers.2.mlp.down_proj"
    let (a, b) = (fixture.add(q + ".lora_a", [10, 4]), fixture.add(q + ".lora_b", [4, 12]))
    let (c, d) = (fixture.add(square + ".lora_a", [10, 4]), fixture.add(square + ".lora_b", [4, 10]))
    try fixture.expect([q + ".weight": Self.delta(a, b), square + ".weight": Self.delta(c, d)])
    #expect(try fixture.model().adapter.scheme == .mlx)
  }

  @Test func embeddingsAndConv1D() throws {
    var fixture = try fixture(
      parameters: #"{"rank": 4, "scale": 20, "dropout": 0, "keys": ["model.embed_tokens", "attn.c_attn"]}"#)
    // W + scale·A·B, in the order of the table.
    let (a, b) = (
      fixture.add("model.embed_tokens.lora_a", [20, 4]), fixture.add("model.embed_tokens.lora_b", [4, 10])
    )
    var expected = ["model.embed_tokens.weight": SchemeFixture.product(20, a, b)]
    try fixture.expect(expected)
    // GPT-2 on disk keeps [in, out]; mlx-lm turns it when it loads.
    fixture.base.append(("h.0.attn.c_attn.weight", [10, 30]))
    fixture.adapter.tensors = [:]
    let (c, d) = (fixture.add("h.0.attn.c_attn.lora_a", [10, 4]), fixture.add("h.0.attn.c_attn.lora_b", [4, 30]))
    expected = ["h.0.attn.c_attn.weight": SchemeFixture.product(20, c, d)]
    try fixture.expect(expected)
    // A square table of an embedding fits both ways.
    fixture.base = [("model.embed_tokens.weight", [10, 10])]
    fixture.adapter.tensors = [:]
    fixture.add("model.embed_tokens.lora_a", [10, 4])
    fixture.add("model.embed_tokens.lora_b", [4, 10])
    guard case .orientation = fixture.refusal() else {
      Issue.record("a square embedding")
      return
    }
  }

  /// Only what mlx-lm loads: the last layers, and the modules that are named.
  @Test func selection() throws {
    func refusal(_ module: String, _ fixture: SchemeFixture) -> String? {
      var own = fixture
      let shape = own.base.first { $0.name == module + ".weight" }?.shape ?? [12, 10]
      own.add(module + ".lora_a", [shape[1], 4])
      own.add(module + ".lora_b", [4, shape[0]])
      guard case .notLoadedByMLX(_, let setting, [module]) = own.refusal() else { return nil }
      return setting
    }
    func q(_ layer: Int) -> String { "model.layers.\(layer).self_attn.q_proj" }
    #expect(try refusal(q(1), fixture()) == "num_layers")
    #expect(try refusal(q(2), fixture()) == nil)
    #expect(try refusal(q(0), fixture(more: #""num_layers": -1"#)) == nil)
    #expect(try refusal(q(0), fixture(more: #""lora_layers": 4"#)) == nil)
    #expect(try refusal(q(0), fixture(more: #""lora_layers": 3"#)) == "num_layers")
    #expect(try refusal("model.embed_tokens", fixture()) == "lora_parameters.keys")
    let keys = #"{"rank": 4, "scale": 20, "dropout": 0, "keys": ["mlp.down_proj"]}"#
    #expect(try refusal(q(3), fixture(parameters: keys)) == "lora_parameters.keys")
    #expect(try refusal("model.layers.3.mlp.down_proj", fixture(parameters: keys)) == nil)
  }

  @Test func configurations() throws {
    func refusal(_ parameters: String, _ more: String = #""num_layers": 2"#, _ end: String = "") throws -> AdapterError?
    {
      var own = try fixture(parameters: parameters, more: more)
      own.add("model.layers.3.self_attn.q_proj.lora_a", [10, 4])
      own.add("model.layers.3.self_attn.q_proj.lora_b", [4, 12])
      if !end.isEmpty { own.add("model.layers.3.self_attn.q_proj.\(end)", [12]) }
      return own.refusal()
    }
    let good = #"{"rank": 4, "scale": 20, "dropout": 0}"#
    #expect(try refusal(good) == nil)
    // An alpha that old versions multiplied by: the same only where it equals the rank.
    #expect(try refusal(#"{"rank": 4, "scale": 20, "alpha": 4}"#) == nil)
    guard case .factor = try refusal(#"{"rank": 4, "scale": 20, "alpha": 16}"#) else {
      Issue.record("alpha and scale")
      return
    }
    guard case .json = try refusal(#"{"rank": 4, "alpha": 16}"#) else {
      Issue.record("no scale")
      return
    }
    guard case .rank(_, _, 8, 4) = try refusal(#"{"rank": 8, "scale": 20}"#) else {
      Issue.record("another rank")
      return
    }
    guard case .unknownSetting(_, "lora_parameters.gate") = try refusal(#"{"rank": 4, "scale": 20, "gate": 1}"#) else {
      Issue.record("a setting that is not known")
      return
    }
    guard case .dora = try refusal(good, #""num_layers": 2, "fine_tune_type": "dora""#) else {
      Issue.record("DoRA")
      return
    }
    guard case .fineTuneType(_, "full") = try refusal(good, #""num_layers": 2, "fine_tune_type": "full""#) else {
      Issue.record("the whole model")
      return
    }
    guard case .dora = try refusal(good, #""num_layers": 2"#, "m") else {
      Issue.record("magnitudes")
      return
    }
    guard case .unknownTensor = try refusal(good, #""num_layers": 2"#, "weight") else {
      Issue.record("a whole tensor")
      return
    }
  }
}
