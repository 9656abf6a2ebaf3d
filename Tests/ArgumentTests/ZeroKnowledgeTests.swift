// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofCommitment
import DriftProofCore
@testable import DriftProofCommitmentProver
import DriftProofField
import Foundation
import TestSupport
import Testing
import DriftProofTranscript

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

/// Statistics over two witnesses of one statement. They would find gross leaks only: a value sent unmasked, a mask used
/// twice, a length that depends on the drift. That the revealed values are uniform is the ledger's matter.
@Suite struct ZeroKnowledgeTests {
  #if DEBUG
    static let runs = 2
  #else
    static let runs = 24
  #endif

  /// Rank 2 plus three entries plus a ball, and orthonormal rows: all stages. The witness is 0 or close to all bounds.
  private static func fixture(isZero: Bool) -> Fixture {
    var generator = SeededGenerator(seed: 31)
    let (rows, columns) = (40, 24)
    let left = Fixture.random(rows * 2, 2000, &generator).map(Int32.init)
    let right = Fixture.random(columns * 2, 2000, &generator).map(Int32.init)
    var drift = [Int64](repeating: 0, count: rows * columns)
    for i in 0..<rows {
      for j in 0..<columns {
        for k in 0..<2 { drift[i * columns + j] += Int64(left[2 * i + k]) * Int64(right[2 * j + k]) }
        drift[i * columns + j] += Int64.random(in: -50...50, using: &generator)
      }
    }
    let support = [0, 100, 959]
    for x in support { drift[x] += 123_456 }
    if isZero { drift = drift.map { _ in 0 } }
    let tensor = TableauTensor(
      name: "w", rows: rows, columns: columns, fractionBits: 20, isPlain: true, plainBound: Fixture.digits(1 << 60),
      clauses: [StructuredClause(rank: 2, sparse: .entries(3), scale: 0, bound: Fixture.digits(1 << 24))])
    let id = ArgumentWitness.ClauseID(tensor: 0, clause: 0)
    // Unit vectors, or any orthonormal rows.
    var factor = Fixture.orthonormal([(3, 50)])
    if isZero { factor.drifts[0] = (0..<150).map { $0 % 51 == 0 ? 1 << 20 : 0 } }
    return Fixture(
      tensors: [tensor] + factor.tensors, drifts: [drift] + factor.drifts,
      factors: [id: .init(left: isZero ? left.map { _ in 0 } : left, right: isZero ? right.map { _ in 0 } : right)],
      supports: [id: isZero ? [1, 2, 3] : support])
  }

  /// A proof with its own secret for everything that belongs to this proof alone.
  private static func prove(_ fixture: Fixture, proofSecret: Int, driftSecret: Int = 7) throws -> ArgumentProof {
    let scheme = HashCommitment(fixture.code)
    let prover = try ArgumentProver(statement: fixture.statement, scheme: scheme)
    let drift = try DriftCommitter(statement: fixture.statement, scheme: scheme).commit(
      rows: fixture.rows, secret: secret(driftSecret, "drift"))
    let proof = try prover.prove(
      witness: ArgumentWitness(rows: fixture.rows, factors: fixture.factors, supports: fixture.supports), drift: drift,
      secret: secret(proofSecret, "proof"))
    try fixture.verify(proof.bytes, drift: Fixture.Drift(drift))
    return proof
  }

  private static func secret(_ number: Int, _ label: String) -> [UInt8] {
    SHA256.hash(Array("\(label) \(number)".utf8))
  }

  /// Field elements of a proof by section, of sections that the prover computes from the witness.
  private static func elements(_ proof: ArgumentProof) -> [String: [UInt64]] {
    var result: [String: [UInt64]] = [:]
    var start = 0
    for (section, count) in proof.sizes {
      defer { start += count }
      guard count.isMultiple(of: 8), !["salts", "paths", "root", "proof of work"].contains(where: section.contains)
      else {
        continue
      }
      for at in stride(from: start, to: start + count, by: 8) {
        result[section, default: []].append(FieldEncoding.word(proof.bytes, at: at))
      }
    }
    return result
  }

