// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve
import DriftProofCurveArgument
import DriftProofCurveArgumentProver
import DriftProofCurveCommitment
import DriftProofCurveCommitmentProver
import DriftProofTranscript
import TestSupport

/// A statement with a drift that it is about, and commitments to it.
struct CurveFixture: Sendable {
  /// A tensor of the fixture with its drift, row by row.
  struct Tensor: Sendable {
    var name: String
    var rows: [[Int64]]
    var claim: CurveTensor.Claim
    var countsInTotal = false
    var fractionBits = 17

    /// With Σ of its squares, and some slack, as the bound.
    static func tight(_ name: String, _ rows: [[Int64]], slack: UInt64 = 0, countsInTotal: Bool = false) -> Tensor {
      Tensor(
        name: name, rows: rows, claim: .norm(CurveBound(rows.square + UInt128(slack))), countsInTotal: countsInTotal)
    }
  }

  static let logLength = 8
  static let length = 1 << logLength
  /// The test knows τ.
  static let committer = CurveCommitter(secret: Fr(0x1234_5678_9ABC), logLength: logLength)

  var tensors: [Tensor]
  var statement: CurveStatement
  var base: CurvePoints
  var tuned: CurvePoints
  var rows: MemoryDriftRows
  let committer: CurveCommitter

  init(
    _ tensors: [Tensor], totalBound: CurveBound? = nil, seed: UInt64 = 1, committer: CurveCommitter = Self.committer
  ) {
    self.tensors = tensors
    self.committer = committer
    var generator = SeededGenerator(seed: seed)
    func scalar() -> Fr { Fr(Int64(bitPattern: generator.next())) }
    statement = CurveStatement(
      tensors: tensors.map { tensor in
        CurveTensor(
          name: tensor.name, rows: tensor.rows.count, columns: 1 << committer.logLength,
          fractionBits: tensor.fractionBits, rowCount: tensor.rows.count, claim: tensor.claim,
          countsInTotal: tensor.countsInTotal)
      }, totalBound: totalBound, logLength: committer.logLength, setupID: committer.key.id, binding: [1, 2, 3])
    // Any points do for the base, whose rows nobody opens.
    var (base, tuned, drift, blindings) = ([G1](), [G1](), [[Int64]](), [Fr]())
    for tensor in tensors {
      for row in tensor.rows {
        let own = scalar() * G1.generator
        base.append(own)
        guard tensor.claim != .frozen else {
          tuned.append(own)
          continue
        }
        let blinding = scalar()
        tuned.append(own + committer.commit(row, blinding: blinding))
        if case .norm = tensor.claim {
          drift.append(row)
          blindings.append(blinding)
        }
      }
    }
    self.base = CurvePoints(base)
    self.tuned = CurvePoints(tuned)
    rows = MemoryDriftRows(rows: drift, blindings: blindings)
  }

  static func random(_ count: Int, magnitude: Int = 9, seed: UInt64, length: Int = Self.length) -> [[Int64]] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in
      (0..<length).map { _ in Int64(generator.below(2 * magnitude + 1) - magnitude) }
    }
  }

  /// Of order 2^32: 7^((r - 1)/2^32).
  static let rootOfUnity: Fr = {
    let bytes = ((-Fr.one) * Fr(2).power(32).inverse()).littleEndianBytes
    return (0..<255).reversed().reduce(Fr.one) { power, bit in
      let square = power * power
      return bytes[bit / 8] >> UInt8(bit % 8) & 1 == 1 ? Fr(7) * square : square
    }
  }()

  static let secret = [UInt8](repeating: 5, count: 32)

  func prove(secret: [UInt8] = Self.secret) throws -> [UInt8] {
    try CurveArgumentProver(statement: statement)
      .prove(rows: rows, base: base, tuned: tuned, committer: committer, secret: secret).bytes
  }

  /// What the verifier says; nil when it accepts.
  func rejection(
    of proof: [UInt8], statement other: CurveStatement? = nil, base otherBase: CurvePoints? = nil,
    tuned otherTuned: CurvePoints? = nil, key: CurveSetupKey? = nil
  ) -> CurveProofRejection? {
    do throws(CurveProofRejection) {
      try CurveArgumentVerifier(statement: other ?? statement).verify(
        proof, base: otherBase ?? base, tuned: otherTuned ?? tuned, key: key ?? committer.key, isKeyChecked: key == nil)
      return nil
    } catch { return error }
  }
}

extension [[Int64]] {
  /// Σ of the squares.
  var square: UInt128 { joined().reduce(0) { $0 + UInt128($1.magnitude) * UInt128($1.magnitude) } }
}
