// SPDX-License-Identifier: Apache-2.0

extension IntegerFactors {
  /// 2^s * Delta = U V^T with one factor the drift itself and the other the identity: what a rank of at least
  /// min(rows, columns) allows. Costs one pass; columns past the smaller dimension are zero.
  /// - Returns: nil for a smaller rank, or when an entry or a block of the scaled drift breaks the bounds.
  package static func trivial(_ drift: IntegerMatrix, rank: Int, scaleBits: Int = 0) -> IntegerFactors? {
    let (rows, columns) = (drift.rows, drift.columns)
    guard (min(rows, columns)...blockLength).contains(rank), rank > 0, (0...40).contains(scaleBits),
      drift.maximumMagnitude < 1 << UInt64(40 - scaleBits)
    else { return nil }
    let isWide = columns > rows
    var scaled = [Int32](repeating: 0, count: (isWide ? columns : rows) * rank)
    for row in 0..<rows {
      for column in 0..<columns {
        guard let entry = Int32(exactly: drift[row * columns + column] << Int64(scaleBits)), entry != .min else {
          return nil
        }
        scaled[isWide ? column * rank + row : row * rank + column] = entry
      }
    }
    guard largestBlock(scaled, rank: rank) <= blockBound else { return nil }
    let length = isWide ? rows : columns
    var identity = [Int32](repeating: 0, count: length * rank)
    for k in 0..<length { identity[k * rank + k] = 1 }
    return IntegerFactors(
      rows: rows, columns: columns, rank: rank, left: isWide ? identity : scaled, right: isWide ? scaled : identity)
  }

  /// Whether a block full of factors like these keeps the bound. A small factor shares its block with those of other
  /// tensors, of which it is to take no more than its part.
  package var leavesRoom: Bool {
    func log(_ n: Int) -> Int { Int.bitWidth - max(0, n - 1).leadingZeroBitCount }
    return [(left, rows), (right, columns)].allSatisfy { side, length in
      let neighbours = max(0, log(Self.blockLength) - log(length) - log(rank))
      return Self.largestBlock(side, rank: rank) <= Self.blockBound >> UInt64(neighbours)
    }
  }
}
