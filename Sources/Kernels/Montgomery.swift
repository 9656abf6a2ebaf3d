import Field

/// The form in which C kernels take constants: a·2^64 mod p, so that their product with x, divided by 2^64, is a·x.
enum Montgomery {
  /// 2^64 mod p.
  static let radix = Goldilocks(reducing: 0xFFFF_FFFF)

  static func form(_ a: Goldilocks) -> UInt64 { (a * radix).value }

  /// Three coordinates an element.
  static func form(_ elements: [CubicExtension]) -> [UInt64] {
    elements.flatMap { [form($0.c0), form($0.c1), form($0.c2)] }
  }

  /// Coordinates cut into limbs of 22, 22 and 20 bits: 9 numbers an element, which times a 32-bit entry can be summed
  /// 512 times in 64 bits.
  static func limbs(_ elements: [CubicExtension]) -> [UInt64] {
    elements.flatMap { e in
      [e.c0.value, e.c1.value, e.c2.value].flatMap { [$0 & 0x3F_FFFF, $0 >> 22 & 0x3F_FFFF, $0 >> 44] }
    }
  }
}

extension Montgomery {
  /// a·b / 2^64: the form of the product of two numbers given by their forms.
  static func product(_ a: UInt64, _ b: UInt64) -> UInt64 {
    (Goldilocks(reducing: a) * Goldilocks(reducing: b) * inverseRadix).value
  }

  private static let inverseRadix = radix.inverse
}
