// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import TestSupport
import Testing

@testable import DriftProofCurve

/// RFC 9380.
struct HashToCurveTests {
  /// Appendices J.9.1 and J.10.1, tags of other lengths, and DriftProof's own generators.
  @Test
  func pointsAreThoseOfTheRFC() throws {
    let vectors = try CurveVectors.load().hashes
    #expect(vectors.count == 25)
    for vector in vectors {
      let (message, tag) = (bytes(vector.message), Array(vector.tag.utf8))
      let point =
        vector.group == "G1"
        ? G1.hash(message, domain: tag).compressed : G2.hash(message, domain: tag).compressed
      #expect(point.hexadecimal == vector.point, "\(vector.group) \(vector.tag)")
    }
  }

  @Test
  func generatorsAreHashes() throws {
    let tag = String(decoding: HashedGenerators.domain, as: UTF8.self)
    let points = try CurveVectors.load().hashes.filter { $0.tag == tag }
    #expect(points.count == 7)
    func point(_ message: [UInt8]) -> String? { points.first { $0.message == message.hexadecimal }?.point }
    #expect(HashedGenerators.blinding.compressed.hexadecimal == point([0x48]))
    #expect(HashedGenerators.product.compressed.hexadecimal == point([0x55]))
    #expect(HashedGenerators.cell(256).compressed.hexadecimal == point([0x47, 0, 1, 0, 0, 0, 0, 0, 0]))
    #expect(HashedGenerators.cell(.max).compressed.hexadecimal == point([0x47] + [UInt8](repeating: 0xFF, count: 8)))
  }

  /// The isogenies take points of their curves to ours, and the map its exceptional elements to points.
  @Test
  func isogeniesArriveOnTheCurve() {
    func check<Coordinate: CurveField>(_ map: SimplifiedSWU<Coordinate>, _ elements: [Coordinate]) {
      for u in elements {
        let (x, y) = map.preimage(of: u)
        #expect(y.squared() == (x.squared() + map.a) * x + map.b)
        #expect(y.isOdd == u.isOdd || y.isZero)
        let image = map(u)
        #expect(image.y.squared() * image.z == x3(image) + .curveB * image.z.squared() * image.z)
        #expect(!image.isInfinity)
      }
    }
    func x3<Coordinate: CurveField>(_ point: Projective<Coordinate>) -> Coordinate { point.x.squared() * point.x }
    var random = SeededGenerator(seed: 11)
    check(IsogenyG1.map, [.zero, .one, -Fp.one] + (0..<20).map { _ in random.element() })
    // -1/Z is a square for G2 alone, or for neither: where Z²u⁴ + Zu² = 0.
    let exception = (-IsogenyG2.map.z.inverse()).squareRoot()
    check(
      IsogenyG2.map,
      [.zero, .one] + (exception.map { [$0] } ?? [])
        + (0..<20).map { _ in Fp2(random.element(), random.element()) })
    let exceptionG1 = (-IsogenyG1.map.z.inverse()).squareRoot()
    if let exceptionG1 { check(IsogenyG1.map, [exceptionG1]) }
  }
}
