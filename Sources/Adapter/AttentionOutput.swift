// SPDX-License-Identifier: Apache-2.0

/// Output layers of torch's `nn.MultiheadAttention` under PEFT.
///
/// PEFT wraps the attention and, inside of it, its output layer. Up to version 0.21 merging and the forward pass both add the
/// output layer's product twice; versions that add it once are to be expected. And where the configuration names the output
/// layer alone, torch does not call it, so that its product has no effect until it is merged. So a product that is not zero
/// cannot be certified.
enum AttentionOutput {
  /// - Throws: `attentionOutput`, errors of the weights.
  static func check(_ adapter: Adapter, _ names: AdapterNames, _ base: Set<String>) throws {
    guard case .peft = adapter.scheme else { return }
    let end = ".out_proj.weight"
    for module in adapter.modules {
      guard let tensor = names.tensors[module.name], tensor.hasSuffix(end) else { continue }
      let isInside = module.configuredName != module.name
      guard isInside || base.contains(tensor.dropLast(end.count) + ".in_proj_weight") else { continue }
      let isZero = try module.matrices.all.contains { matrix in
        try adapter.checkpoint.doubles(of: matrix).allSatisfy { $0 == 0 }
      }
      guard !isZero else { continue }
      throw AdapterError.attentionOutput(
        file: adapter.file, module: module.name,
        factors: isInside ? [module.factor, 2 * module.factor] : [0, module.factor])
    }
  }
}
