// SPDX-License-Identifier: Apache-2.0

/// Allowances in plain words, and the sizes that they admit.
enum AllowanceWords {
  /// - Parameter allowance: nil for a tensor that no rule decides.
  static func text(_ allowance: Allowance?, of tensor: PolicyTensor? = nil) -> String {
    switch allowance {
    case nil: "undecided"
    case .frozen: "no change"
    case .any: "any change (outside the proof)"
    case .clauses(let clauses): clauses.map { text($0, of: tensor) }.joined(separator: ", and ")
    case .heads(let split, let clauses):
      "in each \(head(split, of: tensor)): " + clauses.map { text($0, of: nil) }.joined(separator: ", and ")
    case .grow(let rows, let clauses):
      growth(rows) + clauses.map { text($0, of: tensor) }.joined(separator: ", and ")
    }
  }

  /// What a rule's growth admits, before its clauses.
  private static func growth(_ rows: Int) -> String {
    "up to \(rows) \(rows == 1 ? "row" : "rows") more than the base, which is zero there: "
  }

  private static func head(_ split: HeadSplit, of tensor: PolicyTensor?) -> String {
    let cut = tensor.flatMap { split.cut(shape: $0.shape) }
    if split.axis == .slices {
      let axes = split.size == 1 ? "" : " behind \(split.size) dimensions"
      return cut.map { "of \($0.count) slices of \($0.rows) × \($0.columns)" } ?? "of the slices\(axes)"
    }
    let count = cut?.count
    return "of \(count.map { "\($0) " } ?? "the ")heads of \(split.size) \(split.axis.rawValue)"
  }

  private static func text(_ clause: ClauseForm, of tensor: PolicyTensor?) -> String {
    switch clause {
    case .norm(let bound): return "norm at most \(text(bound, of: tensor))"
    case .pattern(let pattern): return PatternWords.text(pattern)
    case .sum(nil, nil, nil, let entrywise?, nil, nil):
      return "each weight moves by at most \(text(entrywise, of: tensor))"
    case .sum(nil, nil, nil, nil, let rounding?, nil):
      return "each weight moves by at most \(RoundingWords.text(rounding))"
    case .sum(let rank, let sparse, let residual, let entrywise, let rounding, let blocks):
      var parts: [String] = []
      if let rank { parts.append("rank \(rank)") }
      if let blocks { parts.append(BlockWords.text(blocks)) }
      if let sparse { parts.append(text(sparse)) }
      if let residual { parts.append("a residual of norm at most \(text(residual, of: tensor))") }
      if let entrywise { parts.append("a rest of at most \(text(entrywise, of: tensor)) in each entry") }
      if let rounding {
        let what = rounding.isOfRounding ? "rounding" : "rest"
        parts.append("a \(what) of at most \(RoundingWords.text(rounding)) in each entry")
      }
      return parts.joined(separator: " + ") + (residual == nil && !clause.boundsEntries ? ", exactly" : "")
    }
  }

  private static func text(_ bound: EntryBound, of tensor: PolicyTensor?) -> String {
    switch bound {
    case .absolute(let value): value.description
    case .relative(let value):
      "\(percent(value.doubleValue)) of max|W|" + (tensor.map { " (\(number(entry(bound, of: $0))))" } ?? "")
    }
  }

  /// A bound on entries as a number.
  static func entry(_ bound: EntryBound, of tensor: PolicyTensor) -> Double {
    switch bound {
    case .absolute(let value): value.doubleValue
    case .relative(let value): value.doubleValue * tensor.maximum
    }
  }

  static func text(_ form: SparseForm) -> String {
    switch form {
    case .entries(let count): "\(count) \(count == 1 ? "entry" : "entries")"
    case .rows(let count): "\(count) \(count == 1 ? "row" : "rows")"
    case .columns(let count): "\(count) \(count == 1 ? "column" : "columns")"
    }
  }

  private static func text(_ bound: Bound, of tensor: PolicyTensor?) -> String {
    switch bound {
    case .absolute(let value): value.description
    case .relative(let value):
      "\(percent(value.doubleValue)) of ‖W‖" + (tensor.map { " (\(number(value.doubleValue * $0.norm)))" } ?? "")
    }
  }

  /// A bound as a norm.
  static func norm(_ bound: Bound, of baseNorm: Double) -> Double {
    switch bound {
    case .absolute(let value): value.doubleValue
    case .relative(let value): value.doubleValue * baseNorm
    }
  }

  /// The largest ‖Δ‖ of a tensor; nil for no limit. Heads have one ball each, at right angles to one another.
  static func largestNorm(_ allowance: Allowance?, of tensor: PolicyTensor) -> Double? {
    switch allowance {
    case nil, .any: return nil
    case .frozen: return 0
    case .clauses(let clauses), .grow(_, let clauses):
      var count = tensor.entryCount
      if case .grow(let rows, _)? = allowance { count += rows * (tensor.entryCount / max(1, tensor.shape.first ?? 1)) }
      return [leastNorm(clauses, of: tensor.norm), entriesNorm(clauses, of: tensor, count: count)]
        .compactMap { $0 }.min()
    case .heads(let split, let clauses):
      let heads = split.cut(shape: tensor.shape)?.count ?? 1
      let norm = leastNorm(clauses, of: tensor.norm).map { $0 * Double(heads).squareRoot() }
      return [norm, entriesNorm(clauses, of: tensor, count: tensor.entryCount)].compactMap { $0 }.min()
    }
  }

  /// The norm that bounds on each weight's movement leave to all together; nil without any.
  private static func entriesNorm(_ clauses: [ClauseForm], of tensor: PolicyTensor, count: Int) -> Double? {
    clauses.compactMap { clause in
      switch clause {
      case .sum(nil, nil, _, let bound?, _, nil): return entry(bound, of: tensor) * Double(count).squareRoot()
      case .sum(nil, nil, _, _, .ofWeight(let value, let least)?, nil):
        // The proof's floor is at most 0.31 of the fraction of the heaviest chunk's root mean square.
        let (fraction, own) = (value.doubleValue, least?.doubleValue ?? 0)
        let floor = max(own, 0.31 * fraction * tensor.maximum)
        return (fraction * fraction * tensor.norm * tensor.norm + floor * floor * Double(count)).squareRoot()
      default: return nil
      }
    }.min()
  }

  static func leastNorm(_ clauses: [ClauseForm], of baseNorm: Double) -> Double? {
    clauses.compactMap { clause in
      guard case .norm(let bound) = clause else { return nil }
      return norm(bound, of: baseNorm)
    }.min()
  }

  /// Up to four significant digits.
  static func number(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return value == 0 ? "0" : "\(value)" }
    var power = 1.0
    // Scaled to 1000...10000 by exact powers of ten, then rounded; far beyond it Double's own spelling will do.
    guard abs(value) < 1e9, abs(value) > 1e-6 else { return "\(value)" }
    while abs(value) * power < 1000 { power *= 10 }
    let rounded = (value * power).rounded() / power
    return rounded == rounded.rounded() && abs(rounded) < 1e9 ? String(Int(rounded)) : "\(rounded)"
  }

  static func percent(_ fraction: Double) -> String { "\(number(fraction * 100)) %" }
}
