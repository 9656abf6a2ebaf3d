// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// A policy laid over a base: what each tensor gets, which rules say nothing, and what stays possible inside it.
///
/// For people who decide whether a policy is tight enough. Figures are approximations for display; the certificate's
/// bounds are exact integers derived elsewhere.
public struct PolicyExplanation: Sendable {
  /// What one rule does.
  public struct RuleEffect: Sendable {
    /// Counted from zero.
    public let index: Int
    /// Its pattern as written.
    public let pattern: String
    /// What it allows.
    public let allowance: Allowance
    /// The allowance in words.
    public let words: String
    /// Indices into `tensors` of those that it decides.
    public let tensors: [Int]
    /// Why it decides none; nil when it does.
    public let problem: PolicyError?
    /// What somebody could still do to the tensors that it decides.
    public let remarks: [String]
  }

  /// What one tensor gets.
  public struct TensorEffect: Sendable {
    /// The tensor that is decided.
    public let tensor: PolicyTensor
    /// The deciding rule; nil when none matches.
    public let rule: Int?
    /// What it allows, in words, bounds as numbers for this tensor.
    public let words: String
    /// The largest ‖Δ‖_F that the tensor's own rule admits; nil when it sets no limit.
    public let largestNorm: Double?
  }

  /// One per rule, in order.
  public let rules: [RuleEffect]
  /// One per tensor, in the given order.
  public let tensors: [TensorEffect]
  /// The bound on all changes together as a norm; nil without one.
  public let totalNorm: Double?
  /// ‖W‖_F of all floating tensors together.
  public let baseNorm: Double
  /// What somebody could still do, beyond single rules.
  public let remarks: [String]
  /// Every reason why `prove` would refuse the policy for this base: undecided tensors, rules without effect, clauses
  /// on tensors that they cannot bound, heads that do not fit.
  public let problems: [String]

  /// - Parameter tensors: the base's, names distinct.
  public init(_ policy: Policy, tensors: [PolicyTensor]) {
    let deciding = tensors.map { tensor in policy.rules.firstIndex { $0.tensors.matches(tensor.name) } }
    self.tensors = zip(tensors, deciding).map { tensor, rule in
      let allowance = rule.map { policy.rules[$0].allowance }
      return TensorEffect(
        tensor: tensor, rule: rule, words: AllowanceWords.text(allowance, of: tensor),
        largestNorm: AllowanceWords.largestNorm(allowance, of: tensor))
    }
    baseNorm = tensors.reduce(0) { $0 + $1.norm * $1.norm }.squareRoot()
    totalNorm = policy.total.map { [baseNorm] in AllowanceWords.norm($0, of: baseNorm) }

    var rules: [RuleEffect] = []
    var problems: [String] = []
    for (index, rule) in policy.rules.enumerated() {
      let own = deciding.indices.filter { deciding[$0] == index }
      let path = JSONPath().key("rules").index(index).key("tensors").description
      var problem: PolicyError?
      if own.isEmpty {
        let taken = tensors.indices.first { rule.tensors.matches(tensors[$0].name) }
        if let earlier = taken.flatMap({ deciding[$0] }) {
          problem = .ruleIsShadowed(path: path, pattern: rule.tensors.text, earlierRule: earlier)
        } else {
          problem = .ruleMatchesNothing(path: path, pattern: rule.tensors.text)
        }
      }
      if let problem { problems.append(problem.description) }
      let members = own.map { tensors[$0] }
      problems += Self.misfits(rule.allowance, members, path: path)
      rules.append(
        RuleEffect(
          index: index, pattern: rule.tensors.text, allowance: rule.allowance,
          words: AllowanceWords.text(rule.allowance), tensors: own, problem: problem,
          remarks: AttackWords.remarks(rule.allowance, members, hasTotal: policy.total != nil)))
    }
    let undecided = self.tensors.filter { $0.rule == nil }.map(\.tensor.name)
    if let name = undecided.first {
      problems.append(PolicyError.unmatchedTensor(name: name, count: undecided.count).description)
    }
    self.rules = rules
    self.problems = problems
    remarks =
      AttackWords.overall(
        tensors: self.tensors, allowances: policy.rules.map(\.allowance), totalNorm: totalNorm, baseNorm: baseNorm)
      + (policy.assumption.map { [AttackWords.of($0)] } ?? [])
  }

  /// Clauses that cannot be put on these tensors.
  private static func misfits(_ allowance: Allowance, _ members: [PolicyTensor], path: String) -> [String] {
    var found: [String] = []
    switch allowance {
    case .frozen, .any: return []
    case .clauses, .heads, .grow:
      if let tensor = members.first(where: { !$0.isFloating && $0.entryCount > 0 }) {
        found.append(
          "\(path): tensor \(displayed(tensor.name)) is \(tensor.typeInWords), which clauses cannot bound; put a rule "
            + "that allows \"frozen\" or \"any\" before it")
      }
    }
    if allowance.forms?.contains(where: { $0.roundingBound != nil }) ?? false,
      let tensor = members.first(where: { $0.isFloating && $0.roundingObstacle != nil && $0.entryCount > 0 })
    {
      found.append("\(path): tensor \(displayed(tensor.name)): \(tensor.roundingObstacle ?? "")")
    }
    for pattern in allowance.forms?.compactMap(\.patternBound) ?? [] {
      guard let (tensor, reason) = PatternWords.misfit(pattern, allowance, members) else { continue }
      found.append("\(path): tensor \(displayed(tensor.name)): \(reason)")
    }
    for form in allowance.forms?.compactMap(\.blocks) ?? [] {
      guard let (tensor, reason) = BlockWords.misfit(form, allowance, members) else { continue }
      found.append("\(path): tensor \(displayed(tensor.name)): \(reason)")
    }
    for bound in allowance.forms?.compactMap(\.entryBound) ?? [] {
      guard
        let tensor = members.first(where: {
          $0.isFloating && $0.entryCount > 0 && $0.unencodableEntry == nil
            && AllowanceWords.entry(bound, of: $0) < EntryBoundWords.least(of: $0)
        })
      else { continue }
      found.append(
        "\(path): the entrywise bound is \(AllowanceWords.number(AllowanceWords.entry(bound, of: tensor))) for the tensor "
          + "\(displayed(tensor.name)), below \(AllowanceWords.number(EntryBoundWords.least(of: tensor))), the least that can be "
          + "proved of it at all; widen it as far as that is what you mean, or bound the norm instead")
    }
    if case .heads(let split, _) = allowance,
      let tensor = members.first(where: {
        $0.entryCount > 0 && split.cut(shape: $0.shape) == nil
      })
    {
      found.append(
        split.axis == .slices
          ? "\(path): tensor \(displayed(tensor.name)) has the shape \(tensor.shape), too few dimensions for slices behind "
            + "\(split.size); give the tensor a rule of its own without slices"
          : "\(path): tensor \(displayed(tensor.name)) is \(tensor.rows) × \(tensor.columns), which heads of "
            + "\(split.size) \(split.axis.rawValue) do not divide; correct heads.size, or give the tensor a rule of its own"
      )
    }
    return found
  }
}
