// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import DriftProofPolicy

/// One test per way to reject a policy's content; `JSONTests` has those of its syntax.
@Suite struct RejectionTests {
  private let allow = "$.rules[0].allow"
  private let tensors = "$.rules[0].tensors"

  @Test func rejects_malformedJSON_when_theFileEndsEarly() {
    let error = JSONSyntaxError(kind: .unexpectedEnd, path: "$", offset: 1, line: 1, column: 2)
    expect(rejection("{"), .malformedJSON(error), path: "$")
  }

  @Test func rejects_wrongType_when_aValueIsOfAnotherKind() {
    func check(_ text: String, _ path: String, _ expected: String, _ found: String) {
      expect(rejection(text), .wrongType(path: path, expected: expected, found: found), path: path)
    }
    check("[]", "$", "an object", "a list")
    check(#"{"driftPolicy": "1"}"#, "$.driftPolicy", "a number", "a string")
    check(#"{"driftPolicy": 1, "name": 7}"#, "$.name", "a string", "a number")
    let head = #"{"driftPolicy": 1, "name": "p", "securityBits": 128, "rules": "#
    check(head + "{}}", "$.rules", "a list of rules", "an object")
    check(head + "[7]}", "$.rules[0]", "an object", "a number")
    check(head + #"[{"tensors": null, "allow": "any"}]}"#, tensors, "a string", "null")
    check(
      Fixtures.allowing("true"), allow, "\"frozen\", \"any\", an object or a list of objects", "a boolean")
    check(Fixtures.allowing(#"[{"rank": 1}, "frozen"]"#), "\(allow)[1]", "an object", "a string")
    check(Fixtures.allowing(#"{"rank": "8"}"#), "\(allow).rank", "a number", "a string")
    check(Fixtures.allowing(#"{"norm": 0.5}"#), "\(allow).norm", "an object", "a number")
    check(Fixtures.allowing(#"{"norm": {"relative": null}}"#), "\(allow).norm.relative", "a number", "null")
    check(Fixtures.simple("p", Fixtures.frozen, tail: #", "total": 3"#), "$.total", "an object", "a number")
    let schema = "$[\"$schema\"]"
    check(Fixtures.simple("p", Fixtures.frozen, tail: ##", "$schema": 1"##), schema, "a string", "a number")
  }

  @Test func rejects_missingKey_when_aKeyIsLeftOut() {
    func check(_ text: String, _ path: String, _ key: String) {
      expect(rejection(text), .missingKey(path: path, key: key), path: path)
    }
    check("{}", "$", "driftPolicy")
    check(#"{"driftPolicy": 1}"#, "$", "name")
    check(#"{"driftPolicy": 1, "name": "p"}"#, "$", "securityBits")
    check(#"{"driftPolicy": 1, "name": "p", "securityBits": 128}"#, "$", "rules")
    check(Fixtures.simple("p", #"{"allow": "any"}"#), "$.rules[0]", "tensors")
    check(Fixtures.simple("p", #"\#(Fixtures.frozen), {"tensors": "*"}"#), "$.rules[1]", "allow")
    check(Fixtures.simple("p", Fixtures.frozen, tail: #", "total": {}"#), "$.total", "norm")
  }

  @Test func rejects_unknownKey_when_aKeyIsMisspelled() {
    func check(_ text: String, _ path: String, _ key: String, _ allowed: [String]) {
      expect(rejection(text), .unknownKey(path: path, key: key, allowed: allowed), path: path)
    }
    let top = ["driftPolicy", "name", "securityBits", "assume", "rules", "total", "$schema"]
    let clause = [
      "norm", "rank", "kronecker", "circulant", "entries", "rows", "columns", "residual", "entrywise", "rounding",
      "pattern",
    ]
    check(#"{"driftpolicy": 1}"#, "$.driftpolicy", "driftpolicy", top)
    check(#"{"a b\"": 1}"#, #"$["a b\""]"#, "a b\"", top)
    check(
      Fixtures.simple("p", #"{"tensor": "*"}"#), "$.rules[0].tensor", "tensor", ["tensors", "allow", "heads", "grow"])
    check(Fixtures.allowing(#"{"ranks": 8}"#), "\(allow).ranks", "ranks", clause)
    check(Fixtures.allowing(#"[{"rank": 8}, {"row": 8}]"#), "\(allow)[1].row", "row", clause)
    check(
      Fixtures.allowing(#"{"norm": {"max": 8}}"#), "\(allow).norm.max", "max", ["relative", "absolute"])
    check(
      Fixtures.simple("p", Fixtures.frozen, tail: #", "total": {"rank": 1}"#), "$.total.rank", "rank", ["norm"])
  }

  @Test func rejects_unsupportedVersion_when_driftPolicyIsNotOne() {
    for version in ["2", "0", "-1", "1.5", "1e99"] {
      expect(
        rejection(#"{"driftPolicy": \#(version), "name": "p"}"#),
        .unsupportedVersion(path: "$.driftPolicy", found: version), path: "$.driftPolicy")
    }
  }

  @Test func rejects_unknownAssumption_when_itIsAnotherWord() {
    for word in ["", "bn254", "BLS12-381", "bls12-381 "] {
      expect(
        rejection(Fixtures.simple("p", Fixtures.frozen, tail: #", "assume": "\#(word)""#)),
        .unknownAssumption(path: "$.assume", found: word), path: "$.assume")
    }
    expect(
      rejection(Fixtures.simple("p", Fixtures.frozen, tail: #", "assume": null"#)),
      .wrongType(path: "$.assume", expected: "a string", found: "null"), path: "$.assume")
  }

  @Test func rejects_unsupportedSecurityBits_when_not128() {
    for bits in ["80", "127", "129", "128.5", "-128"] {
      expect(
        rejection(#"{"driftPolicy": 1, "name": "p", "securityBits": \#(bits), "rules": []}"#),
        .unsupportedSecurityBits(path: "$.securityBits", found: bits), path: "$.securityBits")
    }
  }

  @Test func rejects_nameLengthOutOfRange_when_emptyOrLong() {
    for length in [0, 201] {
      expect(
        rejection(Fixtures.simple(String(repeating: "n", count: length), Fixtures.frozen)),
        .nameLengthOutOfRange(path: "$.name", length: length), path: "$.name")
    }
  }

  @Test func rejects_nameHasControlCharacter_when_escaped() {
    expect(
      rejection(Fixtures.simple("a\\u001b[2J", Fixtures.frozen)), .nameHasControlCharacter(path: "$.name"),
      path: "$.name")
  }

  @Test func rejects_noRules_when_theListIsEmpty() {
    expect(rejection(Fixtures.simple("p", "")), .noRules(path: "$.rules"), path: "$.rules")
  }

  @Test func rejects_tooManyRules_when_over1024() {
    let rules = Array(repeating: Fixtures.frozen, count: 1025).joined(separator: ",")
    expect(
      rejection(Fixtures.simple("p", rules)), .tooManyRules(path: "$.rules", count: 1025), path: "$.rules")
  }

  @Test func rejects_emptyPattern_when_tensorsIsEmpty() {
    expect(rejection(Fixtures.matching("")), .emptyPattern(path: tensors), path: tensors)
  }

  @Test func rejects_patternTooLong_when_over4096Bytes() {
    expect(
      rejection(Fixtures.matching(String(repeating: "a", count: 4097))),
      .patternTooLong(path: tensors, bytes: 4097), path: tensors)
  }

  @Test func rejects_malformedPattern_when_bracesOrBackslashesAreWrong() {
    let cases: [(String, Int, PatternProblem)] = [
      (#"a\\"#, 1, .trailingBackslash), ("{a,{b,c}}", 3, .nestedBrace), ("a{b", 1, .unclosedBrace),
      ("a{b,c", 1, .unclosedBrace), ("a}b", 1, .strayBrace), ("{a}}", 3, .strayBrace), ("a{}b", 1, .emptyBraces),
    ]
    for (pattern, offset, problem) in cases {
      expect(
        rejection(Fixtures.matching(pattern)),
        .malformedPattern(path: tensors, offset: offset, problem: problem), path: tensors)
    }
  }

  @Test func rejects_tooManyAlternatives_when_bracesMultiply() {
    expect(
      rejection(Fixtures.matching(String(repeating: "{a,b,c,d}", count: 6))), .tooManyAlternatives(path: tensors),
      path: tensors)
  }

  @Test func rejects_unknownAllowance_when_theWordIsUnknown() {
    for word in ["Frozen", "none", ""] {
      expect(
        rejection(Fixtures.allowing("\"\(word)\"")), .unknownAllowance(path: allow, found: word), path: allow)
    }
  }

  @Test func rejects_emptyIntersection_when_theListIsEmpty() {
    expect(rejection(Fixtures.allowing("[]")), .emptyIntersection(path: allow), path: allow)
  }

  @Test func rejects_tooManyClauses_when_over16() {
    let list = Array(repeating: #"{"rank": 1}"#, count: 17).joined(separator: ",")
    expect(
      rejection(Fixtures.allowing("[\(list)]")), .tooManyClauses(path: allow, count: 17), path: allow)
  }

  @Test func rejects_emptyClause_when_theObjectIsEmpty() {
    expect(rejection(Fixtures.allowing("{}")), .emptyClause(path: allow), path: allow)
    expect(
      rejection(Fixtures.allowing(#"[{"rank": 1}, {}]"#)), .emptyClause(path: "\(allow)[1]"), path: "\(allow)[1]")
  }

  @Test func rejects_normNotAlone_when_anythingStandsBesideIt() {
    for other in ["rank", "entries", "rows", "columns"] {
      expect(
        rejection(Fixtures.allowing(#"{"\#(other)": 4, "norm": {"absolute": 1}}"#)),
        .normNotAlone(path: allow, others: [other]), path: allow)
    }
    expect(
      rejection(Fixtures.allowing(#"{"norm": {"absolute": 1}, "residual": {"absolute": 1}}"#)),
      .normNotAlone(path: allow, others: ["residual"]), path: allow)
    #expect(PolicyError.normNotAlone(path: allow, others: ["rank"]).remedy.contains("use a list"))
  }

  @Test func rejects_severalSparseForms_when_twoStandInOneObject() {
    for (first, second) in [("entries", "rows"), ("rows", "columns"), ("columns", "entries")] {
      expect(
        rejection(Fixtures.allowing(#"{"\#(first)": 4, "\#(second)": 4}"#)),
        .severalSparseForms(path: allow, forms: [first, second]), path: allow)
    }
  }

  @Test func rejects_residualAlone_when_nothingStandsBesideIt() {
    let path = "\(allow).residual"
    expect(
      rejection(Fixtures.allowing(#"{"residual": {"absolute": 1}}"#)), .residualAlone(path: path), path: path)
  }

  @Test func rejects_missingBound_when_theObjectIsEmpty() {
    expect(
      rejection(Fixtures.allowing(#"{"norm": {}}"#)), .missingBound(path: "\(allow).norm"), path: "\(allow).norm")
  }

  @Test func rejects_severalBounds_when_bothAreGiven() {
    let path = "\(allow).residual"
    expect(
      rejection(Fixtures.allowing(#"{"rank": 1, "residual": {"relative": 1, "absolute": 1}}"#)),
      .severalBounds(path: path), path: path)
  }

  @Test func rejects_negativeBound_when_thereIsAMinusSign() {
    let path = "$.rules[2].allow.residual.relative"
    let rules = #"""
      {"tensors": "a", "allow": "any"}, {"tensors": "b", "allow": "any"},
      {"tensors": "c", "allow": {"rank": 1, "residual": {"relative": -0.004}}}
      """#
    expect(rejection(Fixtures.simple("p", rules)), .negativeBound(path: path, found: "-0.004"), path: path)
    let total = Fixtures.simple("p", Fixtures.frozen, tail: #", "total": {"norm": {"absolute": -0}}"#)
    expect(
      rejection(total), .negativeBound(path: "$.total.norm.absolute", found: "-0"), path: "$.total.norm.absolute")
  }

  @Test func rejects_boundOutOfRange_when_notFiniteOrTiny() {
    let path = "\(allow).norm.absolute"
    for text in ["1e400", "1e41", "1e-41", "1e-9999999999"] {
      expect(
        rejection(Fixtures.allowing(#"{"norm": {"absolute": \#(text)}}"#)),
        .boundOutOfRange(path: path, found: text), path: path)
    }
  }

  @Test func rejects_tooManyDigits_when_over18() {
    let path = "\(allow).norm.absolute"
    expect(
      rejection(Fixtures.allowing(#"{"norm": {"absolute": 0.1234567890123456789}}"#)),
      .tooManyDigits(path: path, found: "0.1234567890123456789"), path: path)
  }

  @Test func rejects_notAnInteger_when_aCountHasAFraction() {
    for key in ["rank", "entries", "rows", "columns"] {
      expect(
        rejection(Fixtures.allowing(#"{"\#(key)": 8.5}"#)),
        .notAnInteger(path: "\(allow).\(key)", found: "8.5"), path: "\(allow).\(key)")
    }
  }

  @Test func rejects_rankOutOfRange_when_zeroNegativeOrLarge() {
    for text in ["0", "-1", "1025", "1e30", "1e999", "12345678901234567890"] {
      expect(
        rejection(Fixtures.allowing(#"{"rank": \#(text)}"#)),
        .rankOutOfRange(path: "\(allow).rank", found: text), path: "\(allow).rank")
    }
  }

  @Test func rejects_countOutOfRange_when_zeroNegativeOrLarge() {
    for key in ["entries", "rows", "columns"] {
      for text in ["0", "-5", "1048577", "1e40"] {
        expect(
          rejection(Fixtures.allowing(#"{"\#(key)": \#(text)}"#)),
          .countOutOfRange(path: "\(allow).\(key)", found: text), path: "\(allow).\(key)")
      }
    }
  }

  private func resolution(_ rules: String, _ names: [String]) throws -> PolicyError? {
    let policy = try parse(Fixtures.simple("p", rules))
    do throws(PolicyError) {
      _ = try policy.resolve(tensorNames: names)
      return nil
    } catch {
      return error
    }
  }

  @Test func rejects_duplicateTensor_when_aNameStandsTwice() throws {
    expect(try resolution(Fixtures.frozen, ["a", "b", "a"]), .duplicateTensor(name: "a"), path: "$.rules")
    expect(try resolution(Fixtures.frozen, ["é", "e\u{301}"]), .duplicateTensor(name: "é"), path: "$.rules")
  }

  @Test func rejects_unmatchedTensor_when_noRuleCoversIt() throws {
    let rule = #"{"tensors": "*.bias", "allow": "frozen"}"#
    let error = try resolution(rule, ["a.bias", "a.weight", "b.weight"])
    expect(error, .unmatchedTensor(name: "a.weight", count: 2), path: "$.rules")
    #expect(error?.problem.contains("and 1 more") == true)
  }

  @Test func rejects_ruleMatchesNothing_when_noNameFits() throws {
    let rules = #"\#(Fixtures.frozen), {"tensors": "*.gamma", "allow": "any"}"#
    expect(
      try resolution(rules, ["a"]), .ruleMatchesNothing(path: "$.rules[1].tensors", pattern: "*.gamma"),
      path: "$.rules[1].tensors")
    expect(
      try resolution(Fixtures.frozen, []), .ruleMatchesNothing(path: tensors, pattern: "*"), path: tensors)
  }

  @Test func rejects_ruleIsShadowed_when_earlierRulesDecideAll() throws {
    let rules = #"{"tensors": "x", "allow": "any"}, \#(Fixtures.frozen), {"tensors": "a*", "allow": "any"}"#
    expect(
      try resolution(rules, ["x", "a"]),
      .ruleIsShadowed(path: "$.rules[2].tensors", pattern: "a*", earlierRule: 1), path: "$.rules[2].tensors")
  }

  @Test func escapesWhatATerminalWouldObey() {
    let text = PolicyError.unmatchedTensor(name: "a\u{1B}[2J\u{202E}\"", count: 1).description
    #expect(text.contains(#""a\u{1b}[2J\u{202e}\"""#))
  }
}
