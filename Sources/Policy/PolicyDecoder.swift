// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// Turns a JSON value into a policy, or into the error that says what is wrong with it.
enum PolicyDecoder {
  static func policy(_ root: JSONValue) throws(PolicyError) -> Policy {
    let object = try ObjectReader(
      root, at: JSONPath(), allowed: ["driftPolicy", "name", "securityBits", "assume", "rules", "total", "$schema"])
    // For editors alone: it decides nothing, and the canonical bytes have no place for it.
    if let schema = object.optional("$schema") { _ = try string(schema, at: object.path.key("$schema")) }
    let version = try number(try object.required("driftPolicy"), at: object.path.key("driftPolicy"))
    guard (try? Decimal10(version))?.integerValue == 1 else {
      throw .unsupportedVersion(path: object.path.key("driftPolicy").description, found: version)
    }
    let name = try self.name(try object.required("name"), at: object.path.key("name"))
    let security = try number(try object.required("securityBits"), at: object.path.key("securityBits"))
    guard (try? Decimal10(security))?.integerValue == PolicyLimits.securityBits else {
      throw .unsupportedSecurityBits(path: object.path.key("securityBits").description, found: security)
    }
    let assumption = try object.optional("assume").map { value throws(PolicyError) in
      try self.assumption(value, at: object.path.key("assume"))
    }
    let rules = try self.rules(try object.required("rules"), at: object.path.key("rules"))
    var total: Bound?
    if let value = object.optional("total") {
      let reader = try ObjectReader(value, at: object.path.key("total"), allowed: ["norm"])
      total = try bound(try reader.required("norm"), at: reader.path.key("norm"))
    }
    return Policy(
      name: name, securityBits: PolicyLimits.securityBits, rules: rules, total: total, assumption: assumption)
  }

  private static func assumption(_ value: JSONValue, at path: JSONPath) throws(PolicyError) -> Assumption {
    let word = try string(value, at: path)
    guard let assumption = Assumption(rawValue: word) else {
      throw .unknownAssumption(path: path.description, found: word)
    }
    return assumption
  }

