// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import DriftProofCurve

/// The equations that the constants satisfy, and the laws of the fields.
struct FieldTests {
  @Test
  func montgomeryConstantsAreWhatTheySay() {
    #expect(Fp.p0 &* Fp.negatedInverse == .max)
    var power = Fp(1, 0, 0, 0, 0, 0)
    for _ in 0..<384 { power = power + power }
    #expect(power == Fp.one)
    for _ in 0..<384 { power = power + power }
    #expect(power == Fp.squaredRadix)
    #expect(Fp(2) * Fp(3) == Fp(6))
    #expect(Fp(6).bigEndianBytes == [UInt8](repeating: 0, count: 47) + [6])
    #expect(Fr.one.littleEndianBytes == [1] + [UInt8](repeating: 0, count: 31))
    #expect(Fr(-1) + Fr(1) == .zero)
    #expect(Fr(Int64.min) + Fr(Int64.max) + .one == .zero)
  }

  /// 3·p = (x - 1)²·r + 3·x with x = -0xd201000000010000, multiplied out in words.
  @Test
  func modulusFollowsFromTheParameter() {
    func product(_ a: [UInt64], _ b: [UInt64]) -> [UInt64] {
      var result = [UInt64](repeating: 0, count: 8)
      for (i, x) in a.enumerated() {
        var carry: UInt64 = 0
        for (j, y) in b.enumerated() where i + j < 8 {
          (carry, result[i + j]) = WideArithmetic.multiplyAdd(x, y, result[i + j], carry)
        }
        if i + b.count < 8 { result[i + b.count] = carry }
      }
      return result
    }
    let distance = [G1.parameter + 1]
    var right = product(product(distance, distance), Fr.modulus)
    var borrow: UInt64 = 0
    let parameter = product([G1.parameter], [3])
    for index in 0..<8 { right[index] = WideArithmetic.subtract(right[index], parameter[index], &borrow) }
    #expect(product(Fp.modulus, [3]) == right)
    // r = x⁴ - x² + 1.
    let square = product([G1.parameter], [G1.parameter])
    var order = product(Array(square.prefix(2)), Array(square.prefix(2)))
    borrow = 0
    for index in 0..<8 { order[index] = WideArithmetic.subtract(order[index], square[index], &borrow) }
    order[0] += 1
    #expect(Array(order.prefix(4)) == Fr.modulus)
  }

  @Test
  func bytesOfTheModulusAreRefused() {
    let modulus = Array(WideArithmetic.littleEndianBytes(Fp.modulus).reversed())
    #expect(Fp(bigEndian: modulus) == nil)
    var below = modulus
    below[47] -= 1
    #expect(Fp(bigEndian: below) == -Fp.one)
    #expect(Fp(bigEndian: [UInt8](repeating: 0xFF, count: 48)) == nil)
    #expect(Fp(bigEndian: [UInt8](repeating: 0, count: 47)) == nil)
    #expect(Fp(reducing: [UInt8](repeating: 0, count: 16) + modulus) == .zero)
    // (2^512 - 1) mod p, by doubling.
    var value = Fp.zero
    for _ in 0..<512 { value = value + value + .one }
    #expect(Fp(reducing: [UInt8](repeating: 0xFF, count: 64)) == value)
  }

  @Test
  func lawsHold() {
    var random = SeededGenerator(seed: 1)
    for _ in 0..<CurveVectors.cases / 10 {
      let (a, b, c) = (random.element(), random.element(), random.element())
      #expect((a + b) * c == a * c + b * c)
      #expect(a - b == a + (-b))
      #expect((a - a).isZero)
      let x = Fp2(a, b)
      let y = Fp2(b, c)
      #expect((x + y).squared() == x.squared() + x * y + x * y + y.squared())
      #expect(x.timesXi() == x * Fp2(.one, .one))
      #expect(Fp(bigEndian: a.bigEndianBytes) == a)
    }
    for _ in 0..<50 {
      let (a, b) = (random.element(), random.element())
      #expect(a * a.inverse() == .one)
      let x = Fp2(a, b)
      #expect(x * x.inverse() == .one)
      let scalar = Fr(Int64(bitPattern: random.next()))
      #expect(scalar * scalar.inverse() == .one)
    }
    #expect(Fp.zero.inverse() == .zero)
    #expect(Fr.zero.inverse() == .zero)
    #expect(Fp.inverses(of: [.zero, Fp(2), .zero, Fp(5)]).map { $0 * Fp(10) } == [.zero, Fp(5), .zero, Fp(2)])
  }

  @Test
  func rootsAreRoots() {
    var random = SeededGenerator(seed: 2)
    #expect((-Fp.one).squareRoot() == nil)
    #expect(Fp2(-Fp.one, .zero).squareRoot()?.squared() == Fp2(-Fp.one, .zero))
    #expect(Fp2.one.timesXi().squareRoot() == nil)
    #expect(Fp2.zero.squareRoot() == .zero)
    for index in 0..<60 {
      let a = index % 3 == 0 ? Fp.zero : random.element()
      let b = index % 4 == 0 ? Fp.zero : random.element()
      let square = Fp2(a, b).squared()
      #expect(square.squareRoot()?.squared() == square)
      if !square.isZero { #expect(square.timesXi().squareRoot() == nil) }
      #expect(a.squared().squareRoot().map { $0 == a || $0 == -a } == true)
      if !a.isZero { #expect((-a.squared()).squareRoot() == nil) }
    }
  }

  private func element12(_ random: inout SeededGenerator) -> Fp12 {
    func two() -> Fp2 { Fp2(random.element(), random.element()) }
    func six() -> Fp6 { Fp6(two(), two(), two()) }
    return Fp12(six(), six())
  }

  @Test
  func towerLawsHold() {
    var random = SeededGenerator(seed: 3)
    for _ in 0..<10 {
      let (a, b) = (element12(&random), element12(&random))
      #expect(a * a.inverse() == .one)
      #expect(a.squared() == a * a)
      #expect(a * b == b * a)
      #expect(a.c0 * a.c0.inverse() == .one)
      #expect((a * b).frobenius() == a.frobenius() * b.frobenius())
      let line = (a.c0.c0, a.c0.c1, a.c0.c2)
      let full = Fp12(Fp6(line.0, line.1, .zero), Fp6(.zero, line.2, .zero))
      #expect(b.times(line: line.0, line.1, line.2) == b * full)
      // In the subgroup where squares are cheap.
      var c = a.conjugated() * a.inverse()
      c = c.frobenius().frobenius() * c
      #expect(c.cyclotomicSquared() == c * c)
      #expect(c * c.conjugated() == .one)
    }
    // w^12 = ξ², and the Frobenius map is the power by p.
    let a = element12(&random)
    var power = Fp12.one
    for word in Fp.modulus.reversed() {
      for bit in (0..<64).reversed() {
        power = power * power
        if word >> UInt64(bit) & 1 == 1 { power = power * a }
      }
    }
    #expect(a.frobenius() == power)
  }
}
