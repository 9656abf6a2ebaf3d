// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import DriftProofPolicy

@Suite struct CanonicalTests {
  private func hex(_ text: String) throws -> String {
    try parse(text).canonicalBytes().map { byte in
      (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined()
  }

  /// `text` as a `string` of the encoding, in hex.
  private func encoded(_ text: String) -> String {
    let bytes = Array(text.utf8)
    return ([UInt8(bytes.count), 0, 0, 0] + bytes).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  @Test func encodesTheSmallestPolicy() throws {
    let expected =
      "14000000" + "647269667470726f6f662f706f6c6963792f7631" + "01000000" + "01000000" + "70" + "80000000"
      + "01000000" + "01000000" + "2a" + "00" + "00"
    #expect(try hex(Fixtures.allowing("\"frozen\"")) == expected)
  }

  @Test func encodesEveryForm() throws {
    let rules = #"""
      {"tensors": "a", "allow": "any"},
      {"tensors": "b", "allow": {"rank": 8, "entries": 500, "residual": {"absolute": 0.05}}},
      {"tensors": "c", "allow": [{"norm": {"relative": 0.0250}}, {"rows": 20}, {"columns": 65536}, {"rank": 1024}]}
      """#
    let text = Fixtures.simple("é", rules, tail: #", "total": {"norm": {"absolute": 123456789012345678e10}}"#)
    let expected = [
      encoded("driftproof/policy/v1"), "01000000", encoded("é"), "80000000", "03000000",
      encoded("a"), "01",
      encoded("b"), "02", "01000000",
      "01", "0108000000", "01f4010000", "01", "01", "0500000000000000", "feffffff",
      encoded("c"), "02", "04000000",
      "00", "00", "1900000000000000", "fdffffff",
      "01", "00", "0214000000", "00",
      "01", "00", "0300000100", "00",
      "01", "0100040000", "00", "00",
      "01", "01", "4ef330a64b9bb601", "0a000000",
    ]
    #expect(try hex(text) == expected.joined())
  }

  /// A version of its own, so that readers without the key refuse the bytes, and one form for each policy.
  @Test func encodesAnAssumption() throws {
    let text = Fixtures.simple("p", #"{"tensors": "*", "allow": "any"}"#, tail: #", "assume": "bls12-381""#)
    let expected = [
      encoded("driftproof/policy/v1"), "02000000", encoded("p"), "80000000", "01", "01000000", encoded("*"), "01", "00",
    ]
    #expect(try hex(text) == expected.joined())
    let policy = try parse(text)
    #expect(policy.assumption == .bls12381)
    #expect(try Policy.parse(Array(PolicyText.render(policy).utf8)) == policy)
    let bytes = policy.canonicalBytes()
    #expect(try CanonicalPolicyReader.policy(bytes) == policy)
    var changed = bytes
    let code = 4 + 20 + 4 + 5 + 4
    for value in [0, 2] as [UInt8] {
      changed[code] = value
      #expect(throws: CanonicalPolicyError.badFlag(section: "the policy", found: Int(value))) {
        try CanonicalPolicyReader.policy(changed)
      }
    }
    changed = bytes
    changed[24] = 3
    #expect(throws: CanonicalPolicyError.self) { try CanonicalPolicyReader.policy(changed) }
    // An old reader's version with the byte, and the new one without it.
    changed[24] = 1
    #expect(throws: CanonicalPolicyError.self) { try CanonicalPolicyReader.policy(changed) }
    var plain = try parse(Fixtures.allowing("\"any\"")).canonicalBytes()
    plain[24] = 2
    #expect(throws: CanonicalPolicyError.self) { try CanonicalPolicyReader.policy(plain) }
  }

  @Test func ignoresSpelling() throws {
    let plain = try parse(Fixtures.issue)
    let other = #"""
      // The same policy, spelled another way.
      {"total":{"norm":{"absolute":3}},
      "rules":[
        {"allow":{"residual":{"relative":4e-3},"rank":8.0},
         "tensors":"encoder.layer.*.attention.self.{query,value}.w\u0065ight"}, // a comment
        {"tensors":"*word_embeddings.weight","allow":[{"rows":2e1}]},
        {"tensors":"*intermediate.dense.weight","allow":{"entries":5E2,"residual":{"absolute":0.050},"rank":8}},
        {"tensors":"*output.dense.weight",
         "allow":[{"norm":{"relative":20e-3}},{"residual":{"relative":0.0040},"rank":16}]},
        {"tensors":"*.bias","allow":{"norm":{"absolute":0.50}}},
        {"tensors":"*","allow":"frozen"}],
      "securityBits":128,"name":"lora-r8-attention","driftPolicy":1, "$schema": "../docs/schemas/policy.schema.json"}
      """#
    #expect(try parse(other).canonicalBytes() == plain.canonicalBytes())
    #expect(try parse(other) == plain)
  }

  @Test func tellsPoliciesApart() throws {
    let a = #"{"tensors": "a", "allow": "any"}"#
    let norms = (#"{"norm": {"absolute": 1}}"#, #"{"norm": {"relative": 1}}"#)
    let texts =
      Fixtures.shared + [Fixtures.issue, Fixtures.allowing("\"any\""), Fixtures.allowing("\"frozen\"")] + [
        Fixtures.simple("p", a + "," + Fixtures.frozen), Fixtures.simple("p", Fixtures.frozen + "," + a),
        Fixtures.simple("q", a + "," + Fixtures.frozen), Fixtures.allowing(norms.0), Fixtures.allowing(norms.1),
        Fixtures.allowing("[\(norms.0), \(norms.1)]"), Fixtures.allowing("[\(norms.1), \(norms.0)]"),
        Fixtures.allowing(#"{"norm": {"absolute": 10}}"#), Fixtures.allowing(#"{"norm": {"absolute": 0}}"#),
        Fixtures.allowing(#"{"rank": 1}"#), Fixtures.allowing(#"{"entries": 1}"#), Fixtures.allowing(#"{"rows": 1}"#),
        Fixtures.allowing(#"{"columns": 1}"#), Fixtures.allowing(#"{"rank": 1, "residual": {"absolute": 0}}"#),
        Fixtures.allowing(#"{"rank": 1, "rows": 1}"#), Fixtures.matching("é"), Fixtures.matching("e\u{301}"),
        Fixtures.simple("p", Fixtures.frozen, tail: #", "total": {"norm": {"absolute": 1}}"#),
        Fixtures.simple("p", Fixtures.frozen, tail: #", "total": {"norm": {"relative": 1}}"#),
        Fixtures.simple("p", Fixtures.frozen, tail: #", "assume": "bls12-381""#),
      ]
    var seen: Set<[UInt8]> = []
    for text in texts { #expect(seen.insert(try parse(text).canonicalBytes()).inserted, "\(text)") }
  }
}
