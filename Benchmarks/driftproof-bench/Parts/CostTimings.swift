// SPDX-License-Identifier: Apache-2.0

import DriftProofArgumentProver
import DriftProofCommitmentProver
import DriftProofDrift
import DriftProofProving
import DriftProofStatement

import DriftProofArgument
import DriftProofCheckpoint
import Foundation

/// `cost-table`: measures `CostTable` anew; `scripts/measure-machine` runs it.
enum CostTimings {
  private struct Sample {
    var work: Double
    var seconds: Double
  }

  static func printTable() throws {
    var samples: [ProofPhase: [Sample]] = [:]
    var passes: [ProofPhase: Int] = [:]
    let machine = CostModel.machineSeconds()
    for side in [256, 1024, 2048, 4096] {
      for drift in [SyntheticPair.Drift.norm, .rank] {
        let folder = NSTemporaryDirectory() + "driftproof-bench-\(ProcessInfo.processInfo.processIdentifier)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let pair = try SyntheticPair(shapes: [("w", side, side)], drift: drift, folder: folder)
        let (base, tuned) = (try Checkpoint.open(pair.base), try Checkpoint.open(pair.tuned))
        let policy = try SyntheticPair.policy(drift.allowance)
        let derived = try CheckpointPass.run(base: base, tuned: tuned, policy: policy).derived
        let code = try CodeSelection.choose(tensors: derived.tensors)
        let model = CostModel(derived: derived, code: code, model: .checkpoint(tuned, base: base), hasIdentity: false)
        var best: [ProofPhase: Double] = [:]
        for run in 0..<3 {
          let result = try DriftProver.prove(
            base: base, tuned: tuned, policy: policy, openingPath: folder + "/\(run).secret", progress: { _ in })
          var sums: [ProofPhase: Double] = [:]
          for (name, seconds) in result.report.phases {
            guard let phase = ProofPhase(rawValue: name) else { continue }
            sums[phase, default: 0] += seconds
          }
          for (phase, seconds) in sums { best[phase] = min(best[phase] ?? .infinity, seconds) }
          for (phase, rows) in result.report.askedRows {
            passes[phase] = max(
              passes[phase] ?? 0, Int((Double(rows) / Double(model.sizes?.driftRows ?? 1)).rounded()))
          }
          guard run == 2 else { continue }
          let estimate = CodeSelection.proofBytes(tensors: derived.tensors, code: code, proofs: 2) ?? 0
          let forecast = model.phases().reduce(0.0) { $0 + $1.seconds }
          let took = best.values.reduce(0, +)
          print(
            "// \(side)² \(drift.rawValue): proof \(result.report.proofBytes) bytes, peak so far",
            "\(result.report.peakMemoryBytes >> 20) MiB, table says \(estimate) bytes, \(model.peakBytes >> 20) MiB,",
            "\(forecast) s, took \(took) s; \(model.sizes.map { "\($0)" } ?? "")")
        }
        for (phase, seconds) in best {
          samples[phase, default: []].append(Sample(work: model.work(of: phase), seconds: seconds))
        }
      }
    }
    let known = CostTable.costs.map(\.phase)
    let others = samples.keys.filter { !known.contains($0) }.sorted { $0.rawValue < $1.rawValue }
    for phase in known + others {
      let points = (samples[phase] ?? []).filter { $0.work > 0 || known.last == phase }
      let (fixed, slope) = Self.line(points)
      print(
        "    Cost(phase: .\(phase), fixed: \(Self.text(fixed)), nanoseconds: \(Self.text(slope * 1e9)), "
          + "passes: \(passes[phase] ?? 0)),")
    }
    print("  static let referenceSeconds = \(Self.text(machine))")
  }

  /// Least squares of relative errors, neither term below zero.
  private static func line(_ points: [Sample]) -> (fixed: Double, slope: Double) {
    func error(_ fixed: Double, _ slope: Double) -> Double {
      points.reduce(0) { $0 + pow((fixed + slope * $1.work) / max(2e-3, $1.seconds) - 1, 2) * $1.seconds }
    }
    guard let most = points.max(by: { $0.work < $1.work }), most.work > 0 else {
      return (points.map(\.seconds).min() ?? 0, 0)
    }
    let top = most.seconds / most.work
    var best = (fixed: 0.0, slope: top)
    for part in 0...40 {
      let slope = top * (0.6 + 0.02 * Double(part))
      for step in 0...60 {
        let fixed = most.seconds * 0.01 * Double(step)
        if error(fixed, slope) < error(best.fixed, best.slope) { best = (fixed, slope) }
      }
    }
    return best
  }

  private static func text(_ value: Double) -> String { String(format: "%.3g", value) }
}
