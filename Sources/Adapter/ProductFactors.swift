// SPDX-License-Identifier: Apache-2.0

import DriftProofDrift
import DriftProofPolicy
import DriftProofStatement
import DriftProofCheckpoint
import DriftProofCore
import Synchronization

/// The canonical integer factors of an adapter's products: ΔW ≈ 2^-(f_B + f_A)·B̂·Â, where Â has nearly orthonormal rows, or
/// 2^-(f_B + f_A)·Â ⊗ B̂, where Â has nearly the norm 1: a product of a column and a row in block order (``ProductSizes``).
///
/// They depend on ΔW's factors as they are on disk, on nothing random and on no machine: prover and holders of the adapter
/// find the same ones. Which pair (B, A) of the many with one product somebody trained leaves no trace in ‖B̂‖ or Â.
package struct ProductFactors: Sendable, Equatable {
  let left: FactorMatrix
  let right: FactorMatrix

  /// - Parameters:
  ///   - leftBits: f_B in -20...24.
  ///   - rightBits: f_A in 0...24.
  /// - Throws: `CheckpointError` for bad weights, `AdapterError.overflow` or `.tooLarge`.
  init(_ product: AdapterModel.Product, of adapter: Adapter, leftBits: Int, rightBits: Int) throws {
    let (coefficients, basis) = try Self.real(product, of: adapter)
    let (rank, columns) = (basis.rank, basis.columns)
    let rows = coefficients.count / max(1, rank)
    self.right = FactorMatrix(
      rows: rank, columns: columns,
      values: BalancedRounding.round(basis.rows, rank: rank, columns: columns, fractionBits: rightBits))
    let unit = Double(sign: .plus, exponent: leftBits, significand: 1)
    var values = [Int64](repeating: 0, count: rows * rank)
    for (index, coefficient) in coefficients.enumerated() {
      let scaled = coefficient * unit
      guard scaled.isFinite else { throw AdapterError.overflow(tensor: product.tensor) }
      guard abs(scaled) <= Double(Encoding.maxMagnitude) else {
        throw AdapterError.tooLarge(tensor: product.tensor, fractionBits: leftBits)
      }
      values[index] = Int64(scaled.rounded(.toNearestOrEven))
    }
    self.left = FactorMatrix(rows: rows, columns: rank, values: values)
  }

  /// ‖ΔW‖_F: that of the coefficients, as the basis is orthonormal.
  package static func norm(_ product: AdapterModel.Product, of adapter: Adapter) throws -> Double {
    try real(product, of: adapter).coefficients.reduce(0) { $0 + $1 * $1 }.squareRoot()
  }

  /// ΔW = coefficients·Q, in block order for a Kronecker product: rows × rank, row-major, and rank × columns.
  private static func real(
    _ product: AdapterModel.Product, of adapter: Adapter
  ) throws -> (coefficients: [Double], basis: OrthonormalRows) {
    let (left, right, r) = try matrices(product, of: adapter)
    let (rows, columns) = (left.count / max(1, r), right.count / max(1, r))
    let basis = OrthonormalRows(right, sourceRows: r, columns: columns)
    let rank = basis.rank
    var coefficients = [Double](repeating: 0, count: rows * rank)
    for i in 0..<rows {
      for k in 0..<rank {
        var sum = 0.0
        for j in 0..<r { sum += left[i * r + j] * basis.coefficients[j * rank + k] }
        coefficients[i * rank + k] = sum * product.module.factor
      }
    }
    return (coefficients, basis)
  }

  /// The adapter's own matrices: ΔW = factor·L·R with L of rows × r and R of r × columns, row-major, r the module's rank. For a
  /// Kronecker product that stands as one they are a column with the entries of W2 and a row with those of W1.
  static func matrices(
    _ product: AdapterModel.Product, of adapter: Adapter
  ) throws -> (left: [Double], right: [Double], rank: Int) {
    if let kronecker = product.kronecker {
      let (left, right, rank): ([Double], [Double], Int)
      if case .kronecker = product.change {
        (left, right, rank) = (try kronecker.inner(of: adapter), try kronecker.outer(of: adapter), 1)
      } else {
        (left, right) = try kronecker.matrices(of: adapter)
        rank = kronecker.rank
      }
      guard left.allSatisfy(\.isFinite), right.allSatisfy(\.isFinite) else {
        throw AdapterError.overflow(tensor: product.tensor)
      }
      return (left, right, rank)
    }
    guard case .product(let aTensor, let bTensor) = product.module.matrices else { return ([], [], 1) }
    let (a, b) = (try adapter.checkpoint.doubles(of: aTensor), try adapter.checkpoint.doubles(of: bTensor))
    let r = product.module.rank
    guard product.isTransposed else { return (b, a, r) }
    // As stored, B is rows × r and A is r × columns.
    return (transposed(a, rows: r, columns: product.rows), transposed(b, rows: product.columns, columns: r), r)
  }

  static func transposed(_ values: [Double], rows: Int, columns: Int) -> [Double] {
    var result = values
    for i in 0..<rows {
      for j in 0..<columns { result[j * rows + i] = values[i * columns + j] }
    }
    return result
  }
}

extension AdapterModel {
  /// The factors of every product that the statement speaks of, by the names of the tableau's tensors.
  /// - Parameter progress: told the fraction that is done, from several threads.
  /// - Throws: errors of the first tensor in name order.
  package func factors(
    _ derived: DerivedStatement, progress: (@Sendable (Double) -> Void)? = nil
  ) throws -> [String: FactorMatrix] {
    var bits: [String: Int] = [:]
    for claim in derived.claims where claim.factor != nil { bits[claim.tensor.name] = claim.tensor.fractionBits }
    let wanted = products.compactMap { product -> (product: Product, left: Int, right: Int)? in
      guard let left = bits[ProductFactor.left.name(of: product.tensor, product.change)],
        let right = bits[ProductFactor.right.name(of: product.tensor, product.change)]
      else { return nil }
      return (product, left, right)
    }
    let finished = Mutex(0)
    let factors = try Parallel.map(wanted.count) { index in
      defer {
        let done = finished.withLock {
          $0 += 1
          return $0
        }
        progress?(Double(done) / Double(wanted.count))
      }
      let (product, left, right) = wanted[index]
      return try ProductFactors(product, of: adapter, leftBits: left, rightBits: right)
    }
    var matrices: [String: FactorMatrix] = [:]
    for ((product, _, _), factors) in zip(wanted, factors) {
      matrices[ProductFactor.left.name(of: product.tensor, product.change)] = factors.left
      matrices[ProductFactor.right.name(of: product.tensor, product.change)] = factors.right
    }
    return matrices
  }
}
