// SPDX-License-Identifier: Apache-2.0

/// The element types of the safetensors format.
///
/// Source: the `Dtype` list of safetensors 0.8. Raw values are the names in file headers.
package enum DataType: String, CaseIterable, Sendable, Hashable {
  case bool = "BOOL"
  case u8 = "U8"
  case i8 = "I8"
  case f4 = "F4"
  case f6e2m3 = "F6_E2M3"
  case f6e3m2 = "F6_E3M2"
  case f8e5m2 = "F8_E5M2"
  case f8e4m3 = "F8_E4M3"
  case f8e8m0 = "F8_E8M0"
  case f8e4m3fnuz = "F8_E4M3FNUZ"
  case f8e5m2fnuz = "F8_E5M2FNUZ"
  case i16 = "I16"
  case u16 = "U16"
  case f16 = "F16"
  case bf16 = "BF16"
  case i32 = "I32"
  case u32 = "U32"
  case f32 = "F32"
  case c64 = "C64"
  case f64 = "F64"
  case i64 = "I64"
  case u64 = "U64"

  /// How a tensor of this type takes part in a certificate.
  package enum Category: Sendable, Hashable {
    /// F64, F32, F16 and BF16: encoded to integers; a clause may bound the drift.
    case floating
    /// Integers and booleans (counters, token ids): compared byte for byte.
    case integer
    /// Narrow or complex types that are not encoded: compared byte for byte.
    case opaque
  }

  /// Size of one entry in bits: 4, 6, 8, 16, 32 or 64.
  package var bits: Int {
    switch self {
    case .f4: 4
    case .f6e2m3, .f6e3m2: 6
    case .bool, .u8, .i8, .f8e5m2, .f8e4m3, .f8e8m0, .f8e4m3fnuz, .f8e5m2fnuz: 8
    case .i16, .u16, .f16, .bf16: 16
    case .i32, .u32, .f32: 32
    case .c64, .f64, .i64, .u64: 64
    }
  }

  package var category: Category {
    switch self {
    case .f64, .f32, .f16, .bf16: .floating
    case .bool, .u8, .i8, .i16, .u16, .i32, .u32, .i64, .u64: .integer
    case .f4, .f6e2m3, .f6e3m2, .f8e5m2, .f8e4m3, .f8e8m0, .f8e4m3fnuz, .f8e5m2fnuz, .c64: .opaque
    }
  }

  /// True for the four types that are encoded to integers.
  package var isFloating: Bool { category == .floating }
}
