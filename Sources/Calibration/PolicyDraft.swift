// SPDX-License-Identifier: Apache-2.0

import DriftProofAdapter
import DriftProofCertificate
import DriftProofStatement
import DriftProofCheckpoint
import DriftProofCore
import DriftProofDrift
import DriftProofPolicy

/// Groups and bounds on their way to a policy.
struct PolicyDraft {
  /// Tensors of one group, in name order.
  struct Group: Sendable {
    let records: [TensorRecord]
    var bounds: GroupBounds
  }

  let identity: BaseIdentity
  let margin: Double
  private(set) var groups: [Group]
  /// Names that no run changed.
  let frozen: [String]
  let assignment: RuleAssignment
  /// The largest ‖Δ‖/‖W‖ of any run, over the whole model; nil for a base of zeros.
  private let largestTotal: Double?
  private let runCount: Int
  private var totalFactor = 1.0

  /// Widening ends after so many trials; each widens at least what failed by what it lacked.
  private static let trials = 24

  /// - Parameters:
  ///   - identity: where it commits to the weights, rounding clauses are tried beside ranks.
  ///   - boundsEntries: whether single entries are to be bounded, too.
  init(
    identity: BaseIdentity, runs: [ReferenceRun], margin: Double, boundsEntries: Bool = false
  ) throws(CalibrationError) {
    self.identity = identity
    self.margin = margin
    var frozen: [String] = []
    var members: [Key: [TensorRecord]] = [:]
    var order: [Key] = []
    for (index, leaf) in identity.tensors.enumerated() {
      // Every run has exactly the base's tensors, in the same order.
      let found = runs.map { $0.inspection.tensors[index] }
      guard found.contains(where: { $0.outcome != .identical }) else {
        frozen.append(leaf.name)
        continue
      }
      let record = TensorRecord(
        leaf: leaf, found: found, productRanks: runs.map { $0.productRanks[leaf.name] },
        productBlocks: runs.map { $0.productBlocks[leaf.name] })
      let key = Key(shape: NameShape(leaf.name), dtype: leaf.dtype, isVector: record.isVector)
      if members[key] == nil { order.append(key) }
      members[key, default: []].append(record)
    }
    groups = order.map { key in
      let records = members[key] ?? []
      let form = DriftForm.choose(records, margin: margin)
      return Group(
        records: records,
        bounds: GroupBounds(
          form: form, records: records, margin: margin, boundsEntries: boundsEntries,
          roundings: Self.roundings(records, identity: identity),
          keepsZeros: Self.keepsZeros(records, identity: identity)))
    }
    self.frozen = frozen
    runCount = runs.count
    largestTotal = runs.compactMap(\.relativeDrift).max()
    do {
      assignment = try RuleAssignment(groups: groups.map { $0.records.map(\.name) }, others: frozen)
    } catch {
      throw .notExpressible("\(error)")
    }
  }

  private struct Key: Hashable {
    let shape: NameShape
    let dtype: DataType
    let isVector: Bool
  }

  /// What may be tried of tensors of these runs; none where the identity does not commit to them, or types or shapes differ.
  private static func roundings(_ records: [TensorRecord], identity: BaseIdentity) -> [RoundingBound] {
    guard let linked = identity.linked,
      records.allSatisfy({ record in
        record.addedRows == 0 && record.types.allSatisfy { $0 == record.dtype }
          && CoverageCheck.obstacle(record.leaf, linked: linked) == nil
      }), let one = try? Decimal10("1"), let half = try? Decimal10(records.first?.dtype == .f16 ? "1.04" : "1.01")
    else { return [] }
    return [
      .halfUlps(half), .roundoffs(one, of: .tuned), .roundoffs(one, of: [.tuned, .update]),
      .roundoffs(one, of: [.tuned, .base]),
    ]
  }

  /// Whether it may be said that zeros of the base stay zero: of a base that is committed to.
  private static func keepsZeros(_ records: [TensorRecord], identity: BaseIdentity) -> Bool {
    guard let linked = identity.linked else { return false }
    return records.allSatisfy { $0.keepsZeros && CoverageCheck.patternObstacle($0.leaf, linked: linked) == nil }
  }

  // MARK: The policy

  /// What the rules of a group allow.
  func allowance(_ group: Group) throws(CalibrationError) -> Allowance {
    guard group.bounds.form != .excluded else { return .any }
    let clauses = try group.bounds.clauses(group.records)
    // Exactly as many as a run has: how far a vocabulary grows is decided, and no matter of chance.
    let rows = group.records.map(\.addedRows).max() ?? 0
    guard rows <= PolicyLimits.growthRange.upperBound else {
      throw .notExpressible("a policy cannot admit \(rows) more rows than the base has; leave the run out")
    }
    return rows > 0 ? .grow(rows: rows, clauses) : .clauses(clauses)
  }

