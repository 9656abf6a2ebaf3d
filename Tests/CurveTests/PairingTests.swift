// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import TestSupport
import Testing

@testable import DriftProofCurve

/// Products of pairings against other libraries, and bilinearity.
struct PairingTests {
  @Test
  func productsAreOneWhereOthersSaySo() throws {
    let vectors = try CurveVectors.load().pairings
    #expect(vectors.contains { $0.isOne } && vectors.contains { !$0.isOne })
    for vector in vectors {
      let pairs = try vector.logs.map { logs in
        (
          G1.generator.times(public: try Fr(encoded: bytes(logs[0]))),
          PreparedG2(G2.generator.times(public: try Fr(encoded: bytes(logs[1]))))
        )
      }
      #expect(Pairing.isProductOne(pairs) == vector.isOne)
    }
  }

  /// The cube of py_ecc's value, or its inverse, as the sign of x is a matter of taste.
  @Test
  func valueIsThatOfAnotherLibrary() throws {
    let coefficients = try CurveVectors.load().generatorsValue.map { pair in
      Fp2(try #require(Fp(bigEndian: bytes(pair[0]))), try #require(Fp(bigEndian: bytes(pair[1]))))
    }
    let expected = Fp12(
      Fp6(coefficients[0], coefficients[2], coefficients[4]), Fp6(coefficients[1], coefficients[3], coefficients[5]))
    let value = Pairing.product(of: [(G1.generator, G2.generator)]).element
    #expect(value == expected || value == expected.conjugated())
  }

  @Test
  func mapIsBilinear() throws {
    var random = SeededGenerator(seed: 21)
    let (a, b) = (try random.scalar(), try random.scalar())
    let (p, q) = (G1.generator, G2.generator)
    let left = Pairing.product(of: [(a * p, b * q)])
    #expect(left == Pairing.product(of: [((a * b) * p, q)]))
    #expect(left == Pairing.product(of: [(p, (a * b) * q)]))
    #expect(left * Pairing.product(of: [(p, q)]) == Pairing.product(of: [((a * b + .one) * p, q)]))
    #expect(left.inverse() == Pairing.product(of: [(-(a * p), b * q)]))
    #expect(left != .one)
    // Of order r.
    var power = Fp12.one
    for word in Fr.modulus.reversed() {
      for bit in (0..<64).reversed() {
        power = power * power
        if word >> UInt64(bit) & 1 == 1 { power = power * left.element }
      }
    }
    #expect(power == .one)
    #expect(Pairing.product(of: [(G1.infinity, q)]) == .one)
    #expect(Pairing.product(of: [(p, G2.infinity)]) == .one)
    #expect(Pairing.product(of: [(G1, G2)]()) == .one)
  }
}
