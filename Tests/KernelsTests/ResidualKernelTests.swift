// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import DriftProofKernels

@Suite struct ResidualKernelTests {
  /// Every path against exact integers; lengths around the vector's.
  @Test(arguments: KernelPath.allCases, [0, 1, 7, 8, 31, 32, 33, 100])
  func residualsAreExact(_ path: KernelPath, _ count: Int) {
    var random = SystemRandomNumberGenerator()
    for (rank, shift, bound) in [(0, 3, 1 << 20), (1, 0, 1 << 15), (5, 20, 1 << 10), (17, 4, 1 << 12)] {
      func values(_ count: Int) -> [Int32] {
        (0..<count).map { _ in Int32.random(in: Int32(-bound)...Int32(bound), using: &random) }
      }
      let (stride, column, at) = (count + 5, 3, 2)
      let (left, right) = (values(rank), values(rank * stride))
      let entries = values(count + 4).map { $0 >> 2 }
      var result = entries
      let fits = ResidualKernel.subtract(
        from: &result, at: at, count: count, shift: shift, left: left[...], right: right, stride: stride,
        column: column, path: path)
      var expected = entries.map(Int64.init)
      for i in 0..<count {
        expected[at + i] <<= Int64(shift)
        for k in 0..<rank { expected[at + i] -= Int64(left[k]) * Int64(right[stride * k + column + i]) }
      }
      let expectedFits = expected.allSatisfy { Int32(exactly: $0) != nil }
      #expect(fits == expectedFits)
      if fits { #expect(result.map(Int64.init) == expected) }
    }
  }

  @Test(arguments: KernelPath.allCases)
  func oneResultTooLargeIsSeen(_ path: KernelPath) {
    for place in [0, 9, 31, 32, 39, 40, 42] {
      var entries = [Int32](repeating: 1, count: 43)
      entries[place] = .min
      #expect(
        ResidualKernel.subtract(
          from: &entries, at: 0, count: 43, shift: 0, left: [0], right: [Int32](repeating: 5, count: 43), stride: 43,
          column: 0, path: path))
      #expect(
        !ResidualKernel.subtract(
          from: &entries, at: 0, count: 43, shift: 0, left: [1], right: [Int32](repeating: 5, count: 43), stride: 43,
          column: 0, path: path))
    }
  }

  @Test func transposes() {
    #expect(ResidualKernel.transposed([1, 2, 3, 4, 5, 6], rows: 3, columns: 2) == [1, 3, 5, 2, 4, 6])
  }
}
