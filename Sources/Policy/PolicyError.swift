// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// Why a policy is rejected. Every case has the JSON path of what is wrong and, in its description, a remedy.
public enum PolicyError: Error, Equatable, Sendable {
  /// The bytes are not strict JSON.
  case malformedJSON(JSONSyntaxError)
  /// A value is of the wrong kind.
  case wrongType(path: String, expected: String, found: String)
  /// The object at `path` lacks a key.
  case missingKey(path: String, key: String)
  /// A key that the object does not have.
  case unknownKey(path: String, key: String, allowed: [String])
  /// `driftPolicy` is not 1.
  case unsupportedVersion(path: String, found: String)
  /// `securityBits` is not 128.
  case unsupportedSecurityBits(path: String, found: String)
  /// `assume` is none of the assumptions that a policy may permit.
  case unknownAssumption(path: String, found: String)
  /// The name has no character, or too many.
  case nameLengthOutOfRange(path: String, length: Int)
  /// The name has a control character.
  case nameHasControlCharacter(path: String)
  /// The list of rules is empty.
  case noRules(path: String)
  /// The list of rules is longer than `PolicyLimits.maximumRules`.
  case tooManyRules(path: String, count: Int)
  /// The pattern is the empty string.
  case emptyPattern(path: String)
  /// The pattern is longer than `PolicyLimits.maximumPatternBytes`.
  case patternTooLong(path: String, bytes: Int)
  /// The pattern breaks the rules for braces or backslashes at this byte.
  case malformedPattern(path: String, offset: Int, problem: PatternProblem)
  /// The pattern's braces stand for more than `PolicyLimits.maximumAlternatives` patterns.
  case tooManyAlternatives(path: String)
  /// `allow` is a word other than `frozen` and `any`.
  case unknownAllowance(path: String, found: String)
  /// `allow` is the empty list.
  case emptyIntersection(path: String)
  /// `allow` is a list longer than `PolicyLimits.maximumClauses`.
  case tooManyClauses(path: String, count: Int)
  /// The object allows nothing.
  case emptyClause(path: String)
  /// `norm` stands beside other forms in one object.
  case normNotAlone(path: String, others: [String])
  /// More than one of `entries`, `rows`, `columns` in one object.
  case severalSparseForms(path: String, forms: [String])
  /// `residual` without a rank, blocks or a sparse form beside it.
  case residualAlone(path: String)
  /// `heads` beside `"frozen"` or `"any"`.
  case headsWithoutClauses(path: String)
  /// `heads.of` is neither `rows` nor `columns` nor `slices`.
  case unknownHeadAxis(path: String, found: String)
  /// A head size outside `PolicyLimits.headSizeRange`.
  case headSizeOutOfRange(path: String, found: String)
  /// A count of leading dimensions outside `PolicyLimits.sliceAxesRange`.
  case sliceAxesOutOfRange(path: String, found: String)
  /// A relative bound in a rule with `heads`: the base identity has no norms of parts of tensors.
  case relativeBoundInHeads(path: String)
  /// A relative `entrywise` in a rule with `heads`: the base identity has the largest weight of whole tensors only.
  case relativeEntryBoundInHeads(path: String)
  /// An `entrywise` bound of zero.
  case zeroEntryBound(path: String)
  /// A `rounding` bound that is none, or that stands where none may.
  case malformedRounding(path: String, RoundingProblem)
  /// A `kronecker` or `circulant` that is none, or that stands where none may.
  case malformedBlocks(path: String, BlockProblem)
  /// A `pattern` that is none, or that stands where none may.
  case malformedPatternBound(path: String, PatternBoundProblem)
  /// `grow` beside `"frozen"` or `"any"`.
  case growWithoutClauses(path: String)
  /// `grow` beside `heads`.
  case growWithHeads(path: String)
  /// A number of rows outside `PolicyLimits.growthRange`.
  case growthOutOfRange(path: String, found: String)
  /// Neither `relative` nor `absolute`.
  case missingBound(path: String)
  /// Both `relative` and `absolute`.
  case severalBounds(path: String)
  /// A bound with a minus sign.
  case negativeBound(path: String, found: String)
  /// A bound too large or too small to be kept.
  case boundOutOfRange(path: String, found: String)
  /// A bound of more than 18 significant digits.
  case tooManyDigits(path: String, found: String)
  /// A rank or count with a fraction.
  case notAnInteger(path: String, found: String)
  /// A rank outside `PolicyLimits.rankRange`.
  case rankOutOfRange(path: String, found: String)
  /// A count outside `PolicyLimits.countRange`.
  case countOutOfRange(path: String, found: String)
  /// Two tensors have this name.
  case duplicateTensor(name: String)
  /// No rule matches this tensor, the first of `count` such.
  case unmatchedTensor(name: String, count: Int)
  /// The rule's pattern matches no tensor.
  case ruleMatchesNothing(path: String, pattern: String)
  /// The rule matches tensors, but earlier rules decide all of them; `earlierRule` decides the first.
  case ruleIsShadowed(path: String, pattern: String, earlierRule: Int)
}

