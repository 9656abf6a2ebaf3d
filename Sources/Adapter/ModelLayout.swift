// SPDX-License-Identifier: Apache-2.0

/// Two layouts of one kind of model between which transformers converts names when it loads a checkpoint (its
/// `_checkpoint_conversion_mapping`): an adapter may have the one and the base the other.
struct ModelLayout: Hashable, Sendable {
  struct Move: Hashable, Sendable {
    let from: String
    let to: String
  }

  /// The first whose beginning a name has is applied to it.
  let moves: [Move]

  /// Nil for a name that has no place in the layout, or that is in the other one already.
  func apply(_ name: String) -> String? {
    guard let move = moves.first(where: { name.hasPrefix($0.from) }),
      !moves.contains(where: { $0.to.utf8.count > move.from.utf8.count && name.hasPrefix($0.to) })
    else { return nil }
    return move.to + name.dropFirst(move.from.count)
  }

  /// The moves that some of the names need, those without effect left out.
  func used(by names: some Sequence<String>) -> [(adapter: String, base: String)] {
    let needed = Set(names.compactMap { name in moves.first { (name + ".").hasPrefix($0.from) } })
    return moves.filter { needed.contains($0) && $0.from != $0.to }.map { ($0.from, $0.to) }
  }

  /// Each in both directions.
  static let all: [ModelLayout] = pairs.flatMap { pair in
    [ModelLayout(moves: pair), ModelLayout(moves: pair.map { Move(from: $0.to, to: $0.from) })]
  }

  /// From the layout before version 4.52 of transformers to the one since. Longer beginnings come before those that they
  /// begin with, on both sides.
  private static let pairs: [[Move]] = [
    // Llava and its relatives, Gemma 3, PaliGemma, Mistral 3, Mllama, …: a language model with its head, beside towers.
    [
      Move(from: "language_model.model.", to: "model.language_model."),
      Move(from: "language_model.lm_head.", to: "lm_head."),
    ]
      + [
        "vision_tower.", "vision_model.", "image_tower.", "video_tower.", "audio_tower.", "multi_modal_projector.",
        "vision_embed_tokens.",
      ].map { Move(from: $0, to: "model." + $0) },
    // Qwen 2 VL and its relatives: the language model had no name of its own.
    [
      Move(from: "visual.", to: "model.visual."), Move(from: "model.", to: "model.language_model."),
      Move(from: "lm_head.", to: "lm_head."),
    ],
    // Emu 3.
    [
      Move(from: "text_model.model.", to: "model.text_model."), Move(from: "text_model.lm_head.", to: "lm_head."),
      Move(from: "vqmodel.", to: "model.vqmodel."),
    ],
  ]
}
