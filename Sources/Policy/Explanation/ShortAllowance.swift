// SPDX-License-Identifier: Apache-2.0

extension Allowance {
  /// The allowance in as few words as fit into a cell of a table, such as "rank 8 + 0.3 %": a percentage is of the base
  /// tensor's norm, a bare number after the sign + or ≤ a norm.
  public var shortWords: String {
    switch self {
    case .frozen: "frozen"
    case .any: "any"
    case .clauses(let clauses): clauses.map(\.shortWords).joined(separator: ", ")
    case .grow(let rows, let clauses):
      clauses.map(\.shortWords).joined(separator: ", ") + ", ≤ \(rows) new \(rows == 1 ? "row" : "rows")"
    case .heads(let split, let clauses):
      clauses.map(\.shortWords).joined(separator: ", ")
        + (split.axis == .slices ? " per slice" : " per \(split.size) \(split.axis.rawValue)")
    }
  }
}

extension ClauseForm {
  fileprivate var shortWords: String {
    switch self {
    case .norm(let bound): return "norm ≤ \(bound.shortWords)"
    case .pattern(let pattern): return PatternWords.short(pattern)
    case .sum(let rank, let sparse, let residual, let entrywise, let rounding, let blocks):
      var parts: [String] = []
      if let rank { parts.append("rank \(rank)") }
      if let blocks { parts.append(BlockWords.short(blocks)) }
      if let sparse { parts.append(AllowanceWords.text(sparse)) }
      if let residual { parts.append(residual.shortWords) }
      switch entrywise {
      case .relative(let value): parts.append("entries ≤ \(AllowanceWords.percent(value.doubleValue)) of max")
      case .absolute(let value): parts.append("entries ≤ \(value)")
      case nil: break
      }
      switch rounding {
      case .ofWeight(let value, _)?: parts.append("entries ≤ \(AllowanceWords.percent(value.doubleValue)) of each")
      case let rounding?: parts.append("rounding ≤ \(RoundingWords.text(rounding))")
      case nil: break
      }
      return parts.joined(separator: " + ")
    }
  }
}

extension Bound {
  fileprivate var shortWords: String {
    switch self {
    case .relative(let value): AllowanceWords.percent(value.doubleValue)
    case .absolute(let value): value.description
    }
  }
}
