// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import TestSupport
import Testing

@testable import DriftProofCurve

/// Many points at once are what they are one by one, at every level of the kernels: the same points, the same reasons.
struct PointsTests {
  /// Encodings to draw from: points of the group, of small order, sums of both, and whatever the vectors have.
  private struct Pool {
    var compressed: [[UInt8]] = []
    var uncompressed: [[UInt8]] = []

    init() throws {
      var points = [G1.infinity]
      // Of the order 3, and of 11 as the vectors have it.
      var torsion: [G1] = []
      for vector in try CurveVectors.load().encodings where vector.group == "G1" {
        let raw = bytes(vector.bytes)
        if vector.compressed { compressed.append(raw) } else { uncompressed.append(raw) }
        if !vector.compressed, vector.error == "wrongOrder" { torsion.append(try G1(curvePoint: raw)) }
      }
      var random = SeededGenerator(seed: 61)
      var point = try random.scalar() * G1.generator
      for index in 0..<60 {
        point = point + point + .generator
        points.append(index % 2 == 0 ? point : -point)
        // Points of the curve's own order, whose part in the group is not infinity.
        points.append(points[points.count - 1] + torsion[index % torsion.count])
      }
      for vector in try CurveVectors.load().encodings where vector.why == "a point of small order" && vector.compressed
      {
        let parts = try PointBytes.open(bytes(vector.bytes), count: 48, isCompressed: true)
        let x = try PointBytes.element(try #require(parts).coordinates[...])
        points.append(G1(try PointBytes.point(x: x, isLarger: true)))
      }
      compressed += points.map(\.compressed)
      uncompressed += points.map(\.uncompressed)
    }

    /// An encoding as it is, or with a bit turned over, or with other coordinates.
    func draw(_ encodings: [[UInt8]], _ random: inout SeededGenerator) -> [UInt8] {
      var encoding = encodings[random.below(encodings.count)]
      switch random.below(6) {
      case 0: if !encoding.isEmpty { encoding[random.below(encoding.count)] ^= 1 << UInt8(random.below(8)) }
      case 1: if !encoding.isEmpty { encoding = [encoding[0] & 0xEF] + random.bytes(encoding.count - 1) }
      default: break
      }
      return encoding
    }
  }

  private func verdicts(_ results: [Result<G1, CurveEncodingError>]) -> [Result<[UInt8], CurveEncodingError>] {
    results.map { $0.map(\.compressed) }
  }

  @Test
  func eachIsWhatItIsAlone() throws {
    let pool = try Pool()
    var random = SeededGenerator(seed: 62)
    var seen: [String: Int] = [:]
    var left = CurveVectors.cases / 2
    while left > 0 {
      let count = min(left, 1 + random.below(40))
      left -= count
      let compressed = (0..<count).map { _ in pool.draw(pool.compressed, &random) }
      let uncompressed = (0..<count).map { _ in pool.draw(pool.uncompressed, &random) }
      let alone = verdicts(G1.decode(compressed: compressed, level: .portable))
      let aloneUncompressed = verdicts(
        G1.decode(uncompressed: uncompressed, isOrderChecked: true, level: .portable))
      for case .failure(let reason) in alone + aloneUncompressed { seen["\(reason)", default: 0] += 1 }
      for level in BucketTests.levels where level != .portable {
        // Plain C does the same as with other instructions; a part of the cases is enough for it.
        if level == .plain, left % 8 != 0 { continue }
        #expect(verdicts(G1.decode(compressed: compressed, level: level)) == alone, "\(level)")
        #expect(
          verdicts(G1.decode(uncompressed: uncompressed, isOrderChecked: true, level: level)) == aloneUncompressed,
          "\(level)")
      }
    }
    #expect(seen["\(CurveEncodingError.wrongOrder)", default: 0] > CurveVectors.cases / 50)
    #expect(seen["\(CurveEncodingError.notOnCurve)", default: 0] > CurveVectors.cases / 50)
  }

  @Test
  func theFirstErrorIsNamed() throws {
    let good = (1...70).map { G1.generator.times(public: Fr($0)) }
    // (0, 2) has order 3; no point has x = 1.
    let three = try #require(Fp(bigEndian: [UInt8](repeating: 0, count: 47) + [2]).flatMap { G1(x: .zero, y: $0) })
    let none = [0x80] + [UInt8](repeating: 0, count: 46) + [1]
    for level in BucketTests.levels {
      func read(_ encodings: [[UInt8]]) -> Result<[G1], CurvePointError> {
        Result { () throws(CurvePointError) in try G1.points(compressed: encodings.flatMap { $0 }, level: level) }
      }
      var encodings = good.map(\.compressed)
      #expect(read(encodings) == .success(good))
      #expect(read([]) == .success([]))
      #expect(read([G1.infinity.compressed]) == .success([.infinity]))
      encodings[40] = none
      encodings[33] = three.compressed
      #expect(read(encodings) == .failure(.init(index: 33, reason: .wrongOrder)))
      encodings[32][0] = 0x9F
      #expect(read(encodings) == .failure(.init(index: 32, reason: .coordinateNotCanonical)))
      encodings[15] = none
      #expect(read(encodings) == .failure(.init(index: 15, reason: .notOnCurve)))
      #expect(
        read(good.map(\.compressed) + [[1, 2]]) == .failure(.init(index: 70, reason: .length(expected: 48, found: 2))))
      let uncompressed = (good[..<20] + [three] + good[20...]).flatMap(\.uncompressed)
      #expect(throws: CurvePointError(index: 20, reason: .wrongOrder)) {
        try G1.points(uncompressed: uncompressed, isOrderChecked: true, level: level)
      }
      #expect(
        try G1.points(uncompressed: uncompressed, isOrderChecked: false, level: level)
          == good[..<20] + [three] + good[20...])
    }
  }

  @Test
  func tablesAreMadeInParts() {
    let points = (0..<5000).map { $0 % 7 == 3 ? G1.infinity : $0 % 2 == 0 ? .generator : -.generator }
    for level in BucketTests.levels {
      let table = PointTable(count: points.count, level: level) { Array(points[$0]) }
      #expect(table.points == points, "\(level)")
    }
  }
}
