// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofDrift
import DriftProofStatement
import DriftProofArgument
import DriftProofCheckpoint
import DriftProofPolicy
import DriftProofField
import DriftProofKernels
import DriftProofLinearAlgebra

/// Whether `prove` would accept a reference run under a policy: the same statement and the same exact comparisons, but
/// no cryptography, and findings that say what to widen.
struct PolicyTrial {
  let derived: DerivedStatement
  let base: Checkpoint
  let tuned: Checkpoint
  /// Of an adapter that was merged into the run; empty without one.
  var hints: [String: [FactorHint]] = [:]

  /// What a tensor lacks.
  enum Need: Sendable, Equatable {
    /// Its norm, or its part of the total, is above the bound by this factor.
    case norm(Double)
    /// Its residual is above the bound by this factor, or cannot be reached by integer factors.
    case residual(Double)
    /// Too much of its drift lies in one chunk for the units of the proof; a wider norm bound makes them coarser.
    case coarserUnits
    /// Single entries are above their bound by this factor.
    case entries(Double)
    /// What the low-rank part leaves is more than the rounding allows, or needs the factors that were merged.
    case rounding
    /// In the units of the proof it does not keep a pattern.
    case pattern
    /// More entries, rows or columns than allowed, or an exact rank that it does not have.
    case form
  }

  struct Finding: Sendable, Equatable {
    /// Nil for the total.
    let tensor: String?
    let need: Need
  }

  func findings() throws(CalibrationError) -> [Finding] {
    do {
      return try bounds() + clauses() + roundings() + concentration()
    } catch {
      throw .statement(DriftProofError(translating: error))
    }
  }

  private func source(_ tensor: TableauTensor) throws -> DriftSource {
    try DriftSource(
      base: base, tuned: tuned, name: tensor.name, fractionBits: tensor.fractionBits, block: tensor.block)
  }

  /// Norm clauses and the total.
  private func bounds() throws -> [Finding] {
    var findings: [Finding] = []
    var total = BoundSum()
    let finest = derived.tensors.map(\.fractionBits).max() ?? 0
    for tensor in derived.tensors {
      let square = try source(tensor).measure().sumOfSquares
      total.add(square, shift: 2 * (finest - tensor.fractionBits))
      let sum = BoundSum(square)
      if tensor.plainBound != nil, sum.exceeds(tensor.plainBound) {
        findings.append(Finding(tensor: tensor.name, need: .norm(Self.ratio(sum, tensor.plainBound))))
      }
    }
    if let bound = derived.totalBound, total.exceeds(bound) {
      findings.append(Finding(tensor: nil, need: .norm(Self.ratio(total, bound))))
    }
    return findings
  }

  /// Rank and sparse clauses, by the prover's own fits.
  private func clauses() throws -> [Finding] {
    var findings: [Finding] = []
    for tensor in derived.tensors where !tensor.clauses.isEmpty {
      let fitter = ClauseFitter(drift: try source(tensor).matrix(), fractionBits: tensor.fractionBits)
      for clause in tensor.clauses where clause.entries?.rounding?.speaksOfWeights != true {
        let unit = Double(sign: .plus, exponent: -tensor.fractionBits - clause.scale, significand: 1)
        switch try fitter.fit(clause) {
        case .fits, .circulant: break
        case .imprecise:
          // Between what can be proved and the policy's number.
          findings.append(
            Finding(tensor: tensor.name, need: clause.entries == nil ? .residual(2) : .entries(Self.entryStep)))
        case .violated(.entries(_, let worst, _, _)):
          let allowed = clause.entries.map { Double($0.square).squareRoot() * unit } ?? 0
          findings.append(Finding(tensor: tensor.name, need: allowed > 0 ? .entries(worst / allowed) : .form))
        case .violated(.residual(let found)):
          let allowed = BoundSum.approximation(clause.bound).squareRoot() * unit
          findings.append(Finding(tensor: tensor.name, need: allowed > 0 ? .residual(found / allowed) : .form))
        case .violated: findings.append(Finding(tensor: tensor.name, need: .form))
        }
      }
    }
    return findings
  }

  /// A little more than the most by which a provable bound on entries is below the policy's.
  private static let entryStep = 1.05

  /// Rounding clauses and patterns, by the prover's own measures.
  private func roundings() throws -> [Finding] {
    let own = derived.tensors.filter { $0.base != nil || !$0.patterns.isEmpty }
    guard !own.isEmpty else { return [] }
    do {
      _ = try DriftMeasurer(pair: CheckpointPair(base: base, tuned: tuned)).measure(
        differences: [], tensors: own, squares: try own.map { try source($0).measure().sumOfSquares }, totalBound: nil,
        hints: hints)
      return []
    } catch DriftProofError.policyViolated(let violations) {
      return violations.compactMap { violation in
        switch violation.excess {
        case .rounding: Finding(tensor: violation.tensor, need: .rounding)
        case .pattern, .refilled: Finding(tensor: violation.tensor, need: .pattern)
        default: nil
        }
      }
    } catch DriftProofError.precisionRefused(let clauses) {
      // Of tensors without rounding bounds it was said above.
      let bounded = Set(own.filter { $0.base != nil }.map(\.name))
      return clauses.filter { $0.tensor.map(bounded.contains) ?? false }.map {
        Finding(tensor: $0.tensor, need: .rounding)
      }
    }
  }

  /// The prover's completeness check (docs/protocol.md, section 5) on the drift itself.
  private func concentration() throws -> [Finding] {
    guard !derived.isEmpty else { return [] }
    let code = try CodeSelection.choose(derived)
    let plan = TableauPlan(tensors: derived.tensors, logLength: code.logLength)
    let rows = try CheckpointRows(
      plan: plan, tensors: derived.tensors, base: base, tuned: tuned, room: RowRoom(whole: 0))
    var crowded: Set<Int> = []
    for row in 0..<rows.rowCount {
      let message = try rows.message(row)
      for start in stride(from: 0, to: plan.length, by: Limits.chunk) {
        let chunk = start..<start + Limits.chunk
        guard Self.squareSum(message, chunk) > UInt128(Limits.maximumHonestSquare) else { continue }
        for region in plan.regions(ofRow: row) where region.positions.overlaps(chunk) { crowded.insert(region.tensor) }
      }
    }
    return crowded.sorted().map { Finding(tensor: derived.tensors[$0].name, need: .coarserUnits) }
  }

  /// Σ d² over some entries of a row, exact.
  private static func squareSum(_ message: RowMessage, _ range: Range<Int>) -> UInt128 {
    switch message {
    case .zero: 0
    case .narrow(let values):
      values[range].reduce(0) { $0 + UInt128(UInt64($1.magnitude) * UInt64($1.magnitude)) }
    case .field(let values):
      // An element v of F stands for v or v - p, whichever is smaller.
      values[range].reduce(0) { sum, value in
        let magnitude = UInt128(min(value, Goldilocks.modulus - value))
        return sum + magnitude * magnitude
      }
    }
  }

  static func ratio(_ sum: BoundSum, _ bound: [UInt16]?) -> Double {
    let allowed = BoundSum.approximation(bound)
    return allowed > 0 ? (sum.approximation / allowed).squareRoot() : .infinity
  }
}
