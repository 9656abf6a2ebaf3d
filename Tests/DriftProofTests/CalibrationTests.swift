import Argument
import ArgumentProver
import Checkpoint
import Foundation
import Testing

@testable import DriftProof

/// Not a check: `scripts/calibrate` runs it to measure `CostTable` anew.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["DRIFTPROOF_CALIBRATE"] != nil), .serialized)
struct CalibrationTests {
  private struct Sample {
    var work: Double
    var seconds: Double
  }

  @Test func printTable() throws {
    let norm = "{ \"norm\": { \"relative\": 0.1 } }"
    let rank = "{ \"rank\": 8, \"residual\": { \"relative\": 0.004 } }"
    var samples: [ProofPhase: [Sample]] = [:]
    var passes: [ProofPhase: Int] = [:]
    let machine = CostModel.machineSeconds()
    for side in [256, 1024, 2048, 4096] {
      for (name, clause) in [("norm", norm), ("rank", rank)] {
        let folder = try TestFolder()
        let (base, tuned) = try Self.pair(side, isLowRank: name == "rank", in: folder)
        let policy = try testPolicy([("*", clause)])
        let derived = try CheckpointPass.run(base: base, tuned: tuned, policy: policy).derived
        let code = try CodeSelection.choose(tensors: derived.tensors)
        let model = CostModel(derived: derived, code: code, base: base, tuned: tuned, hasIdentity: false)
        var best: [ProofPhase: Double] = [:]
        for run in 0..<3 {
          let result = try DriftProver.prove(
            base: base, tuned: tuned, policy: policy, openingPath: folder.path("\(run)"), progress: { _ in })
          var sums: [ProofPhase: Double] = [:]
          for (name, seconds) in result.report.phases {
            sums[try #require(ProofPhase(rawValue: name)), default: 0] += seconds
          }
          for (phase, seconds) in sums { best[phase] = min(best[phase] ?? .infinity, seconds) }
          for (phase, rows) in result.report.askedRows {
            passes[phase] = max(passes[phase] ?? 0, Int((Double(rows) / Double(model.sizes?.driftRows ?? 1)).rounded()))
          }
          if run == 2 {
            print(
              "// \(side)² \(name): proof \(result.report.proofBytes) bytes, peak so far "
                + "\(result.report.peakMemoryBytes >> 20) MiB, table says "
                + "\(CodeSelection.proofBytes(tensors: derived.tensors, code: code, proofs: 2) ?? 0) bytes, "
                + "\(model.peakBytes >> 20) MiB, \(model.phases().reduce(0) { $0 + $1.seconds }) s, took "
                + "\(best.values.reduce(0, +)) s; \(model.sizes.map { "\($0)" } ?? "")")
          }
        }
        for (phase, seconds) in best {
          samples[phase, default: []].append(Sample(work: model.work(of: phase), seconds: seconds))
        }
      }
    }
    let known = CostTable.costs.map(\.phase)
    for phase in known + samples.keys.filter({ !known.contains($0) }).sorted(by: { $0.rawValue < $1.rawValue }) {
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

  private static func pair(
    _ side: Int, isLowRank: Bool, in folder: TestFolder
  ) throws -> (base: Checkpoint, tuned: Checkpoint) {
    var random = TestRandom(seed: UInt64(side))
    var model = TestModel()
    let weights = TestTensor([side, side], isHalf: true, random: &random)
    model.tensors["w"] = weights
    let base = try model.write("base", in: folder)
    if isLowRank {
      model.tensors["w"]?.addLowRank(8, scale: 0.02, random: &random)
    } else {
      let values = weights.values.map { $0 + 0.02 * random.signed() }
      model.tensors["w"]?.values = values
    }
    return (base, try model.write("tuned", in: folder))
  }
}
