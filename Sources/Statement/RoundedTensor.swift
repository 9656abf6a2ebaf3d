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
  /// Of a bound by a fraction of each base weight: the fraction that is proved, at most the policy's.
  public let ofWeight: Double?
  /// What such a bound allows every entry at least, however small its weight is; in the weights' own units.
  public let leastOfWeight: Double?

  /// Nil for a claim without rounding bounds. Of several the tightest counts, by the highest class.
  /// - Parameter ranges: by clause, H_d of the chunks in which it is proved.
  init?(_ claim: TensorClaim, linked: LinkedBase?, dtype: DataType, ranges: [Int]) {
    let tensor = claim.tensor
    guard let own = linked?.tensor(named: tensor.name), tensor.base != nil,
      let precision = RoundingRule.precision(dtype)
    else { return nil }
    let clauses = zip(claim.forms, tensor.clauses)
    let smooth = clauses.compactMap { form, clause in
      if case .roundoffs? = form.roundingBound { clause.roundoffs(precision: precision) } else { nil }
    }
    let weights = clauses.compactMap { form, clause in
      if case .ofWeight? = form.roundingBound { clause.weightBound(fractionBits: tensor.fractionBits) } else { nil }
    }.min { $0.fraction < $1.fraction }
    let classes = ranges.enumerated().compactMap { number, range in
      tensor.clauses[number].entries?.halfUlps(differenceRange: range)
    }.filter { !$0.isEmpty }
    guard !classes.isEmpty || !smooth.isEmpty || weights != nil else { return nil }
    (ofWeight, leastOfWeight) = (weights?.fraction, weights?.floor)
    name = tensor.name
    floor = Double(sign: .plus, exponent: -tensor.fractionBits, significand: Double(RoundingClaim.floor))
    shareBelowFloor = Double(own.entriesBelowFloor) / Double(max(1, tensor.rows * tensor.columns))
    halfUlps = classes.min { $0[$0.count - 1] < $1[$1.count - 1] } ?? []
    roundoffs = smooth.min()
  }

  /// All of a statement, in name order.
  package static func list(_ derived: DerivedStatement, identity: BaseIdentity) -> [RoundedTensor] {
    guard let linked = identity.linked, derived.claims.contains(where: { $0.tensor.base != nil }) else { return [] }
    let ranges = differenceRanges(derived.tensors, logLength: linked.logLength)
    return derived.claims.enumerated().compactMap { index, claim in
      RoundedTensor(
        claim, linked: linked, dtype: identity.tensors[claim.baseIndex].dtype, ranges: ranges[index])
    }
  }

  /// By tensor and clause. Small tensors that share chunks have the largest of theirs.
  private static func differenceRanges(_ tensors: [TableauTensor], logLength: Int) -> [[Int]] {
    var result = tensors.map { $0.clauses.map { $0.entries?.rounding?.differenceRange ?? 0 } }
    let layout = TableauLayout(tensors: tensors, logLength: logLength)
    for block in layout.blocks.prefix(layout.entryBlocks) {
      func clause(_ member: Int) -> Int { block.set - (tensors[member].isPlain ? 1 : 0) }
      let largest = block.members.map { result[$0][clause($0)] }.max() ?? 0
      for member in block.members { result[member][clause(member)] = largest }
    }
    return result
  }
}

extension EntryClaim {
  /// h_j = (√(β²·4^j + τ² + 2H_d) + 640)/(2^j·φ), the 640 for the bits that r lacks; empty without classes.
  package var halfUlps: [Double] { halfUlps(differenceRange: rounding?.differenceRange ?? 0) }

  /// - Parameter range: H_d, the claim's or that of another one in the same chunks.
  func halfUlps(differenceRange range: Int) -> [Double] {
    guard let rounding, rounding.hasClasses else { return [] }
    let lost = rounding.fineShift > 0 ? Double(RoundingClaim.lostUnits) : 0
    return (0...rounding.logClasses).map { index in
      let unit = Double(1 << index)
      let bound = Double(rounding.classBound) * unit
      let root = (bound * bound + Double(square) + 2 * Double(range)).squareRoot()
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
