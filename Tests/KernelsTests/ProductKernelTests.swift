// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import DriftProofKernels

@Suite struct ProductKernelTests {
  /// Every path has the bits of the plain loop, also where a fused multiplication would give others.
  @Test(arguments: KernelPath.allCases, [0, 1, 7, 8, 31, 32, 33, 100])
  func rowsHaveTheSameBits(_ path: KernelPath, _ count: Int) {
    var random = SystemRandomNumberGenerator()
    for rank in [0, 1, 2, 8, 17] {
      func values(_ count: Int) -> [Double] {
        (0..<count).map { _ in Double.random(in: -1...1, using: &random) * [1, 1e-9, 1e9][Int.random(in: 0..<3)] }
      }
      let (stride, column) = (count + 5, 3)
      let (left, right) = (values(rank + 2), values(rank * stride))
      var row = [Double](repeating: .nan, count: count)
      ProductKernel.row(
        into: &row, left: left[2...], right: right, stride: stride, column: column, path: path)
      for i in 0..<count {
        var sum = 0.0
        for k in 0..<rank {
          let product = left[2 + k] * right[stride * k + column + i]
          sum += product
        }
        #expect(row[i].bitPattern == sum.bitPattern)
      }
    }
  }

  /// 1 + 2^-30 squared needs 61 bits: what is left after taking the square away shows whether the product was rounded.
  @Test(arguments: KernelPath.allCases)
  func productsAreRoundedBeforeTheyAreAdded(_ path: KernelPath) {
    let x = 1 + 0x1p-30
    var row = [Double](repeating: .nan, count: 41)
    ProductKernel.row(
      into: &row, left: [-1, x], right: [Double](repeating: x * x, count: 41) + [Double](repeating: x, count: 41),
      stride: 41, column: 0, path: path)
    #expect(row.allSatisfy { $0 == 0 })
  }
}
