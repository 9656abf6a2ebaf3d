// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import DriftProofPolicy

/// Tensors of real checkpoints' names and shapes, smaller.
enum Bases {
  static func tensor(
    _ name: String, _ shape: [Int], dtype: String = "BF16", norm: Double = 4, maximum: Double = 0.25
  ) -> PolicyTensor {
    let count = shape.reduce(1, *)
    let rows = shape.count >= 2 ? shape[0] : 1
    let isFloating = ["BF16", "F16", "F32", "F64"].contains(dtype)
    return PolicyTensor(
      name: name, dtype: dtype, shape: shape, rows: rows, columns: count / max(1, rows), isFloating: isFloating,
      norm: isFloating ? norm : 0, maximum: isFloating ? maximum : 0)
  }

  static let llama: [PolicyTensor] =
    [tensor("model.embed_tokens.weight", [1000, 128]), tensor("model.norm.weight", [128])]
    + (0..<2).flatMap { layer in
      ["q", "k", "v", "o"].map { tensor("model.layers.\(layer).self_attn.\($0)_proj.weight", [128, 128]) }
        + ["gate", "up"].map { tensor("model.layers.\(layer).mlp.\($0)_proj.weight", [256, 128]) }
        + [
          tensor("model.layers.\(layer).mlp.down_proj.weight", [128, 256]),
          tensor("model.layers.\(layer).input_layernorm.weight", [128]),
          tensor("model.layers.\(layer).post_attention_layernorm.weight", [128]),
          tensor("model.layers.\(layer).self_attn.q_proj.bias", [128], norm: 0, maximum: 0),
        ]
    }

  static let gpt2: [PolicyTensor] = [
    tensor("wte.weight", [1000, 64], dtype: "F32"), tensor("wpe.weight", [128, 64], dtype: "F32"),
    tensor("h.0.attn.bias", [1, 1, 128, 128], dtype: "U8"), tensor("h.0.attn.c_attn.weight", [64, 192], dtype: "F32"),
    tensor("h.0.attn.c_attn.bias", [192], dtype: "F32"), tensor("h.0.attn.c_proj.weight", [64, 64], dtype: "F32"),
    tensor("h.0.mlp.c_fc.weight", [64, 256], dtype: "F32"), tensor("h.0.mlp.c_proj.weight", [256, 64], dtype: "F32"),
    tensor("h.0.ln_1.weight", [64], dtype: "F32"), tensor("ln_f.weight", [64], dtype: "F32"),
  ]

  static let bert: [PolicyTensor] = [
    tensor("embeddings.word_embeddings.weight", [1000, 64], dtype: "F16"),
    tensor("embeddings.position_ids", [1, 512], dtype: "I64"),
    tensor("encoder.layer.0.attention.self.query.weight", [64, 64], dtype: "F16"),
    tensor("encoder.layer.0.attention.self.query.bias", [64], dtype: "F16"),
    tensor("encoder.layer.0.attention.output.dense.weight", [64, 64], dtype: "F16"),
    tensor("encoder.layer.0.attention.output.LayerNorm.weight", [64], dtype: "F16"),
    tensor("encoder.layer.0.intermediate.dense.weight", [256, 64], dtype: "F16"),
    tensor("encoder.layer.0.output.dense.weight", [64, 256], dtype: "F16"),
  ]

  static let resnet: [PolicyTensor] = [
    tensor("resnet.embedder.embedder.convolution.weight", [64, 3, 7, 7]),
    tensor("resnet.embedder.embedder.normalization.weight", [64]),
    tensor("resnet.embedder.embedder.normalization.bias", [64]),
    tensor("resnet.embedder.embedder.normalization.running_mean", [64], dtype: "F32"),
    tensor("resnet.embedder.embedder.normalization.num_batches_tracked", [], dtype: "I64"),
    tensor("layer1.0.downsample.0.weight", [64, 64, 1, 1]), tensor("layer1.0.downsample.1.weight", [64]),
    tensor("classifier.1.weight", [10, 64]),
  ]

  static let mlp: [PolicyTensor] = [tensor("fc.0.weight", [64, 32]), tensor("fc.0.bias", [64])]
}

@Suite struct PresetTests {
  private static let bases: [(PolicyPreset, [PolicyTensor])] = [
    (.llamaLora, Bases.llama), (.llamaFull, Bases.llama), (.gpt2Lora, Bases.gpt2), (.bertLora, Bases.bert),
    (.resnetChannels, Bases.resnet), (.mlp, Bases.mlp), (.llamaLokr, Bases.llama), (.llamaC3A, Bases.llama),
    (.llamaSparse, Bases.llama),
  ]

