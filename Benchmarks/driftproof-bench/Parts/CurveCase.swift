// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore
import DriftProofCurve
import DriftProofCurveCertificate
import DriftProofCurveCommitment
import DriftProofCurveCommitmentProver
import DriftProofCurveProving
import Foundation

/// `curve-case SIZE [L [RUNS]]`: a norm bound on a square bf16 matrix over the curve, from checkpoints to a certificate: wall time
/// on all cores, medians.
enum CurveCase {
  /// - Parameter logLength: of rows; nil for what `identify` would choose.
  static func run(size: Int, logLength: Int?, runs: Int) throws {
    let folder = NSTemporaryDirectory() + "driftproof-bench-\(ProcessInfo.processInfo.processIdentifier)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let pair = try SyntheticPair(shapes: [("w", size, size)], drift: .norm, folder: folder)
    let policy = try SyntheticPair.policy(SyntheticPair.Drift.norm.allowance)
    let (base, tuned) = (try Checkpoint.open(pair.base), try Checkpoint.open(pair.tuned))
    let log = logLength ?? CurveBaseCommitter.logLength(parameters: size * size, available: 28)
    try writeSetup(log: log, to: folder + "/setup")
    // Not checked: its τ is no secret, and reading it is what proving costs.
    let setup = try CheckedSetup(try SetupFile(path: folder + "/setup"), isRemembered: { _ in true })
    let plain = try BaseIdentity.compute(checkpoint: base)
    let identity = try Timing.once("identity of the base") {
      try CurveBaseCommitter.commit(base: base, identity: plain, committer: try setup.committer(log: log))
    }
    var (prove, verify, bytes) = ([Double](), [Double](), 0)
    for _ in 0..<runs {
      let start = ContinuousClock.now
      let result = try CurveProver.prove(
        .init(
          base: base, tuned: tuned, identity: identity, policy: policy, setup: setup, secret: SystemRandom.bytes(32),
          permitsAssumption: true))
      prove.append((ContinuousClock.now - start) / .seconds(1))
      bytes = result.certificate.count
      for _ in 0..<10 {
        let start = ContinuousClock.now
        _ = try CurveCertificateVerifier.verify(
          result.certificate, identity: identity, policy: policy,
          trust: .init(setups: [setup.id], permitsAssumption: true))
        verify.append((ContinuousClock.now - start) / .milliseconds(1))
      }
    }
    func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
    print("| block | rows of | prove s | verify ms | certificate bytes |\n|---|---|---|---|---|")
    print(
      "| \(size)² norm | 2^\(log) | \(String(format: "%.2f", median(prove))) | \(String(format: "%.1f", median(verify))) "
        + "| \(bytes) |")
  }

  /// Powers of a root of unity: few different points, and no less work for sums of multiples.
  private static func writeSetup(log: Int, to path: String) throws {
    let small = min(12, log)
    let root = CurveNormTimings.rootOfUnity(log: small)
    let powers = CurveCommitter.powers(of: root, count: 1 << small)
    let key = CurveSetupKey(
      first: root * G1.generator, second: root * G2.generator, secondSquare: (root * root) * G2.generator)
    try SetupFile.write(to: path, logLength: log, key: key) { range in range.map { powers[$0 & (1 << small - 1)] } }
  }
}
