// SPDX-License-Identifier: Apache-2.0

import DriftProofField

/// The form in which C kernels take constants: a·2^64 mod p, so that their product with x, divided by 2^64, is a·x.
enum Montgomery {
  /// 2^64 mod p.
  static let radix = Goldilocks(reducing: 0xFFFF_FFFF)

  static func form(_ a: Goldilocks) -> UInt64 { (a * radix).value }

  /// Three coordinates an element.
  static func form(_ elements: [CubicExtension]) -> [UInt64] {
    elements.flatMap { [form($0.c0), form($0.c1), form($0.c2)] }
  }

  /// Limbs of 22, 22 and 20 bits.
  static func limbs(_ a: Goldilocks) -> [UInt32] {
    [a.value & 0x3F_FFFF, a.value >> 22 & 0x3F_FFFF, a.value >> 44].map { UInt32(truncatingIfNeeded: $0) }
  }

  /// Coordinates cut into such limbs: 9 numbers an element, which times a 32-bit entry can be summed
  /// 512 times in 64 bits.
  static func limbs(_ elements: [CubicExtension]) -> [UInt32] {
    elements.flatMap { limbs($0.c0) + limbs($0.c1) + limbs($0.c2) }
  }
}

extension Montgomery {
  /// a·b / 2^64: the form of the product of two numbers given by their forms.
  static func product(_ a: UInt64, _ b: UInt64) -> UInt64 {
    (Goldilocks(reducing: a) * Goldilocks(reducing: b) * inverseRadix).value
  }

  private static let inverseRadix = radix.inverse
}
