// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// Why a preset gives no policy for a base.
public enum PresetError: Error, Equatable, Sendable {
  /// No tensor has the preset's names; presets whose names do occur, if any.
  case doesNotFit(preset: String, example: String?, better: [String])
  /// So many tensors need rules of their own that no policy can hold them.
  case tooManyRules(Int, limit: Int)
  /// The head size does not divide the tensor's rows or columns.
  case headsDoNotFit(tensor: String, axis: HeadSplit.Axis, length: Int, size: Int)
  /// A head size was given, but the preset has no rule for attention, or all such rules are left out.
  case noHeads(preset: String)
  /// A growth was given, but the preset has no rule for an embedding or output head, or all such rules are left out.
  case noVocabulary(preset: String)
  /// A bound comes out beyond what a policy can say.
  case boundOutOfRange(tensor: String)
  /// The policy that was written is refused by its own reader.
  case unreadable(String)
}

extension PresetError: CustomStringConvertible {
  /// In English, for people and logs.
  public var description: String {
    switch self {
    case .doesNotFit(let preset, let example, let better):
      "the base has none of the tensors that \(preset) is about"
        + (example.map { " (it has \(displayed($0)))" } ?? "")
        + (better.isEmpty
          ? "; write the rules for its names by hand, and have them explained"
          : "; its names fit \(better.joined(separator: ", "))")
    case .tooManyRules(let count, let limit):
      "packed tensors and weights need \(count) rules, a policy has at most \(limit); write patterns for its names by hand"
    case .headsDoNotFit(let tensor, let axis, let length, let size):
      "tensor \(displayed(tensor)) has \(length) \(axis.rawValue), which heads of \(size) do not divide; use the "
        + "head_dim of the model's config.json"
    case .noHeads(let preset): "\(preset) has no attention heads in this base; leave out the head size"
    case .noVocabulary(let preset):
      "\(preset) has no embedding and no output head in this base that could grow; leave out the growth"
    case .boundOutOfRange(let tensor):
      "tensor \(displayed(tensor)) is so large that its bound cannot be written; exclude or freeze it by hand"
    case .unreadable(let why): "internal error: the preset's policy is refused (\(why)); please report this"
    }
  }
}
