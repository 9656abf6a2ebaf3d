// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCurveCertificate
import DriftProofCurveCommitment

/// The committed rows of a tensor, as integers from checkpoints.
struct TensorRows: Sendable {
  let leaf: BaseIdentity.Leaf
  let layout: CurveRowLayout
  private let base: Checkpoint
  private let baseTensor: TensorInfo
  private let tuned: (checkpoint: Checkpoint, tensor: TensorInfo)?

  /// - Parameter tuned: nil where only the base is read.
  /// - Throws: `tensors` where a checkpoint lacks the tensor.
  init(
    _ leaf: BaseIdentity.Leaf, layout: CurveRowLayout, base: Checkpoint, tuned: Checkpoint? = nil
  ) throws(CurveProvingError) {
    func find(_ checkpoint: Checkpoint) throws(CurveProvingError) -> TensorInfo {
      guard let tensor = checkpoint.tensor(named: leaf.name), tensor.shape == leaf.shape, tensor.dtype == leaf.dtype
      else { throw .tensors("\(checkpoint.path) has not the base's tensor \(leaf.name) of \(leaf.dtype.rawValue)") }
      return tensor
    }
    self.leaf = leaf
    self.layout = layout
    self.base = base
    baseTensor = try find(base)
    if let tuned { self.tuned = (tuned, try find(tuned)) } else { self.tuned = nil }
  }

  /// q of the base.
  func base(row: Int) throws(CheckpointError) -> [Int64] {
    try cells(row) { (range, values) throws(CheckpointError) in
      try base.encode(baseTensor, range: range, fractionBits: leaf.statistics.fractionBits, into: &values)
    }
  }

  /// q' - q.
  func drift(row: Int) throws(CheckpointError) -> [Int64] {
    guard let tuned else { return [] }
    return try cells(row) { (range, values) throws(CheckpointError) in
      try Checkpoint.drift(
        base: base, baseTensor, tuned: tuned.checkpoint, tuned.tensor, range: range,
        fractionBits: leaf.statistics.fractionBits, into: &values)
    }
  }

  private func cells(
    _ row: Int, _ read: (Range<Int>, inout [Int64]) throws(CheckpointError) -> Void
  ) throws(CheckpointError) -> [Int64] {
    let runs = layout.runs(row: row)
    var values: [Int64] = []
    if runs.count == 1, runs[0].cell == 0 {
      try read(runs[0].entries, &values)
      return values
    }
    var cells = [Int64](repeating: 0, count: runs.last.map { $0.cell + $0.entries.count } ?? 0)
    for run in runs {
      try read(run.entries, &values)
      cells.replaceSubrange(run.cell..<run.cell + run.entries.count, with: values)
    }
    return cells
  }
}
