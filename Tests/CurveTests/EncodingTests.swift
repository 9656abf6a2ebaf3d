// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import DriftProofCurve

/// Every refusal of bytes by its name, and that no bytes stop the program.
struct EncodingTests {
  /// The error's case without its values.
  private func name(_ error: CurveEncodingError) -> String {
    switch error {
    case .length: "length"
    case .compressionFlag: "compressionFlag"
    case .signFlag: "signFlag"
    case .infinityNotCanonical: "infinityNotCanonical"
    case .coordinateNotCanonical: "coordinateNotCanonical"
    case .notOnCurve: "notOnCurve"
    case .wrongOrder: "wrongOrder"
    case .scalarNotCanonical: "scalarNotCanonical"
    }
  }

  /// What the bytes give back when they are read and written, or why they are refused.
  private func verdict(_ bytes: [UInt8], group: String, isCompressed: Bool) -> (bytes: [UInt8]?, error: String?) {
    do throws(CurveEncodingError) {
      return switch (group, isCompressed) {
      case ("G1", true): (try G1(compressed: bytes).compressed, nil)
      case ("G1", false): (try G1(uncompressed: bytes).uncompressed, nil)
      case (_, true): (try G2(compressed: bytes).compressed, nil)
      case (_, false): (try G2(uncompressed: bytes).uncompressed, nil)
      }
    } catch {
      #expect(!error.description.isEmpty)
      return (nil, name(error))
    }
  }

  @Test
  func pointsAreReadOrRefusedByName() throws {
    let vectors = try CurveVectors.load().encodings
    for vector in vectors {
      let raw = bytes(vector.bytes)
      let (again, error) = verdict(raw, group: vector.group, isCompressed: vector.compressed)
      #expect(error == vector.error, "\(vector.group): \(vector.why)")
      if error == nil { #expect(again == raw, "\(vector.group): \(vector.why)") }
    }
    #expect(Set(vectors.compactMap(\.error)).count == 7)
  }

  @Test
  func scalarsAreReadOrRefusedByName() throws {
    for vector in try CurveVectors.load().scalars {
      let raw = bytes(vector.bytes)
      do throws(CurveEncodingError) {
        #expect(try Fr(encoded: raw).littleEndianBytes == raw)
        #expect(vector.error == nil, "\(vector.why)")
      } catch {
        #expect(name(error) == vector.error, "\(vector.why)")
      }
    }
  }

  @Test
  func bothFormsAreOnePoint() throws {
    var random = SeededGenerator(seed: 8)
    for _ in 0..<8 {
      let scalar = try random.scalar()
      let (p, q) = (scalar * G1.generator, scalar * G2.generator)
      #expect(try G1(uncompressed: p.uncompressed) == p)
      #expect(try G1(compressed: p.compressed) == p)
      #expect(try G2(uncompressed: q.uncompressed) == q)
      #expect(try G2(compressed: q.compressed) == q)
    }
  }

  /// Random bytes and encodings with bits turned over: read, or refused, and what is read is written as it was.
  @Test
  func noBytesStopTheProgram() {
    var random = SeededGenerator(seed: 9)
    for round in 0..<CurveVectors.cases / 20 {
      let group = round % 2 == 0 ? "G1" : "G2"
      let isCompressed = random.next() % 2 == 0
      let point = G1.generator.times(public: Fr(Int64(random.next() % 9)))
      var raw: [UInt8] =
        switch (group, isCompressed) {
        case ("G1", true): point.compressed
        case ("G1", false): point.uncompressed
        case (_, true): G2.generator.compressed
        case (_, false): G2.generator.uncompressed
        }
      switch random.next() % 4 {
      case 0: raw = random.bytes(random.below(200))
      case 1: raw = random.bytes(raw.count)
      case 2: raw[random.below(raw.count)] ^= 1 << UInt8(random.below(8))
      default: raw[0] ^= UInt8(random.below(8)) << 5
      }
      let (again, error) = verdict(raw, group: group, isCompressed: isCompressed)
      #expect((again == nil) != (error == nil))
      if let again { #expect(again == raw) }
    }
  }
}
