/// What the base identity states about one tensor.
package struct TensorStatistics: Sendable, Hashable {
  /// f of docs/protocol.md section 2; 0 for tensors that are compared byte for byte.
  package let fractionBits: Int
  /// Σ q², exact; 0 for tensors without encoding.
  package let sumOfSquares: UInt128
  /// max|q|, at most 2^21; 0 for tensors without encoding.
  package let maxAbs: Int64
  /// SHA-256 of the raw bytes, 32 bytes.
  package let sha256: [UInt8]
}

extension Checkpoint {
  /// Two passes over the tensor's bytes: SHA-256 with max|W|, which fixes f, then Σ q².
  ///
  /// Throws `notFinite` with the first entry, `fractionBitsOutOfRange`, or a file error.
  package func statistics(of tensor: TensorInfo) throws(CheckpointError) -> TensorStatistics {
    switch tensor.dtype {
    case .bf16: try statistics(of: tensor, BFloat16Code.self)
    case .f16: try statistics(of: tensor, Float16Code.self)
    case .f32: try statistics(of: tensor, Float32Code.self)
    case .f64: try statistics(of: tensor, Float64Code.self)
    default: TensorStatistics(fractionBits: 0, sumOfSquares: 0, maxAbs: 0, sha256: try digest(of: tensor))
    }
  }

  private func statistics<Code: FloatCode>(
    of tensor: TensorInfo, _: Code.Type
  ) throws(CheckpointError) -> TensorStatistics {
    typealias Kernels = EncodingKernels<Code>
    let file = try file(of: tensor)
    let stream = try Digest.Stream()
    let width = tensor.dtype.bits / 8
    var words = [Code.Word](repeating: 0, count: min(tensor.entryCount, Kernels.blockCount))
    var largest: Code.Word = 0
    for start in stride(from: 0, to: tensor.entryCount, by: Kernels.blockCount) {
      let count = min(Kernels.blockCount, tensor.entryCount - start)
      let offset = tensor.offset(of: start)
      try file.withBytes(in: offset..<offset + count * width) { (bytes) throws(CheckpointError) in
        try stream.update(bytes)
      }
      try file.copyWords(at: offset, count: count, into: &words)
      let block = words.span.extracting(first: count)
      largest = max(largest, Kernels.maxMagnitude(block))
      guard largest < Code.infinity else {
        let place = block.indices.first { block[$0] & Code.magnitudeMask >= Code.infinity } ?? 0
        throw .notFinite(file: tensor.file, tensor: tensor.name, index: start + place)
      }
    }

    let maxWeight = Code.value(largest)
    let fractionBits = Encoding.fractionBits(maxAbs: maxWeight)
    guard Encoding.fractionBitsRange.contains(fractionBits) else {
      throw .fractionBitsOutOfRange(file: tensor.file, tensor: tensor.name, fractionBits: fractionBits)
    }
    let scale = Encoding.scale(fractionBits)
    var sum: UInt128 = 0
    for start in stride(from: 0, to: tensor.entryCount, by: Kernels.blockCount) {
      let count = min(Kernels.blockCount, tensor.entryCount - start)
      try file.copyWords(at: tensor.offset(of: start), count: count, into: &words)
      sum += UInt128(Kernels.sumOfSquares(words.span.extracting(first: count), scale: scale))
    }
    // Rounding is monotone, so the largest weight has the largest q; at most 2^21, hence representable.
    let maxAbs = Int64((maxWeight * scale).rounded(.toNearestOrEven))
    return TensorStatistics(
      fractionBits: fractionBits, sumOfSquares: sum, maxAbs: maxAbs, sha256: try stream.finish())
  }
}
