// SPDX-License-Identifier: Apache-2.0

import DriftProofField

extension MergingStageWeights {
  /// The weights' multilinear extension at a point of G (without top).
  func weight(at y: [CubicExtension]) -> CubicExtension {
    let factors = layout.factors
    var sum = CubicExtension.zero
    for clause in factors.lowRank {
      let columns =
        Multilinear.prefixSum(
          Array(kappa.prefix(clause.logRank)), Array(y.prefix(clause.logRank)), count: clause.rank)
        * Multilinear.equality(kappa[clause.logRank...], at: clause.base >> clause.logRank) * data
      func line(_ slot: Slot, _ variables: [Int]) -> CubicExtension {
        slot.address(y)
          * Multilinear.equality(structure.coordinates(variables), y[clause.logRank..<clause.logRank + variables.count])
      }
      sum +=
        columns
        * (power(.left) * structure.clauseWeight(clause.cube) * line(clause.left, clause.leftVariables)
          + power(.right) * line(clause.right, clause.rightVariables))
    }
    for clause in factors.circulants { sum += diagonalWeight(clause, at: y) }
    for group in factors.sparse { sum += sparseWeight(group, at: y) }
    let low = Limits.logMaskEntries
    let matched = Multilinear.equality(kappa.prefix(low), y.prefix(low))
    let highZero = kappa[low...].reduce(CubicExtension.one) { $0 * (.one - $1) }
    func run(_ mask: FactorLayout.Mask, _ bit: Int = 0) -> CubicExtension {
      matched * Multilinear.equality(y[low...], at: factors.maskCell(mask, bit: bit, entry: 0) >> low)
    }
    for (mask, bit) in masks { sum += power(mask, bit: bit) * kappaTop * highZero * run(mask, bit) }
    sum += power(.dummy) * highZero * (data * run(.dummy) + kappaTop * run(.dummyMask))
    return sum
  }

  private func diagonalWeight(_ clause: FactorLayout.Circulant, at y: [CubicExtension]) -> CubicExtension {
    let log = clause.logSize
    return power(.firstBit, bit: layout.factors.diagonalMask) * data * structure.clauseWeight(clause.cube)
      * Multilinear.equality(kappa[log...], at: clause.base >> log) * clause.cells.address(y)
      * Multilinear.equality(kappa.prefix(log), y.prefix(log))
      * Multilinear.equality(structure.coordinates(clause.blockVariables), y[log..<clause.logCells])
  }

  private func sparseWeight(_ group: FactorLayout.Sparse, at y: [CubicExtension]) -> CubicExtension {
    let factors = layout.factors
    let log = group.logCount
    let vector = group.vectorVariables.count
    let place = Multilinear.equality(kappa[log...], at: group.base >> log) * data
    var sum =
      power(.values) * place * structure.clauseWeight(group.cube) * group.values.address(y)
      * Multilinear.prefixSum(Array(kappa.prefix(log)), Array(y[vector..<vector + log]), count: group.count)
      * Multilinear.equality(structure.coordinates(group.vectorVariables), y.prefix(vector))
    guard let bits = factors.bits else { return sum }
    let slots =
      place * bits.address(y) * Multilinear.equality(kappa.prefix(log), y.prefix(log))
      * Multilinear.equality(y[log..<factors.logSlots], at: group.base >> log)
    for (bit, variable) in group.variables.enumerated() {
      let x = structure.point[variable]
      sum +=
        power(.firstBit, bit: bit) * slots * (x + x - .one)
        * Multilinear.equality(y[factors.logSlots..<bits.log], at: bit)
    }
    return sum
  }
}
