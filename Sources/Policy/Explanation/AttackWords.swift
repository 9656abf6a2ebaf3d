// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// What somebody who wants to do harm could still do inside a policy, in plain words. Nothing here is a proof: it says
/// which room is left, so that a reader of the policy can judge it.
enum AttackWords {
  /// About one rule.
  static func remarks(_ allowance: Allowance, _ members: [PolicyTensor], hasTotal: Bool) -> [String] {
    guard !members.isEmpty else { return [] }
    switch allowance {
    case .frozen: return []
    case .any:
      let count = members.reduce(0) { $0 &+ $1.entryCount }
      return [
        "Anything can be done to \(tensors(members)) (\(count) entries): replaced, dropped or added. "
          + "No total counts it."
      ]
    case .clauses(let clauses): return clauseRemarks(clauses, members, hasTotal: hasTotal, size: nil)
    case .grow(let rows, let clauses):
      // Counts that restrict the base's rows may restrict less with more rows, never more.
      let whole = members.map { grown($0, by: rows) }
      return clauseRemarks(clauses, whole, hasTotal: hasTotal, size: nil)
        + growRemarks(rows, clauses, hasTotal: hasTotal)
    case .heads(let split, let clauses):
      let cut = members.map { head(of: $0, split) }
      var remarks = clauseRemarks(clauses, cut, hasTotal: hasTotal, size: split)
      let heads = members.compactMap { split.cut(shape: $0.shape)?.count }.max() ?? 1
      let ranks = clauses.compactMap(\.rank)
      if let rank = ranks.min(), heads > 1 {
        remarks.append(
          "Each \(split.unit) has rank \(rank) for itself, so a whole tensor of \(heads) \(split.unit)s may change by "
            + "\(split.axis == .slices ? "as many matrices of that rank" : "rank \(Self.times(rank, heads))").")
      }
      return remarks
    }
  }

  /// A head as a tensor of its own. Its norm and largest entry are those of the whole tensor: nothing says more.
  private static func head(of tensor: PolicyTensor, _ split: HeadSplit) -> PolicyTensor {
    let cut = split.cut(shape: tensor.shape)
    return PolicyTensor(
      name: tensor.name, dtype: tensor.dtype, shape: tensor.shape, rows: cut?.rows ?? tensor.rows,
      columns: cut?.columns ?? tensor.columns, isFloating: tensor.isFloating, norm: tensor.norm,
      maximum: tensor.maximum)
  }

  private static func times(_ rank: Int, _ heads: Int) -> Int {
    rank.multipliedReportingOverflow(by: heads).partialValue
  }

  /// With all the rows that it may get; a vector grows in its entries.
  private static func grown(_ tensor: PolicyTensor, by rows: Int) -> PolicyTensor {
    let isVector = tensor.shape.count < 2
    return PolicyTensor(
      name: tensor.name, dtype: tensor.dtype, shape: tensor.shape, rows: tensor.rows + (isVector ? 0 : rows),
      columns: tensor.columns + (isVector ? rows : 0), isFloating: tensor.isFloating, norm: tensor.norm,
      maximum: tensor.maximum)
  }

  private static func growRemarks(_ rows: Int, _ clauses: [ClauseForm], hasTotal: Bool) -> [String] {
    let hasNorm = clauses.contains { if case .norm = $0 { true } else { false } }
    return [
      "Up to \(rows) \(rows == 1 ? "row" : "rows") may be added, of any content "
        + (hasNorm ? "within the norm bound" : hasTotal ? "limited by the total alone" : "of any size")
        + ": in an embedding as many tokens that the base does not know. New rows count like changed ones in norm, rank and "
        + "counts, so that the same bounds leave less for the others."
    ]
  }

  private static func clauseRemarks(
    _ clauses: [ClauseForm], _ members: [PolicyTensor], hasTotal: Bool, size split: HeadSplit?
  ) -> [String] {
    var remarks: [String] = []
    let unit = split?.unit ?? "tensor"
    let hasNorm = clauses.contains { if case .norm = $0 { true } else { false } }
    for clause in clauses {
      switch clause {
      case .norm(let bound): remarks += normRemarks(bound, members, unit: unit)
      case .pattern(let pattern):
        remarks += PatternWords.remarks(
          pattern, members, hasNorm: hasNorm, hasTotal: hasTotal, others: clauses.count > 1)
      case .sum(let rank, let sparse, let residual, let entrywise, let rounding, let blocks):
        let limit = hasNorm ? "within the norm bound" : hasTotal ? "limited by the total alone" : "of any size"
        if let rank { remarks.append(contentsOf: rankRemarks(rank, members, limit: limit)) }
        if let blocks { remarks += BlockWords.remarks(blocks, members, limit: limit) }
        if let sparse { remarks.append(contentsOf: sparseRemarks(sparse, members, limit: limit, unit: unit)) }
        if let entrywise {
          remarks += EntryBoundWords.remarks(
            entrywise, members, isAlone: rank == nil && sparse == nil && blocks == nil, hasResidual: residual != nil)
        }
        if let rounding {
          remarks += RoundingWords.remarks(
            rounding, members, rank: rank, hasNorm: hasNorm, hasResidual: residual != nil)
        }
        // A bound on entries leaves room for a merge's rounding, as a residual does.
        if !clause.boundsEntries || residual != nil {
          remarks += residualRemarks(
            residual, members, isLowRank: rank != nil || blocks != nil, unit: unit, isHead: split != nil)
        }
      }
    }
    return remarks
  }

