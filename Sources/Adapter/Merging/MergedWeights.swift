// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore
import DriftProofKernels

/// The weights of one tensor of a merged model, block after block.
///
/// A merged weight is W + factor·Σ_k L(i, k)·R(k, j), or W + factor·(W1(i, j)·W2(k, l)), every operation in doubles and in this
/// order, rounded once to the tensor's type: the same bits on every machine.
struct MergedWeights {
  /// Entries of a block: 8 MB of doubles.
  static let block = 1 << 20
  /// Blocks that are computed at a time.
  static let batch = 8

  let base: Checkpoint
  let adapter: Adapter

  /// - Parameter write: takes the bytes in order.
  /// - Throws: `MergeError.unrepresentable`, errors of the weights, what `write` throws.
  func make(_ step: MergePlan.Step, write: ([UInt8]) throws -> Void) throws {
    switch step.action {
    case .copy(let tensor): try copy(tensor, of: base, write: write)
    case .replace(let own, let dtype) where own.dtype == dtype:
      try copy(own, of: adapter.checkpoint, write: write)
    case .replace(let own, let dtype):
      try blocks(own.entryCount, write: write) { entries in
        try encode(adapter.checkpoint.doubles(of: own, in: entries), as: dtype, at: entries.lowerBound, step.name)
      }
    case .add(let product, let tensor):
      if let kronecker = product.kronecker {
        return try add(kronecker, product, to: tensor, name: step.name, write: write)
      }
      let (left, right, rank) = try ProductFactors.matrices(product, of: adapter)
      let (columns, factor) = (product.columns, product.module.factor)
      try blocks(tensor.entryCount, write: write) { entries in
        var values = try base.doubles(of: tensor, in: entries)
        var position = entries.lowerBound
        while position < entries.upperBound {
          let (row, column) = position.quotientAndRemainder(dividingBy: columns)
          let count = min(columns - column, entries.upperBound - position)
          var sums = [Double](repeating: 0, count: count)
          ProductKernel.row(
            into: &sums, left: left[row * rank..<(row + 1) * rank], right: right, stride: columns, column: column)
          let start = position - entries.lowerBound
          for i in 0..<count {
            let update = factor * sums[i]
            values[start + i] += update
          }
          position += count
        }
        return try encode(values, as: tensor.dtype, at: entries.lowerBound, step.name)
      }
    }
  }

  private func add(
    _ kronecker: KroneckerProduct, _ product: AdapterModel.Product, to tensor: TensorInfo, name: String,
    write: ([UInt8]) throws -> Void
  ) throws {
    let (outer, inner) = (try kronecker.outer(of: adapter), try kronecker.inner(of: adapter))
    let (columns, factor) = (product.columns, product.module.factor)
    let (across, size) = (kronecker.shapes.outer.columns, kronecker.shapes.inner)
    try blocks(tensor.entryCount, write: write) { entries in
      var values = try base.doubles(of: tensor, in: entries)
      var position = entries.lowerBound
      while position < entries.upperBound {
        let (row, column) = position.quotientAndRemainder(dividingBy: columns)
        let (block, first) = column.quotientAndRemainder(dividingBy: size.columns)
        // To the end of the block.
        let count = min(size.columns - first, entries.upperBound - position)
        let multiple = outer[row / size.rows * across + block]
        let start = (row % size.rows) * size.columns + first
        for i in 0..<count {
          let update = factor * (multiple * inner[start + i])
          values[position - entries.lowerBound + i] += update
        }
        position += count
      }
      return try encode(values, as: tensor.dtype, at: entries.lowerBound, name)
    }
  }

  private func copy(_ tensor: TensorInfo, of checkpoint: Checkpoint, write: ([UInt8]) throws -> Void) throws {
    let count = tensor.byteRange.count
    for start in stride(from: 0, to: count, by: 8 * Self.block) {
      try write(try checkpoint.bytes(of: tensor, range: start..<min(count, start + 8 * Self.block)))
    }
  }

  private func blocks(
    _ count: Int, write: ([UInt8]) throws -> Void, _ make: @Sendable (Range<Int>) throws -> [UInt8]
  ) throws {
    for start in stride(from: 0, to: count, by: Self.batch * Self.block) {
      let end = min(count, start + Self.batch * Self.block)
      let pieces = try Parallel.map((end - start + Self.block - 1) / Self.block) { index in
        let first = start + index * Self.block
        return try make(first..<min(end, first + Self.block))
      }
      for piece in pieces { try write(piece) }
    }
  }

  private func encode(_ values: [Double], as dtype: DataType, at first: Int, _ name: String) throws -> [UInt8] {
    do throws(WeightRounding.Unrepresentable) {
      return try WeightRounding.encode(values, as: dtype)
    } catch {
      throw MergeError.unrepresentable(tensor: name, entry: first + error.index, value: error.value, dtype: dtype)
    }
  }
}
