// SPDX-License-Identifier: Apache-2.0

import DriftProofField
import DriftProofKernels
import TestSupport
import Synchronization
import Testing

@Suite struct EncoderTests {
  static let paths = KernelPath.allCases

  private func encode(
    _ rows: [RowMessage], tails: [[UInt64]], offsets: [Int], log: Int, shift: Goldilocks, _ path: KernelPath
  ) -> [UInt64] {
    let blocks = AlignedBuffer<UInt64>([UInt64](repeating: 0xDEAD, count: 8 << log))
    Encoder.encode(
      rows: rows, tails: tails, tailOffsets: offsets, logLength: log, shift: shift, into: blocks, path: path)
    return blocks.array
  }

  /// Computed apart from this package, in Python.
  @Test(arguments: paths)
  func knownAnswer(path: KernelPath) {
    let blocks = encode(
      [.narrow([1, -2, 3]), .field([UInt64](repeating: Goldilocks.modulus - 1, count: 8))],
      tails: [[5, 6], []], offsets: [7, 0], log: 3, shift: 7, path)
    let first: [UInt64] = [
      38_706_655, 30_471_253, 3_107_201_997_360_580_659, 15_339_542_072_123_180_982, 4_568_852_343_159_453_063,
      13_960_645_369_477_241_736, 18_405_451_724_829_473_416, 18_405_282_770_915_939_976,
    ]
    let second: [UInt64] = [
      18_446_744_069_413_623_521, 720_600, 5_809_643_570_847_662_676, 12_637_100_498_567_152_237,
      13_749_594_938_126_870_879, 15_559_831_445_390_256_479, 3_773_545_271_309_478_242, 3_810_516_484_002_572_642,
    ]
    #expect((0..<8).map { blocks[8 * $0] } == first)
    #expect((0..<8).map { blocks[8 * $0 + 1] } == second)
    #expect((0..<64).allSatisfy { $0 % 8 < 2 || blocks[$0] == 0 })
  }

  private func messages(_ random: inout SeededGenerator, length: Int) -> [RowMessage] {
    let half = (0..<length / 2 + 1).map { _ in random.entry() }
    return [
      .narrow(random.entries(length)), .field(random.elements(length)), .zero, .narrow([]), .field(random.elements(1)),
      .narrow(half), .field([UInt64](repeating: Goldilocks.modulus - 1, count: length)),
      .narrow([Int32](repeating: .min, count: length - 1)),
    ]
  }

  @Test(arguments: [3, 4, 5, 6, 7])
  func agreesWithEvaluation(log: Int) {
    var random = SeededGenerator(seed: UInt64(log))
    let length = 1 << log
    let rows = messages(&random, length: length)
    let tails = (0..<8).map { $0 == 2 ? random.elements(2 * length) : random.elements($0) }
    let offsets = (0..<8).map { $0 == 2 ? 0 : 2 * length - $0 - ($0 % 2) * length / 2 }
    let shift = Goldilocks(reducing: random.next())
    let root = Goldilocks.rootOfUnity(logOrder: log)
    let expected = (0..<length).flatMap { i in
      let reversed = (0..<log).reduce(0) { $0 | (i >> $1 & 1) << (log - 1 - $1) }
      let point = shift * root.power(UInt64(reversed))
      return (0..<8).map { row -> UInt64 in
        let message: [Goldilocks]
        switch rows[row] {
        case .zero: message = []
        case .narrow(let entries): message = entries.map { Goldilocks(Int64($0)) }
        case .field(let entries): message = entries.map { Goldilocks(reducing: $0) }
        }
        let tail = tails[row].reversed().reduce(Goldilocks.zero) { $0 * point + Goldilocks(reducing: $1) }
        let value = message.reversed().reduce(Goldilocks.zero) { $0 * point + $1 }
        return (value + tail * point.power(UInt64(offsets[row]))).value
      }
    }
    for path in Self.paths {
      #expect(encode(rows, tails: tails, offsets: offsets, log: log, shift: shift, path) == expected, "\(path)")
    }
  }

  @Test(arguments: [8, 9, 10, 11, 12, 13])
  func pathsAgree(log: Int) {
    var random = SeededGenerator(seed: UInt64(100 + log))
    let rows = Array(messages(&random, length: 1 << log).prefix(log == 9 ? 3 : 8))
    let tails = rows.map { _ in random.elements(5) }
    let offsets = rows.indices.map { (1 << log) - $0 }
    let shift = Goldilocks(reducing: random.next())
    let expected = encode(rows, tails: tails, offsets: offsets, log: log, shift: shift, .portable)
    for path in Self.paths.dropFirst() {
      #expect(encode(rows, tails: tails, offsets: offsets, log: log, shift: shift, path) == expected, "\(path)")
    }
  }

  /// Where the first passes read the rows themselves: rows of all kinds and tails that reach beyond the length.
  @Test(arguments: [14, 15])
  func startedLengths(log: Int) {
    var random = SeededGenerator(seed: UInt64(200 + log))
    let rows = Array(messages(&random, length: 1 << log).prefix(log == 14 ? 8 : 5))
    let tails = rows.map { _ in random.elements(300) }
    let offsets = rows.indices.map { (1 << log) - 70 * $0 }
    let shift = Goldilocks(reducing: random.next())
    let expected = encode(rows, tails: tails, offsets: offsets, log: log, shift: shift, .portable)
    for path in Self.paths.dropFirst() {
      let found = encode(rows, tails: tails, offsets: offsets, log: log, shift: shift, path)
      #expect(found == expected, "\(path)")
    }
    // Eight plain rows, which have a path of their own.
    let plain = (0..<8).map { _ in RowMessage.narrow(random.entries(1 << log)) }
    let none = [[UInt64]](repeating: [], count: 8)
    let zeros = [Int](repeating: 0, count: 8)
    let wanted = encode(plain, tails: none, offsets: zeros, log: log, shift: shift, .portable)
    for path in Self.paths.dropFirst() {
      #expect(encode(plain, tails: none, offsets: zeros, log: log, shift: shift, path) == wanted, "\(path)")
    }
  }

