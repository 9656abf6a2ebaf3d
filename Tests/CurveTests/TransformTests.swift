// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import DriftProofCurve

/// Transforms in lanes against their twin.
struct TransformTests {
  @Test(.enabled(if: BucketTests.levels.contains(.lanes)))
  func lanesAreTheTwin() throws {
    var random = SeededGenerator(seed: 71)
    for log in 6...15 {
      let size = 1 << log
      let root = ScalarTransform.root(log: log)
      let drawn = try (0..<64).map { _ in try random.scalar() }
      // The largest number everywhere, or with changing signs, makes the sums of butterflies as large as they get.
      let inputs: [[Fr]] = [
        [Fr](repeating: -.one, count: size), (0..<size).map { $0 % 2 == 0 ? -.one : .one },
        (0..<size).map { drawn[($0 * 7 + $0 >> 5) % 64] * Fr(Int64($0)) }, (0..<size / 2 + 3).map { Fr(Int64($0)) },
        [drawn[0]], [],
      ]
      for (number, input) in inputs.enumerated() {
        for (root, scale) in [(root, Fr.one), (root.inverse(), drawn[1])] {
          let lanes = LaneTransform.transform(input, log: log, root: root, scale: scale)
          let twin = ScalarTransform.transform(input, log: log, root: root, scale: scale, level: .portable)
          #expect(lanes == twin, "2^\(log), input \(number)")
        }
      }
    }
  }

  /// The level that is chosen gives values back as coefficients.
  @Test
  func coefficientsComeBack() {
    let input = (0..<1 << 14).map { Fr(Int64($0) * 12345) }
    let values = ScalarTransform.values(of: input, log: 15)
    #expect(values[0] == input.reduce(.zero, +))
    #expect(ScalarTransform.coefficients(of: values, log: 15) == input + [Fr](repeating: .zero, count: 1 << 14))
  }

  /// Σ (u(X)·c(1/X) + u(1/X)·c(X)), multiplied out.
  @Test
  func correlationsAreSumsOfProducts() {
    func list(_ count: Int, _ factor: Int64) -> [Fr] { (0..<count).map { Fr(Int64($0 + 1) * factor) } }
    let pairs = [(u: list(5, 3), c: list(8, -7)), (u: list(8, 11), c: list(3, 2)), (u: list(2, 5), c: list(1, 9))]
    var expected = [Fr](repeating: .zero, count: 7)
    for (u, c) in pairs {
      for (i, a) in u.enumerated() {
        for (j, b) in c.enumerated() where i != j { expected[abs(i - j) - 1] = expected[abs(i - j) - 1] + a * b }
      }
    }
    #expect(ScalarVector.correlation(pairs) == expected)
  }
}
