// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofField
import DriftProofKernels

/// Tables computed on all cores.
enum ParallelMap {
  private static let chunk = 1 << 13

  /// [term(0), …, term(count - 1)].
  @inline(__always)
  static func of<Element: BitwiseCopyable>(count: Int, _ term: @Sendable (Int) -> Element) -> [Element] {
    LargeArray.made(count: count, piece: chunk) { range, target in
      for i in range { target[unchecked: i - range.lowerBound] = term(i) }
    }
  }

  /// Replaces every element by `term` of its index and itself.
  @inline(__always)
  static func update<Element: BitwiseCopyable>(
    _ table: inout [Element], _ term: @Sendable (Int, Element) -> Element
  ) {
    LargeArray.update(&table, piece: chunk) { range, target in
      for i in range {
        target[unchecked: i - range.lowerBound] = term(i, target[unchecked: i - range.lowerBound])
      }
    }
  }

  /// eq(point, ·), as `Multilinear.equality` gives it.
  static func equality(_ point: [CubicExtension]) -> [CubicExtension] {
    let split = min(point.count, 12)
    let low = Multilinear.equality(point[..<split])
    let high = Multilinear.equality(point[split...])
    return of(count: low.count * high.count) { low[$0 & (low.count - 1)] * high[$0 >> split] }
  }
}
