// SPDX-License-Identifier: Apache-2.0

/// What a tensor is for; drifts and policies choose tensors by it.
package enum TensorRole: String, Sendable, CaseIterable {
  case embedding
  /// Query and value projections, the usual targets of LoRA.
  case attentionQueryValue
  case attentionOther
  case feedForward
  /// The classifier or the language model's head.
  case head
  /// A matrix of a plain network.
  case linear
  case convolution
  case norm
  /// Running statistics of a batch norm: no parameters, but part of a checkpoint.
  case buffer
  case bias

  /// Matrices of linear layers.
  var isLinear: Bool {
    switch self {
    case .attentionQueryValue, .attentionOther, .feedForward, .head, .linear: true
    case .embedding, .convolution, .norm, .buffer, .bias: false
    }
  }
}

/// One tensor of a synthetic model.
package struct TensorShape: Sendable {
  let name: String
  let shape: [Int]
  let role: TensorRole
  /// Weights are normal with this mean and standard deviation.
  let mean: Float
  let deviation: Float

  init(_ name: String, _ shape: [Int], _ role: TensorRole, mean: Float = 0, deviation: Float = 0.02) {
    self.name = name
    self.shape = shape
    self.role = role
    self.mean = mean
    self.deviation = deviation
  }

  var entryCount: Int { shape.reduce(1, *) }
  /// As the statement sees it: the first dimension by the product of the rest; a vector is one row.
  var rows: Int { shape.count > 1 ? shape[0] : 1 }
  var columns: Int { entryCount / max(1, rows) }
}