/// How a tensor pattern is malformed.
public enum PatternProblem: Equatable, Sendable {
  /// A backslash with nothing after it.
  case trailingBackslash
  /// A `{` inside braces.
  case nestedBrace
  /// A `{` without its `}`.
  case unclosedBrace
  /// A `}` without its `{`.
  case strayBrace
  /// Braces around nothing.
  case emptyBraces

  fileprivate var words: (problem: String, remedy: String) {
    switch self {
    case .trailingBackslash:
      ("the pattern ends in a backslash", "a backslash takes the next character literally; write \\\\ for a backslash")
    case .nestedBrace:
      ("braces inside braces", "write the alternatives in one pair of braces, or write a literal brace as \\{")
    case .unclosedBrace: ("a { has no }", "close it, or write a literal brace as \\{")
    case .strayBrace: ("a } has no {", "open it, or write a literal brace as \\}")
    case .emptyBraces: ("there is nothing between the braces", "put the alternatives between them, as in {query,value}")
    }
  }
}

extension PolicyError: CustomStringConvertible {
  /// The JSON path of what is wrong, such as `$.rules[2].allow.residual.relative`.
  public var path: String { parts.path }
  /// What is wrong, in words.
  public var problem: String { parts.problem }
  /// What to do about it, in words.
  public var remedy: String { parts.remedy }

  /// In English, for people and logs.
  public var description: String {
    if case .malformedJSON(let error) = self { return error.description }
    return "\(path): \(problem); \(remedy)"
  }

  private typealias Parts = (path: String, problem: String, remedy: String)

