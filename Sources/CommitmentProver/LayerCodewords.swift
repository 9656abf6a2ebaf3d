// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCommitment
import DriftProofField
import DriftProofKernels

/// The codewords of a layer. They are not stored: each coset is encoded when it is hashed, and what is opened is evaluated,
/// which costs less than memory of their size.
struct LayerCodewords: Sendable {
  let shape: FoldingPlan.Layer
  /// Lane 3g + i is coordinate i of polynomial g.
  private let lanes: [RowMessage]
  /// What takes their place in tests, in the order of positions.
  var altered: [[CubicExtension]]?

  /// `polynomials`: 2^shape.logLength coefficients each.
  init(polynomials: [[CubicExtension]], shape: FoldingPlan.Layer) {
    self.shape = shape
    lanes = polynomials.flatMap { polynomial in
      [
        .field(ParallelMap.of(count: polynomial.count) { polynomial[$0].c0.value }),
        .field(ParallelMap.of(count: polynomial.count) { polynomial[$0].c1.value }),
        .field(ParallelMap.of(count: polynomial.count) { polynomial[$0].c2.value }),
      ]
    }
  }

  var leavesPerCoset: Int { 1 << (shape.logLength - shape.folds) }

  /// Calls `body` with each coset: lane l of position i stands at 8i + l % 8 of block l / 8. Short cosets run in parallel.
  func forEachCoset(_ body: @Sendable (Int, [AlignedBuffer<UInt64>]) -> Void) {
    let pool = BufferPool(count: Encoder.lanes << shape.logLength)
    let batches = (lanes.count + Encoder.lanes - 1) / Encoder.lanes
    @Sendable func run(_ coset: Int) {
      pool.withBuffers(batches) { blocks in
        for (batch, target) in blocks.enumerated() { fill(target, coset: coset, batch: batch) }
        body(coset, blocks)
      }
    }
    let cosets = 1 << shape.logInverseRate
    if shape.logLength >= RowEncoder.serialLogLength {
      for coset in 0..<cosets { run(coset) }
    } else {
      Parallel.forEach(cosets, run)
    }
  }

  private func fill(_ target: AlignedBuffer<UInt64>, coset: Int, batch: Int) {
    let own = lanes[Encoder.lanes * batch..<min(lanes.count, Encoder.lanes * (batch + 1))]
    guard let altered else {
      Encoder.encode(
        rows: Array(own), tails: own.map { _ in [] }, tailOffsets: own.map { _ in 0 }, logLength: shape.logLength,
        shift: shape.domain.cosetShift(coset, logLength: shape.logLength), into: target)
      return
    }
    for i in 0..<1 << shape.logLength {
      for lane in own.indices {
        let element = altered[lane / 3][coset << shape.logLength + i]
        let coordinate = [element.c0, element.c1, element.c2][lane % 3]
        target.pointer[Encoder.lanes * i + lane % Encoder.lanes] = coordinate.value
      }
    }
  }

  /// The values of all lanes at some positions.
  func values(at positions: [Int]) -> [[Goldilocks]] {
    if let altered {
      return altered.flatMap { codeword in
        [positions.map { codeword[$0].c0 }, positions.map { codeword[$0].c1 }, positions.map { codeword[$0].c2 }]
      }
    }
    let evaluation = MultipointEvaluation(points: positions.map(shape.domain.point), length: 1 << shape.logLength)
    return Parallel.map(lanes.count) { evaluation.values(lanes[$0]) }
  }

  /// All of them, in the order of positions.
  func all() -> [[CubicExtension]] {
    let lanes = values(at: Array(0..<1 << shape.logDomain))
    return stride(from: 0, to: lanes.count, by: 3).map { first in
      lanes[first].indices.map { CubicExtension(lanes[first][$0], lanes[first + 1][$0], lanes[first + 2][$0]) }
    }
  }
}
