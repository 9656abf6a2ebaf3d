// SPDX-License-Identifier: Apache-2.0

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
  /// The first entry of a floating tensor that no integer stands for: NaN, infinite or beyond ``Encoding/largestWeight``.
  ///
  /// Such a tensor has 0 for the three numbers and is compared byte for byte: no clause can be about it. Nil for all
  /// others.
  package let unencodableEntry: Int?

  /// - Parameter unencodableEntry: then the three numbers are 0.
  package init(
    fractionBits: Int, sumOfSquares: UInt128, maxAbs: Int64, sha256: [UInt8], unencodableEntry: Int? = nil
  ) {
    self.fractionBits = fractionBits
    self.sumOfSquares = sumOfSquares
    self.maxAbs = maxAbs
    self.sha256 = sha256
    self.unencodableEntry = unencodableEntry
  }
}

extension Checkpoint {
  /// One pass over the tensor's bytes: SHA-256, max|W|, which fixes f, and Σ q².
  ///
  /// A weight that has no encoding is a finding (`unencodableEntry`). Throws file errors.
  package func statistics(of tensor: TensorInfo) throws(CheckpointError) -> TensorStatistics {
    let finding = try TensorScan(base: (self, tensor), tuned: nil, wants: .init(statistics: true)).run()
    guard let statistics = finding.statistics else { throw .digestUnavailable }
    return statistics
  }
}