  private var parts: Parts {
    switch self {
    case .malformedJSON(let error): (error.path, error.problem, error.remedy)
    case .wrongType(let path, let expected, let found): (path, "this is \(found)", "it must be \(expected)")
    case .missingKey(let path, let key): (path, "the key \"\(key)\" is missing", "add it")
    case .unknownKey(let path, let key, let allowed):
      (path, "the key \(displayed(key)) is unknown here", "use one of \(allowed.joined(separator: ", ")), or remove it")
    case .unsupportedVersion(let path, let found):
      (path, "version \(displayed(found)) of the policy language is unknown", "write \"driftPolicy\": 1")
    case .unsupportedSecurityBits(let path, let found):
      (path, "\(displayed(found)) bits of security are not supported", "write \"securityBits\": 128")
    case .unknownAssumption(let path, let found):
      (
        path, "the assumption \(displayed(found)) is unknown",
        "write \"bls12-381\" to permit the kzg backend's, or leave the key out to permit none"
      )
    case .nameLengthOutOfRange(let path, let length):
      (path, "the name has \(length) characters", "give it 1 to 200")
    case .nameHasControlCharacter(let path):
      (path, "the name has a control character", "keep to printable characters")
    case .noRules(let path):
      (path, "there is no rule", "add one; { \"tensors\": \"*\", \"allow\": \"frozen\" } forbids every change")
    case .tooManyRules(let path, let count):
      (path, "there are \(count) rules", "use at most \(PolicyLimits.maximumRules), with * and {a,b} in their patterns")
    case .malformedRounding(let path, let problem): (path, problem.words.problem, problem.words.remedy)
    case .malformedPatternBound(let path, let problem): (path, problem.words.problem, problem.words.remedy)
    case .malformedBlocks(let path, let problem): (path, problem.words.problem, problem.words.remedy)
    case .emptyPattern, .patternTooLong, .malformedPattern, .tooManyAlternatives: patternParts
    case .unknownAllowance, .emptyIntersection, .tooManyClauses, .emptyClause, .normNotAlone, .severalSparseForms,
      .residualAlone, .zeroEntryBound:
      allowanceParts
    case .headsWithoutClauses, .unknownHeadAxis, .headSizeOutOfRange, .sliceAxesOutOfRange, .relativeBoundInHeads,
      .relativeEntryBoundInHeads:
      headParts
    case .growWithoutClauses, .growWithHeads, .growthOutOfRange: growParts
    case .missingBound, .severalBounds, .negativeBound, .boundOutOfRange, .tooManyDigits, .notAnInteger,
      .rankOutOfRange, .countOutOfRange:
      numberParts
    case .duplicateTensor, .unmatchedTensor, .ruleMatchesNothing, .ruleIsShadowed: resolutionParts
    }
  }

  private var patternParts: Parts {
    switch self {
    case .emptyPattern(let path): (path, "the pattern is empty", "write a tensor's name, or * for every tensor")
    case .patternTooLong(let path, let bytes):
      (path, "the pattern has \(bytes) bytes", "use at most \(PolicyLimits.maximumPatternBytes); split the rule")
    case .malformedPattern(let path, let offset, let problem):
      (path, "\(problem.words.problem) (byte \(offset) of the pattern)", problem.words.remedy)
    case .tooManyAlternatives(let path):
      (
        path, "the braces stand for more than \(PolicyLimits.maximumAlternatives) patterns",
        "use * for some of them, or split the rule"
      )
    default: ("$", "", "")
    }
  }

  private var allowanceParts: Parts {
    switch self {
    case .unknownAllowance(let path, let found):
      (path, "\(displayed(found)) is no allowance", "write \"frozen\", \"any\", an object or a list of objects")
    case .emptyIntersection(let path):
      (path, "the list is empty", "put an object in it, or write \"any\" to exclude the tensors")
    case .tooManyClauses(let path, let count):
      (path, "the list has \(count) objects", "use at most \(PolicyLimits.maximumClauses)")
    case .emptyClause(let path):
      (
        path, "the object is empty",
        "write \"frozen\" to allow no change, or one of norm, rank, kronecker, circulant, entries, rows, columns, entrywise, rounding, "
          + "pattern"
      )
    case .normNotAlone(let path, let others):
      (
        path, "norm stands beside \(others.joined(separator: ", ")) in one object",
        "to require both, use a list: [{ \"norm\": ... }, { ... }]; to add a small remainder, use residual"
      )
    case .severalSparseForms(let path, let forms):
      (
        path, "\(forms.joined(separator: " and ")) stand in one object",
        "keep one of them, or use a list of objects to require each"
      )
    case .residualAlone(let path):
      (
        path, "residual has no rank or sparse form beside it",
        "write norm instead (in a list, where entrywise is to hold, too), or add rank, kronecker, circulant, entries, rows or columns"
      )
    case .zeroEntryBound(let path):
      (
        path, "an entrywise bound of zero leaves nothing to be bounded",
        "leave entrywise out for a rank or sparse form that holds exactly, or write \"frozen\""
      )
    default: ("$", "", "")
    }
  }

