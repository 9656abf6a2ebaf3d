// SPDX-License-Identifier: Apache-2.0

/// A policy to start from, for one family of networks and one way to fine-tune them.
public enum PolicyPreset: String, CaseIterable, Sendable {
  case llamaLora = "llama-lora"
  case llamaLokr = "llama-lokr"
  case llamaC3A = "llama-c3a"
  case llamaFull = "llama-full"
  case llamaSparse = "llama-sparse"
  case gpt2Lora = "gpt2-lora"
  case bertLora = "bert-lora"
  case resnetChannels = "resnet-channels"
  case mlp

  /// The bounds that a preset is filled in with.
  public struct Options: Sendable {
    /// Rank of merged LoRA updates.
    public var rank = 8
    /// Rows of an embedding, or output channels of a convolution, that may change; nil for the preset's own.
    public var rows: Int?
    /// Norm clauses, as a fraction of each base tensor's norm; nil for the preset's own.
    public var norm: Decimal10?
    /// Residual of low-rank clauses, as a fraction likewise; nil for what merging in the base's type needs.
    public var residual: Decimal10?
    /// Norm of the whole change, as a fraction of the whole base's; nil for the preset's own.
    public var total: Decimal10?
    /// Rows or columns of one attention head: attention rules then speak of heads; nil for whole tensors.
    public var headSize: Int?
    /// Rows by which embeddings and output heads may grow; nil for none.
    public var growth: Int?
    /// What proofs may rest on besides hashes; nil for nothing.
    public var assumption: Assumption?
    /// Lines of a comment in the policy: what to look at before it is used.
    public var advice: [String] = []

    /// The preset's own bounds.
    public init() {}
  }

  /// What one rule of a preset allows, before numbers are put in.
  enum Form: Hashable {
    case frozen
    case any
    case lowRank
    /// One Kronecker product, cut as PEFT cuts the tensor without a factor of its settings.
    case kronecker
    /// Circulant blocks, of the size that PEFT's C3A has if nothing else is said, or less where that does not divide the tensor's.
    case circulant
    /// 2 of 4 neighbours in a row, and a fraction of each tensor's norm.
    case pattern
    /// A fraction of each tensor's norm.
    case norm
    /// Buffers that training recomputes: 2.5 times their norm, as measured on real fine-tunes.
    case statistics
    /// An absolute norm: biases often start at zero, where a fraction allows nothing.
    case bias
    /// A few rows: tokens of an embedding, output channels of a kernel.
    case rows
  }

  /// One rule of a preset.
  struct Template {
    let pattern: String
    let form: Form
    /// Why, for the comment above the rule.
    let purpose: String
    /// Along which axis the tensors consist of attention heads.
    var heads: HeadSplit.Axis?
    /// The first dimension counts matrices, such as experts, each of which has the clauses for itself.
    var hasSlices = false
    /// One row is one token: what grows with a vocabulary.
    var isVocabulary = false
    /// At least one core rule has to decide a tensor, or the preset is for other networks.
    var isCore = false
  }

  /// One line about it.
  public var summary: String {
    switch self {
    case .llamaLora: "LoRA on a Llama-shaped decoder: low rank in attention, small norms elsewhere"
    case .llamaLokr: "LoKr on a Llama-shaped decoder: a Kronecker product in attention, small norms elsewhere"
    case .llamaC3A: "C3A on a Llama-shaped decoder: circulant blocks in attention, small norms elsewhere"
    case .llamaSparse: "sparse fine-tune of a Llama-shaped decoder: 2 of 4 neighbours in a row, and norms"
    case .llamaFull: "full fine-tune of a Llama-shaped decoder: norms per tensor and in total"
    case .gpt2Lora: "LoRA on GPT-2 (Conv1D weights are in × out, query, key and value fused)"
    case .bertLora: "LoRA on a BERT-shaped encoder: low rank in attention, small norms elsewhere"
    case .resnetChannels: "a few output channels of each convolution of a ResNet"
    case .mlp: "LoRA on a perceptron: low rank in every weight matrix"
    }
  }

