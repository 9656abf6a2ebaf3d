// SPDX-License-Identifier: Apache-2.0

import DriftProofAdapter
import DriftProofInspection
import DriftProofCheckpoint
import DriftProofCore

/// One honest fine-tune of the base, measured tensor by tensor; made only when it has exactly the base's tensors.
package struct ReferenceRun: Sendable {
  /// The path that the user gave.
  package let path: String
  package let inspection: CheckpointInspection
  let model: Model
  /// Ranks of the products that an adapter adds, by tensor.
  let productRanks: [String: Int]
  /// Blocks of the Kronecker products among them.
  let productBlocks: [String: BlockSize]
  /// The adapter that was merged into it, where it is known.
  var merged: Adapter?

  /// The form in which a run is at hand.
  package enum Model: Sendable {
    case checkpoint(Checkpoint)
    case adapter(Adapter)
  }

  /// Tensors whose bytes differ from the base's.
  package var changedTensors: Int { inspection.changedTensorCount }
  /// ‖Δ‖ over all floating tensors, in units of the weights.
  package var driftNorm: Double { inspection.driftNorm }
  /// `driftNorm` divided by the norm of the whole base; nil for a base of zeros.
  package var relativeDrift: Double? { inspection.baseNorm > 0 ? driftNorm / inspection.baseNorm : nil }

  /// Every tensor changed by exactly as much: a copy.
  func hasChanges(of other: ReferenceRun) -> Bool {
    inspection.tensors.map(\.outcome) == other.inspection.tensors.map(\.outcome)
  }

  /// - Throws: `inspection`, `otherTensors`, `notEncodable`, `notCertifiable` or `unchangedRun`.
  static func measure(
    _ path: String, of tuned: Checkpoint, base: Checkpoint,
    progress: ((_ tensor: String, _ done: Int, _ total: Int) -> Void)?
  ) throws(CalibrationError) -> ReferenceRun {
    let inspection: CheckpointInspection
    do {
      inspection = try CheckpointInspection.inspect(base: base, tuned: tuned, progress: progress)
    } catch {
      throw .inspection(error)
    }
    return try ReferenceRun(path, inspection, .checkpoint(tuned), productRanks: [:], productBlocks: [:])
  }

  /// The same of an unmerged adapter.
  /// - Parameter identity: the base's.
  static func measure(
    _ path: String, of adapter: Adapter, base: Checkpoint, identity: BaseIdentity
  ) throws(CalibrationError) -> ReferenceRun {
    let inspection: AdapterInspection
    do {
      inspection = try AdapterInspection.inspect(base: base, adapter: adapter)
    } catch {
      throw .statement(error)
    }
    return try ReferenceRun(
      path, CheckpointInspection(inspection, identity: identity), .adapter(adapter),
      productRanks: Dictionary(inspection.products.map { ($0.tensor, $0.rank) }, uniquingKeysWith: max),
      productBlocks: Dictionary(
        inspection.products.compactMap { product in
          product.inner.map { (product.tensor, BlockSize(rows: $0.rows, columns: $0.columns)) }
        }, uniquingKeysWith: { first, _ in first }))
  }

  private init(
    _ path: String, _ inspection: CheckpointInspection, _ model: Model, productRanks: [String: Int],
    productBlocks: [String: BlockSize]
  ) throws(CalibrationError) {
    let findings = Self.differences(inspection)
    guard findings.isEmpty else { throw .otherTensors(run: path, findings: findings) }
    for tensor in inspection.tensors {
      switch tensor.outcome {
      case .identical, .drifted: break
      case .notEncodable(let reason, _):
        throw .notEncodable(run: path, tensor: tensor.name, reason: reason)
      case .bytesDiffer(let entries):
        // A counter, such as batch normalisation's, may be excluded; a tensor of weights may not.
        guard tensor.entryCount == 1, tensor.dtype.category == .integer else {
          throw .notCertifiable(run: path, tensor: tensor.name, dtype: tensor.dtype, entries: entries)
        }
      }
    }
    guard inspection.changedTensorCount > 0 else { throw .unchangedRun(path) }
    (self.path, self.inspection, self.model) = (path, inspection, model)
    (self.productRanks, self.productBlocks) = (productRanks, productBlocks)
  }

  private static func differences(_ inspection: CheckpointInspection) -> [String] {
    let shown = StrictJSON.shown
    if let prefix = inspection.prefix {
      return ["\(prefix)"]
    }
    if let quantised = inspection.quantised { return ["\(quantised)"] }
    var lines = inspection.missing.map { "only in the base: \(shown($0.name)) \($0.dtype.rawValue) \($0.shape)" }
    lines += inspection.added.map { "only in the run: \(shown($0.name)) \($0.dtype.rawValue) \($0.shape)" }
    lines += inspection.reshaped.map { "another shape: \(shown($0.name)) \($0.baseShape) -> \($0.tunedShape)" }
    lines += inspection.recast.map {
      "another dtype: \(shown($0.name)) \($0.baseDtype.rawValue) -> \($0.tunedDtype.rawValue)"
    }
    return lines.isEmpty ? [] : lines + inspection.notes
  }
}
