// SPDX-License-Identifier: Apache-2.0

import DriftProofField

/// The points of a code of 2^logSize positions after some foldings; the order is that of ``CodeParameters``.
package struct CodeDomain: Sendable {
  package let logSize: Int
  private let root: Goldilocks
  private let shift: Goldilocks

  /// The domain whose points are η^(2^folds), η the points of a code of 2^(logSize + folds) positions.
  package init(logSize: Int, folds: Int) {
    self.init(
      logSize: logSize, root: Goldilocks.rootOfUnity(logOrder: logSize),
      shift: (0..<folds).reduce(CodeParameters.shift) { power, _ in power * power })
  }

  private init(logSize: Int, root: Goldilocks, shift: Goldilocks) {
    self.logSize = logSize
    self.root = root
    self.shift = shift
  }

  /// The domain of the points' inverses, in the same order.
  package var inverted: CodeDomain { CodeDomain(logSize: logSize, root: root.inverse, shift: shift.inverse) }

  /// shift·Ω^{rev(position)}.
  package func point(_ position: Int) -> Goldilocks {
    shift * root.power(UInt64(Self.reverseBits(position, count: logSize)))
  }

  /// The shift of one coset of 2^logLength consecutive positions: its first point.
  package func cosetShift(_ coset: Int, logLength: Int) -> Goldilocks { point(coset << logLength) }

  package static func reverseBits(_ value: Int, count: Int) -> Int {
    var result = 0
    for bit in 0..<count where value >> bit & 1 == 1 { result |= 1 << (count - 1 - bit) }
    return result
  }
}
