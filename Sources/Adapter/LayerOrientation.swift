// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint

/// Whether a layer with a square weight keeps it as [in, out], as Conv1D of GPT-2 does, or as [out, in], as Linear does.
///
/// PEFT knows the class; files do not have it. In transformers, Conv1D layers have the names below, inside a layer `h.N`; but
/// models with Linear layers use these names, too (GPTBigCode, Qwen). Then the other matrices of the layer tell: one that is
/// not square has a bias as long as its output.
enum LayerOrientation {
  private static let conv1D: Set<String> = ["c_attn", "q_attn", "c_proj", "c_fc"]

  /// Whether a weight's name is one that embeddings go by.
  static func mayBeEmbedding(_ weight: String) -> Bool {
    let parts = weight.lowercased().split(separator: ".")
    return parts.count >= 2
      && (parts[parts.count - 2].contains("emb") || ["wte", "wpe"].contains(parts[parts.count - 2]))
  }

  /// Nil where nothing decides.
  /// - Parameter isStated: `fan_in_fan_out` of the adapter.
  static func isTransposed(_ weight: String, in identity: BaseIdentity, isStated: Bool) -> Bool? {
    let parts = weight.split(separator: ".").map(String.init)
    guard parts.count >= 2, conv1D.contains(parts[parts.count - 2]), let layer = layer(parts) else {
      // No Conv1D has another name: a layer that PEFT is told to take for one, of a model that is not known here.
      return isStated ? nil : false
    }
    var found: Set<Bool> = []
    for leaf in identity.tensors where leaf.name.hasPrefix(layer) && leaf.name.hasSuffix(".weight") {
      let module = leaf.name.dropLast(".weight".count)
      guard leaf.shape.count == 2, leaf.shape[0] != leaf.shape[1],
        let own = module.split(separator: ".").last, conv1D.contains(String(own)),
        let bias = identity.tensor(named: module + ".bias"), bias.shape.count == 1
      else { continue }
      if bias.shape[0] == leaf.shape[1] { found.insert(true) }
      if bias.shape[0] == leaf.shape[0] { found.insert(false) }
    }
    return found.count == 1 ? found.first : nil
  }

  /// `transformer.h.3.` of `transformer.h.3.attn.c_proj.weight`.
  private static func layer(_ parts: [String]) -> String? {
    let place = parts.indices.dropLast().last { parts[$0] == "h" && Int(parts[$0 + 1]) != nil }
    return place.map { parts[...($0 + 1)].joined(separator: ".") + "." }
  }
}