  private static func normRemarks(_ bound: Bound, _ members: [PolicyTensor], unit: String) -> [String] {
    var remarks: [String] = []
    if case .relative = bound, let tensor = members.first(where: { $0.norm == 0 && $0.unencodableEntry == nil }) {
      remarks.append(
        "\(displayed(tensor.name)) is zero in the base, so a relative bound freezes it; an absolute one would not.")
    }
    // The tensor in which the bound is widest next to the weights.
    let widest = members.filter { $0.maximum > 0 && $0.norm > 0 }.max {
      AllowanceWords.norm(bound, of: $0.norm) / $0.norm < AllowanceWords.norm(bound, of: $1.norm) / $1.norm
    }
    guard let tensor = widest else { return remarks }
    let norm = AllowanceWords.norm(bound, of: tensor.norm)
    guard norm > 0 else { return remarks + ["The bound is zero: no weight moves by as much as the precision."] }
    let share = norm / tensor.norm
    remarks.append(
      "All weights of a \(unit) can move together, or one of them by the whole bound: in \(displayed(tensor.name)) by "
        + "\(AllowanceWords.number(norm)), \(AllowanceWords.number(norm / tensor.maximum)) times its largest weight.")
    if share >= 1 {
      remarks.append(
        "The bound is \(AllowanceWords.number(share)) times the norm of \(displayed(tensor.name)): the whole tensor can "
          + "be zeroed or replaced.")
    } else if share >= 0.2 {
      remarks.append(
        "The bound is \(AllowanceWords.percent(share)) of the norm of \(displayed(tensor.name)), far more than most "
          + "fine-tunes move.")
    }
    return remarks
  }

  private static func rankRemarks(_ rank: Int, _ members: [PolicyTensor], limit: String) -> [String] {
    let full = members.filter { min($0.rows, $0.columns) <= rank }
    if full.count == members.count {
      return ["Rank \(rank) restricts nothing: every matrix of these shapes has it. Any change is allowed, \(limit)."]
    }
    var remarks = [
      "\(rank == 1 ? "One direction" : "\(rank) directions") of the input can be mapped to any output, \(limit). "
        + "One is enough to react to a trigger: low rank does not exclude a backdoor."
    ]
    if !full.isEmpty { remarks.append("Rank \(rank) restricts nothing in \(tensors(full)).") }
    return remarks
  }

  private static func sparseRemarks(
    _ form: SparseForm, _ members: [PolicyTensor], limit: String, unit: String
  ) -> [String] {
    let count: Int
    let full: [PolicyTensor]
    let words: String
    switch form {
    case .entries(let k):
      (count, full) = (k, members.filter { $0.entryCount <= k })
      words =
        "\(k == 1 ? "One weight" : "\(k) weights") of each \(unit), wherever wanted, can become anything, \(limit). "
        + "500 changed weights of one matrix have carried a working backdoor in a small classifier."
    case .rows(let k):
      (count, full) = (k, members.filter { $0.rows <= k })
      words =
        "\(k == 1 ? "One row" : "\(k) rows") of each \(unit) can be rewritten, \(limit): in an embedding the meaning of "
        + "that many tokens, in a layer that many outputs."
    case .columns(let k):
      (count, full) = (k, members.filter { $0.columns <= k })
      words =
        "\(k == 1 ? "One column" : "\(k) columns") of each \(unit) can be rewritten, \(limit): a layer's answer to that "
        + "many inputs."
    }
    guard full.count < members.count else {
      return ["\(count) restricts nothing: these tensors have no more than that. Any change is allowed, \(limit)."]
    }
    return [words] + (full.isEmpty ? [] : ["\(count) restricts nothing in \(tensors(full))."])
  }

