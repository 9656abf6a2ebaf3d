// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore

/// The sketches of all of a model's floating tensors.
package struct ModelSketch: Equatable, Sendable {
  package struct Tensor: Equatable, Sendable {
    package let name: String
    package let shape: [Int]
    package let entries: Int
    /// Nil where the type is no floating one, or the tensor is empty.
    package let sketch: WeightSketch?
  }

  /// In the order of their names.
  package let tensors: [Tensor]

  package init(_ checkpoint: Checkpoint) throws(CheckpointError) {
    let infos = checkpoint.tensors
    let order = infos.indices.sorted { infos[$0].entryCount > infos[$1].entryCount }
    tensors = try Parallel.map(infos.count, order: order) { (place) throws(CheckpointError) -> Tensor in
      let info = infos[place]
      let isFloating = [DataType.bf16, .f16, .f32, .f64].contains(info.dtype)
      return Tensor(
        name: info.name, shape: info.shape, entries: info.entryCount,
        sketch: isFloating && info.entryCount > 0 ? try WeightSketch(checkpoint, info) : nil)
    }
  }

  /// SHA-256 over all names, shapes and sketches; what may be published in place of them.
  package var digest: [UInt8] {
    let rows = tensors.map { tensor in
      JSONValue.array([
        .string(tensor.name), .array(tensor.shape.map { .number(String($0)) }),
        .string(tensor.sketch?.bytes.hexadecimal ?? ""),
      ])
    }
    return SHA256.hash(Array(JSONValue.array(rows).compact.utf8))
  }
}

/// How far two models' weights are from one another, tensor by tensor.
package struct SketchComparison: Equatable, Sendable {
  package struct Row: Equatable, Sendable {
    package let name: String
    package let entries: Int
    /// Of 256.
    package let differing: Int
    /// About the angle between the weights over π: 0 for equal ones, 1/2 for unrelated ones.
    package var distance: Double { Double(differing) / Double(WeightSketch.bits) }
  }

  /// In the order of their names.
  package let rows: [Row]
  /// Names that only one side has, or that have other shapes.
  package let unmatched: [String]
  /// Tensors of both sides without a sketch.
  package let unsketched: Int

  package init(_ a: ModelSketch, _ b: ModelSketch) {
    let others = Dictionary(uniqueKeysWithValues: b.tensors.map { ($0.name, $0) })
    let mine = Set(a.tensors.map(\.name))
    var rows: [Row] = []
    var unmatched = b.tensors.map(\.name).filter { !mine.contains($0) }
    var unsketched = 0
    for tensor in a.tensors {
      guard let other = others[tensor.name], other.shape == tensor.shape else {
        unmatched.append(tensor.name)
        continue
      }
      guard let sketch = tensor.sketch, let second = other.sketch else {
        unsketched += 1
        continue
      }
      rows.append(Row(name: tensor.name, entries: tensor.entries, differing: sketch.distance(to: second)))
    }
    self.rows = rows
    self.unmatched = unmatched.sorted { UTF8Order.precedes($0, $1) }
    self.unsketched = unsketched
  }

  /// The mean over all weights of matched tensors; nil without any.
  package var distance: Double? {
    let entries = rows.reduce(0.0) { $0 + Double($1.entries) }
    guard entries > 0 else { return nil }
    return rows.reduce(0) { $0 + $1.distance * Double($1.entries) } / entries
  }

  /// The farthest tensors first, those alone that differ at all.
  package var farthest: [Row] {
    rows.filter { $0.differing > 0 }.sorted {
      $0.differing != $1.differing ? $0.differing > $1.differing : UTF8Order.precedes($0.name, $1.name)
    }
  }
}