  private func policy(
    _ preset: PolicyPreset, _ tensors: [PolicyTensor], _ options: PolicyPreset.Options = .init()
  ) throws -> Policy {
    try parse(try preset.policyText(for: tensors, options: options))
  }

  private func allowance(_ policy: Policy, _ name: String) -> Allowance? {
    policy.rules.first { $0.tensors.matches(name) }?.allowance
  }

  @Test(arguments: bases)
  func everyRuleDecidesATensorAndNothingIsLeftOver(_ preset: PolicyPreset, _ tensors: [PolicyTensor]) throws {
    let policy = try policy(preset, tensors)
    #expect(throws: Never.self) { try policy.resolve(tensorNames: tensors.map(\.name)) }
    let explanation = PolicyExplanation(policy, tensors: tensors)
    #expect(explanation.problems.isEmpty, "\(explanation.problems)")
    #expect(try preset.policyText(for: tensors).contains("//"))
  }

  @Test func fillsInLlama() throws {
    var options = PolicyPreset.Options()
    options.rank = 16
    let policy = try policy(.llamaLora, Bases.llama, options)
    let low = Allowance.clauses([.sum(rank: 16, sparse: nil, residual: .relative(try Decimal10("0.003")))])
    let small = Allowance.clauses([.norm(.relative(try Decimal10("0.02")))])
    #expect(policy.name == "llama-lora-r16")
    #expect(allowance(policy, "model.layers.1.self_attn.q_proj.weight") == low)
    #expect(allowance(policy, "model.layers.1.self_attn.o_proj.weight") == low)
    #expect(allowance(policy, "model.layers.0.mlp.down_proj.weight") == small)
    #expect(allowance(policy, "model.norm.weight") == small)
    #expect(
      allowance(policy, "model.embed_tokens.weight") == .clauses([.sum(rank: nil, sparse: .rows(20), residual: nil)]))
    // Zero in the base: 0.01 per entry.
    #expect(
      allowance(policy, "model.layers.0.self_attn.q_proj.bias") == .clauses([.norm(.absolute(try Decimal10("0.12")))]))
    #expect(policy.total == .relative(try Decimal10("0.1")))
  }

  /// 128 = 8·16, cut by itself in each projection; sizes of their own get rules by name, and what has no blocks a norm.
  @Test func cutsLlamaAsLoKrDoes() throws {
    func product(_ rows: Int, _ columns: Int) throws -> Allowance {
      .clauses([
        .sum(
          rank: nil, sparse: nil, residual: .relative(try Decimal10("0.003")),
          blocks: .kronecker(terms: 1, rows: rows, columns: columns))
      ])
    }
    let same = try policy(.llamaLokr, Bases.llama)
    #expect(try allowance(same, "model.layers.1.self_attn.q_proj.weight") == product(16, 16))
    #expect(try allowance(same, "model.layers.0.self_attn.o_proj.weight") == product(16, 16))
    #expect(same.name == "llama-lokr" && same.rules.count { $0.allowance.forms?.first?.blocks != nil } == 4)
    let others = [
      Bases.tensor("model.layers.2.self_attn.k_proj.weight", [32, 128]),
      Bases.tensor("model.layers.3.self_attn.k_proj.weight", [96, 128]),
    ]
    let mixed = try policy(.llamaLokr, Bases.llama + others)
    #expect(try allowance(mixed, "model.layers.0.self_attn.k_proj.weight") == product(16, 16))
    #expect(try allowance(mixed, "model.layers.2.self_attn.k_proj.weight") == product(8, 16))
    // 96 = 8·12.
    #expect(
      allowance(mixed, "model.layers.3.self_attn.k_proj.weight") == .clauses([.norm(.relative(try Decimal10("0.02")))]))
    #expect(try PolicyPreset.llamaLokr.policyText(for: Bases.llama + others).contains("for which there is no clause"))
  }

  @Test func cutsLlamaAsC3ADoes() throws {
    func blocks(_ size: Int) throws -> Allowance {
      .clauses([
        .sum(rank: nil, sparse: nil, residual: .relative(try Decimal10("0.003")), blocks: .circulant(size: size))
      ])
    }
    let others = [
      Bases.tensor("model.layers.2.self_attn.k_proj.weight", [32, 128]),
      Bases.tensor("model.layers.3.self_attn.k_proj.weight", [1024, 4096]),
      Bases.tensor("model.layers.4.self_attn.k_proj.weight", [33, 128]),
    ]
    let mixed = try policy(.llamaC3A, Bases.llama + others)
    #expect(try allowance(mixed, "model.layers.2.self_attn.k_proj.weight") == blocks(32))
    #expect(try allowance(mixed, "model.layers.3.self_attn.k_proj.weight") == blocks(256))
    #expect(
      allowance(mixed, "model.layers.4.self_attn.k_proj.weight") == .clauses([.norm(.relative(try Decimal10("0.02")))]))
    #expect(mixed.name == "llama-c3a" && mixed.firstRuleWithCirculants != nil)
  }

  @Test func sparseFineTunesOfLlama() throws {
    let sparse = Allowance.clauses([
      .pattern(.drift(count: 2, group: 4)), .norm(.relative(try Decimal10("0.05"))),
    ])
    let policy = try policy(.llamaSparse, Bases.llama)
    #expect(allowance(policy, "model.layers.0.self_attn.v_proj.weight") == sparse)
    #expect(allowance(policy, "model.layers.1.mlp.down_proj.weight") == sparse)
    #expect(policy.total == .relative(try Decimal10("0.05")))
    // Rows of no whole groups.
    let odd = [Bases.tensor("model.layers.0.self_attn.q_proj.weight", [16, 30])]
    #expect(
      allowance(try self.policy(.llamaSparse, odd), odd[0].name)
        == .clauses([.norm(.relative(try Decimal10("0.05")))]))
  }

  @Test func chosenNumbersReplaceThePresets() throws {
    var options = PolicyPreset.Options()
    (options.rows, options.norm, options.residual) = (7, try Decimal10("0.5"), try Decimal10("0.25"))
    options.total = try Decimal10("2")
    let policy = try policy(.bertLora, Bases.bert, options)
    #expect(
      allowance(policy, "encoder.layer.0.attention.self.query.weight")
        == .clauses([.sum(rank: 8, sparse: nil, residual: .relative(try Decimal10("0.25")))]))
    #expect(
      allowance(policy, "encoder.layer.0.output.dense.weight") == .clauses([.norm(.relative(try Decimal10("0.5")))]))
    #expect(
      allowance(policy, "embeddings.word_embeddings.weight")
        == .clauses([.sum(rank: nil, sparse: .rows(7), residual: nil)]))
    #expect(allowance(policy, "embeddings.position_ids") == .any)
    #expect(policy.total == .relative(try Decimal10("2")))
  }

  @Test func residualsFollowTheType() throws {
    for (type, residual) in [("BF16", "0.003"), ("F16", "0.0004"), ("F32", "0.00001"), ("F64", "0.00001")] {
      let policy = try policy(.mlp, [Bases.tensor("fc.0.weight", [64, 32], dtype: type)])
      #expect(
        allowance(policy, "fc.0.weight")
          == .clauses([.sum(rank: 8, sparse: nil, residual: .relative(try Decimal10(residual)))]))
    }
  }

  /// A slice is one expert; a tensor of that name without experts has the norm as a whole.
  @Test func fusedExpertsHaveClausesOfTheirOwn() throws {
    let name = "model.layers.0.mlp.experts.gate_up_proj"
    let fused = try policy(.llamaLora, Bases.llama + [Bases.tensor(name, [4, 128, 256])])
    // Four experts of a tensor of norm 4: 1.5 · 0.02 · 4/2.
    #expect(
      allowance(fused, name)
        == .heads(.init(axis: .slices, size: 1), [.norm(.absolute(try Decimal10("0.06")))]))
    let flat = try policy(.llamaLora, Bases.llama + [Bases.tensor(name, [128, 256])])
    #expect(allowance(flat, name) == .clauses([.norm(.relative(try Decimal10("0.02")))]))
  }

  @Test func headsFollowTheLayoutOfTheWeights() throws {
    var options = PolicyPreset.Options()
    options.headSize = 32
    let llama = try policy(.llamaLora, Bases.llama, options)
    // Four heads of a tensor of norm 4: 1.5 · 0.003 · 4/2.
    let clause = ClauseForm.sum(rank: 8, sparse: nil, residual: .absolute(try Decimal10("0.009")))
    #expect(
      allowance(llama, "model.layers.0.self_attn.v_proj.weight") == .heads(.init(axis: .rows, size: 32), [clause]))
    #expect(
      allowance(llama, "model.layers.0.self_attn.o_proj.weight") == .heads(.init(axis: .columns, size: 32), [clause]))
    let gpt2 = try policy(.gpt2Lora, Bases.gpt2, options)
    guard case .heads(let fused, _) = allowance(gpt2, "h.0.attn.c_attn.weight"),
      case .heads(let output, _) = allowance(gpt2, "h.0.attn.c_proj.weight")
    else {
      Issue.record("no heads")
      return
    }
    #expect(fused.axis == .columns && output.axis == .rows)
    #expect(allowance(gpt2, "h.0.attn.bias") == .frozen)
    guard case .clauses = allowance(gpt2, "h.0.attn.c_attn.bias") else {
      Issue.record("the bias is no mask")
      return
    }
  }

  /// Embeddings and heads alone grow, and their counts have room for the new rows.
  @Test func vocabulariesMayGrow() throws {
    var options = PolicyPreset.Options()
    options.growth = 3
    for (preset, base, name) in [
      (.llamaLora, Bases.llama, "model.embed_tokens.weight"), (.gpt2Lora, Bases.gpt2, "wte.weight"),
      (.bertLora, Bases.bert, "embeddings.word_embeddings.weight"),
    ] as [(PolicyPreset, [PolicyTensor], String)] {
      let policy = try policy(preset, base, options)
      #expect(allowance(policy, name) == .grow(rows: 3, [.sum(rank: nil, sparse: .rows(23), residual: nil)]))
      #expect(policy.rules.filter { $0.allowance.addedRows > 0 }.count == 1)
    }
    guard
      case .grow(3, let clauses)? = allowance(try policy(.llamaFull, Bases.llama, options), "model.embed_tokens.weight")
    else {
      Issue.record("a full fine-tune has no growth")
      return
    }
    #expect(clauses == [.norm(.relative(try Decimal10("0.05")))])
    #expect(throws: PresetError.noVocabulary(preset: "resnet-channels")) {
      try PolicyPreset.resnetChannels.policyText(for: Bases.resnet, options: options)
    }
  }

  @Test func tensorsOfOtherTypesAreFrozen() throws {
    let quantised = Bases.mlp + [Bases.tensor("q.7.zero{point}.weight", [64, 4], dtype: "I8")]
    let policy = try policy(.mlp, quantised)
    #expect(policy.rules[0].tensors.text == #"q.*.zero\{point\}.weight"#)
    #expect(policy.rules[0].allowance == .frozen)
  }

  @Test func namesInCommentsCannotEndThem() throws {
    let hostile = [Bases.tensor("a\n{}\u{2028}\u{85}//\".weight", [64, 64])]
    let text = try PolicyPreset.mlp.policyText(for: hostile)
    #expect(try parse(text).rules.count == 1)
  }

  @Test func rejects_aBaseOfOtherNames() {
    #expect(
      throws: PresetError.doesNotFit(
        preset: "llama-lora", example: "wte.weight", better: ["gpt2-lora"])
    ) { try PolicyPreset.llamaLora.policyText(for: Bases.gpt2) }
    #expect(throws: PresetError.doesNotFit(preset: "mlp", example: nil, better: [])) {
      try PolicyPreset.mlp.policyText(for: [])
    }
  }

  @Test func freezesWeightsThatAreQuantisedBesideOthersThatAreNot() throws {
    let quantised = [Bases.tensor("fc.0.weight", [64, 64], dtype: "I8"), Bases.tensor("fc.1.weight", [64, 64])]
    let policy = try Policy.parse(Array(PolicyPreset.mlp.policyText(for: quantised).utf8))
    let resolved = try policy.resolve(tensorNames: quantised.map(\.name))
    #expect(resolved[0].allowance == .frozen && resolved[1].allowance != .frozen)
    #expect(policy.rules[0].tensors.text == "fc.0.weight")
  }

  /// Names and types as the libraries write them: all parts of packed weights are frozen, and the policy resolves.
  @Test(arguments: [
    (PackedFormat.gptq, ["qweight": "I32", "qzeros": "I32", "scales": "F16", "g_idx": "I32"]),
    (.awq, ["qweight": "I32", "qzeros": "I32", "scales": "F16"]),
    (.fp8, ["weight": "F8_E4M3", "weight_scale_inv": "F32", "input_scale": "F32"]),
    (
      .bitsandbytes,
      [
        "weight": "U8", "weight.absmax": "F32", "weight.quant_map": "F32",
        "weight.quant_state.bitsandbytes__nf4": "U8",
      ]
    ),
  ])
  func freezesPackedWeights(_ format: PackedFormat, _ parts: [String: String]) throws {
    var tensors = [
      Bases.tensor("model.embed_tokens.weight", [64, 16]), Bases.tensor("model.layers.0.input_layernorm.weight", [16]),
    ]
    var packed: [String] = []
    for layer in 0..<2 {
      for projection in ["q_proj", "o_proj"] {
        for (part, dtype) in parts.sorted(by: { $0.key < $1.key }) {
          packed.append("model.layers.\(layer).self_attn.\(projection).\(part)")
          tensors.append(Bases.tensor(packed.last ?? "", [16], dtype: dtype))
        }
      }
    }
    let text = try PolicyPreset.llamaLora.policyText(for: tensors)
    #expect(text.contains("// Packed weights (\(format))"))
    let policy = try Policy.parse(Array(text.utf8))
    for resolution in try policy.resolve(tensorNames: tensors.map(\.name)) {
      #expect((resolution.allowance == .frozen) == packed.contains(resolution.tensorName), "\(resolution)")
    }
  }

  @Test func freezesBlocksOfExperts() throws {
    let experts = "model.layers.0.mlp.experts.gate_up_proj"
    let tensors = [
      Bases.tensor("model.layers.0.self_attn.q_proj.weight", [16, 16]),
      Bases.tensor(experts + "_blocks", [16], dtype: "U8"), Bases.tensor(experts + "_scales", [16], dtype: "U8"),
    ]
    let policy = try Policy.parse(Array(PolicyPreset.llamaLora.policyText(for: tensors).utf8))
    let resolved = try policy.resolve(tensorNames: tensors.map(\.name))
    #expect(resolved.map { $0.allowance == .frozen } == [false, true, true])
  }

  @Test func rejects_headsThatDoNotFit() {
    var options = PolicyPreset.Options()
    options.headSize = 48
    #expect(
      throws: PresetError.headsDoNotFit(
        tensor: "model.layers.0.self_attn.q_proj.weight", axis: .rows, length: 128, size: 48)
    ) { try PolicyPreset.llamaLora.policyText(for: Bases.llama, options: options) }
    #expect(throws: PresetError.noHeads(preset: "mlp")) {
      try PolicyPreset.mlp.policyText(for: Bases.mlp, options: options)
    }
  }

  @Test func rejects_boundOutOfRange_when_theBaseIsMadeUp() {
    let huge = [Bases.tensor("fc.0.weight", [64, 64]), Bases.tensor("fc.0.bias", [64], norm: .infinity)]
    #expect(throws: PresetError.boundOutOfRange(tensor: "fc.0.bias")) {
      try PolicyPreset.mlp.policyText(for: huge)
    }
  }

  @Test func roundsUp() throws {
    for (value, text) in [
      (0, "0"), (0.11, "0.11"), (0.1101, "0.12"), (99.5, "100"), (1e-9, "1e-9"), (3.2e20, "3.2e20"),
    ] {
      #expect(Decimal10.roundedUp(value) == (try Decimal10(text)))
    }
    #expect(Decimal10.roundedUp(.nan) == nil && Decimal10.roundedUp(-1) == nil && Decimal10.roundedUp(1e60) == nil)
  }

  /// Of a base that is committed to, the rest beside a rank is the rounding of every entry, and no ball.
  @Test(arguments: [("BF16", "1.01"), ("F16", "1.04")])
  func roundingOfLinkedBases(_ type: String, _ halfUlps: String) throws {
    func policy(linked: Bool, obstacle: String? = nil, _ change: (inout PolicyPreset.Options) -> Void = { _ in }) throws
      -> String
    {
      let tensors = Bases.llama.map { tensor in
        var own = Bases.tensor(tensor.name, tensor.shape, dtype: type)
        if linked { own.shareBelowFloor = 0.07 }
        own.roundingObstacle = obstacle
        return own
      }
      var options = PolicyPreset.Options()
      change(&options)
      return try PolicyPreset.llamaLora.policyText(for: tensors, options: options)
    }
    let clause = "\"rank\": 8, \"rounding\": { \"halfUlps\": \(halfUlps) }"
    let text = try policy(linked: true)
    #expect(text.contains(clause) && !text.contains("residual") && text.contains("driftproof merge"))
    let plain = try policy(linked: false)
    #expect(!plain.contains("rounding\":") && plain.contains("residual") && plain.contains("identify --commit"))
    #expect(try !policy(linked: true, obstacle: "zeros").contains(clause))
    // What was asked for stays.
    let asked = try policy(linked: true) { $0.residual = try? Decimal10("0.01") }
    #expect(!asked.contains(clause) && asked.contains("\"residual\": { \"relative\": 0.01 }"))
    #expect(try !policy(linked: true) { $0.headSize = 64 }.contains(clause))
  }
}
