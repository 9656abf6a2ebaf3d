// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofCore
import Foundation

/// An adapter merged into its base: one rounding, the same bytes from the same files everywhere, nothing held in memory.
public struct ModelMerge: Sendable {
  /// Tensors of the base to which a product was added.
  public let merged: Int
  /// Tensors that the adapter replaces, or adds to the base's.
  public let replaced: Int
  /// Tensors whose bytes are the base's.
  public let copied: Int
  /// Names of the files of weights that were written, in order.
  public let weightFiles: [String]
  /// Bytes of all weights.
  public let byteCount: Int
  /// Names of other files that were copied.
  public let companions: [String]
  /// Names of files in the base's folder that were not.
  public let leftBehind: [String]
  /// By how many rows tensors have grown, by name: a configuration may have to say so, too.
  public let grown: [String: Int]
  package let names: AdapterNames

  /// Key of the note in each file's metadata.
  static let note = "driftproof.merge"
  static let arithmetic =
    "W + factor*(B*A) in float64, sums over the rank in order, rounded once to nearest, ties to even"
  static let kroneckerArithmetic =
    "W + factor*(W1 kron W2) in float64, W1 and W2 as stored or sums over the rank in order, rounded once to nearest, ties to even"

  /// Writes the merged model.
  /// - Parameters:
  ///   - base: a folder, whose shards and index the merged model gets, or a single file.
  ///   - path: of the folder or file to make; nothing may be there.
  ///   - progress: told the fraction that is done.
  /// - Throws: `coverageGap` for an adapter that does not fit the base, `operational`. Nothing is left behind then.
  package static func merge(
    base: Checkpoint, adapter: Adapter, to path: String, progress: ((Double) -> Void)? = nil
  ) throws(DriftProofError) -> ModelMerge {
    try DriftProofError.translating {
      try Merger(base: base, adapter: adapter, path: path).run(progress)
    }
  }
}

/// One merge.
private struct Merger {
  let base: Checkpoint
  let adapter: Adapter
  /// Without a slash at its end.
  let path: String
  let plan: MergePlan

  init(base: Checkpoint, adapter: Adapter, path: String) throws {
    self.base = base
    self.adapter = adapter
    self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    // Links that lead nowhere are something, too.
    guard (try? FileManager.default.attributesOfItem(atPath: self.path)) == nil else {
      throw MergeError.exists(path: path)
    }
    plan = try MergePlan(base: base, adapter: adapter)
  }

  private var isFolder: Bool { MappedFile.kind(of: base.path) == .folder }
  /// Where everything is until it is complete. One that a killed run has left is made anew.
  private var place: String { path + ".merge-partial" }

  func run(_ progress: ((Double) -> Void)?) throws -> ModelMerge {
    let files = FileManager.default
    try? files.removeItem(atPath: place)
    defer { try? files.removeItem(atPath: place) }
    var companions: FolderCompanions?
    if isFolder {
      do {
        try files.createDirectory(atPath: place, withIntermediateDirectories: false)
      } catch {
        throw MergeError.cannotWrite(path: path, reason: error.localizedDescription)
      }
      let beside = FolderCompanions(
        base: base.path, adapter: MappedFile.kind(of: adapter.path) == .folder ? adapter.path : nil,
        read: Set(base.filesRead))
      try beside.copy(into: place)
      companions = beside
    }
    let metadata = try note()
    let total = plan.steps.reduce(0) { $0 + byteCount($1) }
    var done = 0
    var names: [String] = []
    for file in plan.files {
      let name = Self.lastPart(of: isFolder ? file.path : path)
      names.append(name)
      let target = isFolder ? place + "/" + name : place
      let own = try base.metadata(ofFile: file.path).merging(metadata) { _, new in new }
      let writer = try SafetensorsWriter(
        path: target, tensors: file.steps.map { .init(name: $0.name, dtype: $0.dtype, shape: $0.shape) },
        metadata: own.sorted { UTF8Order.precedes($0.key, $1.key) }.map { ($0.key, $0.value) })
      let weights = MergedWeights(base: base, adapter: adapter)
      for step in file.steps {
        try weights.make(step) { bytes in
          try writer.append(bytes)
          done += bytes.count
          progress?(total > 0 ? Double(done) / Double(total) : 1)
        }
      }
      try writer.finish(synchronizing: true)
    }
    if let index = base.filesRead.first, isFolder, index.hasSuffix(".json") { try writeIndex(index, names, total) }
    guard rename(place, path) == 0 else { throw MergeError.cannotWrite(path: path, reason: SystemError().description) }
    return result(names, total, companions)
  }

  private static func lastPart(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

  private func byteCount(_ step: MergePlan.Step) -> Int {
    Shape.byteCount(entryCount: Shape.entryCount(step.shape) ?? 0, dtype: step.dtype) ?? 0
  }

  /// What the files say of how they were made. No time and no place: the same files make the same bytes.
  private func note() throws -> [String: String] {
    var note = [
      ModelMerge.note: "1", ModelMerge.note + ".tool": "driftproof " + ToolVersion.current,
      ModelMerge.note + ".arithmetic": adapter.settings.lokr == nil
        ? ModelMerge.arithmetic : ModelMerge.kroneckerArithmetic,
      ModelMerge.note + ".adapter.sha256": try adapter.checkpoint.fileDigest().hexadecimal,
    ]
    if !adapter.configBytes.isEmpty {
      note[ModelMerge.note + ".adapter.config.sha256"] = SHA256.hash(adapter.configBytes).hexadecimal
    }
    return note
  }

  private func writeIndex(_ index: String, _ names: [String], _ total: Int) throws {
    var map: [String: String] = [:]
    for (name, file) in zip(names, plan.files) { for step in file.steps { map[step.name] = name } }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let bytes = try encoder.encode(ShardIndex(metadata: ["total_size": total], weightMap: map))
    let target = place + "/" + index
    do {
      try bytes.write(to: URL(fileURLWithPath: target))
    } catch {
      throw MergeError.cannotWrite(path: target, reason: error.localizedDescription)
    }
  }

  private struct ShardIndex: Encodable {
    let metadata: [String: Int]
    let weightMap: [String: String]

    enum CodingKeys: String, CodingKey {
      case metadata
      case weightMap = "weight_map"
    }
  }

  private func result(_ names: [String], _ total: Int, _ companions: FolderCompanions?) -> ModelMerge {
    var (merged, replaced, copied) = (0, 0, 0)
    var grown: [String: Int] = [:]
    for step in plan.steps {
      switch step.action {
      case .add: merged += 1
      case .copy: copied += 1
      case .replace:
        replaced += 1
        if let before = base.tensor(named: step.name)?.shape,
          let rows = Shape.addedRows(base: before, tuned: step.shape)
        {
          grown[step.name] = rows
        }
      }
    }
    return ModelMerge(
      merged: merged, replaced: replaced, copied: copied, weightFiles: names, byteCount: total,
      companions: companions?.files.keys.sorted(by: UTF8Order.precedes) ?? [],
      leftBehind: companions?.leftBehind ?? [], grown: grown, names: plan.names)
  }
}
