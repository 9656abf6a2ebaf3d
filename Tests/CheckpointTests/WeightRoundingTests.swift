// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import DriftProofCheckpoint

@Suite struct WeightRoundingTests {
  private func word<Word: FixedWidthInteger>(_ value: Double, _ type: DataType, _: Word.Type) throws -> Word {
    let bytes = try WeightRounding.encode([value], as: type)
    #expect(bytes.count == Word.bitWidth / 8)
    return bytes.reversed().reduce(0) { $0 << 8 | Word($1) }
  }

  /// All codes of a type of 16 bits, the middles between neighbours, and what lies right beside the middles.
  private func checkAll<Code: FloatCode>(_ type: DataType, _: Code.Type) throws where Code.Word == UInt16 {
    for code in 0..<(Code.infinity - 1) {
      let (low, high) = (Code.value(code), Code.value(code + 1))
      let middle = low + (high - low) / 2
      let even = code & 1 == 0 ? code : code + 1
      for (value, expected) in [
        (low, code), (middle.nextDown, code), (middle, even), (middle.nextUp, code + 1), (high, code + 1),
      ] {
        #expect(try word(value, type, UInt16.self) == expected)
        #expect(try word(-value, type, UInt16.self) == expected | 0x8000)
      }
    }
    let largest = Code.value(Code.infinity - 1)
    let step = largest - Code.value(Code.infinity - 2)
    #expect(try word((largest + step / 2).nextDown, type, UInt16.self) == Code.infinity - 1)
    for value in [largest + step / 2, largest * 2, 1e300, .infinity, -.infinity, .nan] {
      #expect(throws: WeightRounding.Unrepresentable.self) { try WeightRounding.encode([0, value], as: type) }
    }
    #expect(try word(.leastNonzeroMagnitude, type, UInt16.self) == 0)
    #expect(try word(-.leastNonzeroMagnitude, type, UInt16.self) == 0x8000)
  }

  @Test func bfloat16() throws { try checkAll(.bf16, BFloat16Code.self) }

  @Test func float16() throws { try checkAll(.f16, Float16Code.self) }

  /// By way of a single, these would be rounded twice.
  @Test func nothingIsRoundedTwice() throws {
    #expect(try word(1 + 0x1p-8 + 0x1p-40, .bf16, UInt16.self) == 0x3F81)
    #expect(try word(1 + 0x1p-11 + 0x1p-40, .f16, UInt16.self) == 0x3C01)
    #expect(try word(1 + 0x1p-8 - 0x1p-40, .bf16, UInt16.self) == 0x3F80)
  }

  @Test func widerTypes() throws {
    #expect(try word(1 + 0x1p-24, .f32, UInt32.self) == Float(1).bitPattern)
    #expect(try word(1 + 0x1p-24 + 0x1p-50, .f32, UInt32.self) == Float(1).nextUp.bitPattern)
    #expect(try word(-0.1, .f64, UInt64.self) == (-0.1).bitPattern)
    for (value, type) in [(1e39, DataType.f32), (.nan, .f64), (.infinity, .f64)] {
      do {
        _ = try WeightRounding.encode([1, 2, value], as: type)
        Issue.record("\(value) as \(type)")
      } catch {
        #expect(error.index == 2)
      }
    }
  }
}
