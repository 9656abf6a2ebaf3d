// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCurve
import DriftProofCurveCertificate
import DriftProofCurveCommitment
import DriftProofCurveCommitmentProver
import DriftProofCurveProving
import DriftProofPolicy
import Foundation
import TestSupport

/// A small base, fine-tunes of it and a setup, made once.
final class CurveModelFixture: Sendable {
  static let shared = Result { try CurveModelFixture() }

  let folder: TemporaryFolder
  let setup: CheckedSetup
  let base: Checkpoint
  let identity: CurveIdentity

  static let tau = Fr(0xC0FFEE)
  static let log = 8

  private init() throws {
    folder = try TemporaryFolder()
    let powers = CurveCommitter.powers(of: Self.tau, count: 1 << Self.log)
    let key = CurveCommitter(secret: Self.tau, logLength: 1).key
    try SetupFile.write(to: folder.file("setup"), logLength: Self.log, key: key) { Array(powers[$0]) }
    setup = try CheckedSetup(try SetupFile(path: folder.file("setup")))
    base = try Self.model(folder, "base.safetensors")
    identity = try CurveBaseCommitter.commit(
      base: base, identity: try BaseIdentity.compute(checkpoint: base), committer: try setup.committer(log: Self.log))
  }

  /// Weights that are each a little larger with `drift`, which is of rank 1, and some more with `entries`; the second matrix as the base's.
  static func model(
    _ folder: TemporaryFolder, _ file: String, drift: Float = 0, frozenDrift: Float = 0, counter: Int64 = 7,
    entries: [Int: Float] = [:]
  ) throws -> Checkpoint {
    func values(_ count: Int, _ seed: Int, _ drift: Float, _ entries: [Int: Float] = [:]) -> [UInt8] {
      littleEndian(
        (0..<count).map {
          (Float(($0 * 37 + seed) % 64 - 31) / 64 + drift * Float($0 % 5) + (entries[$0] ?? 0)).bitPattern
        })
    }
    let tensors: [(name: String, dtype: DataType, shape: [Int], bytes: [UInt8])] = [
      ("a.weight", .f32, [24, 20], values(480, 1, drift, entries)), ("b.weight", .f32, [9, 16], values(144, 2, 0)),
      ("c.bias", .f32, [40], values(40, 3, frozenDrift)), ("d.counter", .i64, [], littleEndian(counter)),
    ]
    let writer = try SafetensorsWriter(
      path: folder.file(file), tensors: tensors.map { .init(name: $0.name, dtype: $0.dtype, shape: $0.shape) })
    for tensor in tensors { try writer.append(tensor.bytes) }
    try writer.finish()
    return try Checkpoint.open(folder.file(file))
  }

  static func policy(
    _ matrices: String = #"{"norm": {"relative": 0.1}}"#, bias: String = #""frozen""#, total: String? = nil,
    assumes: Bool = false
  ) throws -> Policy {
    let more = (total.map { "\"total\": \($0), " } ?? "") + (assumes ? #""assume": "bls12-381", "# : "")
    let text = """
      {"driftPolicy": 1, "name": "p", "securityBits": 128, \(more)"rules": [
      {"tensors": "*.weight", "allow": \(matrices)}, {"tensors": "c.*", "allow": \(bias)},
      {"tensors": "d.*", "allow": \(bias)}]}
      """
    return try Policy.parse(Array(text.utf8))
  }

  func request(
    _ tuned: Checkpoint, _ policy: Policy, secret: UInt8 = 1, base: Checkpoint? = nil, identity: CurveIdentity? = nil
  ) -> CurveProver.Request {
    CurveProver.Request(
      base: base ?? self.base, tuned: tuned, identity: identity ?? self.identity, policy: policy, setup: setup,
      secret: [UInt8](repeating: secret, count: 32), permitsAssumption: true)
  }

  func verify(
    _ certificate: [UInt8], _ policy: Policy, identity: CurveIdentity? = nil
  ) throws(CurveCertificateError) -> CurveCertificateVerifier.Report {
    try CurveCertificateVerifier.verify(
      certificate, identity: identity ?? self.identity, policy: policy,
      trust: .init(setups: [setup.id], permitsAssumption: true))
  }
}
