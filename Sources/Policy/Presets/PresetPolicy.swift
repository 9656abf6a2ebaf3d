// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

extension PolicyPreset {
  /// Writes the preset as a commented policy whose every rule decides a tensor of this base.
  /// - Parameter tensors: the base's, with distinct names.
  /// - Returns: the text of a policy file; reading it was tried.
  public func policyText(for tensors: [PolicyTensor], options: Options = Options()) throws(PresetError) -> String {
    try PresetWriter(preset: self, tensors: tensors, options: options).text()
  }

  /// Whether a core rule of the preset matches a tensor.
  func fits(_ tensors: [PolicyTensor]) -> Bool {
    templates.contains { template in
      template.isCore
        && tensors.contains { (try? TensorPattern(template.pattern))?.matches($0.name) ?? false }
    }
  }
}

private struct PresetWriter {
  let preset: PolicyPreset
  let tensors: [PolicyTensor]
  let options: PolicyPreset.Options

  /// Quantised weights of the base.
  private var packed: PackedWeights {
    PackedWeights(tensors.map { PackedWeights.Tensor(name: $0.name, dtype: $0.dtype) })
  }

  func text() throws(PresetError) -> String {
    let templates = preset.templates
    let packed = packed
    guard isAbout(templates, packed) else {
      throw .doesNotFit(
        preset: preset.rawValue, example: tensors.first?.name,
        // The perceptron's patterns fit nearly every network; it is no better guess than what was asked for.
        better: PolicyPreset.allCases.filter { $0 != preset && $0 != .mlp && $0.fits(tensors) }.map(\.rawValue))
    }
    let exact = try ExactRules(tensors, packed: packed, decidedByClauses: clauseTensors(templates))
    let members = try assignment(templates, without: exact.names)
    guard options.headSize == nil || zip(templates, members).contains(where: { $0.heads != nil && !$1.isEmpty }) else {
      throw .noHeads(preset: preset.rawValue)
    }
    guard options.growth == nil || zip(templates, members).contains(where: { $0.isVocabulary && !$1.isEmpty }) else {
      throw .noVocabulary(preset: preset.rawValue)
    }
    var rules = exact.rules
    for (template, members) in zip(templates, members) where !members.isEmpty {
      for part in parts(template, members) { rules.append(try rule(part.pattern, template, part.members)) }
    }
    guard rules.count <= PolicyLimits.maximumRules else {
      throw .tooManyRules(rules.count, limit: PolicyLimits.maximumRules)
    }
    let text = try document(rules, unused: zip(templates, members).filter { $1.isEmpty }.map(\.0.pattern))
    do throws(PolicyError) {
      _ = try Policy.parse(Array(text.utf8)).resolve(tensorNames: tensors.map(\.name))
    } catch {
      throw .unreadable("\(error)")
    }
    return text
  }

  // MARK: Which rule has which tensors

  /// Whether a core rule has a tensor, or a weight that stands packed in the base.
  private func isAbout(_ templates: [PolicyPreset.Template], _ packed: PackedWeights) -> Bool {
    // Of some formats the packed weight has no word of its own.
    let names = tensors.map(\.name) + packed.formats.keys.flatMap { [$0, $0 + ".weight"] }
    return templates.contains { template in
      guard template.isCore, let pattern = try? TensorPattern(template.pattern) else { return false }
      return names.contains(where: pattern.matches)
    }
  }

  /// Names of the tensors on which the templates would put clauses.
  private func clauseTensors(_ templates: [PolicyPreset.Template]) throws(PresetError) -> Set<String> {
    var names: Set<String> = []
    for (template, members) in zip(templates, try assignment(templates, without: []))
    where template.form != .frozen && template.form != .any {
      names.formUnion(members.map(\.name))
    }
    return names
  }

  /// For each template the tensors that it decides.
  /// - Parameter decided: names of tensors that rules before the templates decide.
  private func assignment(
    _ templates: [PolicyPreset.Template], without decided: Set<String>
  ) throws(PresetError) -> [[PolicyTensor]] {
    var patterns: [TensorPattern] = []
    for template in templates {
      do throws(PolicyError) { patterns.append(try TensorPattern(template.pattern)) } catch {
        throw .unreadable("\(error)")
      }
    }
    var members = [[PolicyTensor]](repeating: [], count: templates.count)
    for tensor in tensors where !decided.contains(tensor.name) {
      if let index = patterns.firstIndex(where: { $0.matches(tensor.name) }) { members[index].append(tensor) }
    }
    return members
  }

