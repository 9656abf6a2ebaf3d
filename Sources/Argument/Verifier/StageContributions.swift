// SPDX-License-Identifier: Apache-2.0

import DriftProofField
import DriftProofTranscript

// What the verifier adds up for the terms of finished oracles, from their evaluations and its own public weights.

extension BoundsStageWeights {
  /// The terms that one oracle of the bounds stage (Stage A) enters.
  func contribution(
    of oracle: Oracle, _ point: [CubicExtension], _ evaluations: Evaluations, form: RoundingForm?,
    patterns: PatternForm?
  ) throws(ProofRejection) -> CubicExtension {
    let value = try evaluations.value(oracle)
    let x = Array(point[1...])
    let sum: CubicExtension
    switch oracle {
    case .digits:
      let weight = digits(x)
      sum = weight.range * Digits.vanishing(value) + weight.linear * value
    case .residuals:
      let weight = drift(x)
      sum = (weight.square * value + weight.linear) * value
    case .factors:
      let weight = factors(x)
      sum = (weight.square * value + weight.linear) * value
    case .roots where !layout.entries.hasRounding:
      let weight = roots(x)
      sum = (weight.square * value + weight.linear) * value
    case .roots, .residues, .classRoots, .classes, .cofactors, .plainDrift, .base:
      guard let form, let own = layout.entries.oracles.first(where: { $0.oracle == oracle }) else {
        throw .sumcheckFinal(stage: Stage.bounds.rawValue)
      }
      sum = try form.contribution(of: own) { other throws(ProofRejection) in try evaluations.value(other.oracle) }
    case .patternCells, .patternDrift, .patternBase:
      guard let patterns, let own = layout.patterns.oracles.first(where: { $0.oracle == oracle }) else {
        throw .sumcheckFinal(stage: Stage.bounds.rawValue)
      }
      sum = try patterns.contribution(of: own) { other throws(ProofRejection) in
        try evaluations.value(other.oracle)
      }
    case .orthonormalMasks:
      guard let orthonormal = challenges.orthonormal else { throw .sumcheckFinal(stage: Stage.bounds.rawValue) }
      sum = orthonormal.masks(at: x) * value
    case .leftFactor, .rightFactor, .slotValues, .slotBit, .diagonals, .dummy, .leftRows, .rightRows, .blind:
      // Of other stages: the bounds stage's shape has none of them.
      throw .sumcheckFinal(stage: Stage.bounds.rawValue)
    }
    return sum * (.one - point[0])
  }

  func contribution(
    _ finished: [Oracle], _ point: [CubicExtension], _ evaluations: Evaluations
  ) throws(ProofRejection) -> CubicExtension {
    var sum = CubicExtension.zero
    // All of R-space's oracles are finished in one round.
    let form = layout.entries.hasRounding && finished.contains(.roots) ? rounding(Array(point[1...])) : nil
    let patterns = finished.contains(.patternCells) ? patterns(Array(point[1...])) : nil
    for oracle in finished {
      sum += try contribution(of: oracle, point, evaluations, form: form, patterns: patterns)
    }
    return sum
  }
}

extension StructureStageWeights {
  /// The final value of the structure stage (Stage B) at κ, its own top first: all of its oracles are finished last.
  func contribution(
    _ finished: [Oracle], _ kappa: [CubicExtension], _ evaluations: Evaluations
  ) throws(ProofRejection) -> CubicExtension {
    let at = Array(kappa[1...])
    var sum = CubicExtension.zero
    if !layout.factors.lowRank.isEmpty {
      sum += (try evaluations.value(.leftFactor)) * (try evaluations.value(.rightFactor))
    }
    if !layout.factors.sparse.isEmpty {
      var product = try evaluations.value(.slotValues)
      for bit in 0..<layout.factors.bitCount { product *= try evaluations.value(.slotBit(bit)) }
      sum += product
    }
    if !layout.factors.circulants.isEmpty { sum += (try evaluations.value(.diagonals)) * diagonalWeight(at: at) }
    let low = Limits.logMaskEntries
    var dummy = try evaluations.value(.dummy)
    dummy *= Multilinear.innerProduct(dummyWeights(), Multilinear.equality(at.prefix(low)))
    for r in at[low...] { dummy *= .one - r }
    return (.one - kappa[0]) * (sum + dummy)
  }
}

extension MergingStageWeights {
  /// The final value of the merging stage (Stage C) at its point.
  func contribution(
    _ finished: [Oracle], _ point: [CubicExtension], _ evaluations: Evaluations
  ) throws(ProofRejection) -> CubicExtension {
    (.one - point[0]) * weight(at: Array(point[1...])) * (try evaluations.value(.factors))
  }
}

extension OrthonormalClaims {
  /// The final value of the orthonormality stage (Stage O) at its point.
  static func contribution(
    _ finished: [Oracle], _ point: [CubicExtension], _ evaluations: Evaluations
  ) throws(ProofRejection) -> CubicExtension {
    var blind = CubicExtension.zero
    for (i, unit) in CubicExtension.basis.enumerated() { blind += unit * Multilinear.equality(point[1...], at: i) }
    let product = (try evaluations.value(.leftRows)) * (try evaluations.value(.rightRows))
    return (.one - point[0]) * (product + blind * (try evaluations.value(.blind)))
  }
}
