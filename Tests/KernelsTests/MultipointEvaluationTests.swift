// SPDX-License-Identifier: Apache-2.0

import DriftProofField
import DriftProofKernels
import TestSupport
import Testing

@Suite struct MultipointEvaluationTests {
  /// The twin is Horner's rule, so the C kernels are held against the definition.
  private func agree(_ points: [Goldilocks], length: Int, rows: [(RowMessage, [UInt64], Int)]) {
    let twin = MultipointEvaluation(points: points, length: length, path: .portable)
    let expected = rows.map { twin.values($0.0, tail: $0.1, tailOffset: $0.2) }
    for path in KernelPath.allCases.dropFirst() {
      let evaluation = MultipointEvaluation(points: points, length: length, path: path)
      for (index, row) in rows.enumerated() {
        #expect(evaluation.values(row.0, tail: row.1, tailOffset: row.2) == expected[index], "\(path), row \(index)")
      }
    }
  }

  /// Messages of all lengths modulo groups and digits, entries at the limits of every way through.
  @Test(arguments: [(8, 1, 5), (11, 1, 3), (12, 3, 20), (14, 1, 227), (14, 4, 55), (15, 2, 64)])
  func pathsAgree(log: Int, logBlowup: Int, count: Int) {
    var random = SeededGenerator(seed: UInt64(log))
    let length = 1 << log
    let root = Goldilocks.rootOfUnity(logOrder: log + logBlowup)
    let points = (0..<count).map { _ in Goldilocks.generator * root.power(random.next()) }
    func narrow(_ value: Int32) -> RowMessage { .narrow([Int32](repeating: value, count: length)) }
    let tail = random.elements(2 * count)
    var rows: [(RowMessage, [UInt64], Int)] = [(.zero, tail, length), (.zero, [], 0), (.narrow([]), [], 0)]
    rows.append((.narrow(random.entries(length)), tail, length))
    rows.append((.narrow((0..<length).map { _ in random.entry(bits: 20) }), tail, length))
    rows.append((.narrow((0..<length / 2 + 3).map { _ in random.entry(bits: 16) }), [], 0))
    rows.append((.narrow((0..<7).map { _ in random.entry(bits: 16) }), tail, 7))
    rows.append((.field(random.elements(length)), tail, length))
    rows.append((.field(random.elements(length - 5)), tail, length - 5))
    rows.append((.field([UInt64](repeating: Goldilocks.modulus - 1, count: length)), [], 0))
    for bits in [23, 24, 25, 26, 27] as [Int32] {
      rows.append((narrow(1 << bits), [], 0))
      rows.append((narrow(-1 << bits), [], 0))
    }
    rows.append((narrow(.min), [], 0))
    rows.append((narrow(.max), [], 0))
    agree(points, length: length, rows: rows)
  }

  /// No two points in one class, and points that are 0, 1, p - 1 or equal.
  @Test func anyPoints() {
    var random = SeededGenerator(seed: 9)
    let special: [Goldilocks] = [0, 1, -.one, 1, Goldilocks(reducing: (Goldilocks.modulus - 1) / 2), 2]
    let points = special + (0..<30).map { _ in Goldilocks(reducing: random.next()) }
    agree(points, length: 1 << 12, rows: [(.narrow(random.entries(4096)), random.elements(9), 4096)])
    agree([], length: 1 << 12, rows: [(.narrow(random.entries(4096)), random.elements(9), 4096)])
  }
}
