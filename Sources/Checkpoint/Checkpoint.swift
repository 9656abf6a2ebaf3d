// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// A read-only set of named tensors: one safetensors file, or several tied together by an index.
package struct Checkpoint: Sendable {
  /// Sorted by the UTF-8 bytes of their names, names distinct.
  package internal(set) var tensors: [TensorInfo]
  /// What `open` was given.
  package let path: String
  let files: [MappedFile]
  /// Names of files in the folder that could be loaded as weights and were knowingly left out.
  package var filesLeftOut: [String] = []
  /// Names of the files that are read, the index first; of a single file its path.
  package private(set) var filesRead: [String] = []
  /// What `config.json` beside the weights says.
  package internal(set) var configuration = ModelConfiguration()
  /// Output heads that are the embedding under another name; see `TiedHeads`.
  package internal(set) var tiedAliases: [TiedAlias] = []

  package static let singleFileName = "model.safetensors"
  package static let indexFileName = "model.safetensors.index.json"

  /// Opens a `.safetensors` file, or a folder in Hugging Face layout with `model.safetensors`, or with
  /// `model.safetensors.index.json` and its shards, or with the file that `config.json` names. Reads headers only; the data
  /// stay mapped.
  /// - Parameter leavingOut: patterns of files in the folder that are knowingly no part of the model.
  /// - Throws: `moreWeights` for a folder with other weights that are not left out, `shardAlone`, or what is wrong with them.
  package static func open(_ path: String, leavingOut: [FilePattern] = []) throws(CheckpointError) -> Checkpoint {
    guard MappedFile.kind(of: path) == .folder else {
      try checkWhole(path)
      var checkpoint = try Checkpoint(file: path)
      checkpoint.filesRead = [path]
      return checkpoint
    }
    let folder = try ModelFolder(path, leavingOut: leavingOut)
    var checkpoint: Checkpoint
    switch try folder.layout() {
    case .single(let name):
      try checkWhole(folder.prefix + name)
      _ = try folder.filesLeftOut(reading: [name])
      checkpoint = try Checkpoint(path: path, files: [try MappedFile(path: folder.prefix + name)])
      checkpoint.filesRead = [name]
    case .indexed(let name):
      checkpoint = try Checkpoint(folder: path, prefix: folder.prefix, index: folder.prefix + name)
      checkpoint.filesRead = [name] + checkpoint.files.map { String($0.path.dropFirst(folder.prefix.count)) }
    }
    checkpoint.filesLeftOut = try folder.filesLeftOut(reading: checkpoint.filesRead)
    checkpoint.configuration = folder.configuration
    return checkpoint
  }

  /// One part of a model is not the model.
  private static func checkWhole(_ path: String) throws(CheckpointError) {
    guard let (index, count) = WeightFiles.shard(path) else { return }
    throw .shardAlone(file: path, index: index, count: count)
  }

  /// The tensor of this name, compared by UTF-8 bytes; logarithmic time.
  package func tensor(named name: String) -> TensorInfo? {
    NameOrder.find(name, in: tensors, name: \.name)
  }

  /// Size and time of last change of every file, in the order of their names.
  package var fileStamps: [(count: Int, stamp: MappedFile.Stamp)] { files.map { ($0.count, $0.stamp) } }

  /// ``filesLeftOut`` with the folder that they lie in.
  package var pathsLeftOut: [String] {
    let isFolder = MappedFile.kind(of: path) == .folder
    let folder = isFolder ? path : String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    return filesLeftOut.map { folder.isEmpty ? $0 : (folder.hasSuffix("/") ? folder : folder + "/") + $0 }
  }

  /// The file that holds `tensor`; throws `outOfBounds` for a tensor of another checkpoint that does not fit here.
  func file(of tensor: TensorInfo) throws(CheckpointError) -> MappedFile {
    guard files.indices.contains(tensor.fileIndex), files[tensor.fileIndex].path == tensor.file else {
      throw .outOfBounds(file: tensor.file, range: tensor.byteRange, count: 0)
    }
    return files[tensor.fileIndex]
  }

  private init(file: String) throws(CheckpointError) {
    try self.init(path: file, files: [try MappedFile(path: file)])
  }

  /// Joins the tensors of `files`; a name in two files is an error.
  private init(path: String, files: [MappedFile]) throws(CheckpointError) {
    var tensors: [TensorInfo] = []
    for (fileIndex, file) in files.enumerated() {
      for entry in try SafetensorsHeader(file).entries {
        tensors.append(
          TensorInfo(
            name: entry.name, dtype: entry.dtype, shape: entry.shape, file: file.path, byteRange: entry.byteRange,
            entryCount: entry.entryCount, fileIndex: fileIndex))
      }
    }
    tensors.sort { precedesInUTF8($0.name, $1.name) }
    // Canonically equivalent spellings of one name count as duplicates too.
    if let index = DistinctNames.firstRepetition(in: tensors.map(\.name)) {
      let tensor = tensors[index]
      let other = tensors.first { $0.name == tensor.name }?.file ?? tensor.file
      throw .duplicateTensor(file: tensor.file, tensor: tensor.name, other: other)
    }
    self.path = path
    self.files = files
    self.tensors = tensors
    if let memory = MappedFile.machineMemory, Self.isTooLargeToKeep(files.reduce(0) { $0 + $1.count }, memory: memory) {
      for file in files { file.passThrough() }
    }
  }

  /// Whether two of this many bytes leave too little of the system's memory for what is done with them: none would still be
  /// there when they are read again.
  static func isTooLargeToKeep(_ bytes: Int, memory: Int) -> Bool { bytes > memory / 4 }

  /// Opens the shards that `index` names and compares both directions.
  private init(folder: String, prefix: String, index: String) throws(CheckpointError) {
    let bytes: [UInt8]
    let indexFile = try MappedFile(path: index)
    bytes = try indexFile.bytes(in: 0..<indexFile.count)
    let map: [(tensor: String, shard: String)]
    do {
      map = try Self.weightMap(bytes)
    } catch {
      throw .json(file: index, error)
    }

    for (tensor, shard) in map where !Self.isPlainFileName(shard) {
      throw .shardName(file: index, tensor: tensor, shard: shard)
    }
    let shards = Set(map.map(\.shard)).sorted(by: precedesInUTF8)
    // All shards are looked for before any header is read: a missing download should not cost minutes.
    var files: [MappedFile] = []
    for shard in shards {
      do {
        files.append(try MappedFile(path: prefix + shard))
      } catch .cannotOpen(_, let reason) {
        throw .missingShard(file: index, shard: shard, reason: reason)
      }
    }
    try self.init(path: folder, files: files)

    for (name, shard) in map {
      guard let tensor = tensor(named: name) else {
        throw .missingFromShard(file: index, tensor: name, shard: shard)
      }
      guard tensor.file == prefix + shard else {
        throw .wrongShard(file: index, tensor: name, indexed: shard, found: shards[tensor.fileIndex])
      }
    }
    let indexed = Set(map.map(\.tensor))
    for tensor in tensors where !indexed.contains(tensor.name) {
      throw .missingFromIndex(file: index, tensor: tensor.name, shard: shards[tensor.fileIndex])
    }
  }

  /// `{"metadata": {...}, "weight_map": {tensor: file}}`; the metadata is optional and not interpreted.
  private static func weightMap(_ bytes: [UInt8]) throws(JSONError) -> [(tensor: String, shard: String)] {
    let root = try JSONNode(parsing: bytes)
    try root.requireKeys(["weight_map"], optional: ["metadata"])
    _ = try root.optionalMember("metadata")?.members()
    var map: [(tensor: String, shard: String)] = []
    for (name, node) in try root.member("weight_map").members() { map.append((name, try node.string())) }
    return map
  }

  static func isPlainFileName(_ name: String) -> Bool {
    let forbidden: Set<UInt8> = [0, UInt8(ascii: "/"), UInt8(ascii: "\\")]
    return !name.isEmpty && name != "." && name != ".." && !name.utf8.contains { forbidden.contains($0) }
  }
}
