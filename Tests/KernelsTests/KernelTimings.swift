import Field
import Foundation
import Kernels
import Testing

/// Nanoseconds for each entry and core, in release builds, when DRIFTPROOF_BENCHMARK names the logarithm of a row.
@Suite(.serialized, .enabled(if: ProcessInfo.processInfo.environment["DRIFTPROOF_BENCHMARK"] != nil))
struct KernelTimings {
  private let log = Int(ProcessInfo.processInfo.environment["DRIFTPROOF_BENCHMARK"]?.prefix(2) ?? "") ?? 20
  private var count: Int { 1 << log }

  /// The user time of the better of three runs.
  private func measure(_ what: String, per count: Int, _ body: () -> Void) {
    var best = Double.infinity
    for _ in 0..<3 {
      let start = clock()
      body()
      best = min(best, Double(clock() - start))
    }
    print("BENCH", what, best * 1e3 / Double(count), "ns")
  }

  private func entries(bits: Int32) -> [Int32] {
    var random = Random(1)
    return (0..<count).map { _ in random.entry(bits: bits) }
  }

  @Test func rowEvaluation() {
    var random = Random(1)
    let z = random.cubic()
    let rows: [(String, RowMessage)] = [
      ("narrow", .narrow(entries(bits: 20))), ("field", .field((0..<count).map { UInt64($0) << 30 })),
    ]
    let evaluation = RowEvaluation(z, length: count)
    for (name, row) in rows {
      measure("row at a point of K, \(name)", per: count) { _ = evaluation.value(row) }
    }
  }

  @Test func groups() {
    var random = Random(1)
    let entries = entries(bits: 14)
    for log in GramKernel.gramLogs {
      measure("Gram, groups of 2^\(log)", per: count) {
        for start in stride(from: 0, to: count, by: 1 << 14) {
          _ = GramKernel.gram(entries, range: start..<start + 1 << 14, log: log)
        }
      }
    }
    for log in 4...7 {
      let weights = random.cubics(1 << log)
      var out = [CubicExtension](repeating: .zero, count: count >> log)
      measure("fold, groups of 2^\(log)", per: count) {
        GramKernel.fold(entries, range: 0..<count, weights: weights, into: &out, at: 0)
      }
    }
  }

  @Test(arguments: [(227, 1), (110, 2), (74, 3), (55, 4)])
  func multipoint(points: Int, logBlowup: Int) {
    var random = Random(1)
    let root = Goldilocks.rootOfUnity(logOrder: log + logBlowup)
    let evaluation = MultipointEvaluation(
      points: (0..<points).map { _ in Goldilocks.generator * root.power(random.next()) }, length: count)
    let rows: [(String, RowMessage)] = [
      ("narrow", .narrow(entries(bits: 20))), ("field", .field((0..<count).map { UInt64($0) << 30 })),
    ]
    for (name, row) in rows {
      measure("row at \(points) positions, \(name)", per: count) { _ = evaluation.values(row) }
    }
  }

  /// Eight rows on one coset: wall time on all cores, for a code point.
  @Test func encoding() {
    let blocks = AlignedBuffer<UInt64>(count: 8 * count)
    let states = AlignedBuffer<UInt32>(count: 8 * count)
    let rows = [RowMessage](repeating: .narrow(entries(bits: 20)), count: 8)
    let (tails, offsets) = ([[UInt64]](repeating: [], count: 8), [Int](repeating: 0, count: 8))
    for round in 0..<3 {
      measure("encoding eight rows, a code point, \(round)", per: 8 * count) {
        Encoder.encode(
          rows: rows, tails: tails, tailOffsets: offsets, logLength: log, shift: Goldilocks.generator, into: blocks)
      }
      measure("absorbing eight rows, a code point", per: 8 * count) {
        LeafHashing.absorb(states: states, first: 0, blocks: blocks, count: count)
      }
    }
  }
}
