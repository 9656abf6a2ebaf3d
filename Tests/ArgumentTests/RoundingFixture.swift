// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofCommitmentProver
import TestSupport

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

extension Fixture {
  /// The one tree of the base, which lies as tensors do that are all plain.
  private var baseLayout: (tensors: [TableauTensor], indices: [Int], layout: TableauLayout)? {
    guard !bases.isEmpty else { return nil }
    let indices = bases.keys.sorted()
    let own = indices.map { index in
      TableauTensor(
        name: tensors[index].name, rows: tensors[index].rows, columns: tensors[index].columns, fractionBits: 0,
        isPlain: true, plainBound: nil, clauses: [])
    }
    return (own, indices, TableauLayout(tensors: own, logLength: logLength))
  }

  /// Fills in where the base's integers lie, and the root; to be called when all tensors are there.
  mutating func placeBase() {
    guard let base = baseLayout else { return }
    if let rows = baseRows, let tree = try? committedBase(HashCommitment(code)).first?.tree {
      baseTrees = [BaseTree(number: 3, rows: rows.rowCount, root: tree.root)]
    }
    for (index, placement) in zip(base.indices, base.layout.placements) {
      switch placement {
      case .grid(let row, _): tensors[index].base = BasePlace(tree: 3, row: row, offset: nil)
      case .shared(let row, let offset): tensors[index].base = BasePlace(tree: 3, row: row, offset: offset)
      }
    }
  }

  private var baseRows: Rows? {
    guard let base = baseLayout else { return nil }
    return Rows(
      plan: TableauPlan(tensors: base.tensors, logLength: logLength), tensors: base.tensors,
      drifts: base.indices.map { bases[$0] ?? [] })
  }

  func committedBase(_ scheme: HashCommitment) throws -> [(rows: any TableauRows, tree: CommittedTableau)] {
    guard let rows = baseRows else { return [] }
    let shape = RowShape(tailOffset: 1 << logLength, tailCount: 0)
    let tree = try scheme.commit(
      label: ArgumentProtocol.baseLabel(3), rows: rows, shapes: Array(repeating: shape, count: rows.rowCount),
      secret: PublicTableau.secret)
    return [(rows, tree)]
  }

  /// To `bits` significant bits, to nearest and ties to even.
  static func rounded(_ value: Double, bits: Int) -> Int64 {
    guard value != 0 else { return 0 }
    let unit = Double(sign: .plus, exponent: max(0, Int(value.exponent) - bits + 1), significand: 1)
    return Int64((value / unit).rounded(.toNearestOrEven) * unit)
  }

  /// Half-ulps of a type of `bits` significant bits, as docs/protocol.md section 4 has them.
  static func halfUlps(_ factor: Double, bits: Int, scale: Int, classes: Int = 8) -> EntryClaim {
    let bound = Int(factor * Double(RoundingClaim.floor))
    return EntryClaim(
      square: bound << (bits == 8 ? 6 : 10),
      rounding: RoundingClaim(
        fineShift: scale - bits, residualWeight: 1, classBound: bound, logClasses: classes, tuned: 0, base: 0, drift: 0,
        differenceRange: Int(780 * factor * Double(1 << 18))))
  }

  /// Adds a tensor whose tuned weights are the base's and a product of `rank`, rounded once.
  /// - Parameter update: of the product, in units.
  mutating func addMerged(
    _ name: String, rows: Int, columns: Int, rank: Int?, bits: Int = 8, scale: Int = 22, factor: Double = 1.01,
    update: Double = 4000, deviation: Double = 1.8e5, generator: inout SeededGenerator
  ) {
    func gaussian() -> Double {
      (0..<12).reduce(-6.0) { sum, _ in sum + Double.random(in: 0..<1, using: &generator) }
    }
    let base = (0..<rows * columns).map { _ in Self.rounded(gaussian() * deviation, bits: bits) }
    var drift = [Int64](repeating: 0, count: base.count)
    let index = tensors.count
    if let rank {
      let size = (update * Double(sign: .plus, exponent: scale, significand: 1) / Double(rank)).squareRoot()
      let left = (0..<rows * rank).map { _ in Int32(gaussian() * size) }
      let right = (0..<columns * rank).map { _ in Int32(gaussian() * size) }
      for i in 0..<rows {
        for j in 0..<columns {
          let sum = (0..<rank).reduce(Int64(0)) { $0 + Int64(left[i * rank + $1]) * Int64(right[j * rank + $1]) }
          let exact = Double(base[i * columns + j]) + Double(sum) / Double(1 << scale)
          drift[i * columns + j] = Self.rounded(exact, bits: bits) - base[i * columns + j]
        }
      }
      factors[.init(tensor: index, clause: 0)] = .init(left: left, right: right)
    }
    bases[index] = base
    tensors.append(
      TableauTensor(
        name: name, rows: rows, columns: columns, fractionBits: 20, isPlain: true, plainBound: nil,
        clauses: [
          StructuredClause(
            rank: rank, sparse: nil, scale: rank == nil ? bits : scale, bound: nil,
            entries: Self.halfUlps(factor, bits: bits, scale: rank == nil ? bits : scale))
        ]))
    drifts.append(drift)
  }

  /// One merged tensor of several tiles, or one that shares a tile.
  static func merged(rows: Int = 150, columns: Int = 200, bits: Int = 8, seed: UInt64 = 31) -> Fixture {
    var generator = SeededGenerator(seed: seed)
    var fixture = Fixture(tensors: [], drifts: [])
    fixture.addMerged(
      "w", rows: rows, columns: columns, rank: 2, bits: bits, scale: bits == 8 ? 22 : 23,
      factor: bits == 8 ? 1.01 : 1.04,
      generator: &generator)
    fixture.placeBase()
    return fixture
  }
}