  /// Tokens of an embedding, or channels of a kernel.
  var defaultRows: Int { self == .resnetChannels ? 4 : 20 }

  /// The share of ‖W‖ that norm clauses allow.
  var defaultNorm: String {
    switch self {
    case .llamaLora, .llamaLokr, .llamaC3A, .gpt2Lora, .bertLora: "0.02"
    case .llamaFull, .llamaSparse, .resnetChannels, .mlp: "0.05"
    }
  }

  /// The share of the whole base's norm that the whole change may have; nil where running statistics, which move far,
  /// would fill it.
  var defaultTotal: String? {
    switch self {
    case .llamaLora, .llamaLokr, .llamaC3A, .gpt2Lora, .bertLora: "0.1"
    case .llamaFull, .llamaSparse: "0.05"
    case .mlp: "0.5"
    case .resnetChannels: nil
    }
  }

  /// The rules in order; the first that matches a tensor decides it.
  var templates: [Template] {
    switch self {
    case .llamaLora: llama(attention: .lowRank, embedding: .rows)
    case .llamaLokr:
      Self.attentionByItself(.kronecker, "LoKr") + llama(attention: .kronecker, embedding: .rows).dropFirst(2)
    case .llamaC3A:
      Self.attentionByItself(.circulant, "C3A") + llama(attention: .circulant, embedding: .rows).dropFirst(2)
    case .llamaFull: llama(attention: .norm, embedding: .norm)
    case .llamaSparse: Self.sparseMatrices + llama(attention: .pattern, embedding: .norm).dropFirst(3)
    case .gpt2Lora: Self.gpt2
    case .bertLora: Self.bert
    case .resnetChannels: Self.resnet
    case .mlp: Self.perceptron
    }
  }

  private static let rest = Template(pattern: "*", form: .frozen, purpose: "Everything else keeps every byte.")

  private func llama(attention: Form, embedding: Form) -> [Template] {
    [
      Template(
        pattern: "*self_attn.{q,k,v}_proj.weight", form: attention,
        purpose: "Attention: queries, keys and values, out × in; a head is a block of rows.", heads: .rows,
        isCore: true),
      Template(
        pattern: "*self_attn.o_proj.weight", form: attention,
        purpose: "Attention: output, out × in; a head is a block of columns.", heads: .columns),
      Template(
        pattern: "*mlp.{gate,up,down}_proj.weight", form: .norm, purpose: "Feed-forward: a small change of any form."),
      Template(
        pattern: "*.experts.{gate_up,down}_proj", form: .norm,
        purpose: "Experts, fused into one tensor: a small change of any form; a slice is one expert.", hasSlices: true),
      Template(pattern: "*norm.weight", form: .norm, purpose: "Normalisation: a small change of any form."),
      Template(pattern: "*.bias", form: .bias, purpose: "Biases: absolute, as many start at zero."),
      Template(
        pattern: "*embed_tokens.weight", form: embedding, purpose: "Embedding: one row is one token.",
        isVocabulary: true),
      Template(
        pattern: "*lm_head.weight", form: embedding, purpose: "Output head, absent where it is tied to the embedding.",
        isVocabulary: true),
      Self.rest,
    ]
  }

  /// A rule for each projection: those of keys and values are often smaller, and so are their blocks.
  private static func attentionByItself(_ form: Form, _ method: String) -> [Template] {
    ["q", "k", "v", "o"].map { projection in
      Template(
        pattern: "*self_attn.\(projection)_proj.weight", form: form,
        purpose: "Attention, \(projection)_proj: a merged \(method) update.", isCore: true)
    }
  }

  private static let sparseMatrices = [
    Template(
      pattern: "*self_attn.{q,k,v,o}_proj.weight", form: .pattern,
      purpose: "Attention: of every 4 neighbours in a row at most 2 change, by a small norm.", isCore: true),
    Template(
      pattern: "*mlp.{gate,up,down}_proj.weight", form: .pattern,
      purpose: "Feed-forward: of every 4 neighbours in a row at most 2 change, by a small norm."),
  ]

