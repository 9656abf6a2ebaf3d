// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import DriftProofKernels

@Suite struct PairProductsTests {
  @Test(arguments: [true, false])
  func partsAreThoseOfExactSums(_ hasFirst: Bool) {
    var random = SystemRandomNumberGenerator()
    let (groups, start, at) = (5, 32, 7)
    func values() -> [Int32] {
      (0..<start + groups * PairProducts.width).map { index in
        index == start ? 1 << 26 : Int32.random(in: -(1 << 26)...1 << 26, using: &random)
      }
    }
    let (first, second) = (hasFirst ? values() : nil, values())
    var low = [Int32](repeating: -1, count: at + groups * PairProducts.pairs)
    var high = low
    PairProducts.fill(first, second, start: start, groups: groups, low: &low, high: &high, at: at)
    #expect(low.prefix(at).allSatisfy { $0 == -1 } && high.prefix(at).allSatisfy { $0 == -1 })
    var place = at
    for i in 0..<PairProducts.width {
      for k in i..<PairProducts.width {
        for group in 0..<groups {
          let (x, y) = (start + group * PairProducts.width + i, start + group * PairProducts.width + k)
          let sum =
            Int64(second[x]) * Int64(second[y]) + (first.map { Int64($0[x]) * Int64($0[y]) } ?? 0)
          #expect(Int64(low[place]) + Int64(high[place]) << Int64(PairProducts.logPart) == sum)
          #expect(low[place] >= 0)
          place += 1
        }
      }
    }
    #expect(place == low.count)
  }
}
