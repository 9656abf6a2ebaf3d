// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import DriftProofKernels

@Suite struct PackedIntegersTests {
  /// Every width, with entries at both ends of what it holds; all paths pack alike.
  @Test(arguments: KernelPath.allCases) func everyWidthComesBack(_ path: KernelPath) {
    var random = SeededGenerator(seed: 11)
    var values: [Int32] = []
    for bits in 0...32 {
      let (least, greatest) = bits == 0 ? (0, 0) : (-(Int64(1) << (bits - 1)), Int64(1) << (bits - 1) - 1)
      var block = (0..<PackedIntegers.block).map { _ in
        bits == 0 ? 0 : Int32(truncatingIfNeeded: Int64.random(in: Int64(least)...Int64(greatest), using: &random))
      }
      block[Int.random(in: 0..<256, using: &random)] = Int32(truncatingIfNeeded: Int64(least))
      block[Int.random(in: 0..<256, using: &random)] = Int32(truncatingIfNeeded: Int64(greatest))
      values += block
    }
    let packed = PackedIntegers(values, path: path)
    #expect(packed.content == PackedIntegers(values, path: .portable).content)
    var result = [Int32](repeating: 77, count: values.count)
    packed.unpack(into: &result)
    #expect(result == values)
  }

  /// Zeros take nothing, -1 takes a sign.
  @Test(arguments: KernelPath.allCases) func sizes(_ path: KernelPath) {
    let block = PackedIntegers.block
    func size(_ values: [Int32]) -> Int { PackedIntegers(values, path: path).byteCount }
    #expect(size([Int32](repeating: 0, count: 4 * block)) == 4)
    #expect(size([Int32](repeating: -1, count: block)) == 1 + block / 2)
    #expect(size([Int32](repeating: 2047, count: block)) == 1 + 3 * block / 2)
    #expect(size([Int32](repeating: 2048, count: block)) == 1 + 2 * block)
    #expect(size([]) == 0)
  }

  /// A row's array serves the next one; one that is still held does not change under its holder.
  @Test func pooledArrays() {
    let pool = RowPool()
    var first = pool.narrow(count: 512)
    first[3] = 5
    let held = first
    pool.recycle(.narrow(first))
    first = []
    var second = pool.narrow(count: 512)
    #expect(second[3] == 5)
    second[3] = 6
    #expect(held[3] == 5)
    #expect(pool.narrow(count: 512) == [Int32](repeating: 0, count: 512))
  }
}
