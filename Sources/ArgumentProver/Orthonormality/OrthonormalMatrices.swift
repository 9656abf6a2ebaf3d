// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofField
import DriftProofKernels

/// The matrices of the orthonormal tensors: their rows' products, and the tables of the orthonormality stage (Stage O).
///
/// They are put together from E-tiles, the tensors of one block at a time, and let go; a tensor has at most 2^10 rows.
struct OrthonormalMatrices {
  let layout: ArgumentLayout
  let tiles: DriftTiles

  private typealias Member = OrthonormalLayout.Member

  // MARK: Products

  /// g = ΔΔᵀ - 2^(2f)·1 of every tensor, row by row; modulo p, centred, where a cheating prover's entries are large.
  ///
  /// - Throws: ``ArgumentRefusal/notOrthonormal(tensor:row:other:)`` for the first g outside [-2^29, 2^29), or what the
  ///   rows throw.
  func excesses(refuses: Bool) throws -> [[Int64]] {
    try map { index, matrix in
      let member = layout.orthonormal.members[index]
      func refusal(_ row: Int, _ other: Int) -> ArgumentRefusal {
        .notOrthonormal(tensor: layout.statement.tensors[member.tensor].name, row: row, other: other)
      }
      let width = member.columns.count
      if refuses {
        // No sum of products of these rows leaves 64 bits, by Cauchy-Schwarz.
        for row in 0..<member.rows where matrix.exactSquareSum(row * width..<(row + 1) * width) >= 1 << 62 {
          throw refusal(row, row)
        }
      }
      let excess = Self.excess(matrix, member: member)
      if refuses, let wrong = excess.firstIndex(where: { $0 < -Int64(Limits.halfRange) || $0 >= Limits.halfRange }) {
        throw refusal(wrong / member.rows, wrong % member.rows)
      }
      return excess
    }
  }

  private static func excess(_ matrix: RowMessage, member: Member) -> [Int64] {
    let (rows, width) = (member.rows, member.columns.count)
    var result = [Int64](repeating: 0, count: rows * rows)
    for j in 0..<rows {
      for k in 0...j {
        let product = matrix.product(j * width..<(j + 1) * width, k * width..<(k + 1) * width)
        result[j * rows + k] = product
        result[k * rows + j] = product
      }
      // In F: a cheating prover's product may be any.
      let square = Goldilocks(1 << (2 * member.fractionBits))
      result[j * rows + j] = (Goldilocks(result[j * rows + j]) - square).centred
    }
    return result
  }

  // MARK: The stage

  /// The tables of the orthonormality stage (Stage O) and the value of its sum.
  ///
  /// - Parameter masks: the oracle O.
  func component(
    _ challenges: OrthonormalChallenges, masks: [Goldilocks]
  ) throws -> (components: [any SumcheckComponent], sum: CubicExtension) {
    let members = layout.orthonormal.members
    let combined = try map { index, matrix in
      let member = members[index]
      let scale = Multilinear.equality(challenges.members, at: index)
      let left = Multilinear.equality(challenges.left.prefix(member.logRows), scale: scale)
      let right = Multilinear.equality(challenges.right.prefix(member.logRows))
      return (
        matrix.combined(left.prefix(member.rows), width: member.columns.count),
        matrix.combined(right.prefix(member.rows), width: member.columns.count)
      )
    }
    let zeros = [CubicExtension](repeating: .zero, count: 1 << layout.orthonormal.variables)
    var (left, right, blind, weights) = (zeros, zeros, zeros, zeros)
    for (member, own) in zip(members, combined) {
      left.replaceSubrange(member.columns.range, with: own.0)
      right.replaceSubrange(member.columns.range, with: own.1)
    }
    func run(_ run: OrthonormalLayout.MaskRun) -> [CubicExtension] {
      (0..<Limits.maskEntries).map { CubicExtension(masks[OrthonormalLayout.maskCell(run, $0)]) }
    }
    for (i, cell) in run(.blind).prefix(CubicExtension.basis.count).enumerated() {
      blind[i] = cell
      weights[i] = CubicExtension.basis[i]
    }
    let sum = Multilinear.innerProduct(left, right) + Multilinear.innerProduct(blind, weights)
    let component = ProductComponent(
      variables: layout.orthonormal.variables, names: [.leftRows, .rightRows, .blind], oracles: [left, right, blind],
      masks: [run(.left), run(.right), run(.blindMask)], weights: [weights],
      terms: [.init(weight: nil, oracles: [0, 1]), .init(weight: 0, oracles: [2])])
    return ([component], sum)
  }

