// SPDX-License-Identifier: Apache-2.0

import DriftProofField

/// An aligned sub-cube of a hypercube index space: some variables run free, the others have fixed bits.
package struct IndexCube: Hashable, Sendable {
  /// Ascending variable numbers.
  package var free: [Int]
  /// The index with all free bits 0.
  package var origin: Int

  /// eq(point, ·) over the variables that are not free, from `first` on.
  package func fixedWeight(_ point: [CubicExtension], from first: Int = 0) -> CubicExtension {
    var result = CubicExtension.one
    var nextFree = free.startIndex
    while nextFree < free.endIndex, free[nextFree] < first { nextFree += 1 }
    for variable in first..<point.count {
      if nextFree < free.endIndex, free[nextFree] == variable {
        nextFree += 1
      } else {
        result *= origin >> variable & 1 == 1 ? point[variable] : .one - point[variable]
      }
    }
    return result
  }
}

/// A tensor's place in E-space (position bits low, tile bits above them): which variables are its row and column bits.
package struct TensorCube: Hashable, Sendable {
  /// Low bit first.
  package var rowVariables: [Int]
  package var columnVariables: [Int]
  package var origin: Int

  package var cube: IndexCube { IndexCube(free: (rowVariables + columnVariables).sorted(), origin: origin) }

  /// Variables that number the rows of U and of V, low bit first. With blocks the columns' bits are the lower ones of both.
  package func factorVariables(_ blocks: KroneckerBlock?) -> (left: [Int], right: [Int]) {
    guard let blocks else { return (rowVariables, columnVariables) }
    return (
      Array(columnVariables.dropFirst(blocks.logColumns) + rowVariables.dropFirst(blocks.logRows)),
      Array(columnVariables.prefix(blocks.logColumns) + rowVariables.prefix(blocks.logRows))
    )
  }
}

/// An aligned run of chunks that E-space and a compact chunk index share: chunk variable i of the compact index is
/// the i-th free variable above the chunk's own bits.
package struct ChunkPiece: Hashable, Sendable {
  package var cube: IndexCube
  /// log2 of the chunk's positions; the chunk's positions are the lowest free variables.
  package var logChunk: Int
  /// First index in the compact index space; aligned to the piece's size.
  package var base: Int

  package var chunkVariables: ArraySlice<Int> { cube.free[logChunk...] }
  package var logCount: Int { cube.free.count - logChunk }
  package var count: Int { 1 << logCount }

  /// E-space index of position 0 of chunk c of this piece.
  package func position(ofChunk c: Int) -> Int {
    var index = cube.origin
    for (bit, variable) in chunkVariables.enumerated() where c >> bit & 1 == 1 { index |= 1 << variable }
    return index
  }

  /// Σ_{chunks c} eq(compactPoint, base + c)·eq(point, position bits of c above the chunk).
  package func weight(compact compactPoint: [CubicExtension], _ point: [CubicExtension]) -> CubicExtension {
    var result = cube.fixedWeight(point)
    for (bit, variable) in chunkVariables.enumerated() {
      result *= Multilinear.equality(compactPoint[bit], point[variable])
    }
    return result * Multilinear.equality(compactPoint[logCount...], at: base >> logCount)
  }
}

/// Splits 0..<count into aligned dyadic intervals, largest first.
package func dyadicIntervals(_ count: Int) -> [(start: Int, log: Int)] {
  var result: [(Int, Int)] = []
  var start = 0
  for log in stride(from: ceilLog2(count + 1), through: 0, by: -1) where count >> log & 1 == 1 {
    result.append((start, log))
    start += 1 << log
  }
  return result
}

extension Multilinear {
  /// Σ_{i < count} eq(a, i)·eq(b, i).
  package static func prefixSum(_ a: [CubicExtension], _ b: [CubicExtension], count: Int) -> CubicExtension {
    precondition(a.count == b.count && count >= 0 && count <= 1 << a.count)
    // whole[i]: the sum over all values of the lowest i bits.
    var whole = [CubicExtension.one]
    for (x, y) in zip(a, b) { whole.append(whole[whole.count - 1] * equality(x, y)) }
    if count == 1 << a.count { return whole[a.count] }
    var sum = CubicExtension.zero
    var equalSoFar = CubicExtension.one
    for bit in a.indices.reversed() {
      let one = a[bit] * b[bit]
      let zero = (.one - a[bit]) * (.one - b[bit])
      if count >> bit & 1 == 1 {
        sum += equalSoFar * zero * whole[bit]
        equalSoFar *= one
      } else {
        equalSoFar *= zero
      }
    }
    return sum
  }
}