/// Names, shapes and spreads of a model's tensors, in the order of its files.
package struct ModelShape: Sendable {
  package let name: String
  package let tensors: [TensorShape]
  /// The pattern of a policy that matches exactly the tensors of a role.
  let patterns: [TensorRole: String]

  /// Entries of all tensors but buffers.
  package var parameterCount: Int { tensors.reduce(0) { $1.role == .buffer ? $0 : $0 + $1.entryCount } }
  /// Bytes of a bf16 checkpoint.
  package var byteCount: Int { tensors.reduce(0) { $0 + 2 * $1.entryCount } }

  /// `llama-7b`, `llama-1m`, `resnet-50`, `resnet-50-narrow`, `mlp-6`, or `transformer-K` of 2^K parameters, K in 20...33.
  package init?(named name: String) {
    self.name = name
    switch name {
    case "llama-7b":
      tensors = Self.llama(layers: 32, hidden: 4096, feedForward: 11008, vocabulary: 32000)
      patterns = Self.llamaPatterns
    case "llama-1m":
      tensors = Self.llama(layers: 2, hidden: 128, feedForward: 344, vocabulary: 2000)
      patterns = Self.llamaPatterns
    case "resnet-50":
      tensors = ResNet.tensors(width: 64, classes: 1000)
      patterns = ResNet.patterns
    case "resnet-50-narrow":
      tensors = ResNet.tensors(width: 12, classes: 100)
      patterns = ResNet.patterns
    case "mlp-6":
      tensors = Self.perceptron(layers: 6, width: 512)
      patterns = [.linear: "fc.*.weight", .bias: "fc.*.bias"]
    default:
      let prefix = "transformer-"
      guard name.hasPrefix(prefix), let log = Int(name.dropFirst(prefix.count)),
        let tensors = Self.transformer(logParameters: log)
      else { return nil }
      self.tensors = tensors
      patterns = Self.transformerPatterns
    }
  }

  private static let llamaPatterns: [TensorRole: String] = [
    .embedding: "model.embed_tokens.weight", .attentionQueryValue: "*.self_attn.{q,v}_proj.weight",
    .attentionOther: "*.self_attn.{k,o}_proj.weight", .feedForward: "*.mlp.*_proj.weight", .norm: "*norm.weight",
    .head: "lm_head.weight",
  ]
  private static let transformerPatterns: [TensorRole: String] = [
    .embedding: "embeddings.weight", .attentionQueryValue: "*.attention.{query,value}.weight",
    .attentionOther: "*.attention.{key,output}.weight", .feedForward: "*.ffn.*.weight", .norm: "*.norm.weight",
  ]

  /// Names as in the Hugging Face checkpoints of LLaMA; embeddings and head are not tied.
  private static func llama(layers: Int, hidden: Int, feedForward: Int, vocabulary: Int) -> [TensorShape] {
    var tensors = [TensorShape("model.embed_tokens.weight", [vocabulary, hidden], .embedding)]
    for layer in 0..<layers {
      let prefix = "model.layers.\(layer)."
      tensors += [
        TensorShape(prefix + "self_attn.q_proj.weight", [hidden, hidden], .attentionQueryValue),
        TensorShape(prefix + "self_attn.k_proj.weight", [hidden, hidden], .attentionOther),
        TensorShape(prefix + "self_attn.v_proj.weight", [hidden, hidden], .attentionQueryValue, deviation: 0.015),
        TensorShape(prefix + "self_attn.o_proj.weight", [hidden, hidden], .attentionOther, deviation: 0.015),
        TensorShape(prefix + "mlp.gate_proj.weight", [feedForward, hidden], .feedForward),
        TensorShape(prefix + "mlp.up_proj.weight", [feedForward, hidden], .feedForward),
        TensorShape(prefix + "mlp.down_proj.weight", [hidden, feedForward], .feedForward),
        TensorShape(prefix + "input_layernorm.weight", [hidden], .norm, mean: 0.5, deviation: 0.05),
        TensorShape(prefix + "post_attention_layernorm.weight", [hidden], .norm, mean: 0.5, deviation: 0.05),
      ]
    }
    tensors.append(TensorShape("model.norm.weight", [hidden], .norm, mean: 1, deviation: 0.05))
    tensors.append(TensorShape("lm_head.weight", [vocabulary, hidden], .head))
    return tensors
  }

  /// Six layers of 512 × 512 with biases unless said otherwise: the paper's dimensions are not known to us.
  private static func perceptron(layers: Int, width: Int) -> [TensorShape] {
    (0..<layers).flatMap { layer in
      [
        TensorShape("fc.\(layer).weight", [width, width], .linear, deviation: 0.04),
        TensorShape("fc.\(layer).bias", [width], .bias, deviation: 0.02),
      ]
    }
  }

  /// A family whose matrices have exactly 2^K entries: layers of 12·h², embeddings of v·h with v = e·h, norms on top.
  private static func transformer(logParameters log: Int) -> [TensorShape]? {
    guard (20...33).contains(log) else { return nil }
    // (12·layers + e)·h² = 2^log; h grows with the square root, as in real families.
    let (hidden, layers, multiple): (Int, Int, Int) =
      switch log {
      case 20: (256, 1, 4)
      case 21: (256, 2, 8)
      case 22: (256, 5, 4)
      case 23: (256, 10, 8)
      case 24: (512, 5, 4)
      case 25: (512, 10, 8)
      case 26: (1024, 5, 4)
      case 27: (1024, 10, 8)
      case 28: (1024, 21, 4)
      case 29: (2048, 10, 8)
      case 30: (2048, 21, 4)
      case 31: (2048, 42, 8)
      case 32: (4096, 21, 4)
      default: (4096, 42, 8)
      }
    var tensors = [TensorShape("embeddings.weight", [multiple * hidden, hidden], .embedding)]
    for layer in 0..<layers {
      let prefix = "layer.\(layer)."
      tensors += [
        TensorShape(prefix + "attention.query.weight", [hidden, hidden], .attentionQueryValue),
        TensorShape(prefix + "attention.key.weight", [hidden, hidden], .attentionOther),
        TensorShape(prefix + "attention.value.weight", [hidden, hidden], .attentionQueryValue),
        TensorShape(prefix + "attention.output.weight", [hidden, hidden], .attentionOther),
        TensorShape(prefix + "ffn.up.weight", [4 * hidden, hidden], .feedForward),
        TensorShape(prefix + "ffn.down.weight", [hidden, 4 * hidden], .feedForward, deviation: 0.015),
        TensorShape(prefix + "norm.weight", [hidden], .norm, mean: 1, deviation: 0.05),
      ]
    }
    return tensors
  }
}
