// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofStatement
import DriftProofCheckpoint
import DriftProofPolicy

/// An adapter on one base under one policy: which tensors it changes and how.
package struct AdapterModel: Sendable {
  /// A tensor to which a product of two matrices is added, or a Kronecker product.
  package struct Product: Sendable {
    /// The base's name of it.
    package let tensor: String
    package let module: Adapter.Module
    /// Of the base tensor's matrix.
    package let rows: Int
    package let columns: Int
    /// The tensor holds W as [in, out], so that factor·(B·A)ᵀ is added: GPT-2's Conv1D, embeddings.
    let isTransposed: Bool
    /// Of LoKr; nil for a product of matrices.
    let kronecker: KroneckerProduct?
    /// How it stands in a statement.
    package let change: TensorChange

    /// What its form allows: of B·A no more than columns, which would say nothing more.
    package var rank: Int { min(kronecker?.rank ?? module.rank, columns) }
    /// Rows and columns of W2 in W1 ⊗ W2; nil for a product of matrices.
    package var inner: (rows: Int, columns: Int)? { kronecker?.shapes.inner }
    /// Every way in which a statement can say it.
    package var changes: Set<TensorChange> {
      guard let inner else { return [change] }
      return [change, .product(rank: rank), .kronecker(rows: inner.rows, columns: inner.columns)]
    }
  }

  package let adapter: Adapter
  /// In name order.
  package let products: [Product]
  /// Tensors that the adapter replaces and the policy lets move, under the base's names.
  package let wholes: Checkpoint
  /// What the manifest says of the model: every tensor of the base, and what the adapter adds to them.
  package let tensors: [TunedTensor]

  /// - Parameters:
  ///   - identity: the base's; an outline without digests when `comparesBytes` is false.
  ///   - comparesBytes: whether replaced tensors that must not change are compared with the base's digests.
  /// - Throws: `AdapterError`; `policyViolated` for frozen tensors that the adapter touches; `coverageGap`.
  package init(_ adapter: Adapter, identity: BaseIdentity, policy: Policy, comparesBytes: Bool = true) throws {
    let names = try AdapterNames.resolve(adapter, base: Set(identity.tensors.map(\.name)))
    let allowances = try Self.allowances(identity, adapter.wholes.map { names.way.apply($0.name) ?? $0.name }, policy)
    var products: [String: Product] = [:]
    for module in adapter.modules {
      let name = names.tensors[module.name] ?? ""
      guard let leaf = identity.tensor(named: name) else {
        throw AdapterError.unresolved(file: adapter.file, key: module.matrices.key, tensor: name)
      }
      let product = try Self.product(module, of: leaf, in: identity, adapter, allowances[name])
      guard products.updateValue(product, forKey: name) == nil else {
        throw AdapterError.twice(file: adapter.file, tensor: name)
      }
    }
    var wholes: [(tensor: TensorInfo, name: String)] = []
    for whole in adapter.wholes {
      let name = names.way.apply(whole.name) ?? whole.name
      guard products[name] != nil else {
        guard !wholes.contains(where: { $0.name == name }) else {
          throw AdapterError.twice(file: adapter.file, tensor: name)
        }
        wholes.append((whole.tensor, name))
        continue
      }
      // Adapted embeddings are saved along; they may be the base's.
      let isSame = comparesBytes ? try Self.isSame(whole.tensor, identity.tensor(named: name), adapter) : true
      guard isSame else { throw AdapterError.replacedAndAdapted(file: adapter.file, tensor: name) }
    }
    let frozen = Set(allowances.filter { $0.value == .frozen }.keys)
    var moving: [(tensor: TensorInfo, name: String)] = []
    var violations: [PolicyViolation] = []
    for whole in wholes {
      // Nothing without entries can have changed.
      if whole.tensor.entryCount == 0, identity.tensor(named: whole.name)?.shape == whole.tensor.shape,
        identity.tensor(named: whole.name)?.dtype == whole.tensor.dtype
      {
        continue
      }
      // One that the base does not have is a gap, whatever its rule.
      guard frozen.contains(whole.name), identity.tensor(named: whole.name) != nil else {
        moving.append(whole)
        continue
      }
      let isSame = comparesBytes ? try Self.isSame(whole.tensor, identity.tensor(named: whole.name), adapter) : true
      guard !isSame else { continue }
      violations.append(PolicyViolation(tensor: whole.name, .replaced))
    }
    for product in products.values where frozen.contains(product.tensor) {
      violations.append(PolicyViolation(tensor: product.tensor, .addedProduct(rank: nil)))
    }
    guard violations.isEmpty else {
      throw DriftProofError.policyViolated(violations.sorted { TensorPair.precedes($0.tensor, $1.tensor) })
    }
    self.adapter = adapter
    self.products = products.values.sorted { TensorPair.precedes($0.tensor, $1.tensor) }
    self.wholes = adapter.checkpoint.renamed(moving)
    tensors = Self.tensors(identity, products: products, wholes: self.wholes)
  }

  // MARK: Parts

  private static func product(
    _ module: Adapter.Module, of leaf: BaseIdentity.Leaf, in identity: BaseIdentity, _ adapter: Adapter,
    _ allowance: Allowance?
  ) throws(AdapterError) -> Product {
    guard leaf.dtype.isFloating else { throw .notCertifiable(tensor: leaf.name, dtype: leaf.dtype) }
    let (rows, columns) = leaf.matrixShape
    switch module.matrices {
    case .kronecker(let parts):
      // PEFT adapts no layer that keeps its weight as [in, out] with LoKr.
      let own = try KroneckerProduct(parts, module, of: leaf, settings: adapter.settings, file: adapter.file)
      return Product(
        tensor: leaf.name, module: module, rows: rows, columns: columns, isTransposed: false, kronecker: own,
        change: own.change(under: allowance, rows: rows, columns: columns))
    case .product(let a, let b):
      return Product(
        tensor: leaf.name, module: module, rows: rows, columns: columns,
        isTransposed: try isTransposed(module, a, b, of: leaf, in: identity, adapter), kronecker: nil,
        change: .product(rank: min(module.rank, columns)))
    }
  }

  /// Whether the base keeps the transposed product.
  private static func isTransposed(
    _ module: Adapter.Module, _ a: TensorInfo, _ b: TensorInfo, of leaf: BaseIdentity.Leaf, in identity: BaseIdentity,
    _ adapter: Adapter
  ) throws(AdapterError) -> Bool {
    let input = Array(a.shape.dropFirst())
    let output = b.shape[0]
    let misfit = AdapterError.misfit(
      file: adapter.file, module: module.name, tensor: leaf.name, base: leaf.shape, left: a.shape, right: b.shape)
    // Matrices of convolutions over single pixels are written with two sizes and with more.
    let isLoose = !adapter.settings.isPEFT && adapter.scheme != .mlx
    let shape = isLoose ? withoutOnes(leaf.shape) : leaf.shape
    let isPlain = shape == (isLoose ? withoutOnes([output] + input) : [output] + input)
    let isSwapped = input.count == 1 && leaf.shape == input + [output]
    let isStated = adapter.settings.isTransposed
    /// Of a square matrix, whether the base keeps it as [in, out].
    func isSwappedInBase() throws(AdapterError) -> Bool {
      guard let found = LayerOrientation.isTransposed(leaf.name, in: identity, isStated: isStated) else {
        throw .orientation(file: adapter.file, module: module.name, isStated: isStated)
      }
      return found
    }
    switch module.layer {
    case .embedding:
      guard isSwapped else { throw misfit }
      return true
    case .reversed:
      // The product is [in, out]: an embedding's as it is, as is that of a layer which the base keeps so.
      guard isPlain || isSwapped else { throw misfit }
      guard isPlain && isSwapped else { return isSwapped }
      guard !LayerOrientation.mayBeEmbedding(leaf.name) else {
        throw .orientation(file: adapter.file, module: module.name, isStated: false)
      }
      return try !isSwappedInBase()
    case .linear where input.count == 1:
      guard isPlain || isSwapped else { throw misfit }
      // PEFT corrects the setting by the layer's class, with a warning, so that the shape decides. A square one fits both ways.
      guard isPlain && isSwapped else { return isSwapped }
      return try isSwappedInBase()
    case .linear:
      guard isPlain else { throw misfit }
      return false
    }
  }

  /// Without sizes of 1 behind the second.
  private static func withoutOnes(_ shape: [Int]) -> [Int] {
    var result = shape
    while result.count > 2, result.last == 1 { result.removeLast() }
    return result
  }

  private static func isSame(_ tensor: TensorInfo, _ leaf: BaseIdentity.Leaf?, _ adapter: Adapter) throws -> Bool {
    guard let leaf, leaf.shape == tensor.shape else { return false }
    guard leaf.dtype == tensor.dtype else {
      // The base's bytes follow from the values where they are the same ones.
      guard leaf.dtype.isFloating, tensor.dtype.isFloating else { return false }
      return try adapter.checkpoint.digest(of: tensor, as: leaf.dtype) == leaf.statistics.sha256
    }
    return try adapter.checkpoint.digest(of: tensor) == leaf.statistics.sha256
  }

  /// What the policy allows, of the base's tensors and of those that the adapter adds, by their names.
  private static func allowances(
    _ identity: BaseIdentity, _ wholes: [String], _ policy: Policy
  ) throws(DriftProofError) -> [String: Allowance] {
    let added = Set(wholes.filter { identity.tensor(named: $0) == nil })
    let names = (identity.tensors.map(\.name) + added).sorted(by: TensorPair.precedes)
    do throws(PolicyError) {
      return Dictionary(
        try policy.resolve(tensorNames: names).map { ($0.tensorName, $0.allowance) },
        uniquingKeysWith: { first, _ in first })
    } catch {
      throw .coverageGap([.policy(error)])
    }
  }

  private static func tensors(
    _ identity: BaseIdentity, products: [String: Product], wholes: Checkpoint
  ) -> [TunedTensor] {
    var result = wholes.manifestTensors
    for leaf in identity.tensors where wholes.tensor(named: leaf.name) == nil {
      let change = products[leaf.name]?.change ?? .none
      result.append(TunedTensor(name: leaf.name, dtype: leaf.dtype, shape: leaf.shape, change: change))
    }
    return result.sorted { TensorPair.precedes($0.name, $1.name) }
  }
}