  /// Blocks have one size in a rule: tensors of others in one template have rules by name.
  private func parts(
    _ template: PolicyPreset.Template, _ members: [PolicyTensor]
  ) -> [(pattern: String, members: [PolicyTensor])] {
    let count =
      switch template.form {
      case .kronecker: Set(members.map { "\(blocks($0))" }).count
      case .circulant: Set(members.map { Self.circulant([$0]) }).count
      default: 1
      }
    guard count > 1 else { return [(template.pattern, members)] }
    return members.map { (ExactRules.pattern($0.name, wildcards: false), [$0]) }
  }

  /// The blocks into which PEFT cuts a tensor.
  private func blocks(_ tensor: PolicyTensor) -> (rows: Int, columns: Int) {
    (
      BlockForm.factorisation(of: max(1, tensor.rows)).inner, BlockForm.factorisation(of: max(1, tensor.columns)).inner
    )
  }

  /// block_size of C3A where nobody sets it.
  private static let circulantSize = 256

  /// Circulant blocks of C3A's size, or the largest below it that fill the tensor; nil where there are none.
  private static func circulant(_ members: [PolicyTensor]) -> BlockForm? {
    BlockForm.largestCirculant(rows: members[0].rows, columns: members[0].columns, limit: circulantSize)
  }

  /// The clause's blocks; nil for sizes that no clause has.
  private func blockForm(_ form: PolicyPreset.Form, _ members: [PolicyTensor]) -> BlockForm? {
    if form == .circulant { return Self.circulant(members) }
    let (rows, columns) = blocks(members[0])
    guard [rows, columns].allSatisfy({ BlockForm.sizeRange.contains($0) && $0.nonzeroBitCount == 1 }) else {
      return nil
    }
    return .kronecker(terms: 1, rows: rows, columns: columns)
  }

  // MARK: Text

  private func rule(
    _ pattern: String, _ template: PolicyPreset.Template, _ members: [PolicyTensor]
  ) throws(PresetError) -> String {
    let example = members[0].name
    let count = members.count == 1 ? displayed(example) : "\(members.count) tensors, such as \(displayed(example))"
    var lines = ["// \(template.purpose)", "// \(count)."]
    var split: HeadSplit?
    if let size = options.headSize, let axis = template.heads { split = HeadSplit(axis: axis, size: size) }
    if template.hasSlices, !members.contains(where: { HeadSplit(axis: .slices, size: 1).cut(shape: $0.shape) == nil }) {
      split = HeadSplit(axis: .slices, size: 1)
    }
    if let split { lines.append(contentsOf: try headRemarks(split, template, members)) }
    let allowance = try allowance(template, members, split)
    if allowance.addedRows > 0 {
      lines.append("// With up to \(allowance.addedRows) new rows, which count like changed ones.")
    }
    if template.form == .lowRank {
      let heldBy = members.filter { shape($0, split).rows <= options.rank || shape($0, split).columns <= options.rank }
      if let tensor = heldBy.first {
        let name = displayed(tensor.name)
        lines.append("// Careful: rank \(options.rank) restricts nothing in \(name), as small as it is.")
      }
      if split == nil, options.residual == nil { lines += restRemarks(members) }
    }
    if template.form == .kronecker { lines += kroneckerRemarks(members) }
    if template.form == .circulant { lines += circulantRemarks(members) }
    if template.form == .pattern, !fillGroups(members) {
      lines.append("// Their rows are no whole groups of 4, so that only the norm is bounded.")
    }
    lines.append(PolicyText.rule(pattern: pattern, allowance))
    return lines.map { "    " + $0 }.joined(separator: "\n")
  }

  private func kroneckerRemarks(_ members: [PolicyTensor]) -> [String] {
    let (rows, columns) = blocks(members[0])
    let cut = "\(members[0].rows) × \(members[0].columns) into blocks of \(rows) × \(columns)"
    guard let form = blockForm(.kronecker, members) else {
      return [
        "// LoKr cuts \(cut), for which there is no clause: a small change of any form."
      ]
    }
    var lines = [
      "// LoKr cuts \(cut), if decompose_factor is -1; with another factor they have",
      "// another size (driftproof inspect shows that of an adapter), and inner must have it.",
    ]
    if form.fullTerms(rows: members[0].rows, columns: members[0].columns) <= 1 {
      lines.append("// Careful: every matrix of this size is such a product.")
    }
    if options.residual == nil { lines += restRemarks(members) }
    return lines
  }

