// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore
import DriftProofPolicy

/// One name with its places in base and tuned model.
package struct TensorPair: Hashable, Sendable {
  let name: String
  /// Index into the base identity's tensors.
  package let base: Int?
  /// Index into the tuned tensors.
  package let tuned: Int?

  /// The union of two lists in rising order of the names' UTF-8 bytes.
  package static func merge(base: [BaseIdentity.Leaf], tuned: [TunedTensor]) -> [TensorPair] {
    var result: [TensorPair] = []
    var i = 0
    var j = 0
    while i < base.count || j < tuned.count {
      if j == tuned.count || (i < base.count && precedes(base[i].name, tuned[j].name)) {
        result.append(TensorPair(name: base[i].name, base: i, tuned: nil))
        i += 1
      } else if i == base.count || precedes(tuned[j].name, base[i].name) {
        result.append(TensorPair(name: tuned[j].name, base: nil, tuned: j))
        j += 1
      } else {
        result.append(TensorPair(name: base[i].name, base: i, tuned: j))
        i += 1
        j += 1
      }
    }
    return result
  }

  /// The order of tensors everywhere: by UTF-8 bytes, never by Unicode's own order.
  package static func precedes(_ a: String, _ b: String) -> Bool { UTF8Order.precedes(a, b) }
}