  // MARK: Matrices

  /// Calls the body for every orthonormal tensor with its rows × 2^columnBits matrix, row by row, several at a time.
  private func map<T: Sendable>(_ body: @Sendable (_ member: Int, RowMessage) throws -> T) throws -> [T] {
    if !layout.hasOrthonormal { return [] }
    let members = Dictionary(uniqueKeysWithValues: layout.orthonormal.members.enumerated().map { ($1.tensor, $0) })
    // Blocks with such tensors, and the position of their first tile.
    var blocks: [(block: TableauLayout.Block, position: Int)] = []
    var position = 0
    for block in layout.tableau.blocks {
      if block.members.contains(where: { members[$0] != nil }) { blocks.append((block, position)) }
      position += block.tileCount
    }
    let found = blocks
    let results = try DriftTiles.ascending(
      found.count, workers: DriftTiles.workers(length: layout.length), { [(member: Int, value: T)]() },
      merge: { $0 += $1 },
      { state, item in
        let (block, position) = found[item]
        let rows = try block.tiles.indices.map { try tiles.entries(position + $0) }
        for tensor in block.members {
          guard let member = members[tensor] else { continue }
          state.append((member, try body(member, matrix(member, block: block, rows: rows))))
        }
      })
    return results.sorted { $0.member < $1.member }.map(\.value)
  }

  private func matrix(_ index: Int, block: TableauLayout.Block, rows: [RowMessage]) -> RowMessage {
    let member = layout.orthonormal.members[index]
    let regions = block.tiles.map {
      TileRegion(layout: layout.tableau, block: block, member: member.tensor, tile: $0.tile)
    }
    func filled<T: FixedWidthInteger>(_ entry: (RowMessage, Int) -> T) -> [T] {
      var result = [T](repeating: 0, count: member.rows << member.columns.log)
      for (region, message) in zip(regions, rows) where !message.isZero {
        for x in stride(from: region.positions.lowerBound, to: region.positions.upperBound, by: region.width) {
          let (row, column) = region.coordinates(x)
          guard row < member.rows else { continue }
          let first = row << member.columns.log + column
          for i in 0..<region.width { result[first + i] = entry(message, x + i) }
        }
      }
      return result
    }
    if rows.allSatisfy(\.isZero) { return .zero }
    if rows.contains(where: { if case .field = $0 { true } else { false } }) {
      return .field(filled { $0.element($1).value })
    }
    return .narrow(filled { if case .narrow(let values) = $0 { values[$1] } else { 0 } })
  }
}

extension RowMessage {
  /// Σ_i E(a_i)·E(b_i) over two ranges of one length: exact below 2^63, of field elements modulo p and centred.
  fileprivate func product(_ a: Range<Int>, _ b: Range<Int>) -> Int64 {
    switch self {
    case .zero: return 0
    case .narrow(let values):
      return values.withUnsafeBufferPointer { values in
        var sum: Int64 = 0
        for i in 0..<a.count { sum &+= Int64(values[a.lowerBound + i]) &* Int64(values[b.lowerBound + i]) }
        return sum
      }
    case .field(let values):
      var sum = Goldilocks.zero
      for i in 0..<a.count {
        sum += Goldilocks(reducing: values[a.lowerBound + i]) * Goldilocks(reducing: values[b.lowerBound + i])
      }
      return sum.centred
    }
  }

  /// Σ_j weights[j]·(row j), rows of `width` entries.
  fileprivate func combined(_ weights: ArraySlice<CubicExtension>, width: Int) -> [CubicExtension] {
    var sums = [CubicExtension](repeating: .zero, count: width)
    switch self {
    case .zero: break
    case .narrow(let values):
      RowCombination.accumulateNarrow(values, chunkSize: width, weights: Array(weights), into: &sums)
    case .field(let values):
      for (row, weight) in weights.enumerated() {
        for x in 0..<width { sums[x] += weight * Goldilocks(reducing: values[row * width + x]) }
      }
    }
    return sums
  }
}
