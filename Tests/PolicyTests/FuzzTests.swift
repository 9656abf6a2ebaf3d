// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import DriftProofPolicy

/// Whatever the bytes are, reading them throws or succeeds; a trap would end the test run.
@Suite struct FuzzTests {
  private func read(_ bytes: [UInt8]) -> Bool {
    do throws(PolicyError) {
      let policy = try Policy.parse(bytes)
      #expect(policy.canonicalBytes().count > 40)
      _ = try policy.resolve(tensorNames: ["fc.3.weight", "encoder.layer.0.attention.self.query.weight", "a.bias"])
      return true
    } catch {
      #expect(error.description.hasPrefix("$"))
      #expect(!error.remedy.isEmpty)
      return false
    }
  }

  @Test func mutatedPoliciesNeverTrap() {
    var generator = SeededGenerator(seed: 1)
    let seeds = (Fixtures.shared + [Fixtures.issue]).map { Array($0.utf8) }
    let tokens = [
      "{", "}", "[", "]", ",", ":", "\"", "\\", "*", "-", "1e9999", "99999999999999999999", "0", ".", "//", "\n",
      "\\u", "\\uD800", "null", "\"norm\"", "\"rank\"", "NaN", "\u{0}", "é",
    ].map { Array($0.utf8) }
    for _ in 0..<6000 {
      guard var bytes = seeds.randomElement(using: &generator) else { return }
      for _ in 0..<Int.random(in: 1...4, using: &generator) where !bytes.isEmpty {
        let index = bytes.indices.randomElement(using: &generator) ?? 0
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
        case 1: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 2: bytes.remove(at: index)
        case 3: bytes.insert(contentsOf: tokens.randomElement(using: &generator) ?? [], at: index)
        case 4: bytes.removeSubrange(index..<min(bytes.count, index + Int.random(in: 1...40, using: &generator)))
        default:
          let end = min(bytes.count, index + Int.random(in: 1...40, using: &generator))
          bytes.insert(contentsOf: Array(bytes[index..<end]), at: index)
        }
      }
      _ = read(bytes)
    }
  }

  @Test func randomBytesNeverTrap() {
    var generator = SeededGenerator(seed: 2)
    let alphabet = Array("{}[]\",:\\/*-+.0123456789eEutfn \n".utf8)
    for round in 0..<4000 {
      let count = Int.random(in: 0...64, using: &generator)
      let bytes = (0..<count).map { _ in
        round % 2 == 0
          ? UInt8.random(in: 0...255, using: &generator) : alphabet.randomElement(using: &generator) ?? 0
      }
      #expect(!read(bytes))
    }
  }

  @Test func randomPatternsNeverTrap() {
    var generator = SeededGenerator(seed: 3)
    let alphabet = Array("{},*\\ab")
    for _ in 0..<4000 {
      let count = Int.random(in: 0...16, using: &generator)
      let text = String((0..<count).map { _ in alphabet.randomElement(using: &generator) ?? "a" })
      do throws(PolicyError) {
        _ = try TensorPattern(text).matches("abba")
      } catch {
        #expect(!error.remedy.isEmpty)
      }
    }
  }
}
