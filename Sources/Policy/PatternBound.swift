// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// Where a tensor may differ from zero, place by place in each row: sparsity as hardware has it.
///
/// Groups are `group` neighbouring entries of a row of the tensor's matrix, aligned to its first column. The columns must be a
/// multiple of it.
public enum PatternBound: Hashable, Sendable {
  /// Of every group of the change at most `count` entries are not zero.
  case drift(count: Int, group: Int)
  /// Of every group of the tuned weights at most `count` entries are not zero.
  case tuned(count: Int, group: Int)
  /// Weights that are zero in the base are zero in the tuned model.
  case base

  /// Groups that a pattern may have: the powers of two among these.
  public static let groupRange = 2...64

  /// It is about the base's own weights, which must be committed to.
  package var speaksOfBase: Bool { if case .drift = self { false } else { true } }

  /// What `of` says in a policy.
  package var subject: String {
    switch self {
    case .drift: "drift"
    case .tuned: "tuned"
    case .base: "base"
    }
  }

  /// n and m; nil of the base's pattern.
  package var groups: (count: Int, group: Int)? {
    switch self {
    case .drift(let count, let group), .tuned(let count, let group): (count, group)
    case .base: nil
    }
  }

  /// How many entries of an aligned run of `size` neighbours, a power of two, may be changed at most: a pattern of the drift
  /// says that of runs of any length.
  package static func limit(count: Int, group: Int, in size: Int) -> Int {
    size >= group ? count * (size / group) : min(count, size)
  }
}

extension ClauseForm {
  /// Nil for other forms.
  public var patternBound: PatternBound? { if case .pattern(let bound) = self { bound } else { nil } }
}

extension Policy {
  /// The first rule with a pattern, counted from 0; nil without one.
  package var firstRuleWithPattern: Int? {
    rules.firstIndex { $0.allowance.forms?.contains { $0.patternBound != nil } ?? false }
  }

  /// The first rule with a pattern of tuned weights, or of the base's; nil without one.
  package var firstRuleWithBasePattern: Int? {
    rules.firstIndex { $0.allowance.forms?.contains { $0.patternBound?.speaksOfBase ?? false } ?? false }
  }

  /// Whether a clause is about the base's own weights, so that its identity must commit to them.
  package var speaksOfBase: Bool { firstRuleWithRounding != nil || firstRuleWithBasePattern != nil }
}

/// How a pattern is malformed.
public enum PatternBoundProblem: Equatable, Sendable {
  /// Another form stands in the same object.
  case notAlone(others: [String])
  /// `of` is none of `drift`, `tuned`, `base`.
  case unknownSubject(found: String)
  /// `m` is no power of two in `PatternBound.groupRange`.
  case groupOutOfRange(found: String)
  /// `n` is not at least 1 and below `m`.
  case countOutOfRange(found: String, group: Int)
  /// A pattern of the tuned weights, or of the base's, in a rule with `heads`.
  case inHeads

  var words: (problem: String, remedy: String) {
    switch self {
    case .notAlone(let others):
      (
        "pattern stands beside \(others.joined(separator: ", ")) in one object",
        "to require both, use a list: [{ \"pattern\": ... }, { ... }]"
      )
    case .unknownSubject(let found):
      (
        "\(displayed(found)) is nothing that has a pattern",
        "write \"drift\", \"tuned\" or \"base\" (zeros of the base stay zero)"
      )
    case .groupOutOfRange(let found):
      (
        "groups of \(displayed(found)) are not supported",
        "use a power of two, \(PatternBound.groupRange.lowerBound) to \(PatternBound.groupRange.upperBound)"
      )
    case .countOutOfRange(let found, let group):
      ("\(displayed(found)) of \(group) is no pattern", "use 1 to \(group - 1), or \"frozen\" for none")
    case .inHeads:
      (
        "a pattern of weights stands in a rule with heads, and the base is committed to by whole tensors",
        "remove heads: the groups of a row are the same in every head"
      )
    }
  }
}
