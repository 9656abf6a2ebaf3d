// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofCore
import DriftProofPolicy
import DriftProofStatement

/// What becomes of every tensor of a base when an adapter is merged into it.
struct MergePlan {
  enum Action {
    /// The base's bytes.
    case copy(TensorInfo)
    /// The base's weights with a product added.
    case add(AdapterModel.Product, to: TensorInfo)
    /// The adapter's weights, of the base's type.
    case replace(by: TensorInfo, dtype: DataType)
  }

  struct Step {
    /// As it is in the base, or for a tensor that only the adapter has, as the adapter names it.
    let name: String
    let dtype: DataType
    let shape: [Int]
    let action: Action
  }

  /// The files of the base in the order of their names, with the tensors of each in the order of their bytes.
  private(set) var files: [(path: String, steps: [Step])] = []
  let names: AdapterNames

  /// Of the merged model.
  var steps: [Step] { files.flatMap(\.steps) }

  /// - Throws: `AdapterError` for what does not fit, `MergeError`, errors of the weights.
  init(base: Checkpoint, adapter: Adapter) throws {
    let everything = #"{"driftPolicy":1,"name":"any","securityBits":128,"rules":[{"tensors":"*","allow":"any"}]}"#
    let model = try AdapterModel(
      adapter, identity: .outline(of: base), policy: Policy.parse(Array(everything.utf8)), comparesBytes: false)
    names = try AdapterNames.resolve(adapter, base: Set(base.tensors.map(\.name)))
    try Self.checkRepetitions(adapter, names, base, model)
    let redundant = try Self.redundantHeads(adapter, base, model)

    var products: [String: AdapterModel.Product] = [:]
    for product in model.products { products[product.tensor] = product }
    var byFile: [String: [(place: Int, step: Step)]] = [:]
    for tensor in base.tensors {
      let step: Step
      if let product = products[tensor.name] {
        step = Step(
          name: tensor.name, dtype: tensor.dtype, shape: tensor.shape, action: .add(product, to: tensor))
      } else if let own = model.wholes.tensor(named: tensor.name) {
        guard tensor.dtype == own.dtype || tensor.dtype.isFloating && own.dtype.isFloating else {
          throw MergeError.replacedType(tensor: tensor.name, base: tensor.dtype, adapter: own.dtype)
        }
        step = Step(
          name: tensor.name, dtype: tensor.dtype, shape: own.shape, action: .replace(by: own, dtype: tensor.dtype))
      } else {
        step = Step(name: tensor.name, dtype: tensor.dtype, shape: tensor.shape, action: .copy(tensor))
      }
      byFile[tensor.file, default: []].append((tensor.byteRange.lowerBound, step))
    }
    files = byFile.keys.sorted(by: UTF8Order.precedes).map { path in
      // Empty tensors may share a place; their names keep the order.
      let steps = (byFile[path] ?? []).enumerated()
        .sorted { ($0.element.place, $0.offset) < ($1.element.place, $1.offset) }
      return (path, steps.map(\.element.step))
    }
    // What only the adapter has, such as a classifier, comes last.
    for own in model.wholes.tensors where base.tensor(named: own.name) == nil && !redundant.contains(own.name) {
      guard let last = files.indices.last else { break }
      files[last].steps.append(
        Step(name: own.name, dtype: own.dtype, shape: own.shape, action: .replace(by: own, dtype: own.dtype)))
    }
  }

  /// An adapted tensor may be saved along, if it is the base's.
  private static func checkRepetitions(
    _ adapter: Adapter, _ names: AdapterNames, _ base: Checkpoint, _ model: AdapterModel
  ) throws {
    let adapted = Set(model.products.map(\.tensor))
    for whole in adapter.wholes {
      let name = names.way.apply(whole.name) ?? whole.name
      guard adapted.contains(name), let before = base.tensor(named: name) else { continue }
      let isSame =
        before.shape == whole.tensor.shape && before.dtype.isFloating && whole.tensor.dtype.isFloating
        ? try adapter.checkpoint.digest(of: whole.tensor, as: before.dtype) == base.digest(of: before)
        : false
      guard isSame else { throw AdapterError.replacedAndAdapted(file: adapter.file, tensor: name) }
    }
  }

  /// A runtime that ties head and embedding keeps one of them: a change of either would be one of both, or none. What
  /// replaces both alike is fine.
  /// - Returns: the names of heads that say nothing beside their embedding.
  private static func redundantHeads(
    _ adapter: Adapter, _ base: Checkpoint, _ model: AdapterModel
  ) throws -> Set<String> {
    guard base.configuration.tiesEmbeddings == true else { return [] }
    func isTied(_ name: String) -> Bool { TiedHeads.isHead(name) || TiedHeads.isEmbedding(name) }
    let replaced = model.wholes.tensors.filter { isTied($0.name) }
    let (heads, embeddings) = (
      replaced.filter { TiedHeads.isHead($0.name) }, replaced.filter { !TiedHeads.isHead($0.name) }
    )
    let touched = model.products.map(\.tensor).filter(isTied) + replaced.map(\.name)
    guard let first = touched.first else { return [] }
    let digests = try Set(replaced.map { try model.wholes.digest(of: $0) })
    guard touched.count == replaced.count, !heads.isEmpty, !embeddings.isEmpty, digests.count == 1 else {
      let configuration = (base.path.hasSuffix("/") ? base.path : base.path + "/") + ModelConfiguration.fileName
      throw MergeError.tied(tensor: first, configuration: configuration)
    }
    return Set(heads.map(\.name).filter { base.tensor(named: $0) == nil })
  }
}
