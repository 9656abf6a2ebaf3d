// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore

/// Sorts the tensors of an adapter's file into pairs of matrices, their factors, and whole tensors.
struct AdapterReader {
  let checkpoint: Checkpoint
  let scheme: AdapterScheme
  let settings: AdapterSettings

  private var file: String { checkpoint.path }

  /// What a module has in the file.
  private struct Parts {
    var layer: AdapterKey.Layer?
    var a: TensorInfo?
    var b: TensorInfo?
    var alpha: TensorInfo?
  }

  func read() throws -> (modules: [Adapter.Module], wholes: [Adapter.Whole]) {
    var parts: [String: Parts] = [:]
    var kronecker: [String: [KroneckerPart: TensorInfo]] = [:]
    var wholes: [Adapter.Whole] = []
    var names: Set<String> = []
    for tensor in checkpoint.tensors {
      switch try AdapterKey.parse(tensor.name, scheme, file: file) {
      case .kronecker(let module, let part):
        guard settings.lokr != nil, module.split(separator: ".").last != "base_layer" else {
          throw AdapterError.unknownTensor(file: file, key: tensor.name)
        }
        guard tensor.dtype.isFloating else {
          throw AdapterError.notFloating(file: file, key: tensor.name, dtype: tensor.dtype)
        }
        if let other = kronecker[module, default: [:]].updateValue(tensor, forKey: part) {
          throw AdapterError.twice(file: file, tensor: "\(other.name) and \(tensor.name)")
        }
      case .matrix(let module, let half, let layer):
        guard settings.lokr == nil else { throw AdapterError.unknownTensor(file: file, key: tensor.name) }
        guard tensor.dtype.isFloating else {
          throw AdapterError.notFloating(file: file, key: tensor.name, dtype: tensor.dtype)
        }
        var own = parts[module] ?? Parts()
        guard own.layer ?? layer == layer else { throw AdapterError.unknownTensor(file: file, key: tensor.name) }
        // Two spellings of one matrix.
        if let other = half == .a ? own.a : own.b {
          throw AdapterError.twice(file: file, tensor: "\(other.name) and \(tensor.name)")
        }
        own.layer = layer
        if half == .a { own.a = tensor } else { own.b = tensor }
        parts[module] = own
      case .alpha(let module): parts[module, default: Parts()].alpha = tensor
      case .whole(let name, let isBaseLayer):
        guard names.insert(name).inserted else { throw AdapterError.twice(file: file, tensor: name) }
        wholes.append(Adapter.Whole(name: name, tensor: tensor, isBaseLayer: isBaseLayer))
      }
    }
    guard !parts.isEmpty || !kronecker.isEmpty else { throw AdapterError.noModules(file: file) }
    var modules: [Adapter.Module] = []
    let factors = try StatedFactors(parts.mapValues { ($0.a?.shape.first ?? 0, $0.alpha) }, of: self)
    for (name, own) in parts.sorted(by: { UTF8Order.precedes($0.key, $1.key) }) {
      guard let a = own.a, let b = own.b else {
        let key = (own.a ?? own.b ?? own.alpha)?.name ?? name
        throw AdapterError.missingHalf(file: file, key: key, missing: AdapterKey.counterpart(of: key))
      }
      modules.append(try module(name, own.layer ?? .linear, a, b, factors))
    }
    for (name, own) in kronecker.sorted(by: { UTF8Order.precedes($0.key, $1.key) }) {
      // Which shapes they must have follows from the base's tensor.
      let (rank, factor) = try factors.scaling(of: name, rank: 0)
      modules.append(
        Adapter.Module(
          name: name, configuredName: name, layer: .linear, matrices: .kronecker(KroneckerMatrices(own)), rank: rank,
          factor: factor))
    }
    if case .peft(let config) = settings {
      try PEFTLoading.check(modules, wholes, config.selection, file: file)
    }
    return (modules, wholes)
  }

  /// What stands behind the wrapped attention layer of torch in PEFT's names.
  private static let attentionOutput = ".base_layer.out_proj"

  private func module(
    _ name: String, _ layer: AdapterKey.Layer, _ a: TensorInfo, _ b: TensorInfo, _ factors: StatedFactors
  ) throws -> Adapter.Module {
    // [out, r], of convolutions [out, r, 1, …].
    guard let rank = a.shape.first, a.shape.count >= 2, b.shape.count == a.shape.count, b.shape[1] == rank, rank > 0,
      b.shape.dropFirst(2).allSatisfy({ $0 == 1 }), layer == .linear || a.shape.count == 2,
      a.entryCount > 0, b.entryCount > 0
    else { throw AdapterError.halves(file: file, module: name, left: a.shape, right: b.shape) }
    let isOutput = settings.isPEFT && name.hasSuffix(Self.attentionOutput) && name != Self.attentionOutput
    let configured = isOutput ? String(name.dropLast(Self.attentionOutput.count)) : name
    guard !configured.split(separator: ".").contains("base_layer") else {
      throw AdapterError.unknownTensor(file: file, key: a.name)
    }
    let (stated, factor) = try factors.scaling(of: configured, rank: rank)
    guard stated == rank else { throw AdapterError.rank(file: file, module: name, stated: stated, found: rank) }
    guard rank <= Adapter.maximumRank else {
      throw AdapterError.rankLimit(file: file, module: name, found: rank, limit: Adapter.maximumRank)
    }
    return Adapter.Module(
      name: isOutput ? configured + ".out_proj" : name, configuredName: configured, layer: layer,
      matrices: .product(a: a, b: b), rank: rank, factor: factor)
  }
}