  private static func name(_ value: JSONValue, at path: JSONPath) throws(PolicyError) -> String {
    let name = try string(value, at: path)
    let length = name.unicodeScalars.count
    guard PolicyLimits.nameLength.contains(length) else {
      throw .nameLengthOutOfRange(path: path.description, length: length)
    }
    guard !name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
      throw .nameHasControlCharacter(path: path.description)
    }
    return name
  }

  private static func rules(_ value: JSONValue, at path: JSONPath) throws(PolicyError) -> [Rule] {
    guard case .array(let elements) = value else { throw wrongType(value, at: path, expected: "a list of rules") }
    guard !elements.isEmpty else { throw .noRules(path: path.description) }
    guard elements.count <= PolicyLimits.maximumRules else {
      throw .tooManyRules(path: path.description, count: elements.count)
    }
    var rules: [Rule] = []
    for (index, element) in elements.enumerated() {
      let object = try ObjectReader(element, at: path.index(index), allowed: ["tensors", "allow", "heads", "grow"])
      let patternPath = object.path.key("tensors")
      let pattern = try string(try object.required("tensors"), at: patternPath)
      let tensors = try TensorPattern(pattern, path: patternPath.description)
      let split = try object.optional("heads").map { value throws(PolicyError) in
        try heads(value, at: object.path.key("heads"))
      }
      let allowPath = object.path.key("allow")
      let allowance = try allowance(try object.required("allow"), at: allowPath, inHeads: split != nil)
      guard let growth = object.optional("grow") else {
        rules.append(Rule(tensors: tensors, allowance: try cut(allowance, into: split, at: allowPath)))
        continue
      }
      let growPath = object.path.key("grow")
      guard split == nil else { throw .growWithHeads(path: growPath.description) }
      guard case .clauses(let clauses) = allowance else { throw .growWithoutClauses(path: allowPath.description) }
      rules.append(Rule(tensors: tensors, allowance: .grow(rows: try grow(growth, at: growPath), clauses)))
    }
    return rules
  }

  private static func heads(_ value: JSONValue, at path: JSONPath) throws(PolicyError) -> HeadSplit {
    let isSlices = value.member("of") == .string(HeadSplit.Axis.slices.rawValue)
    let object = try ObjectReader(value, at: path, allowed: ["of", isSlices ? "axes" : "size"])
    let word = try string(try object.required("of"), at: path.key("of"))
    guard let axis = HeadSplit.Axis(rawValue: word) else {
      throw .unknownHeadAxis(path: path.key("of").description, found: word)
    }
    if axis == .slices {
      let axesPath = path.key("axes")
      let axes = try object.optional("axes").map { value throws(PolicyError) in
        try integer(value, at: axesPath, in: PolicyLimits.sliceAxesRange) { text in
          .sliceAxesOutOfRange(path: axesPath.description, found: text)
        }
      }
      return HeadSplit(axis: .slices, size: axes ?? 1)
    }
    let sizePath = path.key("size")
    let size = try integer(try object.required("size"), at: sizePath, in: PolicyLimits.headSizeRange) { text in
      .headSizeOutOfRange(path: sizePath.description, found: text)
    }
    return HeadSplit(axis: axis, size: size)
  }

  private static func grow(_ value: JSONValue, at path: JSONPath) throws(PolicyError) -> Int {
    let object = try ObjectReader(value, at: path, allowed: ["rows"])
    let rowsPath = path.key("rows")
    return try integer(try object.required("rows"), at: rowsPath, in: PolicyLimits.growthRange) { text in
      .growthOutOfRange(path: rowsPath.description, found: text)
    }
  }

  private static func cut(
    _ allowance: Allowance, into split: HeadSplit?, at path: JSONPath
  ) throws(PolicyError) -> Allowance {
    guard let split else { return allowance }
    guard case .clauses(let clauses) = allowance else { throw .headsWithoutClauses(path: path.description) }
    return .heads(split, clauses)
  }

  /// - Parameter inHeads: relative bounds are an error, as nothing states the norm of a part of a base tensor.
  private static func allowance(
    _ value: JSONValue, at path: JSONPath, inHeads: Bool
  ) throws(PolicyError) -> Allowance {
    switch value {
    case .string("frozen"):
      return .frozen
    case .string("any"):
      return .any
    case .string(let word):
      throw .unknownAllowance(path: path.description, found: word)
    case .object:
      return .clauses([try clause(value, at: path, inHeads: inHeads)])
    case .array(let elements):
      guard !elements.isEmpty else { throw .emptyIntersection(path: path.description) }
      guard elements.count <= PolicyLimits.maximumClauses else {
        throw .tooManyClauses(path: path.description, count: elements.count)
      }
      var clauses: [ClauseForm] = []
      for (index, element) in elements.enumerated() {
        clauses.append(try clause(element, at: path.index(index), inHeads: inHeads))
      }
      return .clauses(clauses)
    default:
      throw wrongType(value, at: path, expected: "\"frozen\", \"any\", an object or a list of objects")
    }
  }

  private static func clause(
    _ value: JSONValue, at path: JSONPath, inHeads: Bool
  ) throws(PolicyError) -> ClauseForm {
    let object = try ObjectReader(
      value, at: path,
      allowed: [
        "norm", "rank", "kronecker", "circulant", "entries", "rows", "columns", "residual", "entrywise", "rounding",
        "pattern",
      ])
    guard !object.members.isEmpty else { throw .emptyClause(path: path.description) }
    if let norm = object.optional("norm") {
      let others = object.members.map(\.key).filter { $0 != "norm" }
      guard others.isEmpty else { throw .normNotAlone(path: path.description, others: others) }
      return .norm(try bound(norm, at: path.key("norm"), inHeads: inHeads))
    }
    if let pattern = object.optional("pattern") {
      let others = object.members.map(\.key).filter { $0 != "pattern" }
      let place = path.key("pattern")
      guard others.isEmpty else { throw .malformedPatternBound(path: place.description, .notAlone(others: others)) }
      return .pattern(try self.pattern(pattern, at: place, inHeads: inHeads))
    }
    let forms = object.members.map(\.key).filter { $0 == "entries" || $0 == "rows" || $0 == "columns" }
    guard forms.count <= 1 else { throw .severalSparseForms(path: path.description, forms: forms) }
    let rankValue = object.optional("rank")
    let blockValue = object.optional("kronecker")
    let circulantValue = object.optional("circulant")
    if rankValue == nil, blockValue == nil, circulantValue == nil, forms.isEmpty, object.optional("residual") != nil {
      throw .residualAlone(path: path.key("residual").description)
    }

    var rank: Int?
    if let rankValue {
      let rankPath = path.key("rank")
      rank = try integer(rankValue, at: rankPath, in: PolicyLimits.rankRange) { text in
        .rankOutOfRange(path: rankPath.description, found: text)
      }
    }
    var blocks = try blockValue.map { value throws(PolicyError) in
      let place = path.key("kronecker")
      if rank != nil { throw .malformedBlocks(path: place.description, .withRank) }
      return try kronecker(value, at: place)
    }
    if let circulantValue {
      let place = path.key("circulant")
      guard rank == nil, blocks == nil else {
        throw .malformedBlocks(path: place.description, .circulantWithFactors)
      }
      blocks = try circulant(circulantValue, at: place)
    }
    var residual: Bound?
    if let residualValue = object.optional("residual") {
      residual = try bound(residualValue, at: path.key("residual"), inHeads: inHeads)
    }
    let bounds = object.optional("entrywise")
    var entrywise: EntryBound?
    var rounding: RoundingBound?
    if let bounds, bounds.member("ofWeight") != nil {
      rounding = try ofWeight(bounds, at: path.key("entrywise"), inHeads: inHeads)
    } else if let bounds {
      entrywise = try entryBound(bounds, at: path.key("entrywise"), inHeads: inHeads)
    }
    if let value = object.optional("rounding") {
      let place = path.key("rounding")
      if inHeads { throw .malformedRounding(path: place.description, .inHeads) }
      if bounds != nil { throw .malformedRounding(path: place.description, .withEntrywise) }
      rounding = try self.rounding(value, at: place)
    }
    return .sum(
      rank: rank, sparse: try sparse(object), residual: residual, entrywise: entrywise, rounding: rounding,
      blocks: blocks)
  }

  private static func kronecker(_ value: JSONValue, at path: JSONPath) throws(PolicyError) -> BlockForm {
    let object = try ObjectReader(value, at: path, allowed: ["terms", "inner"])
    let termsPath = path.key("terms")
    let terms = try integer(try object.required("terms"), at: termsPath, in: BlockForm.termRange) { text in
      .malformedBlocks(path: termsPath.description, .termsOutOfRange(found: text))
    }
    let innerPath = path.key("inner")
    guard case .array(let elements) = try object.required("inner") else {
      throw wrongType(try object.required("inner"), at: innerPath, expected: "a list of two numbers")
    }
    guard elements.count == 2 else {
      throw .malformedBlocks(path: innerPath.description, .notTwoSizes(found: elements.count))
    }
    var sizes: [Int] = []
    for (index, element) in elements.enumerated() {
      let place = innerPath.index(index)
      let size = try integer(element, at: place, in: BlockForm.sizeRange) { text in
        .malformedBlocks(path: place.description, .sizeOutOfRange(found: text))
      }
      guard size.nonzeroBitCount == 1 else {
        throw .malformedBlocks(path: place.description, .sizeOutOfRange(found: "\(size)"))
      }
      sizes.append(size)
    }
    return .kronecker(terms: terms, rows: sizes[0], columns: sizes[1])
  }

  private static func circulant(_ value: JSONValue, at path: JSONPath) throws(PolicyError) -> BlockForm {
    let object = try ObjectReader(value, at: path, allowed: ["block"])
    let place = path.key("block")
    let size = try integer(try object.required("block"), at: place, in: BlockForm.circulantRange) { text in
      .malformedBlocks(path: place.description, .circulantOutOfRange(found: text))
    }
    guard size.nonzeroBitCount == 1 else {
      throw .malformedBlocks(path: place.description, .circulantOutOfRange(found: "\(size)"))
    }
    return .circulant(size: size)
  }

  private static func pattern(
    _ value: JSONValue, at path: JSONPath, inHeads: Bool
  ) throws(PolicyError) -> PatternBound {
    let isBase = value.member("of") == .string("base")
    let object = try ObjectReader(value, at: path, allowed: isBase ? ["of"] : ["of", "n", "m"])
    let subject = try string(try object.required("of"), at: path.key("of"))
    func failure(_ problem: PatternBoundProblem, at place: JSONPath) -> PolicyError {
      .malformedPatternBound(path: place.description, problem)
    }
    guard ["drift", "tuned", "base"].contains(subject) else {
      throw failure(.unknownSubject(found: subject), at: path.key("of"))
    }
    if inHeads, subject != "drift" { throw failure(.inHeads, at: path) }
    if isBase { return .base }
    let groupPath = path.key("m")
    let group = try integer(try object.required("m"), at: groupPath, in: PatternBound.groupRange) { text in
      failure(.groupOutOfRange(found: text), at: groupPath)
    }
    guard group.nonzeroBitCount == 1 else { throw failure(.groupOutOfRange(found: "\(group)"), at: groupPath) }
    let countPath = path.key("n")
    let count = try integer(try object.required("n"), at: countPath, in: 1...group - 1) { text in
      failure(.countOutOfRange(found: text, group: group), at: countPath)
    }
    return subject == "drift" ? .drift(count: count, group: group) : .tuned(count: count, group: group)
  }

  private static func rounding(_ value: JSONValue, at path: JSONPath) throws(PolicyError) -> RoundingBound {
    let object = try ObjectReader(value, at: path, allowed: ["halfUlps", "roundoffs", "of"])
    func failure(_ problem: RoundingProblem, at place: JSONPath? = nil) -> PolicyError {
      .malformedRounding(path: (place ?? path).description, problem)
    }
    switch (object.optional("halfUlps"), object.optional("roundoffs")) {
    case (.none, .none): throw failure(.missing)
    case (.some, .some): throw failure(.several)
    case (let value?, .none):
      guard object.optional("of") == nil else { throw failure(.quantitiesOfHalfUlps, at: path.key("of")) }
      let place = path.key("halfUlps")
      let bound = try decimal(value, at: place)
      guard bound.isWithin(tenths: PolicyLimits.halfUlpTenths) else {
        throw failure(.halfUlpsOutOfRange(found: bound.description), at: place)
      }
      return .halfUlps(bound)
    case (.none, let value?):
      let place = path.key("roundoffs")
      let bound = try decimal(value, at: place)
      guard bound.isWithin(tenths: PolicyLimits.roundoffTenths) else {
        throw failure(.roundoffsOutOfRange(found: bound.description), at: place)
      }
      return .roundoffs(bound, of: try quantities(object.optional("of"), at: path.key("of")))
    }
  }

  /// An entrywise bound that is relative to each weight of the base.
  private static func ofWeight(
    _ value: JSONValue, at path: JSONPath, inHeads: Bool
  ) throws(PolicyError) -> RoundingBound {
    let object = try ObjectReader(value, at: path, allowed: ["ofWeight", "relative", "absolute"])
    let place = path.key("ofWeight")
    if inHeads { throw .malformedRounding(path: place.description, .ofWeightInHeads) }
    guard object.optional("relative") == nil else {
      throw .malformedRounding(path: path.description, .relativeBesideOfWeight)
    }
    let fraction = try decimal(try object.required("ofWeight"), at: place)
    guard !fraction.isZero, fraction.isAtMostOne else {
      throw .malformedRounding(path: place.description, .fractionOutOfRange(found: fraction.description))
    }
    let least = try object.optional("absolute").map { value throws(PolicyError) in
      try decimal(value, at: path.key("absolute"))
    }
    guard least?.isZero != true else {
      throw .malformedRounding(path: path.key("absolute").description, .zeroBesideOfWeight)
    }
    return .ofWeight(fraction, absolute: least)
  }

  /// The tuned model's weights where there is no list.
  private static func quantities(_ value: JSONValue?, at path: JSONPath) throws(PolicyError) -> RoundedQuantities {
    guard let value else { return .tuned }
    guard case .array(let elements) = value else { throw wrongType(value, at: path, expected: "a list of strings") }
    guard !elements.isEmpty else { throw .malformedRounding(path: path.description, .noQuantity) }
    var result: RoundedQuantities = []
    for (index, element) in elements.enumerated() {
      let place = path.index(index)
      let word = try string(element, at: place)
      guard let member = RoundedQuantities.words.first(where: { $0.word == word })?.member else {
        throw .malformedRounding(path: place.description, .unknownQuantity(found: word))
      }
      guard result.insert(member).inserted else {
        throw .malformedRounding(path: place.description, .repeatedQuantity(found: word))
      }
    }
    return result
  }

  private static func entryBound(
    _ value: JSONValue, at path: JSONPath, inHeads: Bool
  ) throws(PolicyError) -> EntryBound {
    let result: EntryBound
    switch try bound(value, at: path) {
    case .relative where inHeads: throw .relativeEntryBoundInHeads(path: path.key("relative").description)
    case .relative(let value): result = .relative(value)
    case .absolute(let value): result = .absolute(value)
    }
    guard !result.value.isZero else { throw .zeroEntryBound(path: path.description) }
    return result
  }

  private static func sparse(_ object: ObjectReader) throws(PolicyError) -> SparseForm? {
    for member in object.members {
      let make: (Int) -> SparseForm
      switch member.key {
      case "entries": make = SparseForm.entries
      case "rows": make = SparseForm.rows
      case "columns": make = SparseForm.columns
      default: continue
      }
      let path = object.path.key(member.key)
      let count = try integer(member.value, at: path, in: PolicyLimits.countRange) { text in
        .countOutOfRange(path: path.description, found: text)
      }
      return make(count)
    }
    return nil
  }

  private static func bound(
    _ value: JSONValue, at path: JSONPath, inHeads: Bool = false
  ) throws(PolicyError) -> Bound {
    let object = try ObjectReader(value, at: path, allowed: ["relative", "absolute"])
    switch (object.optional("relative"), object.optional("absolute")) {
    case (.some, .none) where inHeads: throw .relativeBoundInHeads(path: path.key("relative").description)
    case (.some(let relative), .none): return .relative(try decimal(relative, at: path.key("relative")))
    case (.none, .some(let absolute)): return .absolute(try decimal(absolute, at: path.key("absolute")))
    case (.none, .none): throw .missingBound(path: path.description)
    case (.some, .some): throw .severalBounds(path: path.description)
    }
  }

  private static func decimal(_ value: JSONValue, at path: JSONPath) throws(PolicyError) -> Decimal10 {
    let text = try number(value, at: path)
    do throws(Decimal10.Failure) {
      return try Decimal10(text)
    } catch {
      switch error {
      case .notANumber: throw wrongType(value, at: path, expected: "a number")
      case .negative: throw .negativeBound(path: path.description, found: text)
      case .tooManyDigits: throw .tooManyDigits(path: path.description, found: text)
      case .exponentOutOfRange: throw .boundOutOfRange(path: path.description, found: text)
      }
    }
  }

  /// A whole number in `range`; `8`, `8.0` and `8e0` are the same.
  private static func integer(
    _ value: JSONValue, at path: JSONPath, in range: ClosedRange<Int>, outOfRange: (String) -> PolicyError
  ) throws(PolicyError) -> Int {
    let text = try number(value, at: path)
    let decimal: Decimal10
    do throws(Decimal10.Failure) {
      decimal = try Decimal10(text)
    } catch {
      throw outOfRange(text)
    }
    guard decimal.exponent >= 0 else { throw .notAnInteger(path: path.description, found: text) }
    guard let integer = decimal.integerValue, range.contains(integer) else { throw outOfRange(text) }
    return integer
  }

  private static func number(_ value: JSONValue, at path: JSONPath) throws(PolicyError) -> String {
    guard case .number(let text) = value else { throw wrongType(value, at: path, expected: "a number") }
    return text
  }

  private static func string(_ value: JSONValue, at path: JSONPath) throws(PolicyError) -> String {
    guard case .string(let text) = value else { throw wrongType(value, at: path, expected: "a string") }
    return text
  }

  fileprivate static func wrongType(_ value: JSONValue, at path: JSONPath, expected: String) -> PolicyError {
    .wrongType(path: path.description, expected: expected, found: value.policyWord)
  }
}

/// An object whose keys are all known.
private struct ObjectReader {
  let path: JSONPath
  let members: [JSONMember]

  /// - Throws: `wrongType` if `value` is no object, `unknownKey` for the first key not in `allowed`.
  init(_ value: JSONValue, at path: JSONPath, allowed: [String]) throws(PolicyError) {
    guard case .object(let members) = value else {
      throw PolicyDecoder.wrongType(value, at: path, expected: "an object")
    }
    if let member = members.first(where: { !allowed.contains($0.key) }) {
      throw .unknownKey(path: path.key(member.key).description, key: member.key, allowed: allowed)
    }
    self.path = path
    self.members = members
  }

  func optional(_ key: String) -> JSONValue? {
    members.first { $0.key == key }?.value
  }

  func required(_ key: String) throws(PolicyError) -> JSONValue {
    guard let value = optional(key) else { throw .missingKey(path: path.description, key: key) }
    return value
  }
}

extension JSONValue {
  /// Of an object.
  fileprivate func member(_ key: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }

  /// The type's name as policies' messages have it.
  fileprivate var policyWord: String {
    if case .array = self { "a list" } else { typeName }
  }
}
