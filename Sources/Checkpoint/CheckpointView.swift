// SPDX-License-Identifier: Apache-2.0

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

  /// Every entry of a floating tensor, row-major, exactly.
  ///
  /// Throws `notFloating`, `notFinite` with the first offending entry, or a file error.
  package func doubles(of tensor: TensorInfo) throws(CheckpointError) -> [Double] {
    switch tensor.dtype {
    case .bf16: try doubles(tensor, BFloat16Code.self)
    case .f16: try doubles(tensor, Float16Code.self)
    case .f32: try doubles(tensor, Float32Code.self)
    case .f64: try doubles(tensor, Float64Code.self)
    default: throw .notFloating(file: tensor.file, tensor: tensor.name, dtype: tensor.dtype)
    }
  }

  private func doubles<Code: FloatCode>(_ tensor: TensorInfo, _: Code.Type) throws(CheckpointError) -> [Double] {
    var words = [Code.Word](repeating: 0, count: tensor.entryCount)
    try file(of: tensor).copyWords(at: tensor.byteRange.lowerBound, count: tensor.entryCount, into: &words)
    let values = words.map(Code.value)
    if let place = values.firstIndex(where: { !$0.isFinite }) {
      throw .notFinite(file: tensor.file, tensor: tensor.name, index: place)
    }
    return values
  }
}
