import Argument
import ArgumentProver
import Checkpoint
import Foundation
import Kernels
import LinearAlgebra
import Synchronization

/// One thing that a drift has more of than its policy allows.
struct PolicyViolation: Sendable, Equatable, CustomStringConvertible {
  /// The tensor's name, or ``DriftMeasurer/wholeModel``.
  var tensor: String
  /// What the policy allows and what was found, for people.
  var allowed: String
  var found: String
  /// found / allowed; nil where the policy allows nothing.
  var ratio: Double?
  /// What an honest publisher may have overlooked.
  var hint: String?

  var description: String {
    let excess = ratio.map { String(format: ", %.6g times as much", $0) } ?? ""
    return "tensor \(tensor): allowed \(allowed), found \(found)\(excess)" + (hint.map { "; \($0)" } ?? "")
  }
}

/// Decides, before any cryptography, whether a drift lies inside the policy, and finds the witness of its clauses.
///
/// All comparisons are of exact integers.
struct DriftMeasurer {
  let base: Checkpoint
  let tuned: Checkpoint

  /// What the argument needs besides the rows.
  struct Measurement: Sendable, Equatable {
    var factors: [ArgumentWitness.ClauseID: ArgumentWitness.Factors] = [:]
    var supports: [ArgumentWitness.ClauseID: [Int]] = [:]
  }

  /// - Parameters:
  ///   - differences: frozen tensors whose bytes differ, with the first offset.
  ///   - tensors: the tableau's.
  ///   - squares: ‖Δ‖² of each of them, in its units.
  ///   - totalBound: of the statement.
  ///   - progress: told the fraction of the fits that is done, from several threads.
  /// - Throws: `DriftProofError.policyViolated` with every violation of every tensor; `.precisionRefused` when nothing
  ///   is violated but a clause cannot be shown with integers of this precision; `CheckpointError` for bad weights.
  func measure(
    differences: [(name: String, offset: Int)], tensors: [TableauTensor], squares: [UInt128], totalBound: [UInt16]?,
    progress: @escaping @Sendable (Double) -> Void = { _ in }
  ) throws -> Measurement {
    var violations = differences.map(Self.change)
    for (tensor, sum) in zip(tensors, squares) where tensor.plainBound != nil {
      let bits = tensor.fractionBits
      violations += excess(BoundSum(sum), bound: tensor.plainBound, of: tensor.name, fractionBits: bits)
    }
    if let totalBound, let finest = tensors.filter(\.countsInTotal).map(\.fractionBits).max() {
      var total = BoundSum()
      for (tensor, sum) in zip(tensors, squares) where tensor.countsInTotal {
        total.add(sum, shift: 2 * (finest - tensor.fractionBits))
      }
      violations += excess(total, bound: totalBound, of: Self.wholeModel, fractionBits: finest)
    }
    var measurement = Measurement()
    var imprecise: [String] = []
    let sources = try tensors.map { tensor -> DriftSource? in
      guard !tensor.clauses.isEmpty else { return nil }
      return try DriftSource(
        base: base, tuned: tuned, name: tensor.name, fractionBits: tensor.fractionBits, block: tensor.block)
    }
    let fits = try ClauseMeasurer.fit(tensors: tensors, sources: sources, progress: progress)
    for (index, tensor) in tensors.enumerated() {
      for (number, fit) in fits[index] {
        switch fit {
        case .fits(let factors, let support):
          measurement.factors[.init(tensor: index, clause: number)] = factors
          measurement.supports[.init(tensor: index, clause: number)] = support
        case .violated(let finding):
          violations.append(Self.violation(tensor, tensor.clauses[number], finding))
        case .imprecise(let reason):
          imprecise.append("tensor \(tensor.name): \(reason)")
        }
      }
    }
    guard violations.isEmpty else { throw DriftProofError.policyViolated(violations.map(\.description)) }
    guard imprecise.isEmpty else { throw DriftProofError.precisionRefused(imprecise.joined(separator: "\n")) }
    return measurement
  }

