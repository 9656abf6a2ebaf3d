// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import DriftProofPolicy

@Suite struct TensorPatternTests {
  /// Patterns that beginnings and ends decide, and those that the automaton does, beside a plain recursive matcher.
  @Test func matchesAsASlowMatcherDoes() throws {
    func matches(_ pattern: Substring, _ name: Substring) -> Bool {
      guard let first = pattern.first else { return name.isEmpty }
      let rest = pattern.dropFirst()
      if first == "*" { return matches(rest, "") || name.indices.contains { matches(rest, name[$0...]) } }
      return name.first == first && matches(pattern.dropFirst(), name.dropFirst())
    }
    let parts = ["", "a", "b", "*", "ab", "**", "ba"]
    let names = ["", "a", "b", "ab", "ba", "aab", "aba", "abab", "bab", "abba", "aabb", "ababab"]
    for first in parts {
      for second in parts {
        for third in parts where !(first + second + third).isEmpty {
          let text = first + second + third
          let pattern = try TensorPattern(text)
          // The same as one alternative of a brace, which no ends decide.
          let alternative = try TensorPattern("{\(text),zz}")
          for name in names {
            let expected = matches(text[...], name[...])
            #expect(pattern.matches(name) == expected, "\(text) \(name)")
            #expect(alternative.matches(name) == expected, "{\(text),zz} \(name)")
          }
        }
      }
    }
  }

  @Test(
    arguments: [
      ("a", ["a"], ["", "b", "aa", "A"]),
      ("*", ["", "a", "a.b.c", "*", "é"], []),
      ("**", ["", "a.b"], []),
      ("*.bias", [".bias", "a.b.bias"], ["bias", "a.bias.x", "abias"]),
      ("a*c", ["ac", "abc", "a.b.c", "acc", "acbc"], ["a", "c", "acb", "bac"]),
      ("fc.*.weight", ["fc..weight", "fc.3.weight", "fc.3.x.weight"], ["fc.weight", "fcx3.weight", "fc.3.weight2"]),
      ("x.{query,value}.w", ["x.query.w", "x.value.w"], ["x..w", "x.key.w", "x.query,value.w", "x.{query,value}.w"]),
      ("{a,b*}c", ["ac", "bc", "bxxc", "bcc"], ["c", "aac", "abc", "bx"]),
      ("a{,b}c", ["ac", "abc"], ["abbc", "a,bc"]),
      ("a{b,}", ["a", "ab"], ["b", "abb"]),
      ("a{,}c", ["ac"], ["a,c"]),
      ("{a}", ["a"], ["", "{a}"]),
      ("{a,b}{c,d}", ["ac", "ad", "bc", "bd"], ["ab", "cd", "a", "acbd"]),
      ("{a,a*}", ["a", "ab"], ["", "b"]),
      ("{*}", ["", "x"], []),
      ("a,b", ["a,b"], ["a", "b"]),
      ("\\*", ["*"], ["", "a", "\\*"]),
      ("\\{a\\,b\\}", ["{a,b}"], ["a", "b"]),
      ("{a\\,b,c\\}}", ["a,b", "c}"], ["a", "b", "c"]),
      ("\\\\", ["\\"], ["\\\\", ""]),
      ("\\a", ["a"], ["\\a"]),
      ("[ab]?", ["[ab]?"], ["a", "ax"]),
      ("é*", ["é", "éa"], ["e\u{301}", "e"]),
      ("\\é", ["é"], ["\\é"]),
    ] as [(String, [String], [String])])
  func matches(pattern: String, matching: [String], others: [String]) throws {
    let pattern = try TensorPattern(pattern)
    for name in matching { #expect(pattern.matches(name), "\(pattern) should match \(name)") }
    for name in others { #expect(!pattern.matches(name), "\(pattern) should not match \(name)") }
  }

  /// Against a plain recursive matcher over expanded alternatives, on random short patterns.
  @Test func agreesWithTheDefinition() throws {
    var generator = SeededGenerator(seed: 7)
    func choice(_ elements: [String]) -> String { elements.randomElement(using: &generator) ?? "" }
    for _ in 0..<400 {
      var text = "", expanded = [""]
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let count = Int.random(in: 1...3, using: &generator)
        let alternatives = (0..<count).map { _ in choice(["a", "b", "*", "a*", "*b"]) }
        text += alternatives.count == 1 ? alternatives[0] : "{\(alternatives.joined(separator: ","))}"
        expanded = expanded.flatMap { start in alternatives.map { start + $0 } }
      }
      let pattern = try TensorPattern(text)
      for _ in 0..<12 {
        let name = (0..<Int.random(in: 0...6, using: &generator)).map { _ in choice(["a", "b"]) }.joined()
        let expected = expanded.contains { simpleMatch(Array($0.utf8)[...], Array(name.utf8)[...]) }
        #expect(pattern.matches(name) == expected, "\(text) on \(name)")
      }
    }
  }

  private func simpleMatch(_ pattern: ArraySlice<UInt8>, _ name: ArraySlice<UInt8>) -> Bool {
    guard let first = pattern.first else { return name.isEmpty }
    if first == UInt8(ascii: "*") {
      return simpleMatch(pattern.dropFirst(), name) || (!name.isEmpty && simpleMatch(pattern, name.dropFirst()))
    }
    return name.first == first && simpleMatch(pattern.dropFirst(), name.dropFirst())
  }

  @Test(.timeLimit(.minutes(1))) func takesNoExponentialTime() throws {
    let name = String(repeating: "a", count: 400)
    let stars = try TensorPattern(String(repeating: "*a", count: 200) + "*b")
    #expect(!stars.matches(name))
    let braces = try TensorPattern(String(repeating: "{*a,a*}", count: 10) + "b")
    #expect(!braces.matches(name))
  }

  @Test func countsAlternatives() throws {
    let ten = String(repeating: "{a,b}", count: 10)
    #expect(try TensorPattern(ten).matches("abababbbba"))
    #expect(throws: PolicyError.tooManyAlternatives(path: "$")) { try TensorPattern(ten + "{a,b}") }
    #expect(try TensorPattern("{" + String(repeating: ",", count: 1023) + "}").matches(""))
    #expect(throws: PolicyError.tooManyAlternatives(path: "$")) {
      try TensorPattern("{" + String(repeating: ",", count: 1024) + "}")
    }
  }
}
