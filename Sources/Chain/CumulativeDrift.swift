// SPDX-License-Identifier: Apache-2.0

import DriftProofStatement
import DriftProofCheckpoint
import DriftProofCore
import DriftProofPolicy
import Foundation

/// The drift of a chain's model from its base, as the links' certificates bound it together.
///
/// The model of link n is W_n = W_0 + Δ_1 + … + Δ_n. By the triangle inequality norms add up, by subadditivity ranks and
/// the sizes of supports. Each link adds √(entries)·2^-f for what its units hide. All of this holds whatever the drifts
/// are; it may be far more than ‖W_n - W_0‖.
package struct CumulativeDrift {
  /// What a policy says of one tensor.
  package enum Decision: Hashable, Sendable {
    case excluded
    case frozen
    /// With the first dimension where it is more than the base's, and the units of a certificate about the policy.
    case clauses(Allowance, rows: Int?, fractionBits: Int)
  }

  let identity: BaseIdentity
  /// From the base on; not empty.
  let links: [LinkDrift]

  package init(identity: BaseIdentity, links: [LinkDrift]) {
    self.identity = identity
    self.links = links
  }

  /// More sums of clauses than this are not followed. Those that are dropped might have fitted, so this errs on the safe
  /// side.
  static let maximumSums = 64

  /// Names outside some link's proof, in order.
  package var excluded: [String] { Set(links.flatMap(\.excluded)).sorted(by: TensorPair.precedes) }

  /// What of a cumulative policy cannot be derived from the links, one for each tensor and clause.
  /// - Parameter target: of the policy, for the last link's tensors.
  func violations(of policy: Policy, target: DerivedStatement) -> [PolicyViolation] {
    let decided = Dictionary(
      target.claims.map { ($0.tensor.block?.tensor ?? $0.tensor.name, $0) }, uniquingKeysWith: { first, _ in first })
    return violations(
      of: policy,
      decisions: target.coverage.map { coverage in
        guard coverage.tensorClass != .excluded else { return (coverage.name, .excluded) }
        guard let claim = decided[coverage.name] else { return (coverage.name, .frozen) }
        return (
          coverage.name,
          .clauses(
            policy.rules[claim.rule].allowance, rows: coverage.growth?.to, fractionBits: claim.tensor.fractionBits)
        )
      })
  }

  /// - Parameter decisions: what the policy says of each tensor of the last link.
  package func violations(
    of policy: Policy, decisions: [(name: String, decision: Decision)]
  ) -> [PolicyViolation] {
    var violations: [PolicyViolation] = []
    for (name, decision) in decisions where decision != .excluded {
      let problems: [String]
      if let link = links.first(where: { $0.share(of: name) == .excluded }) {
        problems = ["\(StrictJSON.shown(link.name)) leaves it outside its proof"]
      } else if case .clauses(let allowance, let rows, let fractionBits) = decision,
        let leaf = identity.tensor(named: name)
      {
        problems = excess(leaf, rows: rows, allowance, fractionBits: fractionBits)
      } else {
        let mover = links.first { $0.share(of: name) != .frozen }
        problems = mover.map { ["no change is allowed, but \(StrictJSON.shown($0.name)) allows one"] } ?? []
      }
      violations += problems.map { PolicyViolation(tensor: name, .chain($0)) }
    }
    if let bound = policy.total {
      let allowed = NormBound(bound, baseSquare: NormBound.squareOfBase(identity.tensors)).roundedDown
      let line = excess(of: total, allowed) { "\(StrictJSON.shown($0.name)) bounds no norm of all tensors together" }
      if let line { violations.append(PolicyViolation(tensor: PolicyViolation.wholeModel, .chain(line))) }
    }
    return violations
  }

  // MARK: Norms

  /// A bound of ‖W_n - W_0‖ of one tensor in units of ``NormBound``, precision included; nil without one.
  func norm(of leaf: BaseIdentity.Leaf) -> BigUInt? {
    var sum = BigUInt.zero
    for link in links {
      switch link.share(of: leaf.name) {
      case .excluded: return nil
      case .frozen: continue
      case .clauses(let clauses):
        guard let bound = link.normBound(of: leaf) else { return nil }
        sum = sum + bound.roundedUp + link.scope(of: leaf).precision(clauses).roundedUp
      }
    }
    return sum
  }

  /// The same of all tensors together that no link excludes: the links' totals added up, or all tensors' norms together
  /// (they are at right angles), whichever is less.
  package var total: BigUInt? {
    var sum: BigUInt? = .zero
    for link in links {
      sum = sum.flatMap { sum in link.total.map { sum + $0.roundedUp + link.totalPrecision.roundedUp } }
    }
    let outside = Set(excluded)
    var squares: BigUInt? = .zero
    for name in Set(links.flatMap(\.certified)) where !outside.contains(name) {
      squares = squares.flatMap { squares in
        identity.tensor(named: name).flatMap(norm).map { squares + $0 * $0 }
      }
    }
    return [sum, squares.map { NormBound(square: $0).roundedUp }].compactMap { $0 }.min()
  }

  private func excess(
    of found: BigUInt?, _ allowed: BigUInt, missing: (LinkDrift) -> String
  ) -> String? {
    guard let found else { return links.first { $0.total == nil }.map(missing) ?? "no norm is bounded" }
    guard allowed < found else { return nil }
    return "the links' norms add up to \(Self.text(found)) (with precision), allowed is \(Self.text(allowed))"
  }

  // MARK: Clauses

  /// - Parameters:
  ///   - rows: of the last link's tensor where it has more than the base's: no link before it has more.
  ///   - fractionBits: the units in which a certificate about the cumulative policy would be exact.
  private func excess(
    _ leaf: BaseIdentity.Leaf, rows: Int?, _ allowance: Allowance, fractionBits: Int
  ) -> [String] {
    var split: HeadSplit?
    if case .heads(let heads, _) = allowance { split = heads }
    let scope = DriftScope(leaf, rows: rows, split: split)
    return (allowance.forms ?? []).compactMap { form in
      switch form {
      case .pattern(let pattern): excess(leaf, scope, pattern, fractionBits: fractionBits)
      case .sum(_, _, _, _, _?, _):
        "it has a rounding bound, which no sequence of steps can be shown to keep; use an entrywise bound"
      case .norm(let bound):
        excess(leaf, scope, ClauseLimit(leaf, scope, residual: bound), fractionBits: fractionBits)
      case .sum(let rank, let sparse, let residual, let entrywise, nil, let blocks):
        excess(leaf, rows: rows, split: split, rank, blocks, sparse, residual, entrywise, fractionBits: fractionBits)
      }
    }
  }

  /// Of a sum, whose low-rank part may be one in another order.
  private func excess(
    _ leaf: BaseIdentity.Leaf, rows: Int?, split: HeadSplit?, _ rank: Int?, _ blocks: BlockForm?, _ sparse: SparseForm?,
    _ residual: Bound?, _ entrywise: EntryBound?, fractionBits: Int
  ) -> String? {
    let scope = DriftScope(leaf, rows: rows, split: split, blocks: blocks)
    var allowed = rank ?? 0
    switch blocks {
    case .kronecker(let terms, _, _)?: allowed = terms
    case .circulant?: allowed = DriftScope.circulant
    case nil: break
    }
    return excess(
      leaf, scope, ClauseLimit(leaf, scope, rank: allowed, sparse: sparse, residual: residual, entry: entrywise),
      fractionBits: fractionBits)
  }

  /// Why the links' clauses on a tensor do not add up to one of the cumulative policy; nil when they do.
  private func excess(
    _ leaf: BaseIdentity.Leaf, _ scope: DriftScope, _ limit: ClauseLimit, fractionBits: Int
  ) -> String? {
    var sums = [ClauseSum()]
    var precision = ClauseLimit.Precision()
    var units: Set<Int> = []
    for link in links {
      guard case .clauses(let clauses) = link.share(of: leaf.name) else { continue }
      precision.norm = precision.norm + scope.precision(clauses).roundedUp
      precision.entry = precision.entry + NormBound(precisionOf: 1, fractionBits: clauses.fractionBits).roundedUp
      units.insert(clauses.fractionBits)
      let steps = link.parts(of: leaf, scope: scope).flatMap { limit.steps($0) }
      guard !steps.isEmpty else {
        return "\(StrictJSON.shown(link.name)) has no clause that says: \(limit.form)"
      }
      sums = Self.leading(sums.flatMap { sum in steps.map { limit.adding($0, to: sum) } })
    }
    if limit.isExact, units.count > 1 {
      return "links have different precisions, so nothing can be exact; allow a residual"
    }
    // A link's wide norm clause makes its units coarse: what they hide would pass for exact.
    if limit.isExact, let found = units.first, found < fractionBits {
      return "the links are exact in units of 2^\(-found), a certificate about this policy is in units of "
        + "2^\(-fractionBits); allow a residual"
    }
    guard !sums.contains(where: { limit.admits($0, precision: precision) }) else { return nil }
    let best =
      sums.min { limit.excess($0, precision: precision) < limit.excess($1, precision: precision) } ?? ClauseSum()
    return "the links add up to \(limit.text(best, precision: precision)), allowed is \(limit.text)"
  }

  /// Why the links' clauses on a tensor do not add up to a pattern of the cumulative policy; nil when they do.
  ///
  /// Groups are aligned runs of the flat entries in every reading of the tensor, whatever its heads, as m divides their columns.
  private func excess(
    _ leaf: BaseIdentity.Leaf, _ scope: DriftScope, _ pattern: PatternBound, fractionBits: Int
  ) -> String? {
    guard case .drift(let count, let group) = pattern else {
      return "it has a pattern of weights, which no sequence of steps can be shown to keep; use a pattern of the drift"
    }
    var sum = 0
    var units: Set<Int> = []
    for link in links {
      guard case .clauses(let clauses) = link.share(of: leaf.name) else { continue }
      units.insert(clauses.fractionBits)
      guard let own = link.changes(of: leaf, inGroupsOf: group) else {
        return "\(StrictJSON.shown(link.name)) has no clause that says how many of \(group) neighbours change"
      }
      sum += own
    }
    if units.count > 1 { return "links have different precisions, so that no weight is known to be unchanged" }
    if let found = units.first, found < fractionBits {
      return
        "the links are exact in units of 2^\(-found), a certificate about this policy is in units of 2^\(-fractionBits)"
    }
    guard sum > count else { return nil }
    return "the links add up to \(sum) changed of every \(group) neighbours, allowed are \(count)"
  }

  /// Without those that another one is at least as good as in every respect; the least residuals first.
  private static func leading(_ sums: [ClauseSum]) -> [ClauseSum] {
    var kept: [ClauseSum] = []
    let sorted = sums.sorted { ($0.residual, $0.rank, $0.count, $0.entry) < ($1.residual, $1.rank, $1.count, $1.entry) }
    for sum in sorted
    where !kept.contains(where: { $0.rank <= sum.rank && $0.count <= sum.count && $0.entry <= sum.entry }) {
      kept.append(sum)
      if kept.count == maximumSums { break }
    }
    return kept
  }

  /// Six significant digits, rounded; the comparison is exact.
  static func text(_ units: BigUInt) -> String { String(format: "%.6g", NormBound.double(units)) }
}