  private static func chiSquare(_ counts: [Int]) -> Double {
    let expected = Double(counts.reduce(0, +)) / Double(counts.count)
    return counts.reduce(0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
  }

  /// Two-sample statistic, normal around 0 with deviation 1.
  private static func difference(_ a: [Int], _ b: [Int]) -> Double {
    let (m, n) = (Double(a.reduce(0, +)), Double(b.reduce(0, +)))
    var sum = 0.0
    var degrees = -1.0
    for (x, y) in zip(a, b) where x + y > 0 {
      let d = (n / m).squareRoot() * Double(x) - (m / n).squareRoot() * Double(y)
      sum += d * d / Double(x + y)
      degrees += 1
    }
    return (sum - degrees) / (2 * degrees).squareRoot()
  }

  @Test func messagesOfTwoWitnessesLookAlike() throws {
    var counts: [[String: [[Int]]]] = []
    for isZero in [true, false] {
      var all: [String: [[Int]]] = [:]
      let fixture = Self.fixture(isZero: isZero)
      for run in 0..<Self.runs {
        for (section, words) in Self.elements(try Self.prove(fixture, proofSecret: run, driftSecret: 1000 + run)) {
          // Low byte, and the byte below the top one: small integers would show in the latter.
          var histograms = all[section] ?? [[Int]](repeating: [Int](repeating: 0, count: 16), count: 2)
          for word in words {
            histograms[0][Int(word & 15)] += 1
            histograms[1][Int(word >> 59 & 15)] += 1
          }
          all[section] = histograms
        }
      }
      counts.append(all)
    }
    #expect(Set(counts[0].keys) == Set(counts[1].keys))
    for (section, zero) in counts[0] {
      guard let other = counts[1][section], zero[0].reduce(0, +) >= 64 else { continue }
      for byte in 0..<2 {
        // 15 degrees of freedom: above 60 with probability 2·10^-7.
        #expect(Self.chiSquare(zero[byte]) < 60, "\(section), zero drift")
        #expect(Self.chiSquare(other[byte]) < 60, "\(section), drift at its bounds")
        #expect(abs(Self.difference(zero[byte], other[byte])) < 7, "\(section)")
      }
    }
  }

  @Test func sameSectionsAndLengthsForEveryWitness() throws {
    func shape(_ isZero: Bool, _ secret: Int) throws -> [String] {
      try Self.prove(Self.fixture(isZero: isZero), proofSecret: secret).sizes.map { section, bytes in
        // Shared path nodes and leaves depend on the positions, which are public coins.
        let dependsOnPositions = section.contains("paths") || section.hasPrefix("opening/rows of folding layer")
        return dependsOnPositions ? section : "\(section) \(bytes)"
      }
    }
    let expected = try shape(true, 0)
    for secret in 1...2 {
      #expect(try shape(true, secret) == expected)
      #expect(try shape(false, secret) == expected)
    }
  }

  @Test func twoProofsOfOneCommitmentShareNothing() throws {
    let fixture = Self.fixture(isZero: false)
    let proofs = try [1, 2].map { Self.elements(try Self.prove(fixture, proofSecret: $0)) }
    for (section, words) in proofs[0] {
      let other = Set(proofs[1].filter { $0.key != section || !section.contains("rows of drift") }.values.joined())
      if section.contains("rows of drift") { continue }
      #expect(words.allSatisfy { !other.contains($0) }, "\(section)")
      #expect(Set(words).count == words.count, "\(section)")
    }
    // Leaves of the drift tree are the only values that may repeat: those at positions that both proofs open.
    let drift = OpeningLabel.rows("drift")
    let repeated = Set(proofs[0][drift] ?? []).intersection(proofs[1][drift] ?? [])
    #expect(repeated.count < 40)
    // The same secret gives the same proof: nothing but the secrets is random.
    let bytes = try [1, 1].map { try Self.prove(fixture, proofSecret: $0).bytes }
    #expect(bytes[0] == bytes[1])
  }

  /// Words of a zero drift's proof are no smaller than uniform ones: nothing of the drift or of digits goes in clear.
  @Test func noSmallIntegersInAProof() throws {
    for isZero in [true, false] {
      for (section, words) in Self.elements(try Self.prove(Self.fixture(isZero: isZero), proofSecret: 5)) {
        #expect(words.allSatisfy { $0 >> 40 != 0 && Goldilocks.modulus - $0 > 1 << 40 }, "\(section)")
      }
    }
  }
}
