// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofField

extension MergingStageWeights {
  /// The weights of all cells of G.
  func table() -> [CubicExtension] {
    let factors = layout.factors
    var table = [CubicExtension](repeating: .zero, count: 1 << layout.factorVariables)
    let equality = Multilinear.equality(kappa)
    for clause in factors.lowRank {
      let weight = data * structure.clauseWeight(clause.cube)
      fill(clause.left, clause, structure.coordinates(clause.leftVariables), power(.left) * weight)
      fill(clause.right, clause, structure.coordinates(clause.rightVariables), power(.right) * data)
    }
    func fill(_ slot: Slot, _ clause: FactorLayout.LowRank, _ line: [CubicExtension], _ scale: CubicExtension) {
      for (index, weight) in Multilinear.equality(line, scale: scale).enumerated() {
        for k in 0..<clause.rank {
          table[slot.offset + index << clause.logRank + k] = weight * equality[clause.base + k]
        }
      }
    }
    for clause in factors.circulants {
      let scale = power(.firstBit, bit: factors.diagonalMask) * data * structure.clauseWeight(clause.cube)
      let blocks = Multilinear.equality(structure.coordinates(clause.blockVariables), scale: scale)
      for (block, weight) in blocks.enumerated() {
        for t in 0..<1 << clause.logSize {
          table[clause.cells.offset + block << clause.logSize + t] = weight * equality[clause.base + t]
        }
      }
    }
    for group in factors.sparse {
      let scale = power(.values) * data * structure.clauseWeight(group.cube)
      let vector = Multilinear.equality(structure.coordinates(group.vectorVariables), scale: scale)
      for slot in 0..<group.count {
        for (y, weight) in vector.enumerated() {
          table[group.values.offset + slot << group.vectorVariables.count + y] = weight * equality[group.base + slot]
        }
      }
      guard let bits = factors.bits else { continue }
      for (bit, variable) in group.variables.enumerated() {
        let x = structure.point[variable]
        let weight = power(.firstBit, bit: bit) * data * (x + x - .one)
        for slot in 0..<1 << group.logCount {
          table[bits.offset + bit << factors.logSlots + group.base + slot] = weight * equality[group.base + slot]
        }
      }
    }
    let maskScale = kappa[Limits.logMaskEntries...].reduce(kappaTop) { $0 * (.one - $1) }
    let maskWeights = Multilinear.equality(kappa.prefix(Limits.logMaskEntries), scale: maskScale)
    for (mask, bit) in masks {
      for (entry, weight) in maskWeights.enumerated() {
        table[factors.maskCell(mask, bit: bit, entry: entry)] = weight * power(mask, bit: bit)
      }
    }
    for entry in 0..<Limits.maskEntries {
      table[factors.maskCell(.dummy, entry: entry)] = power(.dummy) * data * equality[entry]
      table[factors.maskCell(.dummyMask, entry: entry)] = power(.dummy) * maskWeights[entry]
    }
    return table
  }
}