  /// At sizes too big for the twin in a debug build: a value at some positions, from the polynomial.
  @Test(arguments: [16, 17, 22])
  func bigLengths(log: Int) {
    var random = SeededGenerator(seed: 7)
    let entries = (0..<1 << log).map { _ in random.entry() }
    let shift: Goldilocks = 11
    let root = Goldilocks.rootOfUnity(logOrder: log)
    let blocks = AlignedBuffer<UInt64>(count: 8 << log)
    Encoder.encode(
      rows: [.zero, .narrow(entries)], tails: [[], [3]], tailOffsets: [0, (2 << log) - 1], logLength: log,
      shift: shift, into: blocks)
    for i in [0, 1, 12345, (1 << log) - 1] {
      let reversed = (0..<log).reduce(0) { $0 | (i >> $1 & 1) << (log - 1 - $1) }
      let point = shift * root.power(UInt64(reversed))
      let message = entries.reversed().reduce(Goldilocks.zero) { $0 * point + Goldilocks(Int64($1)) }
      #expect(blocks[8 * i + 1] == (message + point.power(UInt64((2 << log) - 1)) * 3).value)
      #expect(blocks[8 * i] == 0)
    }
  }

  /// The lane arithmetic on all pairs of corner values.
  @Test(arguments: paths)
  func laneArithmetic(path: KernelPath) {
    let p = Goldilocks.modulus
    var random = SeededGenerator(seed: 5)
    let values: [UInt64] =
      [
        0, 1, 2, p - 1, p - 2, 0xFFFF_FFFF, 0x1_0000_0000, 0xFFFF_FFFF_0000_0000, 0xFFFF_FFFE_FFFF_FFFF,
        0xFFFF_0000_0000_0000, 0x7FFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000,
      ] + (0..<12).map { _ in Goldilocks(reducing: random.next()).value }
    let pairs = values.flatMap { a in values.map { (a, $0) } }
    let results = LaneArithmetic.results(pairs.map(\.0), pairs.map(\.1), path: path)
    for (index, (a, b)) in pairs.enumerated() {
      let (x, y) = (Goldilocks(reducing: a), Goldilocks(reducing: b))
      #expect(results.sum[index] == (x + y).value)
      #expect(results.difference[index] == (x - y).value)
      #expect(results.product[index] == (x * y).value)
      #expect(results.timesI[index] == (x * Goldilocks(reducing: 1 << 48)).value)
    }
  }

  /// Operations between passes, whose first operand may be any 64-bit value.
  @Test(arguments: paths)
  func lazyLaneArithmetic(path: KernelPath) {
    let p = Goldilocks.modulus
    var random = SeededGenerator(seed: 6)
    let any: [UInt64] =
      [0, 1, p - 1, p, p + 1, .max, .max - 1, 0xFFFF_FFFF, 1 << 32, 1 << 40, 1 << 52, (1 << 60) - 1]
      + (0..<12).map { _ in random.next() }
    let canonical = any.map { Goldilocks(reducing: $0).value }
    let pairs = any.flatMap { a in canonical.map { (a, $0) } }
    let results = LaneArithmetic.lazyResults(pairs.map(\.0), pairs.map(\.1), path: path)
    for (index, (a, b)) in pairs.enumerated() {
      let x = Goldilocks(reducing: a)
      #expect(results.sum[index] == (x + Goldilocks(reducing: b)).value)
      for (k, values) in results.shifted {
        #expect(values[index] == (x * Goldilocks(2).power(UInt64(k))).value, "2^\(k)")
      }
    }
    #expect(results.shifted.count == 4)
  }

  /// Every position is told of once, after it has its final value.
  @Test(arguments: [5, 14, 17, 22])
  func positionsAreFinishedOnce(log: Int) {
    var random = SeededGenerator(seed: 8)
    let (rows, tails) = ([RowMessage.narrow(random.entries(min(1 << log, 1 << 14)))], [random.elements(9)])
    let blocks = AlignedBuffer<UInt64>(count: 8 << log)
    let parts = Mutex<[(Range<Int>, [UInt64])]>([])
    Encoder.encode(
      rows: rows, tails: tails, tailOffsets: [(1 << log) - 4], logLength: log, shift: 7, into: blocks
    ) { part in
      let ends = [blocks[8 * part.lowerBound], blocks[8 * part.upperBound - 8]]
      parts.withLock { $0.append((part, ends)) }
    }
    let sorted = parts.withLock { $0.sorted { $0.0.lowerBound < $1.0.lowerBound } }
    #expect(sorted.first?.0.lowerBound == 0 && sorted.last?.0.upperBound == 1 << log)
    for (part, next) in zip(sorted, sorted.dropFirst()) { #expect(part.0.upperBound == next.0.lowerBound) }
    for (part, ends) in sorted {
      #expect(ends == [blocks[8 * part.lowerBound], blocks[8 * part.upperBound - 8]])
    }
  }
}