  private static func residualRemarks(
    _ residual: Bound?, _ members: [PolicyTensor], isLowRank: Bool, unit: String, isHead: Bool
  ) -> [String] {
    guard let residual else {
      guard isLowRank, let tensor = members.first(where: { $0.mergeRounding != nil }) else { return [] }
      return [
        "Without a residual the stored change must be such a matrix exactly. A merged adapter's is not: \(tensor.dtype) "
          + "rounding needs about \(AllowanceWords.percent(tensor.mergeRounding ?? 0)) of ‖W‖, so it will be refused."
      ]
    }
    let widest = members.max { AllowanceWords.norm(residual, of: $0.norm) < AllowanceWords.norm(residual, of: $1.norm) }
    guard let tensor = widest else { return [] }
    let norm = AllowanceWords.norm(residual, of: tensor.norm)
    var remarks = [
      "Besides, any change at all of norm up to \(AllowanceWords.number(norm)) (in \(displayed(tensor.name))), of full "
        + "rank and in every weight: a fine-tune that small fits into the residual alone."
    ]
    // Relative to a head's own norm nothing is known.
    guard isLowRank, !isHead, let rounding = tensor.mergeRounding, tensor.norm > 0 else { return remarks }
    let share = norm / tensor.norm
    if share < rounding {
      remarks.append(
        "Merging in \(tensor.dtype) needs a residual of about \(AllowanceWords.percent(rounding)) of ‖W‖; this is "
          + "\(AllowanceWords.percent(share)), so honest merges may be refused.")
    } else if share > 4 * max(rounding, 1e-5) {
      remarks.append(
        "The residual is \(AllowanceWords.number(share / rounding)) times what merging in \(tensor.dtype) needs; a "
          + "smaller one would do.")
    } else if tensor.dtype == "BF16" {
      remarks.append(
        "For BF16 this is what rounding needs, and it is wide: merge and publish in F32 where you can.")
    }
    return remarks
  }

  /// What a policy lets in with an assumption.
  static func of(_ assumption: Assumption) -> String {
    switch assumption {
    case .bls12381:
      "It permits certificates of the kzg backend: whoever keeps their setup's secret, computes discrete logarithms on BLS12-381 "
        + "or has a large quantum computer can forge them. Leave out \"assume\" to accept proven bits alone."
    }
  }

  /// About the policy as a whole.
  static func overall(
    tensors: [PolicyExplanation.TensorEffect], allowances: [Allowance], totalNorm: Double?, baseNorm: Double
  ) -> [String] {
    var remarks: [String] = []
    func isExcluded(_ effect: PolicyExplanation.TensorEffect) -> Bool {
      if case .any? = effect.rule.map({ allowances[$0] }) { true } else { false }
    }
    let certified = tensors.filter { !isExcluded($0) }
    let unbounded = certified.filter { $0.largestNorm == nil && $0.rule != nil }
    let balls = certified.reduce(0) { $0 + ($1.largestNorm ?? 0) * ($1.largestNorm ?? 0) }.squareRoot()
    let share = baseNorm > 0 ? " (\(AllowanceWords.percent(balls / baseNorm)) of the base's)" : ""
    switch totalNorm {
    case nil where !unbounded.isEmpty:
      remarks.append(
        "No total and no norm clause bound \(Self.tensors(unbounded.map(\.tensor))): changes of these forms may be "
          + "of any size. Add a norm clause beside them, or a total.")
    case nil where balls > 0:
      remarks.append(
        "There is no total: all bounds can be used up at once, a change of norm "
          + "\(AllowanceWords.number(balls))\(share).")
    case let total? where unbounded.isEmpty && balls > 0 && total >= balls:
      remarks.append(
        "The total of \(AllowanceWords.number(total)) never binds: the tensors' own bounds together allow no more than "
          + "\(AllowanceWords.number(balls)).")
    case let total?:
      remarks.append(
        "The total of \(AllowanceWords.number(total)) can go into a single tensor as far as its own rule lets it"
          + (unbounded.isEmpty ? "." : "; \(Self.tensors(unbounded.map(\.tensor))) have no norm of their own."))
    default: break
    }
    remarks.append(
      "Whatever the policy says: configuration, tokenizer, chat template and code are not covered, a tensor may be stored in "
        + "another floating type (frozen ones without rounding, others within their bounds), changes below the "
        + "precision are invisible, and a change inside the bounds may be harmful.")
    return remarks
  }

  /// One name, or the first and how many more.
  private static func tensors(_ members: [PolicyTensor]) -> String {
    guard let first = members.first else { return "no tensor" }
    return displayed(first.name) + (members.count > 1 ? " and \(members.count - 1) more" : "")
  }
}
