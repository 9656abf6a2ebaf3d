// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve
import DriftProofCurveArgument
import DriftProofCurveArgumentProver
import DriftProofCurveCommitment
import DriftProofCurveCommitmentProver
import Foundation

/// `curve-norm LOG L BITS`: processor time of all threads for a norm bound on one matrix of 2^LOG entries in rows of 2^L, the
/// drift's entries having so many bits; and bytes.
enum CurveNormTimings {
  /// - Parameters:
  ///   - log: of the matrix's entries, at least l.
  ///   - logLength: l.
  ///   - magnitude: bits of the drift's entries.
  static func run(log: Int, logLength: Int, magnitude: Int) throws {
    func measure<T>(_ name: String, _ body: () throws -> T) rethrows -> T {
      let start = clock()
      let result = try body()
      print("\(name): \(Self.milliseconds(since: start)) ms")
      return result
    }
    var state: UInt64 = 0x1234_5678
    func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state >> 20
    }
    let committer = measure("setup") { Self.committer(logLength: logLength) }
    let rowCount = 1 << (log - logLength)
    let rows = (0..<rowCount).map { _ in
      (0..<1 << logLength).map { _ in Int64(next() & (1 << UInt64(magnitude) - 1)) - 1 << Int64(magnitude - 1) }
    }
    var square: UInt128 = 0
    for row in rows { for cell in row { square += UInt128(cell.magnitude) * UInt128(cell.magnitude) } }
    let blindings = (0..<rowCount).map { _ in Fr(Int64(next())).power(5) }
    let commitments = measure("commit") {
      zip(rows, blindings).map { committer.commit($0, blinding: $1) }
    }
    let base = (0..<rowCount).map { _ in Fr(Int64(next())) * G1.generator }
    let points = (base: CurvePoints(base), tuned: CurvePoints(zip(base, commitments).map { $0 + $1 }))
    let statement = CurveStatement(
      tensors: [
        CurveTensor(
          name: "w", rows: rowCount, columns: 1 << logLength, fractionBits: 17, rowCount: rowCount,
          claim: .norm(CurveBound(square)))
      ], logLength: logLength, setupID: committer.key.id, binding: [])
    let prover = try CurveArgumentProver(statement: statement)
    let source = MemoryDriftRows(rows: rows, blindings: blindings)
    var last = clock()
    let proof = try measure("prove") {
      try prover.prove(
        rows: source, base: points.base, tuned: points.tuned, committer: committer,
        secret: (0..<32).map { _ in UInt8(truncatingIfNeeded: next()) },
        report: { phase in
          print("  \(phase): \(Self.milliseconds(since: last)) ms")
          last = clock()
        })
    }
    let verifier = try CurveArgumentVerifier(statement: statement)
    for _ in 0..<3 {
      try measure("verify, points decoded") {
        try verifier.verify(proof.bytes, base: points.base, tuned: points.tuned, key: committer.key)
      }
    }
    print("proof: \(proof.bytes.count) bytes, rows of the tuned model: \(48 * rowCount) bytes")
  }

  private static func milliseconds(since start: clock_t) -> Double {
    (Double(clock() - start) * 10_000 / Double(CLOCKS_PER_SEC)).rounded() / 10
  }

  /// 7^((r - 1)/2^log), as (r - 1)/2^log = -1/2^log modulo r.
  static func rootOfUnity(log: Int) -> Fr {
    let bytes = ((-Fr.one) * Fr(2).power(log).inverse()).littleEndianBytes
    return (0..<255).reversed().reduce(Fr.one) { power, bit in
      let square = power * power
      return bytes[bit / 8] >> UInt8(bit % 8) & 1 == 1 ? Fr(7) * square : square
    }
  }

  /// Powers of a root of unity of order 2^14 at most: few points to compute, and no less work for sums of multiples.
  private static func committer(logLength: Int) -> CurveCommitter {
    let log = min(14, logLength)
    let root = rootOfUnity(log: log)
    let powers = CurveCommitter.powers(of: root, count: 1 << log)
    return CurveCommitter(
      key: CurveSetupKey(
        first: root * G1.generator, second: root * G2.generator, secondSquare: (root * root) * G2.generator),
      logLength: logLength, powers: PointTable((0..<1 << logLength).map { powers[$0 & (1 << log - 1)] }))
  }
}
