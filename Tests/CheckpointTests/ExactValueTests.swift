// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import Foundation
import TestSupport
import Testing

@testable import DriftProofCheckpoint

/// Values across types: equal only as real numbers, with the sign of zero and a NaN's bits.
@Suite struct ExactValueTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func checkpoint(_ name: String, _ dtype: DataType, _ words: [some FixedWidthInteger]) throws -> (
    Checkpoint, TensorInfo
  ) {
    let path = folder.file("\(name).safetensors")
    let writer = try SafetensorsWriter(
      path: path, tensors: [.init(name: "t", dtype: dtype, shape: [words.count])])
    try writer.append(littleEndian(words))
    try writer.finish()
    let opened = try Checkpoint.open(path)
    return (opened, try #require(opened.tensor(named: "t")))
  }

  /// Every word of the 16-bit types has a value that is its own, and words of others round to none.
  @Test func everyShortWordThereAndBack() {
    var seen: Set<UInt64> = []
    for word in UInt16.min...UInt16.max {
      let brain = BFloat16Code.exactPattern(word)
      let half = Float16Code.exactPattern(word)
      #expect(BFloat16Code.word(exactly: brain) == word && Float16Code.word(exactly: half) == word)
      #expect(Float16(bitPattern: word).isNaN || Double(Float16(bitPattern: word)).bitPattern == half)
      // Both are singles and doubles; a double between two of them is neither.
      let single = Float32Code.word(exactly: brain)
      #expect(single == UInt32(word) << 16)
      #expect(Float64Code.word(exactly: half) == half)
      if !Double(bitPattern: brain).isNaN, !Double(bitPattern: brain).isInfinite {
        #expect(BFloat16Code.word(exactly: brain ^ 1) == nil && Float32Code.word(exactly: brain ^ 1) == nil)
      }
      seen.insert(half)
    }
    #expect(seen.count == 1 << 16)
  }

  @Test func singlesAndDoubles() {
    var random = SeededGenerator(seed: 3)
    var words = (0..<20_000).map { _ in UInt32.random(in: 0...UInt32.max, using: &random) }
    words += [0, 1, 0x8000_0000, 0x007F_FFFF, 0x7F7F_FFFF, 0x7F80_0000, 0x7FC0_0001, 0xFF80_0001]
    for word in words {
      let pattern = Float32Code.exactPattern(word)
      #expect(Float32Code.word(exactly: pattern) == word)
      let value = Float(bitPattern: word)
      if !value.isNaN { #expect(Double(value).bitPattern == pattern) }
      if let short = BFloat16Code.word(exactly: pattern) { #expect(UInt32(short) << 16 == word) }
    }
    // Too large, too small, and subnormal doubles.
    for value in [1e300, 1e-300, 5e-324, 65520, 3e-8] { #expect(Float16Code.word(exactly: value.bitPattern) == nil) }
    #expect(Float32Code.word(exactly: Double(sign: .plus, exponent: -149, significand: 1).bitPattern) == 1)
    #expect(Float32Code.word(exactly: Double(sign: .plus, exponent: -150, significand: 1).bitPattern) == nil)
    #expect(Float64Code.word(exactly: 1) == 1)
  }

  @Test func equalOnlyInValues() throws {
    let (short, before) = try checkpoint("short", .bf16, [0x3F80, 0x8000, 0x7FC1, 0x7F80] as [UInt16])
    let exact = [0x3F80_0000, 0x8000_0000, 0x7FC1_0000, 0x7F80_0000] as [UInt32]
    let (wide, same) = try checkpoint("wide", .f32, exact)
    #expect(try Checkpoint.difference(base: short, before, tuned: wide, same) == nil)
    #expect(try Checkpoint.difference(base: wide, same, tuned: short, before) == nil)
    #expect(try wide.digest(of: same, as: .bf16) == short.digest(of: before))
    #expect(try short.digest(of: before, as: .f32) == wide.digest(of: same))
    // A last bit, the sign of zero, a NaN's payload, a number in place of infinity.
    for (index, word) in [(0, 0x3F80_0001), (1, 0), (2, 0x7FC0_0000), (3, 0x7F7F_FFFF)] as [(Int, UInt32)] {
      var words = exact
      words[index] = word
      let (other, changed) = try checkpoint("other\(index)", .f32, words)
      guard case .value(let found)? = try Checkpoint.difference(base: short, before, tuned: other, changed) else {
        Issue.record("entry \(index) passes")
        continue
      }
      #expect(found.entry == index && found.baseType == .bf16 && found.tunedType == .f32)
      #expect(try Checkpoint.valueDifferenceCount(base: short, before, tuned: other, changed) == 1)
      #expect(try other.digest(of: changed, as: .bf16) != short.digest(of: before))
    }
  }

  /// A scan, the drift entry by entry, and the reader give the same integers for any two types and for more rows.
  @Test func driftOfTwoTypes() throws {
    var random = SeededGenerator(seed: 11)
    let count = 20_001
    let old = (0..<count).map { _ in Float.random(in: -1...1, using: &random) }
    let new = (0..<count + 77).map { index in
      (index < count ? old[index] : 0) + Float.random(in: -0.01...0.01, using: &random)
    }
    func sides(_ values: [Float], _ name: String) throws -> [(Checkpoint, TensorInfo)] {
      [
        try checkpoint(name + "b", .bf16, values.map { UInt16($0.bitPattern >> 16) }),
        try checkpoint(name + "h", .f16, values.map { Float16($0).bitPattern }),
        try checkpoint(name + "s", .f32, values.map(\.bitPattern)),
        try checkpoint(name + "d", .f64, values.map { Double($0).bitPattern }),
      ]
    }
    for (base, before) in try sides(old, "old") {
      for (tuned, after) in try sides(new, "new") {
        let bits = try #require(try base.statistics(of: before)).fractionBits
        var (q, qTuned, drift): ([Int64], [Int64], [Int64]) = ([], [], [])
        try base.encode(before, range: 0..<count, fractionBits: bits, into: &q)
        try tuned.encode(after, range: 0..<after.entryCount, fractionBits: bits, into: &qTuned)
        let expected = qTuned.indices.map { qTuned[$0] - ($0 < count ? q[$0] : 0) }
        for range in [0..<after.entryCount, 8190..<16_400, count - 3..<count + 5, count + 1..<count + 9] {
          try Checkpoint.drift(
            base: base, before, tuned: tuned, after, range: range, fractionBits: bits, into: &drift)
          #expect(drift == Array(expected[range]))
          var reader = try DriftReader(base: base, before, tuned: tuned, after, fractionBits: bits)
          try reader.load(range)
          var target = [Int32](repeating: 0, count: range.count)
          var wide: [DriftReader.Wide] = []
          _ = try reader.convert(first: 0, count: range.count, into: &target, at: 0, wide: &wide)
          #expect(wide.isEmpty && target.map(Int64.init) == drift)
        }
        let scan = try TensorScan(
          base: (base, before), tuned: (tuned, after),
          wants: .init(statistics: true, tunedDigest: true, drift: .ofBase)
        ).run()
        #expect(scan.statistics == (try base.statistics(of: before)))
        #expect(scan.tunedDigest == (try tuned.digest(of: after)))
        #expect(scan.drift?.sumOfSquares == expected.reduce(0) { $0 + UInt128($1.magnitude) * UInt128($1.magnitude) })
        #expect(scan.difference != nil)
      }
    }
  }

  @Test func otherTypesAndShapesAreRefused() throws {
    let (base, before) = try checkpoint("base", .f32, [0, 0, 0] as [UInt32])
    let (integers, other) = try checkpoint("integers", .i32, [0, 0, 0] as [UInt32])
    let (short, fewer) = try checkpoint("fewer", .f32, [0, 0] as [UInt32])
    #expect(throws: CheckpointError.dataTypeMismatch(tensor: "t", base: .f32, tuned: .i32)) {
      try Checkpoint.difference(base: base, before, tuned: integers, other)
    }
    #expect(throws: CheckpointError.shapeMismatch(tensor: "t", base: [3], tuned: [2])) {
      try Checkpoint.difference(base: base, before, tuned: short, fewer)
    }
    // Bytes of two types or shapes have no first difference.
    let (wide, double) = try checkpoint("double", .f64, [0, 0, 0] as [UInt64])
    #expect(throws: CheckpointError.dataTypeMismatch(tensor: "t", base: .f32, tuned: .f64)) {
      try Checkpoint.firstDifference(base: base, before, tuned: wide, double)
    }
    #expect(throws: CheckpointError.shapeMismatch(tensor: "t", base: [2], tuned: [3])) {
      try Checkpoint.firstDifference(base: short, fewer, tuned: base, before)
    }
    // New rows must have integers, too.
    let (grown, more) = try checkpoint("grown", .f32, [0, 0, 0, Float.greatestFiniteMagnitude.bitPattern] as [UInt32])
    var result: [Int64] = []
    #expect(throws: CheckpointError.self) {
      try Checkpoint.drift(base: base, before, tuned: grown, more, range: 0..<4, fractionBits: 20, into: &result)
    }
  }
}
