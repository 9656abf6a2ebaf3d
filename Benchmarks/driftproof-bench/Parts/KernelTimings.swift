// SPDX-License-Identifier: Apache-2.0

import DriftProofField
import Foundation
import DriftProofKernels
import DriftProofLinearAlgebra

/// `kernels [LOG]`: nanoseconds of processor time for each entry of rows of 2^LOG entries.
struct KernelTimings {
  private let log: Int
  private var count: Int { 1 << log }
  private var generator = SplitMix64(seed: 1)

  init(logLength: Int) { log = logLength }

  mutating func run() {
    rowEvaluation()
    groups()
    for (points, logBlowup) in [(227, 1), (110, 2), (74, 3), (55, 4)] { multipoint(points, logBlowup) }
    encoding()
  }

  private mutating func entries(bits: Int32) -> [Int32] {
    (0..<count).map { _ in Int32(truncatingIfNeeded: generator.next()) >> (32 - bits) }
  }

  private mutating func cubic() -> CubicExtension {
    CubicExtension(
      Goldilocks(reducing: generator.next()), Goldilocks(reducing: generator.next()),
      Goldilocks(reducing: generator.next()))
  }

  /// A row of integers and one of field elements.
  private mutating func rows() -> [(name: String, row: RowMessage)] {
    [("narrow", .narrow(entries(bits: 20))), ("field", .field((0..<count).map { UInt64($0) << 30 }))]
  }

  private mutating func rowEvaluation() {
    let evaluation = RowEvaluation(cubic(), length: count)
    for (name, row) in rows() {
      Timing.processor("row at a point of K, \(name)", per: count) { _ = evaluation.value(row) }
    }
  }

  private mutating func groups() {
    let entries = entries(bits: 14)
    for log in GramKernel.gramLogs {
      Timing.processor("Gram, groups of 2^\(log)", per: count) {
        for start in stride(from: 0, to: count, by: 1 << 14) {
          _ = GramKernel.gram(entries, range: start..<start + 1 << 14, log: log)
        }
      }
    }
    for log in 4...7 {
      let weights = (0..<1 << log).map { _ in cubic() }
      var out = [CubicExtension](repeating: .zero, count: count >> log)
      Timing.processor("fold, groups of 2^\(log)", per: count) {
        GramKernel.fold(entries, range: 0..<count, weights: weights, into: &out, at: 0)
      }
    }
  }

  private mutating func multipoint(_ points: Int, _ logBlowup: Int) {
    let root = Goldilocks.rootOfUnity(logOrder: log + logBlowup)
    let evaluation = MultipointEvaluation(
      points: (0..<points).map { _ in Goldilocks.generator * root.power(generator.next()) }, length: count)
    for (name, row) in rows() {
      Timing.processor("row at \(points) positions, \(name)", per: count) { _ = evaluation.values(row) }
    }
  }

  /// Eight rows on one coset, for a code point.
  private mutating func encoding() {
    let blocks = AlignedBuffer<UInt64>(count: 8 * count)
    let states = AlignedBuffer<UInt32>(count: 8 * count)
    let rows = [RowMessage](repeating: .narrow(entries(bits: 20)), count: 8)
    let (tails, offsets) = ([[UInt64]](repeating: [], count: 8), [Int](repeating: 0, count: 8))
    for round in 0..<3 {
      Timing.processor("encoding eight rows, a code point, \(round)", per: 8 * count) {
        Encoder.encode(
          rows: rows, tails: tails, tailOffsets: offsets, logLength: log, shift: Goldilocks.generator, into: blocks)
      }
      Timing.processor("absorbing eight rows, a code point", per: 8 * count) {
        LeafHashing.absorb(states: states, first: 0, blocks: blocks, count: count)
      }
    }
  }
}
