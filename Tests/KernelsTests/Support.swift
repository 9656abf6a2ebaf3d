// SPDX-License-Identifier: Apache-2.0

import DriftProofField
import DriftProofKernels
import TestSupport

extension SeededGenerator {
  /// Values at and near the places where carries and reductions change, and random ones.
  mutating func element() -> UInt64 {
    let p = Goldilocks.modulus
    let corners = [0, 1, 2, p - 1, p - 2, 0xFFFF_FFFF, 0x1_0000_0000, 0xFFFF_FFFF_0000_0000, 0xFFFF_FFFE_FFFF_FFFF]
    return next() % 3 == 0 ? corners[Int(next() % UInt64(corners.count))] : Goldilocks(reducing: next()).value
  }

  mutating func entry() -> Int32 {
    switch next() % 4 {
    case 0: [Int32.min, Int32.min + 1, Int32.max, -1, 0, 1][Int(next() % 6)]
    default: Int32(truncatingIfNeeded: next())
    }
  }

  /// An entry of `bits` bits of two's complement.
  mutating func entry(bits: Int32) -> Int32 { Int32(truncatingIfNeeded: next()) >> (32 - bits) }

  mutating func entries(_ count: Int) -> [Int32] { (0..<count).map { _ in entry() } }
  mutating func elements(_ count: Int) -> [UInt64] { (0..<count).map { _ in element() } }

  mutating func cubic() -> CubicExtension {
    CubicExtension(Goldilocks(reducing: element()), Goldilocks(reducing: element()), Goldilocks(reducing: element()))
  }
  mutating func cubics(_ count: Int) -> [CubicExtension] { (0..<count).map { _ in cubic() } }
}

extension AlignedBuffer {
  convenience init(_ elements: some Collection<Element>) {
    self.init(count: elements.count)
    for (index, element) in elements.enumerated() { self[index] = element }
  }

  var array: [Element] { (0..<count).map { self[$0] } }
}

/// Every coordinate p - 1, the largest.
let allMinusOne = CubicExtension(-.one, -.one, -.one)
