// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// Parts of checkpoints under other names, and weights as floating-point numbers: what unmerged adapters need.
extension Checkpoint {
  /// Some tensors of this checkpoint under names of the caller's, which must differ; the data stay where they are.
  package func renamed(_ tensors: [(tensor: TensorInfo, name: String)]) -> Checkpoint {
    Checkpoint(
      viewing: tensors.map { pair in
        TensorInfo(
          name: pair.name, dtype: pair.tensor.dtype, shape: pair.tensor.shape, file: pair.tensor.file,
          byteRange: pair.tensor.byteRange, entryCount: pair.tensor.entryCount, fileIndex: pair.tensor.fileIndex)
      }, path: path, files: files)
  }

  /// Other tensors of the same files, and all else as it is.
  func viewing(_ tensors: [TensorInfo], aliases: [TiedAlias]) -> Checkpoint {
    var view = self
    view.tensors = tensors.sorted { precedesInUTF8($0.name, $1.name) }
    view.tiedAliases = aliases
    return view
  }

  private init(viewing tensors: [TensorInfo], path: String, files: [MappedFile]) {
    self.tensors = tensors.sorted { precedesInUTF8($0.name, $1.name) }
    self.path = path
    self.files = files
  }

  /// What the header of the first file says beside its tensors.
  package func metadata() throws(CheckpointError) -> [String: String] {
    guard let file = files.first else { return [:] }
    return try SafetensorsHeader(file).metadata
  }

  /// The same of any of the files, by its path.
  package func metadata(ofFile path: String) throws(CheckpointError) -> [String: String] {
    guard let file = files.first(where: { $0.path == path }) else { return [:] }
    return try SafetensorsHeader(file).metadata
  }

  /// SHA-256 of the first file as a whole.
  package func fileDigest() throws(CheckpointError) -> [UInt8] {
    let stream = try CheckpointError.hashing(SHA256.Stream.init)
    for file in files.prefix(1) {
      for start in stride(from: 0, to: file.count, by: 1 << 24) {
        let piece = try file.bytes(in: start..<min(file.count, start + 1 << 24))
        try CheckpointError.hashing { () throws(HashUnavailable) in try stream.update(piece.span.bytes) }
      }
    }
    return try CheckpointError.hashing(stream.finish)
  }

  /// Every entry of a floating tensor, row-major, exactly.
  ///
  /// Throws `notFloating`, `notFinite` with the first offending entry, or a file error.
  package func doubles(of tensor: TensorInfo) throws(CheckpointError) -> [Double] {
    try doubles(of: tensor, in: 0..<tensor.entryCount)
  }

  /// The same of some entries, which must be the tensor's.
  package func doubles(of tensor: TensorInfo, in entries: Range<Int>) throws(CheckpointError) -> [Double] {
    switch tensor.dtype {
    case .bf16: try doubles(tensor, entries, BFloat16Code.self)
    case .f16: try doubles(tensor, entries, Float16Code.self)
    case .f32: try doubles(tensor, entries, Float32Code.self)
    case .f64: try doubles(tensor, entries, Float64Code.self)
    default: throw .notFloating(file: tensor.file, tensor: tensor.name, dtype: tensor.dtype)
    }
  }

  private func doubles<Code: FloatCode>(
    _ tensor: TensorInfo, _ entries: Range<Int>, _: Code.Type
  ) throws(CheckpointError) -> [Double] {
    precondition(entries.lowerBound >= 0 && entries.upperBound <= tensor.entryCount)
    var words = [Code.Word](repeating: 0, count: entries.count)
    let start = tensor.byteRange.lowerBound + entries.lowerBound * MemoryLayout<Code.Word>.size
    try file(of: tensor).copyWords(at: start, count: entries.count, into: &words)
    let values = words.map(Code.value)
    if let place = values.firstIndex(where: { !$0.isFinite }) {
      throw .notFinite(file: tensor.file, tensor: tensor.name, index: entries.lowerBound + place)
    }
    return values
  }
}
