// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofPolicy
import DriftProofStatement

/// The drift between two checkpoints, tensor by tensor, measured so that a person can write a policy from it.
///
/// Differences in names, dtypes and shapes are findings here, not errors.
package struct CheckpointInspection: Sendable, Equatable {
  /// A tensor that only one checkpoint has.
  package struct Lone: Sendable, Equatable {
    package let name: String
    package let dtype: DataType
    package let shape: [Int]
  }

  /// A tensor that both have, but in dtypes or shapes that cannot be compared.
  package struct Mismatch: Sendable, Equatable {
    package let name: String
    package let baseDtype: DataType
    package let tunedDtype: DataType
    package let baseShape: [Int]
    package let tunedShape: [Int]
  }

  /// In the order of the names' UTF-8 bytes, like the lists below.
  package let tensors: [TensorInspection]
  /// Only in the base.
  package let missing: [Lone]
  /// Only in the tuned checkpoint.
  package let added: [Lone]
  /// Another shape, other than by more rows of a floating tensor, perhaps another dtype too.
  package let reshaped: [Mismatch]
  /// The same shape in another dtype, where not both are floating.
  package let recast: [Mismatch]

  /// Entries of the tensors that were compared.
  package var parameterCount: Int { tensors.reduce(0) { $0 + $1.entryCount } }
  package var changedTensorCount: Int { tensors.count { $0.outcome != .identical } }
  /// ‖Δ‖ over all tensors with an encoding.
  package var driftNorm: Double { Self.norm(tensors.compactMap { $0.drift?.norm }) }
  /// ‖W‖ over all tensors with an encoding.
  package var baseNorm: Double { Self.norm(tensors.compactMap(\.baseNorm)) }

  /// Tensors whose drift is known as numbers; without one the norms say nothing.
  package var measuredTensorCount: Int { tensors.count { $0.baseNorm != nil } }
  /// Tensors of either side that were not compared.
  package var uncomparedCount: Int { missing.count + added.count + reshaped.count + recast.count }

  /// What the names of one side have more than those of the other.
  package var prefix: NamePrefix? {
    guard !missing.isEmpty, !added.isEmpty else { return nil }
    let common = tensors.map(\.name) + reshaped.map(\.name) + recast.map(\.name)
    return NamePrefix.find(base: common + missing.map(\.name), tuned: common + added.map(\.name))
  }

  /// A side that is quantised where the other is not.
  package var quantised: QuantisedSide? {
    let common = tensors.map { PackedWeights.Tensor(name: $0.name, dtype: $0.dtype.rawValue) }
    let pairs = reshaped + recast
    let base =
      common + missing.map { .init(name: $0.name, dtype: $0.dtype.rawValue) }
      + pairs.map { .init(name: $0.name, dtype: $0.baseDtype.rawValue) }
    let tuned =
      common + added.map { .init(name: $0.name, dtype: $0.dtype.rawValue) }
      + pairs.map { .init(name: $0.name, dtype: $0.tunedDtype.rawValue) }
    return QuantisedSide.find(base: base, tuned: tuned)
  }

  /// What a person should know beyond the numbers, in full sentences.
  package var notes: [String] {
    var notes: [String] = []
    if (missing + added).contains(where: { $0.name == "lm_head.weight" || $0.name.hasSuffix(".lm_head.weight") }) {
      notes.append(
        "lm_head.weight is stored on one side only: one save ties it to the embedding; save both checkpoints alike.")
    }
    let shrunk = reshaped.contains { Shape.addedRows(base: $0.tunedShape, tuned: $0.baseShape) != nil }
    if shrunk { notes.append("A tensor's first dimension is smaller, as after cutting a vocabulary.") }
    let grown = tensors.filter { $0.addedRows > 0 }
    if let most = grown.map(\.addedRows).max() {
      notes.append(
        "\(grown.count == 1 ? "1 tensor has" : "\(grown.count) tensors have") more rows than the base, up to \(most) more, as "
          + "after resizing a vocabulary; they count as changes from zero. A policy admits them by \"grow\": { \"rows\": \(most) }."
      )
    }
    let recast = tensors.filter { $0.dtype != $0.tunedDtype }
    if let first = recast.first {
      notes.append(
        "\(recast.count == 1 ? "1 tensor is" : "\(recast.count) tensors are") of another type than the base's, such as "
          + "\(first.dtype.rawValue) -> \(first.tunedDtype.rawValue); values were compared.")
    }
    if let quantised { notes.append("\(quantised).") }
    return notes
  }

  /// Reads one tensor of both checkpoints at a time, so that memory stays at a few times the largest tensor.
  ///
  /// `progress(name, done, total)` is called before each tensor, counting bytes of the base.
  /// - Parameter decomposes: whether the drift of this tensor of the base is decomposed; without it, it has no ranks.
  /// Errors: those of reading files, and a failed decomposition.
  package static func inspect(
    base: Checkpoint, tuned: Checkpoint, progress: ((_ tensor: String, _ done: Int, _ total: Int) -> Void)? = nil,
    decomposes: (TensorInfo) -> Bool = { _ in true }
  ) throws(InspectionError) -> CheckpointInspection {
    var tensors: [TensorInspection] = []
    var missing: [Lone] = []
    var reshaped: [Mismatch] = []
    var recast: [Mismatch] = []
    let total = base.tensors.reduce(0) { $0 + $1.byteRange.count }
    var done = 0
    for before in base.tensors {
      progress?(before.name, done, total)
      done += before.byteRange.count
      guard let after = tuned.tensor(named: before.name) else {
        missing.append(Lone(before))
        continue
      }
      let isComparable = before.dtype.isFloating && after.dtype.isFloating
      let isGrown = isComparable && Shape.addedRows(base: before.shape, tuned: after.shape) != nil
      if before.shape != after.shape, !isGrown {
        reshaped.append(Mismatch(before, after))
      } else if before.dtype != after.dtype, !isComparable {
        recast.append(Mismatch(before, after))
      } else {
        let comparison = TensorComparison(
          base: base, before: before, tuned: tuned, after: after, decomposes: decomposes(before))
        tensors.append(try comparison.inspect())
      }
    }
    let added = tuned.tensors.filter { base.tensor(named: $0.name) == nil }.map(Lone.init)
    return CheckpointInspection(tensors: tensors, missing: missing, added: added, reshaped: reshaped, recast: recast)
  }

  private static func norm(_ norms: [Double]) -> Double {
    norms.reduce(0) { $0 + $1 * $1 }.squareRoot()
  }
}

extension TensorInspection {
  /// The measured drift; nil where there is none or no encoding.
  package var drift: DriftMeasure? {
    guard case .drifted(let measure) = outcome else { return nil }
    return measure
  }
}

extension CheckpointInspection.Lone {
  fileprivate init(_ tensor: TensorInfo) {
    self.init(name: tensor.name, dtype: tensor.dtype, shape: tensor.shape)
  }
}

extension CheckpointInspection.Mismatch {
  fileprivate init(_ base: TensorInfo, _ tuned: TensorInfo) {
    self.init(
      name: base.name, baseDtype: base.dtype, tunedDtype: tuned.dtype, baseShape: base.shape, tunedShape: tuned.shape)
  }
}
