// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve
import DriftProofCurveArgument

/// Stage B's tables: U and V combined by Stage A's point, values and chunks of slots, the dummy. Each has a mask at index 0 of the half
/// top = 1.
struct StructureStage: Sendable {
  /// Of the half top = 0, until `top` is bound; in the order of the evaluations.
  private var tables: [[Fr]]
  private let masks: [Fr]
  private let hasFactors: Bool
  private let hasSlots: Bool
  private let dummyWeight: Fr
  private var topFactor: Fr?
  /// What all rounds sum up to, without Libra's mask.
  private(set) var sum = Fr.zero

  /// - Parameters:
  ///   - cells: of G, with the masks.
  init(_ weights: StructureWeights, cells: [Fr]) {
    let factors = weights.factors
    hasFactors = !factors.lowRank.isEmpty
    hasSlots = !factors.sparse.isEmpty
    dummyWeight = weights.dummyWeight
    let count = 1 << factors.structureVariables
    let zeros = [Fr](repeating: .zero, count: count)
    var tables: [[Fr]] = []
    if hasFactors {
      var (left, right) = (zeros, zeros)
      for clause in factors.lowRank {
        let rows = FrVector.equality(weights.rows(clause.line), scale: weights.weight(clause.line))
        let columns = FrVector.equality(weights.columns(clause.line))
        for k in 0..<clause.counted {
          for (row, weight) in rows.enumerated() {
            let cell = cells[clause.left.offset + row << clause.logRank + k]
            if !cell.isZero { left[clause.base + k] = left[clause.base + k] + weight * cell }
          }
          for (column, weight) in columns.enumerated() {
            let cell = cells[clause.right.offset + column << clause.logRank + k]
            if !cell.isZero { right[clause.base + k] = right[clause.base + k] + weight * cell }
          }
        }
      }
      tables += [left, right]
    }
    if hasSlots {
      var values = zeros
      var chunks = [[Fr]](repeating: [Fr](repeating: .one, count: count), count: factors.chunks)
      for group in factors.sparse {
        let vector = FrVector.equality(weights.x[group.vector], scale: weights.weight(group.line))
        for slot in 0..<group.counted {
          let first = group.values.offset + slot << group.vector.count
          values[group.base + slot] = FrVector.innerProduct(vector, cells[first..<first + vector.count])
        }
        for chunk in 0..<group.chunks {
          let own = FrVector.equality(weights.x[group.chunk(chunk)])
          for slot in group.base..<group.base + 1 << group.logCount {
            let first = factors.hotCell(chunk: chunk, slot: slot)
            chunks[chunk][slot] = FrVector.innerProduct(own, cells[first..<first + own.count])
          }
        }
      }
      tables += [values] + chunks
    }
    var dummy = zeros
    dummy[0] = cells[factors.dummyCell]
    tables.append(dummy)
    self.tables = tables
    masks = (0..<factors.valueCount).map { cells[factors.masks + $0] }
    sum = (0..<count).reduce(Fr.zero) { total, index in total + value(tables.map { $0[index] }) }
  }

  /// Of one index.
  private func value(_ entries: [Fr]) -> Fr {
    var sum = dummyWeight * entries[entries.count - 1]
    if hasFactors { sum = sum + entries[0] * entries[1] }
    if hasSlots { sum = sum + entries[(hasFactors ? 2 : 0)..<entries.count - 1].reduce(.one, *) }
    return sum
  }

  /// Values at 0, …, degree of the current round's polynomial.
  func roundValues(degree: Int) -> [Fr] {
    var sums = [Fr](repeating: .zero, count: degree + 1)
    guard let topFactor else {
      for index in tables[0].indices {
        let entries = tables.map { $0[index] }
        for point in sums.indices {
          let (x, y) = (Fr(Int64(point)), Fr(Int64(1 - point)))
          let own = entries.indices.map { y * entries[$0] + (index == 0 ? x * masks[$0] : .zero) }
          sums[point] = sums[point] + y * value(own)
        }
      }
      return sums
    }
    for pair in stride(from: 0, to: tables[0].count, by: 2) {
      var entries = tables.map { $0[pair] }
      let steps = tables.map { $0[pair + 1] - $0[pair] }
      for point in sums.indices {
        sums[point] = sums[point] + topFactor * value(entries)
        for index in entries.indices { entries[index] = entries[index] + steps[index] }
      }
    }
    return sums
  }

  mutating func bind(_ r: Fr) {
    guard topFactor != nil else {
      let factor = Fr.one - r
      topFactor = factor
      for index in tables.indices {
        tables[index] = tables[index].map { factor * $0 }
        tables[index][0] = tables[index][0] + r * masks[index]
      }
      return
    }
    for index in tables.indices { FrVector.fold(&tables[index], r) }
  }

  /// Once all variables are bound.
  var evaluations: [Fr] { tables.map { $0[0] } }
}