  /// The policy of all groups; it covers every tensor of the base.
  func policy() throws(CalibrationError) -> Policy {
    var allowances: [Allowance] = []
    for group in groups { allowances.append(try allowance(group)) }
    var rules = assignment.rules.map { Rule(tensors: $0.pattern, allowance: allowances[$0.group]) }
    do {
      if !frozen.isEmpty { rules.append(Rule(tensors: try TensorPattern("*"), allowance: .frozen)) }
    } catch {
      throw .notExpressible("\(error)")
    }
    guard rules.count <= PolicyLimits.maximumRules else {
      throw .notExpressible(
        "the runs' drift needs \(rules.count) rules, and a policy has at most \(PolicyLimits.maximumRules); "
          + "calibrate from runs that change fewer kinds of tensors")
    }
    let text = PolicyText.render(
      name: "calibrated from \(runCount == 1 ? "1 run" : "\(runCount) runs"), margin \(CalibrationNumber.text(margin))",
      rules: rules, total: try total())
    do {
      // By way of the reader, which is the only one to make policies: what it refuses nobody may be given.
      let policy = try Policy.parse(Array(text.utf8))
      _ = try policy.resolve(tensorNames: identity.tensors.map(\.name))
      return policy
    } catch {
      throw .notExpressible("internal error: the policy is refused (\(error)); please report this")
    }
  }

  /// The largest whole drift times the margin. Without it all tensors' bounds could be used up at once.
  private func total() throws(CalibrationError) -> Bound? {
    guard let largestTotal, groups.contains(where: { $0.bounds.form != .excluded }) else { return nil }
    guard let bound = RoundedBound.up(margin * totalFactor * largestTotal) else { return nil }
    return .relative(bound)
  }

  // MARK: The trial

  /// Widens bounds until every run passes what `prove` checks before it proves.
  ///
  /// The margin leaves room for all rounding, so one trial is the rule; what else it can find is a drift concentrated
  /// in few entries, or a margin of 1.
  mutating func encloseAll(
    base: Checkpoint, runs: [ReferenceRun], progress: (String) -> Void
  ) throws(CalibrationError) {
    for trial in 1...Self.trials {
      var isEnclosed = true
      // All runs again after any widening: a wider norm bound also changes the units of what has passed.
      for run in runs {
        progress(run.path)
        let findings = try self.findings(run, base: base)
        if findings.isEmpty { continue }
        isEnclosed = false
        guard trial < Self.trials, !findings.contains(where: { $0.need == .form }) else {
          throw .notEnclosed(run: run.path, tensors: findings.map { StrictJSON.shown($0.tensor ?? "all together") })
        }
        widen(findings)
      }
      if isEnclosed { return }
    }
  }

  private func findings(_ run: ReferenceRun, base: Checkpoint) throws(CalibrationError) -> [PolicyTrial.Finding] {
    let tuned: Checkpoint
    switch run.model {
    case .adapter(let adapter):
      return try AdapterTrial(adapter: adapter, base: base, identity: identity, policy: try policy()).findings()
    case .checkpoint(let checkpoint): tuned = checkpoint
    }
    let derived: DerivedStatement
    var hints: [String: [FactorHint]] = [:]
    do {
      derived = try DerivedStatement.derive(
        identity: identity, tuned: tuned.manifestTensors, policy: try policy())
      let names = Set(derived.tensors.filter { $0.base != nil }.map(\.name))
      if let merged = run.merged, !names.isEmpty { hints = try merged.hints(for: names, identity: identity) }
    } catch let error as CalibrationError {
      throw error
    } catch StatementError.coverageGap(let gaps) where gaps.allSatisfy(\.isWidened) {
      return gaps.compactMap(\.widening)
    } catch {
      throw .statement(DriftProofError(translating: error))
    }
    return try PolicyTrial(derived: derived, base: base, tuned: tuned, hints: hints).findings()
  }

  /// Each group by the most that any of its tensors lacks, in steps that do not overshoot by much.
  private mutating func widen(_ findings: [PolicyTrial.Finding]) {
    for index in groups.indices {
      let names = Set(groups[index].records.map(\.name))
      var (norm, residual, entries) = (1.0, 1.0, 1.0)
      var (isRounded, hasPatterns) = (true, true)
      for finding in findings where finding.tensor.map(names.contains) ?? false {
        switch finding.need {
        case .norm(let ratio): norm = max(norm, min(ratio, 2))
        case .residual(let ratio): residual = max(residual, min(ratio, 2))
        case .coarserUnits: norm = 2
        case .entries(let ratio): entries = max(entries, min(ratio, 2))
        case .rounding: isRounded = false
        case .pattern: hasPatterns = false
        case .form: break
        }
      }
      groups[index].bounds.normFactor *= norm
      groups[index].bounds.residualFactor *= residual
      groups[index].bounds.entryFactor *= entries
      if !isRounded { groups[index].bounds.loosenRounding() }
      if !hasPatterns { groups[index].bounds.dropPatterns() }
    }
    for finding in findings where finding.tensor == nil {
      if case .norm(let ratio) = finding.need { totalFactor *= ratio }
    }
  }
}

extension CoverageGap {
  /// What a trial can do about it: a wider bound on entries, or another bound than a rounding one.
  fileprivate var widening: PolicyTrial.Finding? {
    switch self {
    case .entryBoundTooSmall(let tensor, let found, let least, _):
      .init(tensor: tensor, need: .entries(found > 0 ? least / found : 2))
    case .rounding(let tensor, _, _): .init(tensor: tensor, need: .rounding)
    default: nil
    }
  }

  fileprivate var isWidened: Bool { widening != nil }
}
