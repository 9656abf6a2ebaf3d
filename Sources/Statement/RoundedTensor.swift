// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCheckpoint

/// What a certificate proves of a tensor whose rounding a clause bounds, in numbers: the policy's and what the argument
/// cannot see.
public struct RoundedTensor: Hashable, Sendable {
  /// As in the base.
  public let name: String
  /// φ in the weights' own units: below it weights count as if they were it.
  public let floor: Double
  /// Part of the base's entries below φ, 0...1.
  public let shareBelowFloor: Double
  /// h_j: how many half-ulps an entry of class j, of a size of 2^j·φ and more, is proved to have at most. The last one is
  /// for all larger ones, too. Empty for roundoffs.
  public let halfUlps: [Double]
  /// Of a bound in roundoffs: the number that is proved for each of the quantities, beyond the floor.
  public let roundoffs: Double?

  /// Nil for a claim without rounding bounds. Of several the tightest counts, by the highest class.
  init?(_ claim: TensorClaim, linked: LinkedBase?, dtype: DataType) {
    let tensor = claim.tensor
    guard let own = linked?.tensor(named: tensor.name), tensor.base != nil,
      let precision = RoundingRule.precision(dtype)
    else { return nil }
    let classes = tensor.clauses.compactMap { $0.entries?.halfUlps }.filter { !$0.isEmpty }
    let smooth = tensor.clauses.compactMap { $0.roundoffs(precision: precision) }
    guard !classes.isEmpty || !smooth.isEmpty else { return nil }
    name = tensor.name
    floor = Double(sign: .plus, exponent: -tensor.fractionBits, significand: Double(RoundingClaim.floor))
    shareBelowFloor = Double(own.entriesBelowFloor) / Double(max(1, tensor.rows * tensor.columns))
    halfUlps = classes.min { $0[$0.count - 1] < $1[$1.count - 1] } ?? []
    roundoffs = smooth.min()
  }

  /// All of a statement, in name order.
  package static func list(_ derived: DerivedStatement, identity: BaseIdentity) -> [RoundedTensor] {
    derived.claims.compactMap { claim in
      RoundedTensor(claim, linked: identity.linked, dtype: identity.tensors[claim.baseIndex].dtype)
    }
  }
}

extension EntryClaim {
  /// h_j = (√(β²·4^j + τ² + 2H_d) + 640)/(2^j·φ), the 640 for the bits that r lacks; empty without classes.
  package var halfUlps: [Double] {
    guard let rounding, rounding.hasClasses else { return [] }
    let lost = rounding.fineShift > 0 ? Double(RoundingClaim.lostUnits) : 0
    return (0...rounding.logClasses).map { index in
      let unit = Double(1 << index)
      let bound = Double(rounding.classBound) * unit
      let root = (bound * bound + Double(square) + 2 * Double(rounding.differenceRange)).squareRoot()
      return (root + lost) / (unit * Double(RoundingClaim.floor))
    }
  }
}

extension StructuredClause {
  /// √(c/4)·2^(p - s) for one quantity, and the √k-th part of it for k.
  fileprivate func roundoffs(precision: Int) -> Double? {
    guard let rounding = entries?.rounding, rounding.speaksOfWeights, !rounding.hasClasses else { return nil }
    let coefficients = [rounding.tuned, rounding.base, rounding.drift].filter { $0 > 0 }
    guard let coefficient = coefficients.first else { return nil }
    let unit = Double(1 << max(0, precision - (scale - rounding.fineShift)))
    return (Double(coefficient) / Double(rounding.residualWeight * coefficients.count)).squareRoot() * unit
  }
}
