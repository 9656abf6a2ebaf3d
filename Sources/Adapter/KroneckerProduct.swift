// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofDrift
import DriftProofPolicy
import DriftProofStatement

/// A LoKr module on a tensor of the base: factor·(W1 ⊗ W2) is added to it. Of a convolution W2 has the places of the kernel behind
/// its columns, as the tensor's matrix has.
package struct KroneckerProduct: Sendable {
  let shapes: KroneckerShapes
  let parts: KroneckerMatrices
  /// r of the module's settings.
  private let stated: Int

  /// - Throws: `kroneckerParts` for tensors that PEFT would not load, `kernelOrder`, `notSelected` for a convolution under
  ///   "all-linear".
  init(
    _ parts: KroneckerMatrices, _ module: Adapter.Module, of leaf: BaseIdentity.Leaf, settings: AdapterSettings,
    file: String
  ) throws(AdapterError) {
    let expected = settings.lokr.flatMap {
      KroneckerShapes(shape: leaf.shape, rank: module.rank, settings: $0)
    }
    guard let expected, expected.parts == parts.shapes else {
      throw .kroneckerParts(
        file: file, module: module.name, tensor: leaf.name, base: leaf.shape, found: Self.text(parts.shapes),
        expected: expected.map { Self.text($0.parts) })
    }
    // PEFT takes the Kronecker product of matrices with these tensors of three sizes, and so of other entries.
    guard parts[.w2].map({ $0.shape.count != 3 }) ?? true else { throw .kernelOrder(file: file, module: module.name) }
    if leaf.shape.count > 2, case .peft(let config) = settings,
      case .notSelected(let setting) = config.selection.verdict(module.configuredName, .convolution)
    {
      throw .notSelected(file: file, setting: setting, modules: [module.name])
    }
    shapes = expected
    self.parts = parts
    stated = module.rank
  }

  private static func text(_ shapes: [KroneckerPart: [Int]]) -> String {
    KroneckerPart.allCases.compactMap { part in shapes[part].map { "\(part.rawValue) \($0)" } }.joined(separator: ", ")
  }

  /// What W1 and W2 can have at most: rank(A ⊗ B) = rank(A)·rank(B).
  var rank: Int { outerRank * innerRank }

  private var outerRank: Int { Self.rank(shapes.outer, shapes.isOuterFactored ? stated : nil) }
  private var innerRank: Int { Self.rank(shapes.inner, shapes.isInnerFactored ? stated : nil) }

  private static func rank(_ size: (rows: Int, columns: Int), _ stated: Int?) -> Int {
    min(size.rows, size.columns, stated ?? Int.max)
  }

  /// How the product stands in a statement. A Kronecker product is one whatever its factors are, which is proved for nothing; where
  /// a policy speaks of ranks, it is written as a product of two matrices, which says more of one whose factors have low rank.
  func change(under allowance: Allowance?, rows: Int, columns: Int) -> TensorChange {
    let forms = allowance?.forms ?? []
    let rank = min(rank, columns)
    guard forms.contains(where: { $0.rank != nil }), !forms.contains(where: { $0.blocks != nil }),
      rank <= Adapter.maximumRank
    else { return .kronecker(rows: shapes.inner.rows, columns: shapes.inner.columns) }
    return .product(rank: rank)
  }

  // MARK: Values

  /// A product of two matrices, row-major: rows × rank and rank × columns.
  struct Pair {
    var left: [Double]
    var right: [Double]
    var rank: Int
  }

  /// W1, row-major: as stored, or each entry the sum over r in its order.
  func outer(of adapter: Adapter) throws -> [Double] {
    try Self.whole(shapes.outer, try outerPair(of: adapter), parts[.w1], adapter)
  }

  /// W2, row-major; the same.
  func inner(of adapter: Adapter) throws -> [Double] {
    try Self.whole(shapes.inner, try innerPair(of: adapter), parts[.w2], adapter)
  }

  private static func whole(
    _ size: (rows: Int, columns: Int), _ pair: Pair?, _ stored: TensorInfo?, _ adapter: Adapter
  ) throws -> [Double] {
    guard let pair else { return try stored.map { try adapter.checkpoint.doubles(of: $0) } ?? [] }
    var result = [Double](repeating: 0, count: size.rows * size.columns)
    for row in 0..<size.rows {
      for k in 0..<pair.rank {
        let factor = pair.left[row * pair.rank + k]
        for column in 0..<size.columns {
          let product = factor * pair.right[k * size.columns + column]
          result[row * size.columns + column] += product
        }
      }
    }
    return result
  }

  /// Nil where W1 is stored as it is.
  private func outerPair(of adapter: Adapter) throws -> Pair? {
    guard let a = parts[.w1A], let b = parts[.w1B] else { return nil }
    return Pair(left: try adapter.checkpoint.doubles(of: a), right: try adapter.checkpoint.doubles(of: b), rank: stated)
  }

  /// Nil where W2 is stored as it is.
  private func innerPair(of adapter: Adapter) throws -> Pair? {
    guard let a = parts[.w2A], let b = parts[.w2B] else { return nil }
    let (left, right) = (try adapter.checkpoint.doubles(of: a), try adapter.checkpoint.doubles(of: b))
    guard let kernels = parts[.kernels] else { return Pair(left: left, right: right, rank: stated) }
    // W2(p, (s, k)) = Σ_i A(i, p)·Σ_j T(i, j, k)·B(j, s).
    let cores = try adapter.checkpoint.doubles(of: kernels)
    let (rows, inputs) = (shapes.inner.rows, b.shape[1])
    let places = shapes.inner.columns / inputs
    var own = Pair(
      left: ProductFactors.transposed(left, rows: stated, columns: rows),
      right: [Double](repeating: 0, count: stated * shapes.inner.columns), rank: stated)
    for i in 0..<stated {
      for input in 0..<inputs {
        for place in 0..<places {
          var sum = 0.0
          for j in 0..<stated {
            let product = cores[(i * stated + j) * places + place] * right[j * inputs + input]
            sum += product
          }
          own.right[i * shapes.inner.columns + input * places + place] = sum
        }
      }
    }
    return own
  }

  /// W1 ⊗ W2 as a product of matrices of ``rank`` columns and rows: (P ⊗ P')·(Q ⊗ Q') = PQ ⊗ P'Q'.
  func matrices(of adapter: Adapter) throws -> (left: [Double], right: [Double]) {
    let outer = try narrow(
      shapes.outer, rank: outerRank, try outerPair(of: adapter), whole: { try self.outer(of: adapter) })
    let inner = try narrow(
      shapes.inner, rank: innerRank, try innerPair(of: adapter), whole: { try self.inner(of: adapter) })
    return (
      Self.kronecker(
        outer.left, (shapes.outer.rows, outer.rank), inner.left, (shapes.inner.rows, inner.rank)),
      Self.kronecker(
        outer.right, (outer.rank, shapes.outer.columns), inner.right, (inner.rank, shapes.inner.columns))
    )
  }

  /// Of as few columns as rank says: what is stored, or the matrix beside an identity.
  private func narrow(
    _ size: (rows: Int, columns: Int), rank: Int, _ pair: Pair?, whole: () throws -> [Double]
  ) throws -> Pair {
    if let pair, pair.rank == rank { return pair }
    let values = try whole()
    let identity = (0..<rank * rank).map { $0.isMultiple(of: rank + 1) ? 1.0 : 0 }
    return size.columns == rank
      ? Pair(left: values, right: identity, rank: rank) : Pair(left: identity, right: values, rank: rank)
  }

  private static func kronecker(
    _ a: [Double], _ outer: (rows: Int, columns: Int), _ b: [Double], _ inner: (rows: Int, columns: Int)
  ) -> [Double] {
    var result: [Double] = []
    result.reserveCapacity(a.count * b.count)
    for i in 0..<outer.rows {
      for k in 0..<inner.rows {
        for j in 0..<outer.columns {
          let factor = a[i * outer.columns + j]
          for l in 0..<inner.columns { result.append(factor * b[k * inner.columns + l]) }
        }
      }
    }
    return result
  }
}