  private func circulantRemarks(_ members: [PolicyTensor]) -> [String] {
    guard let form = Self.circulant(members) else {
      return ["// No circulant blocks fill \(members[0].rows) × \(members[0].columns): a small change of any form."]
    }
    let lines = [
      "// Blocks of \(form.rows) × \(form.rows), if that is block_size in the adapter's settings; with another one the change is",
      "// none of such blocks (driftproof inspect shows which it has), and block must have it.",
    ]
    return options.residual == nil ? lines + restRemarks(members) : lines
  }

  private static let group = 4

  private func fillGroups(_ members: [PolicyTensor]) -> Bool {
    members.allSatisfy { $0.columns.isMultiple(of: Self.group) && $0.columns > 0 }
  }

  /// What the rule allows beside the rank, and how to allow less.
  private func restRemarks(_ members: [PolicyTensor]) -> [String] {
    let type = coarsest(members)
    guard !areLinked(members) else {
      return [
        "// Nothing else but the rounding to \(type) of every entry. Merge with driftproof merge, or with one rounding onto the",
        "// base as it is stored, and give prove the adapter, too (--tuned MERGED --adapter ADAPTER).",
      ]
    }
    var lines = ["// The residual is what merging in \(type) needs."]
    if type == "BF16" || type == "F16" {
      lines += [
        "// It would hide other changes of that size. An identity that commits to the weights (driftproof identify --commit)",
        "// as --base gives a rounding clause here, which bounds every entry by its own last place.",
      ]
    }
    return lines
  }

  /// Whether clauses can speak of the base's own entries, of one type.
  private func areLinked(_ members: [PolicyTensor]) -> Bool {
    members.allSatisfy { $0.shareBelowFloor != nil && $0.roundingObstacle == nil && $0.dtype == members[0].dtype }
  }

  /// Half-ulps that merges of one rounding need, as measured: 1.0023 in BF16, 1.033 in F16. Nil without a tableau of the base,
  /// for heads, and where a residual was asked for.
  private func rounding(_ members: [PolicyTensor], _ split: HeadSplit?) throws(PresetError) -> RoundingBound? {
    guard split == nil, options.residual == nil, areLinked(members) else { return nil }
    return .halfUlps(try decimal(members[0].dtype == "F16" ? "1.04" : "1.01"))
  }

  private func headRemarks(
    _ split: HeadSplit, _ template: PolicyPreset.Template, _ members: [PolicyTensor]
  ) throws(PresetError) -> [String] {
    for tensor in members where split.cut(shape: tensor.shape) == nil {
      throw .headsDoNotFit(
        tensor: tensor.name, axis: split.axis, length: split.axis == .rows ? tensor.rows : tensor.columns,
        size: split.size)
    }
    let rank = template.form == .lowRank ? ", so a whole tensor may have a higher rank than one of them" : ""
    return [
      "// Every \(split.unit) by itself\(rank). Bounds of \(split.unit)s are absolute:",
      "// the share of the largest tensor's norm that falls to one \(split.unit), and half as much again.",
    ]
  }

  private func shape(_ tensor: PolicyTensor, _ split: HeadSplit?) -> (rows: Int, columns: Int) {
    split?.cut(shape: tensor.shape).map { ($0.rows, $0.columns) } ?? (tensor.rows, tensor.columns)
  }

  private func allowance(
    _ template: PolicyPreset.Template, _ members: [PolicyTensor], _ split: HeadSplit?
  ) throws(PresetError) -> Allowance {
    let clause: ClauseForm
    switch template.form {
    case .frozen: return .frozen
    case .any: return .any
    case .lowRank:
      if let rounding = try rounding(members, split) {
        clause = .sum(rank: options.rank, sparse: nil, residual: nil, rounding: rounding)
      } else {
        clause = .sum(rank: options.rank, sparse: nil, residual: try bound(try residual(members), members, split))
      }
    case .kronecker, .circulant:
      guard let blocks = blockForm(template.form, members) else {
        clause = .norm(try bound(try norm(), members, nil))
        break
      }
      if let rounding = try rounding(members, nil) {
        clause = .sum(rank: nil, sparse: nil, residual: nil, rounding: rounding, blocks: blocks)
      } else {
        clause = .sum(rank: nil, sparse: nil, residual: try bound(try residual(members), members, nil), blocks: blocks)
      }
    case .pattern:
      let size = ClauseForm.norm(try bound(try norm(), members, nil))
      guard fillGroups(members) else { return .clauses([size]) }
      return .clauses([.pattern(.drift(count: Self.group / 2, group: Self.group)), size])
    case .norm: clause = .norm(try bound(try norm(), members, split))
    case .statistics: clause = .norm(.relative(try decimal("2.5")))
    case .bias: clause = .norm(.absolute(try bias(members)))
    case .rows:
      // New rows count, too.
      let count = (options.rows ?? preset.defaultRows) + (template.isVocabulary ? options.growth ?? 0 : 0)
      clause = .sum(rank: nil, sparse: .rows(min(count, PolicyLimits.countRange.upperBound)), residual: nil)
    }
    if let growth = options.growth, template.isVocabulary { return .grow(rows: growth, [clause]) }
    return split.map { .heads($0, [clause]) } ?? .clauses([clause])
  }

