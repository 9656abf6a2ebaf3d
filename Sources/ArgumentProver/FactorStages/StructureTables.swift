// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofField

/// The structure stage's tables (Stage B): U and V combined by the bounds stage's point, slots' values and index bits,
/// diagonals of circulant blocks, and the dummy.
struct StructureTables {
  private let weights: StructureStageWeights
  private let factors: FactorLayout
  private let cells: [Goldilocks]
  private var oracles: [[CubicExtension]] = []
  private var masks: [[CubicExtension]] = []
  private var terms: [ProductComponent.Term] = []
  private let dummyWeights: [CubicExtension]
  /// κ, the weights of diagonals.
  private var diagonalWeights: [CubicExtension] = []
  /// The value of the stage's sum.
  private(set) var sum = CubicExtension.zero

  private var variables: Int { factors.structureVariables }
  private var zeros: [CubicExtension] { [CubicExtension](repeating: .zero, count: 1 << variables) }

  /// - Parameters:
  ///   - factors: the layout, whose ranks and slots count.
  ///   - cells: of the factor oracle.
  init(_ weights: StructureStageWeights, factors: FactorLayout, cells: [Goldilocks]) {
    self.weights = weights
    self.factors = factors
    self.cells = cells
    var dummyWeights = [CubicExtension](repeating: .zero, count: 1 << factors.structureVariables)
    for (i, weight) in weights.dummyWeights().enumerated() { dummyWeights[i] = weight }
    self.dummyWeights = dummyWeights
    if !factors.lowRank.isEmpty { addLowRank() }
    if !factors.sparse.isEmpty { addSparse() }
    if !factors.circulants.isEmpty { addDiagonals() }
    addDummy()
  }

  var component: ProductComponent {
    ProductComponent(
      variables: variables, names: StructureStageWeights.oracles(factors), oracles: oracles, masks: masks,
      weights: [dummyWeights] + (factors.circulants.isEmpty ? [] : [diagonalWeights]), terms: terms)
  }

  private func mask(_ mask: FactorLayout.Mask, bit: Int = 0) -> [CubicExtension] {
    (0..<Limits.maskEntries).map { CubicExtension(cells[factors.maskCell(mask, bit: bit, entry: $0)]) }
  }

  /// Σ_k left(k)·right(k), k over the columns of all clauses.
  private mutating func addLowRank() {
    var (left, right) = (zeros, zeros)
    for clause in factors.lowRank {
      let rows = Multilinear.equality(
        weights.coordinates(clause.leftVariables), scale: weights.clauseWeight(clause.cube))
      let columns = Multilinear.equality(weights.coordinates(clause.rightVariables))
      for k in 0..<clause.rank {
        for (row, weight) in rows.enumerated() {
          left[clause.base + k] += weight * cells[clause.left.offset + row << clause.logRank + k]
        }
        for (column, weight) in columns.enumerated() {
          right[clause.base + k] += weight * cells[clause.right.offset + column << clause.logRank + k]
        }
      }
    }
    terms.append(.init(weight: nil, oracles: [oracles.count, oracles.count + 1]))
    oracles += [left, right]
    masks += [mask(.left), mask(.right)]
    sum += Multilinear.innerProduct(left, right)
  }

  /// Σ_j values(j)·Π_l bit_l(j), j over the slots of all clauses.
  private mutating func addSparse() {
    var values = zeros
    var bits = (0..<factors.bitCount).map { _ in [CubicExtension](repeating: .one, count: values.count) }
    for group in factors.sparse {
      let vector = Multilinear.equality(
        weights.coordinates(group.vectorVariables), scale: weights.clauseWeight(group.cube))
      for slot in 0..<group.count {
        for (y, weight) in vector.enumerated() {
          values[group.base + slot] += weight * cells[group.values.offset + slot * vector.count + y]
        }
      }
      guard let bitSlot = factors.bits else { continue }
      for (bit, variable) in group.variables.enumerated() {
        let x = weights.point[variable]
        for slot in group.base..<group.base + 1 << group.logCount {
          let b = cells[bitSlot.offset + bit << factors.logSlots + slot]
          bits[bit][slot] = (.one - x) + (x + x - .one) * b
        }
      }
    }
    for slot in values.indices where values[slot] != .zero { sum += bits.reduce(values[slot]) { $0 * $1[slot] } }
    terms.append(.init(weight: nil, oracles: Array(oracles.count..<oracles.count + 1 + bits.count)))
    oracles += [values] + bits
    masks += [mask(.values)] + (0..<factors.bitCount).map { mask(.firstBit, bit: $0) }
  }

  /// Σ_t c(t)·κ(t), t over the diagonals of all clauses and c(t) combined over the blocks.
  private mutating func addDiagonals() {
    var values = zeros
    for clause in factors.circulants {
      let blocks = Multilinear.equality(
        weights.coordinates(clause.blockVariables), scale: weights.clauseWeight(clause.cube))
      for (block, weight) in blocks.enumerated() {
        let first = clause.cells.offset + block << clause.logSize
        for t in 0..<1 << clause.logSize { values[clause.base + t] += weight * cells[first + t] }
      }
    }
    diagonalWeights = weights.diagonalWeights(factors.circulants)
    sum += Multilinear.innerProduct(values, diagonalWeights)
    terms.append(.init(weight: 1, oracles: [oracles.count]))
    oracles.append(values)
    masks.append(mask(.firstBit, bit: factors.diagonalMask))
  }

  private mutating func addDummy() {
    var dummy = zeros
    for entry in 0..<Limits.maskEntries {
      dummy[entry] = CubicExtension(cells[factors.maskCell(.dummy, entry: entry)])
    }
    sum += Multilinear.innerProduct(dummy, dummyWeights)
    terms.append(.init(weight: 0, oracles: [oracles.count]))
    oracles.append(dummy)
    masks.append(mask(.dummyMask))
  }
}