  private var headParts: Parts {
    switch self {
    case .headsWithoutClauses(let path):
      (path, "heads stands beside \"frozen\" or \"any\"", "remove heads, or write the clauses that each head has")
    case .unknownHeadAxis(let path, let found):
      (path, "\(displayed(found)) is no axis", "write \"rows\", \"columns\" or \"slices\"")
    case .headSizeOutOfRange(let path, let found):
      (
        path, "the head size \(displayed(found)) is out of range",
        "use 1 to \(PolicyLimits.headSizeRange.upperBound)"
      )
    case .sliceAxesOutOfRange(let path, let found):
      (
        path, "\(displayed(found)) leading dimensions of slices are out of range",
        "use 1 to \(PolicyLimits.sliceAxesRange.upperBound)"
      )
    case .relativeBoundInHeads(let path):
      (
        path, "a bound inside heads is relative, but the base identity has no norm of a part of a tensor",
        "write { \"absolute\": ... }, or remove heads"
      )
    case .relativeEntryBoundInHeads(let path):
      (
        path,
        "an entrywise bound inside heads is relative, but the base identity has no largest weight of a part of a tensor",
        "write { \"absolute\": ... }, or remove heads"
      )
    default: ("$", "", "")
    }
  }

  private var growParts: Parts {
    switch self {
    case .growWithoutClauses(let path):
      (
        path, "grow stands beside \"frozen\" or \"any\"",
        "remove grow, or write the clauses that the grown tensor has, such as { \"norm\": ... }"
      )
    case .growWithHeads(let path):
      (path, "grow stands beside heads", "keep one; a rule before this one can take the tensors that grow")
    case .growthOutOfRange(let path, let found):
      (
        path, "the number of rows \(displayed(found)) is out of range",
        "use 1 to \(PolicyLimits.growthRange.upperBound)"
      )
    default: ("$", "", "")
    }
  }

  private var numberParts: Parts {
    switch self {
    case .missingBound(let path):
      (path, "the bound is missing", "write { \"relative\": ... } or { \"absolute\": ... }")
    case .severalBounds(let path):
      (path, "relative and absolute stand in one bound", "keep one; to require both, use a list of two objects")
    case .negativeBound(let path, let found):
      (path, "the bound \(displayed(found)) has a minus sign", "bounds are zero or positive")
    case .boundOutOfRange(let path, let found):
      (
        path, "the bound \(displayed(found)) is too large or too small",
        "as digits without trailing zeros times a power of ten, the power must be -40 to 40"
      )
    case .tooManyDigits(let path, let found):
      (path, "\(displayed(found)) has more than \(Decimal10.maximumDigits) significant digits", "round it")
    case .notAnInteger(let path, let found): (path, "\(displayed(found)) has a fraction", "write a whole number")
    case .rankOutOfRange(let path, let found):
      (path, "the rank \(displayed(found)) is out of range", "use 1 to \(PolicyLimits.rankRange.upperBound)")
    case .countOutOfRange(let path, let found):
      (path, "the count \(displayed(found)) is out of range", "use 1 to \(PolicyLimits.countRange.upperBound)")
    default: ("$", "", "")
    }
  }

  private var resolutionParts: Parts {
    switch self {
    case .duplicateTensor(let name):
      ("$.rules", "the checkpoint has two tensors named \(displayed(name))", "rename or remove one of them")
    case .unmatchedTensor(let name, let count):
      (
        "$.rules",
        "no rule matches the tensor \(displayed(name))" + (count > 1 ? " and \(count - 1) more" : ""),
        "add a rule for it; { \"tensors\": \"*\", \"allow\": \"frozen\" } at the end covers the rest"
      )
    case .ruleMatchesNothing(let path, let pattern):
      (path, "the pattern \(displayed(pattern)) matches no tensor", "correct its spelling, or remove the rule")
    case .ruleIsShadowed(let path, let pattern, let earlierRule):
      (
        path,
        "earlier rules, $.rules[\(earlierRule)] among them, decide every tensor that \(displayed(pattern)) matches",
        "move the rule before them, or remove it"
      )
    default: ("$", "", "")
    }
  }
}
