// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import TestSupport
import Testing

/// Expected integers come from Python's exact fractions over numpy's decoding of the bit patterns.
@Suite struct EncodingTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func checkpoint<W: FixedWidthInteger>(
    _ dtype: DataType, _ words: [W], _ name: String = "t"
  ) throws -> Checkpoint {
    let sample = Sample("t", dtype, [words.count], littleEndian(words))
    // The odd-sized tensor in front leaves the data unaligned.
    let odd = Sample("odd", .u8, [1], [1])
    return try Checkpoint.open(writeFile([odd, sample], folder.file("\(name)-\(dtype).safetensors")))
  }

  private func encode<W: FixedWidthInteger>(_ dtype: DataType, _ words: [W], _ fractionBits: Int) throws -> [Int64] {
    let checkpoint = try checkpoint(dtype, words)
    var result: [Int64] = [9]
    let tensor = try #require(checkpoint.tensor(named: "t"))
    try checkpoint.encode(tensor, range: 0..<words.count, fractionBits: fractionBits, into: &result)
    return result
  }

  @Test func roundsHalfToEvenInBF16() throws {
    let words: [UInt16] = [
      0x0, 0x8000, 0x3e00, 0x3ec0, 0x3f20, 0xbe00, 0xbec0, 0xbf20, 0x3d80, 0x3e40, 0x3f60, 0x41c9, 0xc1cb, 0xbc03,
      0x3d02, 0x4445, 0xbc4d, 0x3d16, 0xc23f, 0xc4a5, 0x423a, 0x4019, 0x44ef, 0x429e, 0xbc58, 0x3d9c, 0xbebc, 0xc58b,
      0x1, 0x8001,
    ]
    #expect(
      try encode(.bf16, words, 2) == [
        0, 0, 0, 2, 2, 0, -2, -2, 0, 1, 4, 100, -102, 0, 0, 3152, 0, 0, -191, -5280, 186, 10, 7648, 316, 0, 0, -1,
        -17792, 0, 0,
      ])
  }

  @Test func roundsHalfToEvenInF16() throws {
    let words: [UInt16] = [
      0x0, 0x8000, 0x3800, 0x3e00, 0x4100, 0xb800, 0xbe00, 0xc100, 0x3400, 0x3a00, 0x4300, 0x5648, 0xd658, 0x4ef8,
      0x8f6d, 0xd0ed, 0xae97, 0x2e44, 0x1a61, 0x94e3, 0x923a, 0xa38f, 0x3018, 0x5f55, 0x18f1, 0x8c38, 0xb64c, 0x1012,
      0x1, 0x3ff, 0x83ff, 0x400, 0x7bff,
    ]
    #expect(
      try encode(.f16, words, 0) == [
        0, 0, 0, 2, 2, 0, -2, -2, 0, 1, 4, 100, -102, 28, 0, -39, 0, 0, 0, 0, 0, 0, 0, 469, 0, 0, 0, 0, 0, 0, 0, 0,
        65504,
      ])
    #expect(
      try encode(.f16, [0x1, 0x8001, 0x3ff, 0x83ff, 0x400, 0x3c00, 0xbc00, 0x3555] as [UInt16], 24) == [
        1, -1, 1023, -1023, 1024, 16_777_216, -16_777_216, 5_591_040,
      ])
  }

  @Test func roundsHalfToEvenInF32() throws {
    let words: [UInt32] = [
      0x0, 0x8000_0000, 0x3e80_0000, 0x3f40_0000, 0x3fa0_0000, 0xbe80_0000, 0xbf40_0000, 0xbfa0_0000, 0x3e00_0000,
      0x3ec0_0000, 0x3fe0_0000, 0x4249_0000, 0xc24b_0000, 0x451b_5a92, 0x44a1_cfea, 0x41fe_63b7, 0x4243_2a4a,
      0xc20d_337a, 0xbf8c_1191, 0x3dd8_9f3c, 0xc18b_74e6, 0xc30c_d7f8, 0xbda9_4479, 0x452e_269c, 0xbebb_79df,
      0x43d3_edb5, 0xbe10_45e8, 0x451a_a4a3, 0x1, 0x8000_0001, 0x7f_ffff,
    ]
    #expect(
      try encode(.f32, words, 1) == [
        0, 0, 0, 2, 2, 0, -2, -2, 0, 1, 4, 100, -102, 4971, 2589, 64, 98, -71, -2, 0, -35, -282, 0, 5573, -1, 848, 0,
        4949, 0, 0, 0,
      ])
  }

  @Test func roundsHalfToEvenInF64() throws {
    let words: [UInt64] = [
      0x0, 0x8000_0000_0000_0000, 0x3fb0_0000_0000_0000, 0x3fc8_0000_0000_0000, 0x3fd4_0000_0000_0000,
      0xbfb0_0000_0000_0000, 0xbfc8_0000_0000_0000, 0xbfd4_0000_0000_0000, 0x3fa0_0000_0000_0000,
      0x3fb8_0000_0000_0000, 0x3fdc_0000_0000_0000, 0x4029_2000_0000_0000, 0xc029_6000_0000_0000,
      0xc03d_4808_9354_6f68, 0xc02c_ee11_f99a_2920, 0xc09c_f911_636c_cc7c, 0xc074_3c92_1af0_13b6,
      0x3ff9_c40c_3064_19aa, 0x4057_c2f0_d317_fd4f, 0xbfee_a848_e595_36b8, 0xc096_2d62_38db_69cc,
      0x402d_b209_0322_a390, 0xc014_9fab_c0da_3cab, 0x4066_68e0_ce7b_331b, 0xc033_407c_5da7_77e4,
      0x3f7f_759a_cce3_1e33, 0x3fdb_cc99_abb4_f8a0, 0x3fbe_cdc1_e024_9097, 0x1, 0x8000_0000_0000_0001,
    ]
    #expect(
      try encode(.f64, words, 3) == [
        0, 0, 0, 2, 2, 0, -2, -2, 0, 1, 4, 100, -102, -234, -116, -14834, -2590, 13, 760, -8, -11355, 119, -41, 1434,
        -154, 0, 3, 1, 0, 0,
      ])
  }

  @Test func everyHalfPrecisionPatternMatchesTheStandardLibrary() throws {
    let words = (0...UInt16.max).filter { $0 & 0x7C00 != 0x7C00 }
    let expected = words.map { Int64((Double(Float16(bitPattern: $0)) * 0x1p20).rounded(.toNearestOrEven)) }
    #expect(try encode(.f16, words, 20) == expected)
  }

  @Test func fractionBitsAreExactAtPowersOfTwo() {
    for exponent in -3...41 {
      let power = Double(sign: .plus, exponent: exponent, significand: 1)
      #expect(Encoding.fractionBits(maxAbs: power) == 21 - exponent)
      #expect(Encoding.fractionBits(maxAbs: power.nextUp) == 20 - exponent)
      #expect(Encoding.fractionBits(maxAbs: power.nextDown) == min(24, 21 - exponent))
    }
    #expect(Encoding.fractionBits(maxAbs: 0) == 24)
    #expect(Encoding.fractionBits(maxAbs: 0x1p-1074) == 24)
    #expect(!Encoding.fractionBitsRange.contains(Encoding.fractionBits(maxAbs: .greatestFiniteMagnitude)))
    #expect(!Encoding.fractionBitsRange.contains(Encoding.fractionBits(maxAbs: .infinity)))
    #expect(!Encoding.fractionBitsRange.contains(Encoding.fractionBits(maxAbs: .nan)))
  }

  /// 2^40 units are legal, one unit more is not, on both sides of zero and in every position of a long tensor.
  @Test(arguments: [0, 1, 8191, 8192, 19_999])
  func rejects_weight_when_beyond_two_to_the_forty(index: Int) throws {
    let limit = 0x1p40
    for (value, isLegal) in [(limit, true), (-limit, true), (limit + 1, false), (-limit - 1, false), (1e300, false)] {
      var words = [UInt64](repeating: (1.0).bitPattern, count: 20_000)
      words[index] = value.bitPattern
      if isLegal {
        #expect(try encode(.f64, words, 0)[index] == Int64(value))
      } else {
        #expect(
          throws: CheckpointError.tooLarge(
            file: folder.file("t-f64.safetensors"), tensor: "t", index: index, value: value, fractionBits: 0)
        ) { try encode(.f64, words, 0) }
      }
    }
  }

  @Test func rejects_weight_when_not_finite() throws {
    func expect<W: FixedWidthInteger>(_ dtype: DataType, _ bad: W) throws {
      let words: [W] = [0, 0, bad, bad]
      let error = CheckpointError.notFinite(file: folder.file("t-\(dtype).safetensors"), tensor: "t", index: 2)
      #expect(throws: error) { try encode(dtype, words, 0) }
      let checkpoint = try checkpoint(dtype, words)
      let tensor = try #require(checkpoint.tensor(named: "t"))
      // The base's identity says which entry it is; no clause can be about the tensor.
      #expect(try checkpoint.statistics(of: tensor).unencodableEntry == 2)
    }
    for bad: UInt16 in [0x7F80, 0xFF80, 0x7FC0, 0xFF81] { try expect(.bf16, bad) }
    for bad: UInt16 in [0x7C00, 0xFC00, 0x7E00, 0xFC01] { try expect(.f16, bad) }
    for bad: UInt32 in [0x7F80_0000, 0xFF80_0000, 0x7FC0_0000, 0xFF80_0001] { try expect(.f32, bad) }
    for bad: UInt64 in [0x7FF0 << 48, 0xFFF0 << 48, 0x7FF8 << 48, (0xFFF0 << 48) | 1] { try expect(.f64, bad) }
  }

  @Test func rejects_encoding_when_range_type_or_bits_are_wrong() throws {
    let checkpoint = try checkpoint(.f32, [0, 0] as [UInt32])
    let tensor = try #require(checkpoint.tensor(named: "t"))
    let odd = try #require(checkpoint.tensor(named: "odd"))
    var result: [Int64] = []
    let file = tensor.file
    #expect(throws: CheckpointError.rangeOutOfBounds(file: file, tensor: "t", range: 1..<3, entryCount: 2)) {
      try checkpoint.encode(tensor, range: 1..<3, fractionBits: 0, into: &result)
    }
    #expect(throws: CheckpointError.rangeOutOfBounds(file: file, tensor: "t", range: -1..<1, entryCount: 2)) {
      try checkpoint.encode(tensor, range: -1..<1, fractionBits: 0, into: &result)
    }
    #expect(throws: CheckpointError.notFloating(file: file, tensor: "odd", dtype: .u8)) {
      try checkpoint.encode(odd, range: 0..<1, fractionBits: 0, into: &result)
    }
    #expect(throws: CheckpointError.fractionBitsOutOfRange(file: file, tensor: "t", fractionBits: 25)) {
      try checkpoint.encode(tensor, range: 0..<1, fractionBits: 25, into: &result)
    }
    try checkpoint.encode(tensor, range: 2..<2, fractionBits: 0, into: &result)
    #expect(result.isEmpty)
  }

  @Test func rejects_base_when_weights_are_too_large_for_any_scale() throws {
    let legal = try checkpoint(.f32, [Float(0x1p41).bitPattern])
    let tensor = try #require(legal.tensor(named: "t"))
    #expect(try legal.statistics(of: tensor).fractionBits == -20)
    #expect(try legal.statistics(of: tensor).maxAbs == 1 << 21)
    #expect(try legal.statistics(of: tensor).unencodableEntry == nil)
    let large = try checkpoint(.f32, [Float(0x1p41).nextUp.bitPattern])
    let other = try #require(large.tensor(named: "t"))
    #expect(try large.statistics(of: other).unencodableEntry == 0)
  }

  @Test func driftIsTheDifferenceOfEncodings() throws {
    var generator = SeededGenerator(seed: 5)
    let count = 20_001
    let old = (0..<count).map { _ in Float.random(in: -1...1, using: &generator) }
    let new = old.map { $0 + Float.random(in: -0.01...0.01, using: &generator) }
    func check<W: FixedWidthInteger>(_ dtype: DataType, _ before: [W], _ after: [W]) throws {
      let base = try checkpoint(dtype, before, "base")
      let tuned = try checkpoint(dtype, after, "tuned")
      let (left, right) = (try #require(base.tensor(named: "t")), try #require(tuned.tensor(named: "t")))
      var (q, qTuned, drift): ([Int64], [Int64], [Int64]) = ([], [], [])
      for range in [0..<count, 3..<17, 8190..<16_400, count..<count] {
        try base.encode(left, range: range, fractionBits: 21, into: &q)
        try tuned.encode(right, range: range, fractionBits: 21, into: &qTuned)
        try Checkpoint.drift(base: base, left, tuned: tuned, right, range: range, fractionBits: 21, into: &drift)
        #expect(drift == zip(qTuned, q).map { $0 - $1 })
      }
    }
    try check(.bf16, old.map { UInt16($0.bitPattern >> 16) }, new.map { UInt16($0.bitPattern >> 16) })
    try check(.f16, old.map { Float16($0).bitPattern }, new.map { Float16($0).bitPattern })
    try check(.f32, old.map(\.bitPattern), new.map(\.bitPattern))
    try check(.f64, old.map { Double($0).bitPattern }, new.map { Double($0).bitPattern })
  }

  @Test func rejects_drift_when_a_side_is_bad_or_different() throws {
    let nan = Float.nan.bitPattern
    let base = try checkpoint(.f32, [0, 0, nan] as [UInt32], "base")
    let tuned = try checkpoint(.f32, [0, nan, nan] as [UInt32], "tuned")
    let whole = try checkpoint(.i32, [0, 0, 0] as [UInt32], "whole")
    let short = try checkpoint(.f32, [0] as [UInt32], "short")
    let left = try #require(base.tensor(named: "t"))
    var result: [Int64] = []
    func drift(_ other: Checkpoint, _ range: Range<Int>) throws {
      let right = try #require(other.tensor(named: "t"))
      try Checkpoint.drift(base: base, left, tuned: other, right, range: range, fractionBits: 0, into: &result)
    }
    let tunedFile = folder.file("tuned-f32.safetensors")
    #expect(throws: CheckpointError.notFinite(file: tunedFile, tensor: "t", index: 1)) { try drift(tuned, 0..<3) }
    #expect(throws: CheckpointError.notFinite(file: left.file, tensor: "t", index: 2)) { try drift(tuned, 2..<3) }
    #expect(throws: CheckpointError.dataTypeMismatch(tensor: "t", base: .f32, tuned: .i32)) { try drift(whole, 0..<1) }
    #expect(throws: CheckpointError.shapeMismatch(tensor: "t", base: [3], tuned: [1])) { try drift(short, 0..<1) }
    let right = try #require(tuned.tensor(named: "t"))
    #expect(try Checkpoint.firstDifference(base: base, left, tuned: tuned, right) == 6)
  }
}
