// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import TestSupport
import Testing

@testable import DriftProofCurve

/// Both groups against other libraries, and at their edges.
struct GroupTests {
  @Test
  func multiplesAreThoseOfOtherLibraries() throws {
    for vector in try CurveVectors.load().multiples {
      let (a, b) = (try Fr(encoded: bytes(vector.a)), try Fr(encoded: bytes(vector.b)))
      if vector.group == "G1" {
        check(a * G1.generator, b * G1.generator, vector)
        check(G1.generator.times(public: a), G1.generator.times(public: b), vector)
      } else {
        check(a * G2.generator, b * G2.generator, vector)
        check(G2.generator.times(public: a), G2.generator.times(public: b), vector)
      }
    }
  }

  private func check<Group: WalkedGroup>(_ a: Group, _ b: Group, _ vector: CurveVectors.Multiples) {
    let points = [a, b, a + b, a - b, a.doubled()].map(\.compressed.hexadecimal)
    #expect(points == vector.points, "\(vector.group) \(vector.a) \(vector.b)")
  }

  /// A walk through sums, doubles, differences and multiples, which meets equal points, opposite ones and infinity. The one
  /// of a million steps takes two minutes, with `DRIFTPROOF_CURVE_CASES=1000000`.
  @Test
  func walksEndWhereThoseOfArkworksDo() throws {
    for walk in try CurveVectors.load().walks where walk.steps <= max(CurveVectors.cases, 10_000) {
      let digest =
        walk.group == "G1" ? try Self.walk(G1.self, walk) : try Self.walk(G2.self, walk)
      #expect(digest == walk.digest, "\(walk)")
    }
  }

  private static func walk<Group: WalkedGroup>(_: Group.Type, _ walk: CurveVectors.Walk) throws -> String {
    var random = SeededGenerator(seed: walk.seed)
    var p = Group.generator
    var q = p.times(public: Fr(7))
    var digest = [UInt8](repeating: 0, count: 32)
    for step in 0..<walk.steps {
      let kind = random.next() % 4
      if step % 64 == 0 { q = p }
      if step % 64 == 32 { q = -p }
      switch kind {
      case 0: p = p + q
      case 1: p = p + p
      case 2: q = q - p
      default: p = p.times(public: try Fr(encoded: littleEndian([random.next(), 0, 0, 0])))
      }
      if p.isInfinity { p = p + .generator }
      digest = SHA256.hash(digest + p.compressed + q.compressed)
    }
    return digest.hexadecimal
  }

  @Test
  func edgesOfAddition() {
    func check<Group: WalkedGroup>(_ generator: Group, infinity: Group) {
      #expect(generator + infinity == generator)
      #expect(infinity + generator == generator)
      #expect((infinity + infinity).isInfinity)
      #expect(infinity.doubled().isInfinity)
      #expect((generator - generator).isInfinity)
      #expect(generator + generator == generator.doubled())
      #expect(generator != infinity)
      #expect(generator != -generator)
      #expect(-infinity == infinity)
      #expect(generator.times(public: Fr(-1)) == -generator)
      #expect(generator.times(public: .zero).isInfinity)
      #expect(generator.doubled() + generator == generator.times(public: Fr(3)))
    }
    check(G1.generator, infinity: G1.infinity)
    check(G2.generator, infinity: G2.infinity)
    #expect(G1.generator.isInSubgroup && G1.infinity.isInSubgroup)
    #expect(G2.generator.isInSubgroup && G2.infinity.isInSubgroup)
    #expect(G1.generator.point.times(publicWords: Fr.modulus).isInfinity)
    #expect(G2.generator.point.times(publicWords: Fr.modulus).isInfinity)
  }

  /// Points of the curve that are not in the group: the fast check says what multiplying by r says.
  @Test
  func subgroupCheckIsMultiplicationByTheOrder() throws {
    var found = (inside: 0, outside: 0)
    for number in 0..<40 as Range<UInt64> {
      let x = Fp(number)
      if let y = (x * x * x + Fp.curveB).squareRoot() {
        let point = try #require(G1(x: x, y: y))
        for candidate in [point, point.clearingCofactor()] {
          #expect(candidate.isInSubgroup == candidate.point.times(publicWords: Fr.modulus).isInfinity)
          if candidate.isInSubgroup { found.inside += 1 } else { found.outside += 1 }
        }
        // Of order 3·r, 11·r and so on: adding a point of the group changes nothing.
        #expect(!(point + G1.generator).isInSubgroup)
      }
      let x2 = Fp2(Fp(number), .one)
      if number < 12, let y = (x2 * x2 * x2 + Fp2.curveB).squareRoot() {
        let point = try #require(G2(x: x2, y: y))
        for candidate in [point, point.clearingCofactor()] {
          #expect(candidate.isInSubgroup == candidate.point.times(publicWords: Fr.modulus).isInfinity)
          if candidate.isInSubgroup { found.inside += 1 } else { found.outside += 1 }
        }
      }
    }
    #expect(found.inside > 15 && found.outside > 15)
    #expect(G1(x: .zero, y: .one) == nil)
    #expect(G2(x: .zero, y: .one) == nil)
  }

  @Test
  func fixedBaseIsMultiplication() throws {
    var random = SeededGenerator(seed: 5)
    let base = FixedBase(HashedGenerators.blinding)
    for scalar in try [Fr.zero, .one, Fr(-1), Fr(16), Fr(1 << 40)] + (0..<4).map({ _ in try random.scalar() }) {
      #expect(base.times(scalar) == HashedGenerators.blinding.times(public: scalar))
    }
    #expect(FixedBase(.infinity).times(Fr(5)).isInfinity)
  }
}