  /// A number of a preset's own.
  private func decimal(_ text: String) throws(PresetError) -> Decimal10 {
    do throws(Decimal10.Failure) { return try Decimal10(text) } catch { throw .unreadable("\(text): \(error)") }
  }

  private func norm() throws(PresetError) -> Decimal10 {
    if let norm = options.norm { return norm }
    return try decimal(preset.defaultNorm)
  }

  private func total() throws(PresetError) -> Decimal10? {
    if let total = options.total { return total }
    guard let total = preset.defaultTotal else { return nil }
    return try decimal(total)
  }

  /// Above what merging leaves in the coarsest type among `members`; in fp32 the encoding's own rounding, 2^-f, exceeds
  /// that of the type.
  private func residual(_ members: [PolicyTensor]) throws(PresetError) -> Decimal10 {
    if let residual = options.residual { return residual }
    switch coarsest(members) {
    case "BF16": return try decimal("0.003")
    case "F16": return try decimal("0.0004")
    default: return try decimal("0.00001")
    }
  }

  private func coarsest(_ members: [PolicyTensor]) -> String {
    ["BF16", "F16", "F32"].first { type in members.contains { $0.dtype == type } } ?? "F64"
  }

  /// A fraction of each tensor's norm, or for heads an absolute bound: 3/2 of the share of the largest tensor.
  private func bound(
    _ fraction: Decimal10, _ members: [PolicyTensor], _ split: HeadSplit?
  ) throws(PresetError) -> Bound {
    guard let split else { return .relative(fraction) }
    var share = 0.0
    for tensor in members {
      let heads = split.cut(shape: tensor.shape)?.count ?? 1
      share = max(share, tensor.norm / Double(heads).squareRoot())
    }
    guard let decimal = Decimal10.roundedUp(1.5 * fraction.doubleValue * share) else {
      throw .boundOutOfRange(tensor: members[0].name)
    }
    return .absolute(decimal)
  }

  /// The norm's fraction of the largest vector, but at least 0.01 per entry.
  private func bias(_ members: [PolicyTensor]) throws(PresetError) -> Decimal10 {
    let fraction = try norm().doubleValue
    let value = members.map { max(fraction * $0.norm, 0.01 * Double($0.entryCount).squareRoot()) }.max() ?? 0
    guard let decimal = Decimal10.roundedUp(value) else { throw .boundOutOfRange(tensor: members[0].name) }
    return decimal
  }

  private func document(_ rules: [String], unused: [String]) throws(PresetError) -> String {
    var lines = ["// \(preset.rawValue): \(preset.summary)."]
    lines += [
      "// The first rule whose pattern matches a tensor decides it. Numbers are proposals"
        + (options.advice.isEmpty ? "." : ": \(options.advice[0])")
    ]
    lines += options.advice.dropFirst().map { "// \($0)" }
    lines += PolicyText.opening(name: name, assumption: options.assumption) + [rules.joined(separator: ",\n"), "  ]"]
    if let total = try total() {
      lines[lines.count - 1] += ","
      lines += [
        "  // All changes together, as a fraction of the whole base's norm: without it every bound above could be used up.",
        PolicyText.total(.relative(total)),
      ]
    }
    lines.append("}")
    // Beside the rules it would be an error: a rule has to match something.
    let left = unused.filter { $0 != "*" }
    if !left.isEmpty { lines.append("// Left out, as this base has no such tensor: \(left.joined(separator: "  "))") }
    return lines.joined(separator: "\n") + "\n"
  }

  private var name: String {
    let isLowRank = preset.templates.contains { $0.form == .lowRank }
    return preset.rawValue + (isLowRank ? "-r\(options.rank)" : "") + (options.headSize == nil ? "" : "-heads")
  }
}