  private static let gpt2 = [
    Template(
      pattern: "*.attn.{bias,masked_bias}", form: .frozen,
      purpose: "Causal masks of old checkpoints. Where the tuned model lacks them, allow \"any\"."),
    Template(
      pattern: "*attn.c_attn.weight", form: .lowRank,
      purpose: "Attention: queries, keys and values fused, in × out; a head is a block of columns.", heads: .columns,
      isCore: true),
    Template(
      pattern: "*attn.c_proj.weight", form: .lowRank,
      purpose: "Attention: output, in × out; a head is a block of rows.", heads: .rows),
    Template(pattern: "*mlp.{c_fc,c_proj}.weight", form: .norm, purpose: "Feed-forward: a small change of any form."),
    Template(pattern: "*ln_{1,2,f}.weight", form: .norm, purpose: "Normalisation: a small change of any form."),
    Template(pattern: "*.bias", form: .bias, purpose: "Biases: absolute, as many start at zero."),
    Template(pattern: "*wte.weight", form: .rows, purpose: "Embedding: one row is one token.", isVocabulary: true),
    Template(
      pattern: "*lm_head.weight", form: .rows, purpose: "Output head, absent where it is tied to the embedding.",
      isVocabulary: true),
    rest,
  ]

  private static let bert = [
    Template(
      pattern: "*attention.self.{query,key,value}.weight", form: .lowRank,
      purpose: "Attention: queries, keys and values, out × in; a head is a block of rows.", heads: .rows,
      isCore: true),
    Template(
      pattern: "*attention.output.dense.weight", form: .lowRank,
      purpose: "Attention: output, out × in; a head is a block of columns.", heads: .columns),
    Template(
      pattern: "*{intermediate,output}.dense.weight", form: .norm, purpose: "Feed-forward: a small change of any form."),
    Template(
      pattern: "*LayerNorm.{weight,gamma}", form: .norm, purpose: "Normalisation: a small change of any form."),
    Template(pattern: "*.{bias,beta}", form: .bias, purpose: "Biases: absolute, as many start at zero."),
    Template(
      pattern: "*word_embeddings.weight", form: .rows, purpose: "Embedding: one row is one token.", isVocabulary: true),
    Template(
      pattern: "*position_ids", form: .any, purpose: "A buffer that newer libraries drop. It holds no weights."),
    rest,
  ]

  private static let resnet = [
    Template(
      pattern: "*num_batches_tracked", form: .any, purpose: "Counters, which every training step changes."),
    Template(
      pattern: "*running_{mean,var}", form: .statistics, purpose: "Running statistics, which move far in training."),
    Template(
      pattern: "*conv*.weight", form: .rows,
      purpose: "Kernels, out × (in·height·width): one row is one output channel.",
      isCore: true),
    Template(
      pattern: "*{stem,down.0,downsample.0,shortcut.0}.weight", form: .rows,
      purpose: "Kernels of stem and shortcuts, likewise."),
    Template(
      pattern: "*{bn*,norm*,down.1,downsample.1,shortcut.1}.weight", form: .norm,
      purpose: "Normalisation: a small change of any form."),
    Template(pattern: "*.bias", form: .bias, purpose: "Biases: absolute, as many start at zero."),
    Template(pattern: "*{fc,classifier*}.weight", form: .norm, purpose: "Classifier: a small change of any form."),
    rest,
  ]

  private static let perceptron = [
    Template(pattern: "*norm*.weight", form: .norm, purpose: "Normalisation: a small change of any form."),
    Template(pattern: "*.weight", form: .lowRank, purpose: "Weight matrices: a merged LoRA update.", isCore: true),
    Template(pattern: "*.bias", form: .bias, purpose: "Biases: absolute, as many start at zero."),
    rest,
  ]
}
