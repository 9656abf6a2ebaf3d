// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofField
import DriftProofKernels
import TestSupport
import Testing

@Suite struct ProjectionTests {
  private static let bytes: [UInt8] = {
    var random = SeededGenerator(seed: 1)
    return (0..<33 << 14).map { _ in UInt8(truncatingIfNeeded: random.next()) }
  }()
  private static let matrix = ProjectionMatrix(bits: bytes)

  private func entry(_ m: Int, _ x: Int) -> Int {
    func bit(_ k: Int) -> Int { Int(Self.bytes[33 * x + k / 8] >> UInt8(k % 8)) & 1 }
    return bit(m) + bit(132 + m) - 1
  }

  @Test func entries() {
    for m in [0, 1, 3, 4, 7, 8, 127, 131] {
      for x in [0, 1, 2, 8191, 16383] { #expect(Self.matrix[m, x] == entry(m, x)) }
    }
  }

  /// Chunks of 1 to 4 limbs, and as many as leave a group part full.
  @Test(arguments: [(1, 8), (5, 16), (3, 9), (2, 24), (9, 30), (1, 32), (0, 8), (17, 8)] as [(Int, Int32)])
  func pathsAgree(chunks: Int, bits: Int32) {
    var random = SeededGenerator(seed: UInt64(chunks))
    var entries = (0..<chunks << 14).map { _ in random.entry(bits: bits) }
    if chunks > 0 {
      entries[0] = Int32.min >> (32 - bits)
      entries[entries.count - 1] = Int32.max >> (32 - bits)
    }
    // Entries that all have one sign and size make the sums as large as they get.
    if chunks == 1 { entries = entries.map { _ in Int32.min >> (32 - bits) } }
    let expected = Self.matrix.project(entries, path: chunks > 5 ? .plainC : .portable)
    #expect(expected.count == 132 * chunks)
    for path in KernelPath.allCases.dropFirst() { #expect(Self.matrix.project(entries, path: path) == expected) }
    if chunks > 0 {
      let sum = (0..<1 << 14).reduce(0) { $0 + entry(131, $1) * Int(entries[(chunks - 1) << 14 + $1]) }
      #expect(expected[132 * chunks - 1] == Int64(sum))
    }
  }

  @Test func allOnes() {
    let full = ProjectionMatrix(bits: [UInt8](repeating: 0xFF, count: 33 << 14))
    for value in [Int32.max, .min, -129, 127] {
      for path in KernelPath.allCases.dropFirst() {
        let sums = full.project([Int32](repeating: value, count: 1 << 14), path: path)
        #expect(sums.allSatisfy { $0 == Int64(value) << 14 })
      }
    }
  }

  @Test func weightedColumns() {
    var random = SeededGenerator(seed: 2)
    for weights in [random.cubics(132), (0..<132).map { _ in allMinusOne }] {
      let out = Self.matrix.weightedColumns(rowWeights: weights)
      #expect(out.count == 1 << 14)
      for x in [0, 1, 77, 16383] {
        let sum = (0..<132).reduce(CubicExtension.zero) { $0 + weights[$1] * Goldilocks(entry($1, x)) }
        #expect(out[x] == sum)
      }
    }
  }
}

@Suite struct GramTests {
  @Test(arguments: [0, 1, 2, 3, 15, 16, 64, 65, 257], [4, 5, 6])
  func pathsAgree(groups: Int, log: Int) {
    var random = SeededGenerator(seed: UInt64(groups))
    let entries = (0..<groups << log + 20).map { _ in random.entry(bits: 20) }
    let range = 3..<3 + groups << log
    let expected = GramKernel.gram(entries, range: range, log: log, path: .portable)
    #expect(expected.count == 1 << (log - 1) * (1 << log + 1))
    for path in KernelPath.allCases.dropFirst() {
      #expect(GramKernel.gram(entries, range: range, log: log, path: path) == expected)
    }
  }

  /// Sums of exactly 2^52, of both signs, and one that differs in the last bit.
  @Test(arguments: [4, 5, 6])
  func atTheBound(log: Int) {
    var entries = [Int32](repeating: 1 << 24, count: 16 << log)
    for g in 0..<16 { entries[g << log + 5] = -(1 << 24) }
    entries[15 << log + 3] = 1 << 24 - 1
    let range = entries.indices
    let expected = GramKernel.gram(entries, range: range, log: log, path: .portable)
    #expect(expected[0] == GramKernel.squareLimit && expected[5] == -GramKernel.squareLimit)
    for path in KernelPath.allCases {
      #expect(GramKernel.gram(entries, range: range, log: log, path: path) == expected)
    }
  }

  @Test(arguments: [0, 1, 15, 16, 17, 50], 4...9)
  func fold(groups: Int, log: Int) {
    var random = SeededGenerator(seed: UInt64(groups))
    let width = 1 << log
    let entries =
      groups == 15 ? [Int32](repeating: .min, count: groups * width + 8) : random.entries(groups * width + 8)
    let weights =
      groups == 50 || groups == 15 ? [CubicExtension](repeating: allMinusOne, count: width) : random.cubics(width)
    let before = random.cubics(groups + 5)
    for path in KernelPath.allCases {
      var out = before
      GramKernel.fold(entries, range: 8..<8 + width * groups, weights: weights, into: &out, at: 2, path: path)
      for g in 0..<groups {
        let sum = (0..<width).reduce(CubicExtension.zero) {
          $0 + weights[$1] * Goldilocks(Int64(entries[8 + width * g + $1]))
        }
        #expect(out[2 + g] == sum)
      }
      #expect(out.prefix(2) == before.prefix(2) && out.suffix(3) == before.suffix(3))
    }
  }
}

@Suite struct RowCombinationTests {
  @Test(arguments: [1, 16, 255, 257, 5000])
  func rows(length: Int) {
    var random = SeededGenerator(seed: UInt64(length))
    let rows: [RowMessage] =
      (0..<20).map { .narrow(random.entries(max(0, length - $0 * 13))) }
      + [.zero, .field(random.elements(length)), .field(random.elements(length / 2)), .field([])]
      + [.narrow([Int32](repeating: .min, count: length))]
    let weights = random.cubics(rows.count - 1) + [allMinusOne]
    let before = random.cubics(length)
    func run(_ path: KernelPath) -> [CubicExtension] {
      var acc = before
      RowCombination.accumulate(rows: rows, weights: weights, into: &acc, path: path)
      return acc
    }
    let expected = run(.portable)
    for path in KernelPath.allCases.dropFirst() { #expect(run(path) == expected, "\(path)") }
    var last = before[length - 1]
    for (row, weight) in zip(rows, weights) {
      switch row {
      case .narrow(let e) where e.count == length: last += weight * Goldilocks(Int64(e[length - 1]))
      case .field(let e) where e.count == length: last += weight * Goldilocks(reducing: e[length - 1])
      default: break
      }
    }
    #expect(expected[length - 1] == last)
  }

  /// More rows than fit one sum, at the largest magnitude, and a part of a chunk at the end.
  @Test(arguments: [(40, 600), (300, 3), (16, 1), (1000, 2)])
  func chunks(size: Int, count: Int) {
    var random = SeededGenerator(seed: UInt64(size))
    let entries = (0..<size * count - 7).map { _ in count == 600 ? Int32.min : random.entry() }
    let weights = count == 600 ? [CubicExtension](repeating: allMinusOne, count: 600) : random.cubics(count)
    let before = random.cubics(size)
    func run(_ path: KernelPath) -> [CubicExtension] {
      var acc = before
      RowCombination.accumulateNarrow(entries, chunkSize: size, weights: weights, into: &acc, path: path)
      return acc
    }
    let expected = run(.portable)
    for path in KernelPath.allCases.dropFirst() { #expect(run(path) == expected, "\(path)") }
  }

  /// More arrays than are held open at once.
  @Test func manyRows() {
    var random = SeededGenerator(seed: 4)
    let rows = (0..<150).map { _ in RowMessage.narrow(random.entries(20)) }
    let fields = (0..<70).map { _ in RowMessage.field(random.elements(20)) }
    let weights = random.cubics(220)
    var expected = random.cubics(20)
    var acc = expected
    RowCombination.accumulate(rows: rows + fields, weights: weights, into: &acc)
    RowCombination.accumulate(rows: rows + fields, weights: weights, into: &expected, path: .portable)
    #expect(acc == expected)
  }

  @Test(arguments: [0, 2, 4, 14, 16, 18, 34, 1024, 9000, 40_000])
  func folding(count: Int) {
    var random = SeededGenerator(seed: UInt64(count))
    let table = random.cubics(count)
    let r = random.cubic()
    for path in KernelPath.allCases {
      var folded = table
      Folding.fold(&folded, r, path: path)
      #expect(folded == (0..<count / 2).map { table[2 * $0] + (table[2 * $0 + 1] - table[2 * $0]) * r })
    }
  }
}

@Suite struct BufferTests {
  @Test(arguments: [0, 1, 1000, 1 << 19])
  func alignedAndZero(count: Int) {
    let buffer = AlignedBuffer<UInt64>(count: count)
    #expect(UInt(bitPattern: buffer.pointer) % (count >= 1 << 18 ? 1 << 21 : 64) == 0)
    #expect(buffer.count == count)
    if count > 0 {
      #expect(buffer[0] == 0 && buffer[count - 1] == 0)
      buffer[count - 1] = 7
      #expect(buffer[count - 1] == 7)
    }
  }

  @Test func everyIndexOnce() {
    for count in [0, 1, 2, 100] {
      let seen = AlignedBuffer<UInt8>(count: count)
      Parallel.forEach(count) { index in seen.pointer[index] += 1 }
      #expect(seen.array.allSatisfy { $0 == 1 })
    }
  }
}
