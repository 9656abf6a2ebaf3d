// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// Where a tensor lies and what it holds; made only by a parser that has checked it against its file.
package struct TensorInfo: Sendable, Hashable {
  package let name: String
  package let dtype: DataType
  /// Sizes of the dimensions, row-major, the last one contiguous; empty for a scalar.
  package let shape: [Int]
  /// Path of the file that holds it.
  package let file: String
  /// Bytes of its data inside that file.
  package let byteRange: Range<Int>
  /// Number of entries: the product of `shape`.
  package let entryCount: Int
  /// Position of `file` in the checkpoint's list of mapped files.
  let fileIndex: Int

  /// The tensor as a matrix; see `Shape.matrix`.
  package var matrixShape: (rows: Int, columns: Int) { Shape.matrix(shape) }
}

/// Arithmetic on tensor shapes.
package enum Shape {
  /// The product of the sizes (1 for a scalar), nil when negative or when a partial product overflows `Int`.
  ///
  /// Like the reference reader, `[2^40, 2^40, 0]` is an overflow, `[0, 2^40, 2^40]` is empty.
  package static func entryCount(_ shape: [Int]) -> Int? {
    var product = 1
    for size in shape {
      let (next, overflow) = product.multipliedReportingOverflow(by: size)
      guard size >= 0, !overflow else { return nil }
      product = next
    }
    return product
  }

  /// By how much the first dimension of `tuned` is larger, all others being equal; nil when it is not, or when the base has
  /// no entries. The flat row-major entries of the base are then the first of the tuned tensor's.
  package static func addedRows(base: [Int], tuned: [Int]) -> Int? {
    guard let before = base.first, let after = tuned.first, before < after, base.dropFirst() == tuned.dropFirst(),
      entryCount(base) ?? 0 > 0
    else { return nil }
    return after - before
  }

  /// a × b of docs/protocol.md section 2: rank 2 or more is (first) × (product of the rest), so that convolution kernels are
  /// out × (in·kh·kw); a vector is 1 × n, a scalar 1 × 1, an empty tensor of any rank 0 × 0.
  ///
  /// `shape` must come from a checked tensor (its entry count does not overflow).
  package static func matrix(_ shape: [Int]) -> (rows: Int, columns: Int) {
    guard let count = entryCount(shape), count > 0 else { return (0, 0) }
    guard let rows = shape.first, shape.count >= 2 else { return (1, count) }
    return (rows, count / rows)
  }

  /// Bytes of `entryCount` entries, nil on overflow or when they do not fill whole bytes.
  package static func byteCount(entryCount: Int, dtype: DataType) -> Int? {
    let (bits, overflow) = entryCount.multipliedReportingOverflow(by: dtype.bits)
    return overflow || bits % 8 != 0 ? nil : bits / 8
  }
}

/// The order of tensors: by the bytes of their names.
func precedesInUTF8(_ left: String, _ right: String) -> Bool { UTF8Order.precedes(left, right) }
