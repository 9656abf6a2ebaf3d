// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint

extension CheckpointInspection {
  /// What an unmerged adapter does to every tensor of its base: the drift of a product is the product itself, of which only
  /// norm and rank are known here.
  /// - Parameter identity: of the base that was inspected.
  package init(_ adapter: AdapterInspection, identity: BaseIdentity) {
    let products = Dictionary(adapter.products.map { ($0.tensor, $0) }, uniquingKeysWith: { first, _ in first })
    let wholes = Dictionary(adapter.wholes.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    var tensors: [TensorInspection] = []
    var reshaped: [Mismatch] = []
    var recast: [Mismatch] = []
    for leaf in identity.tensors {
      let unit = Double(sign: .plus, exponent: -leaf.statistics.fractionBits, significand: 1)
      var outcome = TensorInspection.Outcome.identical
      if let product = products[leaf.name] { outcome = .drifted(DriftMeasure(product, unit: unit)) }
      switch wholes[leaf.name]?.finding {
      case .compared(let own):
        tensors.append(own)
        continue
      case .other(let dtype, let shape):
        let pair = Mismatch(
          name: leaf.name, baseDtype: leaf.dtype, tunedDtype: dtype, baseShape: leaf.shape, tunedShape: shape)
        if shape == leaf.shape { recast.append(pair) } else { reshaped.append(pair) }
        continue
      case nil: break
      }
      let isEncodable = leaf.dtype.isFloating && leaf.statistics.unencodableEntry == nil
      tensors.append(
        TensorInspection(
          name: leaf.name, dtype: leaf.dtype, shape: leaf.shape,
          baseNorm: isEncodable ? Double(leaf.statistics.sumOfSquares).squareRoot() * unit : nil, outcome: outcome))
    }
    let added = adapter.wholes.compactMap { whole -> Lone? in
      guard case .other(let dtype, let shape) = whole.finding, identity.tensor(named: whole.name) == nil else {
        return nil
      }
      return Lone(name: whole.name, dtype: dtype, shape: shape)
    }
    self.init(tensors: tensors, missing: [], added: added, reshaped: reshaped, recast: recast)
  }
}

extension DriftMeasure {
  /// A product touches its whole tensor; which of its entries are largest is not looked at.
  fileprivate init(_ product: AdapterInspection.Product, unit: Double) {
    let hasDrift = product.norm > 0
    self.init(
      norm: product.norm, relativeNorm: product.relativeNorm, maximum: product.norm,
      changedEntries: hasDrift ? product.rows * product.columns : 0, changedRows: hasDrift ? product.rows : 0,
      changedColumns: hasDrift ? product.columns : 0, lowRank: nil, warning: nil, unit: unit)
  }
}