  /// How reports name the bound over all tensors.
  static let wholeModel = "(all tensors together)"

  // MARK: Parts

  /// One violation for each of the named tensors whose bytes differ.
  func differences(_ names: [String]) throws -> [PolicyViolation] {
    let (base, tuned) = (base, tuned)
    let results = Mutex([Result<Int?, any Error>?](repeating: nil, count: names.count))
    Parallel.forEach(names.count) { index in
      let result = Result { () throws -> Int? in
        guard let before = base.tensor(named: names[index]), let after = tuned.tensor(named: names[index]) else {
          return nil
        }
        return try Checkpoint.firstDifference(base: base, before, tuned: tuned, after)
      }
      results.withLock { $0[index] = result }
    }
    var violations: [PolicyViolation] = []
    for (name, result) in zip(names, results.withLock { $0 }) {
      guard let offset = try result?.get() else { continue }
      violations.append(Self.change((name, offset)))
    }
    return violations
  }

  private static func change(_ difference: (name: String, offset: Int)) -> PolicyViolation {
    .init(
      tensor: difference.name, allowed: "no change", found: "a change at byte \(difference.offset) of its data",
      ratio: nil)
  }

  private func excess(
    _ sum: BoundSum, bound: [UInt16]?, of name: String, fractionBits: Int
  ) -> [PolicyViolation] {
    guard sum.exceeds(bound) else { return [] }
    let unit = Double(sign: .plus, exponent: -fractionBits, significand: 1)
    let found = sum.approximation.squareRoot() * unit
    let allowed = BoundSum.approximation(bound).squareRoot() * unit
    return [
      .init(
        tensor: name, allowed: "a norm of at most \(Self.text(allowed))", found: "a norm of \(Self.text(found))",
        ratio: Self.ratio(found, allowed))
    ]
  }

  private static func violation(
    _ tensor: TableauTensor, _ clause: StructuredClause, _ finding: ClauseFit.Finding
  ) -> PolicyViolation {
    let unit = Double(sign: .plus, exponent: -tensor.fractionBits - clause.scale, significand: 1)
    let bound = BoundSum.approximation(clause.bound).squareRoot() * unit
    let parts = [clause.rank.map { "rank \($0)" }, clause.sparse.map(text)].compactMap { $0 }.joined(separator: " + ")
    let allowed = clause.bound == nil ? "\(parts), exactly" : "\(parts) + a residual of at most \(text(bound))"
    switch finding {
    case .residual(let found):
      return .init(
        tensor: tensor.name, allowed: allowed, found: "a residual of \(text(found))", ratio: ratio(found, bound))
    case .count(let found):
      let count = clause.sparse?.count ?? 0
      return .init(
        tensor: tensor.name, allowed: allowed, found: "\(found) changed", ratio: ratio(Double(found), Double(count)))
    case .rank(let residual):
      return .init(
        tensor: tensor.name, allowed: allowed, found: "a higher rank: \(text(residual)) remains", ratio: nil,
        hint: mergeHint)
    }
  }

  /// The question that merged checkpoints raise: why is W' not W + BA?
  private static let mergeHint =
    "merging rounds W + BA to the stored type, which gives the difference full rank: allow a residual as large as the "
    + "rounding (in bf16 about 0.003 of the tensor's norm), or prove the adapter before it is merged"

  private static func text(_ form: SparseForm) -> String {
    switch form {
    case .entries(let count): "\(count) entries"
    case .rows(let count): "\(count) rows"
    case .columns(let count): "\(count) columns"
    }
  }

  /// Six significant digits; figures close to their bound differ in later ones, which the ratio shows.
  private static func text(_ value: Double) -> String { String(format: "%.6g", value) }

  private static func ratio(_ found: Double, _ allowed: Double) -> Double? { allowed > 0 ? found / allowed : nil }
}
