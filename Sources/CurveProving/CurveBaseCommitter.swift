// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore
import DriftProofCurve
import DriftProofCurveCertificate
import DriftProofCurveCommitment
import DriftProofCurveCommitmentProver
import Synchronization

/// Commits to a public base: without blinding, so that anybody can compute the same.
package enum CurveBaseCommitter {
  /// The length of rows that keeps an opening below the work of committing: 34·2^l full additions against one for each weight.
  /// - Parameter available: of the setup.
  package static func logLength(parameters: Int, available: Int) -> Int {
    let wanted = Int.bitWidth - 1 - max(1, parameters / 34).leadingZeroBitCount
    return max(8, min(wanted, 20, available))
  }

  /// - Parameter identity: of the checkpoint's weights.
  package static func commit(
    base: Checkpoint, identity: BaseIdentity, committer: CurveCommitter,
    progress: @escaping @Sendable (Double) -> Void = { _ in }
  ) throws(CurveProvingError) -> CurveIdentity {
    var contents: [CurveBlock.Content] = []
    var sources: [TensorRows] = []
    var places: [(source: Int, row: Int)] = []
    for leaf in identity.tensors {
      guard let layout = CurveIdentity.layout(leaf, logLength: committer.logLength) else { continue }
      places += (0..<layout.rowCount).map { (sources.count, $0) }
      sources.append(try TensorRows(leaf, layout: layout, base: base))
    }
    let (rows, order) = (sources, places)
    let done = Mutex(0)
    let points: [[UInt8]]
    do throws(CheckpointError) {
      points = try Parallel.map(order.count) { index throws(CheckpointError) -> [UInt8] in
        let place = order[index]
        let point = committer.commit(try rows[place.source].base(row: place.row), blinding: .zero).compressed
        done.withLock {
          $0 += 1
          progress(Double($0) / Double(order.count))
        }
        return point
      }
    } catch { throw .checkpoint(error) }
    var next = 0
    for leaf in identity.tensors {
      guard let layout = CurveIdentity.layout(leaf, logLength: committer.logLength) else {
        contents.append(.digest(leaf.statistics.sha256))
        continue
      }
      contents.append(.rows(points[next..<next + layout.rowCount].flatMap { $0 }))
      next += layout.rowCount
    }
    return CurveIdentity(
      base: identity, key: committer.key, logLength: committer.logLength,
      blocks: zip(identity.tensors, contents).map { CurveIdentity.block($0, $1) })
  }
}
