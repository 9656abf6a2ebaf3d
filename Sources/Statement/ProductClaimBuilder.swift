// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCheckpoint
import DriftProofPolicy

/// Turns the policy's clauses on a tensor to which an adapter adds a product into claims about the product's factors;
/// docs/protocol.md section 12. ``AdapterClaims`` has seen to it that its form satisfies the clauses on forms.
struct ProductClaimBuilder {
  let leaf: BaseIdentity.Leaf
  let clauses: [ClauseForm]
  let change: TensorChange
  let sizes: ProductSizes
  /// Whether a global ball needs ‖B̂‖ and orthonormal rows.
  let hasTotal: Bool
  /// f_A.
  private let rightBits: Int

  /// Nil where the change adds no product.
  init?(leaf: BaseIdentity.Leaf, clauses: [ClauseForm], change: TensorChange, hasTotal: Bool, rules: StatementRules) {
    let (rows, columns) = leaf.matrixShape
    guard let sizes = ProductSizes(change, rows: rows, columns: columns) else { return nil }
    self.leaf = leaf
    self.clauses = clauses
    self.change = change
    self.sizes = sizes
    self.hasTotal = hasTotal
    rightBits = ProductPrecision.rightBits(rank: sizes.rank, columns: sizes.columns, rules: rules)
  }

  /// Rows of the right factor, 1...its columns.
  private var rank: Int { sizes.rank }

  private var normBounds: [Bound] {
    clauses.compactMap { clause in
      if case .norm(let bound) = clause { bound } else { nil }
    }
  }

  /// Bounds on ‖ΔW‖ through ‖B̂‖ need orthonormal rows; a rank needs none.
  private var isOrthonormal: Bool { hasTotal || !normBounds.isEmpty }

  /// f_B: that of a drift of B̂'s shape with the norm clauses' bound, or without one with ‖ΔW‖ ≤ 4‖W‖
  /// (``ScaleRule/assumedDriftSquare``).
  private var leftBits: Int {
    let bits = leaf.statistics.fractionBits
    let bound =
      normBounds.map {
        BoundArithmetic.tensorBound(
          $0, fractionBits: bits, scale: 0, sumOfSquares: leaf.statistics.sumOfSquares)
      }.min()
      ?? BigUInt(max(leaf.statistics.sumOfSquares, ScaleRule.smallestBaseSquare))
      * BigUInt(ScaleRule.assumedDriftSquare)
    let superfluous = PrecisionRule.superfluousBits(bound: bound, rows: sizes.rows, columns: rank)
    return max(Encoding.fractionBitsRange.lowerBound, bits - superfluous)
  }

  /// floor(B²·4^(f_B)·2^(2·f_A)/(2^(2·f_A) + r·2^29)): N of ‖B̂‖², so that ‖2^-(f_B + f_A)·B̂Â‖ ≤ B.
  private func bound(_ bound: Bound) -> BigUInt {
    let shrinkage = OrthonormalShrinkage(rank: rank, fractionBits: rightBits)
    let enlarged =
      switch bound {
      case .absolute(let value):
        BoundArithmetic.square(of: value, times: BigUInt(1 as UInt), shift: 2 * leftBits + shrinkage.log)
      case .relative(let value):
        // Σ q² of the base is in the identity's units.
        BoundArithmetic.square(
          of: value, times: BigUInt(leaf.statistics.sumOfSquares),
          shift: 2 * (leftBits - leaf.statistics.fractionBits) + shrinkage.log)
      }
    // The floor of a floor's quotient is the quotient's.
    return enlarged.divided(by: shrinkage.divisor)
  }

  /// A and B, in this order.
  /// - Parameter taken: all names so far, checkpoint tensors, heads and factors; gains the factors'.
  /// - Throws: `coverageGap` for a name that is taken.
  func claims(
    baseIndex: Int, tunedIndex: Int, rule: Int, taken: inout Set<String>
  ) throws(StatementError) -> [TensorClaim] {
    for factor in [ProductFactor.right, .left] {
      let name = factor.name(of: leaf.name, change)
      guard taken.insert(name).inserted else {
        throw .coverageGap([.headNameTaken(tensor: leaf.name, name: name)])
      }
    }
    let right = TableauTensor(
      name: ProductFactor.right.name(of: leaf.name, change), rows: rank, columns: sizes.columns,
      fractionBits: rightBits,
      isPlain: true, plainBound: isOrthonormal ? BoundArithmetic.tensorDigits(Self.rowsBound(rank, rightBits)) : nil,
      clauses: [], isOrthonormal: isOrthonormal)
    let left = TableauTensor(
      name: ProductFactor.left.name(of: leaf.name, change), rows: sizes.rows, columns: rank, fractionBits: leftBits,
      isPlain: true,
      plainBound: normBounds.map(bound).min().map(BoundArithmetic.tensorDigits), clauses: [])
    let structured = clauses.filter { clause in
      if case .sum = clause { true } else { false }
    }
    return [(right, ProductFactor.right), (left, .left)].map { tensor, factor in
      TensorClaim(
        tensor: tensor, baseIndex: baseIndex, tunedIndex: tunedIndex, rule: rule,
        normBounds: factor == .left ? normBounds : [], forms: structured, factor: factor)
    }
  }

  /// N_A = r·(2^(2f) + 2^29): what r rows have whose squares are within 2^29 of 2^(2f); below 2^60 as the argument asks.
  static func rowsBound(_ rank: Int, _ fractionBits: Int) -> BigUInt {
    BigUInt(UInt(rank)) * (BigUInt(1 as UInt) << (2 * fractionBits) + BigUInt(1 as UInt) << 29)
  }
}
