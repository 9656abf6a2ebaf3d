// SPDX-License-Identifier: Apache-2.0

import DriftProofDrift
import DriftProofPolicy
import DriftProofStatement
import DriftProofCheckpoint
import DriftProofCore
import Synchronization

/// The canonical integer factors of an adapter's products: ΔW ≈ 2^-(f_B + f_A)·B̂·Â, where Â has nearly orthonormal rows.
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
    let (rows, columns) = (product.rows, product.columns)
    let (coefficients, basis) = try Self.real(product, of: adapter)
    let rank = basis.rank
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

  /// ΔW = coefficients·Q: rows × rank, row-major, and rank × columns.
  private static func real(
    _ product: AdapterModel.Product, of adapter: Adapter
  ) throws -> (coefficients: [Double], basis: OrthonormalRows) {
    let (rows, columns, r) = (product.rows, product.columns, product.module.rank)
    let (left, right) = try matrices(product, of: adapter)
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

  /// The adapter's own matrices: ΔW = factor·L·R with L of rows × r and R of r × columns, row-major, r the module's rank.
  static func matrices(
    _ product: AdapterModel.Product, of adapter: Adapter
  ) throws -> (left: [Double], right: [Double]) {
    let a = try adapter.checkpoint.doubles(of: product.module.a)
    let b = try adapter.checkpoint.doubles(of: product.module.b)
    guard product.isTransposed else { return (b, a) }
    // As stored, B is rows × r and A is r × columns.
    let r = product.module.rank
    return (transposed(a, rows: r, columns: product.rows), transposed(b, rows: product.columns, columns: r))
  }

  fileprivate static func transposed(_ values: [Double], rows: Int, columns: Int) -> [Double] {
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
      guard let left = bits[ProductFactor.left.name(of: product.tensor)],
        let right = bits[ProductFactor.right.name(of: product.tensor)]
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
      matrices[ProductFactor.left.name(of: product.tensor)] = factors.left
      matrices[ProductFactor.right.name(of: product.tensor)] = factors.right
    }
    return matrices
  }
}

extension AdapterModel {
  /// The adapter's own matrices, as hints for the low-rank parts of a model into which it was merged.
  /// - Parameter names: of the tensors that hints are wanted for.
  /// - Throws: `CheckpointError` for bad weights, `AdapterError.overflow`.
  fileprivate func hints(for names: Set<String>) throws -> [String: FactorHint] {
    let wanted = products.filter { names.contains($0.tensor) }
    let hints = try Parallel.map(wanted.count) { index in
      let (product, inner) = (wanted[index], wanted[index].module.rank)
      var (left, right) = try ProductFactors.matrices(product, of: adapter)
      for position in left.indices { left[position] *= product.module.factor }
      right = ProductFactors.transposed(right, rows: inner, columns: product.columns)
      guard left.allSatisfy(\.isFinite), right.allSatisfy(\.isFinite) else {
        throw AdapterError.overflow(tensor: product.tensor)
      }
      return FactorHint(left: left, right: right, rank: inner)
    }
    return Dictionary(uniqueKeysWithValues: zip(wanted.map(\.tensor), hints))
  }
}

extension Adapter {
  /// Its matrices for tensors of the base, by their names: of one that was merged into a model.
  /// - Throws: errors of an adapter that does not fit the base.
  package func hints(for names: Set<String>, identity: BaseIdentity) throws -> [String: FactorHint] {
    // Whatever a policy says of the adapter's tensors, it is about the merged model.
    let any = try Policy.parse(
      Array(
        #"{"driftPolicy": 1, "name": "hint", "securityBits": 128, "rules": [{"tensors": "*", "allow": "any"}]}"#.utf8))
    return try AdapterModel(self, identity: identity, policy: any, comparesBytes: false).hints(for: names)
  }
}
