// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import DriftProofPolicy

@Suite struct PolicyTests {
  private func relative(_ text: String) throws -> Bound { .relative(try Decimal10(text)) }
  private func absolute(_ text: String) throws -> Bound { .absolute(try Decimal10(text)) }

  @Test func readsThePolicyOfTheIssue() throws {
    let policy = try parse(Fixtures.issue)
    #expect(policy.name == "lora-r8-attention")
    #expect(policy.securityBits == 128)
    #expect(policy.total == .absolute(try Decimal10("3")))
    #expect(policy.rules.map(\.tensors.text).first == "encoder.layer.*.attention.self.{query,value}.weight")
    let expected: [Allowance] = [
      .clauses([.sum(rank: 8, sparse: nil, residual: try relative("0.004"))]),
      .clauses([.sum(rank: nil, sparse: .rows(20), residual: nil)]),
      .clauses([.sum(rank: 8, sparse: .entries(500), residual: try absolute("0.05"))]),
      .clauses([.norm(try relative("0.02")), .sum(rank: 16, sparse: nil, residual: try relative("0.004"))]),
      .clauses([.norm(try absolute("0.5"))]),
      .frozen,
    ]
    #expect(policy.rules.map(\.allowance) == expected)
    let resolutions = try policy.resolve(tensorNames: Fixtures.issueTensors)
    #expect(resolutions.map(\.tensorName) == Fixtures.issueTensors)
    #expect(resolutions.map(\.ruleIndex) == [1, 5, 0, 4, 5, 0, 3, 2, 3])
    for resolution in resolutions { #expect(resolution.allowance == expected[resolution.ruleIndex]) }
  }

  @Test func readsTheSharedPolicies() throws {
    for text in Fixtures.shared { #expect(try parse(text).rules.count >= 2) }
    let norm = try parse(Fixtures.cnnNorm)
    #expect(norm.rules[0].allowance == .any)
    let names = ["bn.num_batches_tracked", "bn.running_var", "layers.0.conv1.weight", "bn.bias"]
    #expect(try norm.resolve(tensorNames: names).map(\.ruleIndex) == [0, 1, 2, 3])
    #expect(try parse(Fixtures.mlpNorm).total == absolute("8"))
    let entries = try parse(Fixtures.mlpEntries).rules[0].allowance
    #expect(entries == .clauses([.sum(rank: nil, sparse: .entries(500), residual: nil)]))
  }

  @Test func takesTheLimits() throws {
    let columns = try parse(Fixtures.allowing(#"{"rank": 1024, "columns": 1048576, "residual": {"absolute": 0}}"#))
    #expect(
      columns.rules[0].allowance
        == .clauses([.sum(rank: 1024, sparse: .columns(1 << 20), residual: try absolute("0"))]))
    let name = String(repeating: "é", count: 200)
    #expect(try parse(Fixtures.simple(name, Fixtures.frozen)).name == name)
    let many = Array(repeating: #"{"rank": 1}"#, count: 16).joined(separator: ",")
    _ = try parse(Fixtures.allowing("[\(many)]"))
    _ = try parse(Fixtures.matching(String(repeating: "a", count: 4096)))
    _ = try parse(Fixtures.simple("p", Array(repeating: Fixtures.frozen, count: 1024).joined(separator: ",")))
  }

  @Test func takesCountsInAnySpelling() throws {
    for text in ["20", "20.0", "2e1", "0.2E+2", "200e-1"] {
      let rule = try parse(Fixtures.allowing(#"{"rows": \#(text)}"#)).rules[0]
      #expect(rule.allowance == .clauses([.sum(rank: nil, sparse: .rows(20), residual: nil)]))
    }
  }

  @Test func resolvesInOrder() throws {
    let policy = try parse(Fixtures.simple("p", #"{"tensors": "a*", "allow": "any"}, \#(Fixtures.frozen)"#))
    let resolutions = try policy.resolve(tensorNames: ["b", "ab", "a", ""])
    #expect(
      resolutions == [
        Resolution(tensorName: "b", ruleIndex: 1, allowance: .frozen),
        Resolution(tensorName: "ab", ruleIndex: 0, allowance: .any),
        Resolution(tensorName: "a", ruleIndex: 0, allowance: .any),
        Resolution(tensorName: "", ruleIndex: 1, allowance: .frozen),
      ])
  }
}
