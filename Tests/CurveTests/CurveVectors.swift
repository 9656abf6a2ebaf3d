// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCurve
import Foundation
import TestSupport

/// What arkworks, blst and py_ecc say: Tests/Fixtures/curve/vectors.json, which scripts/curve-vectors writes.
struct CurveVectors: Decodable, Sendable {
  struct Hash: Decodable, Sendable {
    let group, tag, message, point: String
  }
  struct Multiples: Decodable, Sendable {
    let group, a, b: String
    let points: [String]
  }
  struct Walk: Decodable, Sendable {
    let group: String
    let seed: UInt64
    let steps: Int
    let digest: String
  }
  struct Sum: Decodable, Sendable {
    let points, numbers: String
    let count: Int
    let seed: UInt64
    let sum: String
  }
  struct Pairs: Decodable, Sendable {
    let logs: [[String]]
    let isOne: Bool
  }
  struct Encoding: Decodable, Sendable {
    let group: String
    let compressed: Bool
    let bytes: String
    let error: String?
    let why: String
  }
  struct Scalar: Decodable, Sendable {
    let bytes: String
    let error: String?
    let why: String
  }

  let hashes: [Hash]
  let multiples: [Multiples]
  let walks: [Walk]
  let sums: [Sum]
  let pairings: [Pairs]
  let generatorsValue: [[String]]
  let encodings: [Encoding]
  let scalars: [Scalar]

  static func load() throws -> CurveVectors { try shared.get() }

  private static let shared = Result {
    try JSONDecoder().decode(CurveVectors.self, from: Data(contentsOf: Repository.fixture("curve/vectors.json")))
  }

  /// How many random cases to try: `DRIFTPROOF_CURVE_CASES`, ten thousand unless it says otherwise.
  static let cases = Int(ProcessInfo.processInfo.environment["DRIFTPROOF_CURVE_CASES"] ?? "") ?? 10_000
}

/// The bytes of hexadecimal digits of a vector.
func bytes(_ digits: String) -> [UInt8] { [UInt8](hexadecimal: digits) ?? [] }

extension SeededGenerator {
  mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) } }

  /// A scalar below 2^254.
  mutating func scalar() throws -> Fr {
    let words = (0..<4).map { next() >> ($0 == 3 ? 2 : 0) }
    return try Fr(encoded: littleEndian(words))
  }

  mutating func element() -> Fp {
    while true {
      var bytes = bytes(48)
      bytes[0] &= 0x1F
      if let value = Fp(bigEndian: bytes) { return value }
    }
  }
}

/// What the walks of vectors need of either group.
protocol WalkedGroup: Equatable {
  static var generator: Self { get }
  var isInfinity: Bool { get }
  var compressed: [UInt8] { get }
  static func + (a: Self, b: Self) -> Self
  static func - (a: Self, b: Self) -> Self
  static prefix func - (a: Self) -> Self
  func doubled() -> Self
  func times(public scalar: Fr) -> Self
}

extension G1: WalkedGroup {}
extension G2: WalkedGroup {}