/// Compares names, types and shapes of everything that the policy does not exclude.
package struct CoverageCheck {
  let identity: BaseIdentity
  let tuned: [TunedTensor]
  let pairs: [TensorPair]
  /// One per pair.
  let resolutions: [Resolution]
  let rules: StatementRules
  /// Tensors are to lie where the base's tableau has them.
  var isAligned = false

  static let maximumRenameComparisons = 1 << 16

  /// Every gap, in name order.
  func gaps() -> [CoverageGap] {
    var result: [CoverageGap] = []
    var lost: [BaseIdentity.Leaf] = []
    var new: [TunedTensor] = []
    for pair in zip(pairs, resolutions).lazy.filter({ !$0.1.allowance.isAny }).map(\.0) {
      if pair.tuned == nil, let index = pair.base { lost.append(identity.tensors[index]) }
      if pair.base == nil, let index = pair.tuned { new.append(tuned[index]) }
    }
    // Looking for renamed tensors is quadratic; with this many differences the hint would not help anyway.
    if lost.count * new.count > Self.maximumRenameComparisons {
      lost = []
      new = []
    }
    if identity.linked == nil,
      let resolution = resolutions.first(where: { $0.allowance.forms?.contains { $0.roundingBound != nil } ?? false })
    {
      result.append(.baseNotCommitted(rule: resolution.ruleIndex))
    }
    if identity.linked == nil,
      let resolution = resolutions.first(where: {
        $0.allowance.forms?.contains { $0.patternBound?.speaksOfBase ?? false } ?? false
      })
    {
      result.append(.patternNeedsBase(rule: resolution.ruleIndex))
    }
    if isAligned, identity.linked == nil { return [.nothingToAlignWith] }
    for (pair, resolution) in zip(pairs, resolutions) {
      if isAligned, let obstacle = alignmentObstacle(pair, resolution) {
        result.append(.notAlignable(tensor: pair.name, obstacle: obstacle, rule: resolution.ruleIndex))
        continue
      }
      if resolution.allowance.isAny { continue }
      switch (pair.base.map { identity.tensors[$0] }, pair.tuned.map { tuned[$0] }) {
      case (let base?, nil):
        let other = new.first { $0.dtype == base.dtype && $0.shape == base.shape }
        result.append(.missing(tensor: pair.name, renamedTo: other?.name))
      case (nil, let own?):
        let other = lost.first { $0.dtype == own.dtype && $0.shape == own.shape }
        result.append(.added(tensor: pair.name, renamedFrom: other?.name))
      case (let base?, let own?):
        if base.dtype != own.dtype, rules == .original || !base.dtype.isFloating || !own.dtype.isFloating {
          result.append(
            .dataTypeChanged(tensor: pair.name, base: base.dtype.rawValue, tuned: own.dtype.rawValue))
        } else if let gap = shapeGap(base, own, resolution.allowance) {
          result.append(gap)
        } else if resolution.allowance.forms != nil, !base.dtype.isFloating {
          result.append(
            .notCertifiable(tensor: pair.name, dataType: base.dtype.rawValue, rule: resolution.ruleIndex))
        } else if resolution.allowance.forms != nil, let entry = base.statistics.unencodableEntry {
          result.append(
            .notEncodable(tensor: pair.name, of: .base, entry: entry, rule: resolution.ruleIndex))
        } else if let linked = identity.linked, own.change == .dense, Shape.entryCount(base.shape) ?? 0 > 0,
          resolution.allowance.forms?.contains(where: { $0.roundingBound != nil }) ?? false,
          let obstacle = Self.obstacle(base, own, linked: linked)
        {
          result.append(.rounding(tensor: pair.name, obstacle: obstacle, rule: resolution.ruleIndex))
        } else if own.change == .dense, Shape.entryCount(own.shape) ?? 0 > 0,
          let obstacle = obstacle(base, own, resolution.allowance)
        {
          result.append(.pattern(tensor: pair.name, obstacle: obstacle, rule: resolution.ruleIndex))
        } else if own.change == .dense, Shape.entryCount(own.shape) ?? 0 > 0,
          let obstacle = Self.blockObstacle(base, own, resolution.allowance)
        {
          result.append(.blocks(tensor: pair.name, obstacle: obstacle, rule: resolution.ruleIndex))
        } else if case .heads(let split, _) = resolution.allowance, let gap = misfit(base, split, resolution.ruleIndex)
        {
          result.append(gap)
        }
      case (nil, nil): break
      }
    }
    return result
  }

  /// Why no tableau of the tuned model could be the base's and this drift; nil for what can, and for what is compared below.
  private func alignmentObstacle(_ pair: TensorPair, _ resolution: Resolution) -> AlignmentObstacle? {
    if resolution.allowance.isAny { return .excluded }
    guard let base = pair.base.map({ identity.tensors[$0] }), let own = pair.tuned.map({ tuned[$0] }) else {
      return nil
    }
    if own.change != .dense { return .adapter }
    if base.dtype != own.dtype { return .retyped(base: base.dtype.rawValue, tuned: own.dtype.rawValue) }
    // Tiles of another shape are not the base's: nothing would say which rows add up. Other shapes are gaps anyway.
    if base.shape != own.shape {
      return resolution.allowance.addedRows > 0 ? .grown(base: base.shape, tuned: own.shape) : nil
    }
    guard resolution.allowance.forms != nil, Shape.entryCount(base.shape) ?? 0 > 0 else { return nil }
    if resolution.allowance.hasHeads { return .heads }
    return LinkedBase.contains(base) ? nil : .notInTableau(base.dtype.rawValue)
  }

  /// The first pattern of a tensor that cannot be put on it.
  private func obstacle(
    _ base: BaseIdentity.Leaf, _ own: TunedTensor, _ allowance: Allowance
  ) -> PatternObstacle? {
    allowance.forms?.lazy.compactMap(\.patternBound).compactMap {
      Self.obstacle($0, base, own, allowance, linked: identity.linked)
    }.first
  }

  /// Nil for the base's shape, and for as many more rows as the rule admits.
  private func shapeGap(_ base: BaseIdentity.Leaf, _ own: TunedTensor, _ allowance: Allowance) -> CoverageGap? {
    guard base.shape != own.shape else { return nil }
    guard rules != .original, base.dtype.isFloating else {
      return .reshaped(tensor: base.name, base: base.shape, tuned: own.shape)
    }
    if let added = Shape.addedRows(base: base.shape, tuned: own.shape) {
      guard added > allowance.addedRows else { return nil }
      return .grown(
        tensor: base.name, base: base.shape, tuned: own.shape, added: added, allowed: allowance.addedRows)
    }
    if Shape.addedRows(base: own.shape, tuned: base.shape) != nil {
      return .shrunk(tensor: base.name, base: base.shape, tuned: own.shape)
    }
    return .reshaped(tensor: base.name, base: base.shape, tuned: own.shape)
  }

  /// Heads that do not cover the matrix exactly: a rest would be certified by nothing, or by a clause nobody wrote.
  private func misfit(_ leaf: BaseIdentity.Leaf, _ split: HeadSplit, _ rule: Int) -> CoverageGap? {
    let (rows, columns) = leaf.matrixShape
    guard rows > 0, columns > 0, split.cut(shape: leaf.shape) == nil else { return nil }
    if split.axis == .slices {
      return .slicesDoNotFit(tensor: leaf.name, shape: leaf.shape, axes: split.size, rule: rule)
    }
    return .headsDoNotFit(
      tensor: leaf.name, axis: split.axis.rawValue, length: split.axis == .rows ? rows : columns, size: split.size,
      rule: rule)
  }
}
