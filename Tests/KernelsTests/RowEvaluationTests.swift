// SPDX-License-Identifier: Apache-2.0

import DriftProofField
import DriftProofKernels
import TestSupport
import Testing

@Suite struct RowEvaluationTests {
  private func direct(_ row: RowMessage, _ tail: [UInt64], _ offset: Int, _ z: CubicExtension) -> CubicExtension {
    var entries: [Goldilocks]
    switch row {
    case .zero: entries = []
    case .narrow(let values): entries = values.map { Goldilocks(Int64($0)) }
    case .field(let values): entries = values.map(Goldilocks.init(reducing:))
    }
    entries += [Goldilocks](repeating: .zero, count: max(0, offset + tail.count - entries.count))
    for (i, value) in tail.enumerated() { entries[offset + i] += Goldilocks(reducing: value) }
    return entries.reversed().reduce(.zero) { $0 * z + CubicExtension($1) }
  }

  /// Lengths around the runs of 4096, and one of more than 512 runs.
  @Test(arguments: [0, 1, 17, 4095, 4096, 4097, 12_300, 515 << 12 | 9])
  func pathsAgree(count: Int) {
    var random = SeededGenerator(seed: UInt64(count))
    let z = count == 17 ? allMinusOne : random.cubic()
    let tail = random.elements(count % 2 == 1 ? 75 : 0)
    let rows: [RowMessage] = [
      .zero, .narrow(random.entries(count)), .field(random.elements(count)),
      .narrow([Int32](repeating: .min, count: count)),
      .field([UInt64](repeating: Goldilocks.modulus - 1, count: count)),
    ]
    for offset in [count, 1 << 22, 0] {
      let expected = rows.map { direct($0, tail, offset, z) }
      for path in KernelPath.allCases {
        let evaluation = RowEvaluation(z, length: count + 3, path: path)
        #expect(rows.map { evaluation.value($0, tail: tail, tailOffset: offset) } == expected)
      }
      #expect(rows.map { RowEvaluation.at(z, message: $0, tail: tail, tailOffset: offset) } == expected)
    }
  }
}
