// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofCertificate
@testable import DriftProofChain
@testable import DriftProofDrift
@testable import DriftProofProving
@testable import DriftProofStatement
import DriftProofCheckpoint
import DriftProofPolicy
import Foundation
import TestSupport
import Testing

/// Entrywise bounds in links, and of unmerged adapters.
@Suite struct EntryChainTests {
  // MARK: Sums without weights

  let fixture: StatementFixture

  init() throws { fixture = try StatementFixture() }

  private func problem(_ links: [String], _ cumulative: String) throws -> String? {
    func policy(_ allow: String) throws -> Policy { try testPolicy([("a.weight", allow)], frozenRest: true) }
    func derive(_ policy: Policy) throws -> DerivedStatement {
      try DerivedStatement.derive(identity: fixture.identity, tuned: fixture.tuned, policy: policy)
    }
    let drift = CumulativeDrift(
      identity: fixture.identity,
      links: try links.enumerated().map { index, allow in
        let own = try policy(allow)
        return LinkDrift(name: "link \(index + 1)", identity: fixture.identity, policy: own, derived: try derive(own))
      })
    let target = try policy(cumulative)
    let lines = drift.violations(of: target, target: try derive(target)).map(\.description)
    #expect(lines.count <= 1)
    return lines.first
  }

  private func entries(_ bound: String, _ more: String = "") -> String {
    "{\(more)\"entrywise\": {\"absolute\": \(bound)}}"
  }

  @Test func boundsAddUpWithTheirPrecision() throws {
    // Units of 2^-23 each.
    let hidden = 2 * 0x1p-23
    let links = [entries("0.01"), entries("0.02")]
    #expect(try problem(links, entries("\(0.03 + hidden + 1e-10)")) == nil)
    #expect(try problem(links, entries("\(0.03 + hidden - 1e-10)"))?.contains("in each entry") == true)
    #expect(try problem(links, entries("0.03")) != nil)
    // A norm bounds each entry, n entries bound the norm; 64·0.03 = 1.92.
    #expect(try problem(["{\"norm\": {\"absolute\": 0.01}}", entries("0.02")], entries("0.0301")) == nil)
    #expect(try problem(links, "{\"norm\": {\"absolute\": 1.93}}") == nil)
    #expect(try problem(links, "{\"norm\": {\"absolute\": 1.91}}") != nil)
    // Ranks add up beside it; a link without the form does not do.
    let sums = [entries("0.01", "\"rank\": 2, "), entries("0.02", "\"rank\": 3, ")]
    #expect(try problem(sums, entries("0.0301", "\"rank\": 5, ")) == nil)
    #expect(try problem(sums, entries("0.0301", "\"rank\": 4, ")) != nil)
    #expect(try problem(sums, entries("0.0301")) != nil)
    // Exactly: an entrywise bound is none.
    #expect(try problem(sums, "{\"rank\": 5}") != nil)
    #expect(
      try problem([entries("0.01", "\"rank\": 2, "), "{\"rank\": 3}"], entries("0.0101", "\"rank\": 5, ")) == nil)
    // Both a residual and entries.
    let both = "{\"rank\": 2, \"residual\": {\"absolute\": 0.1}, \"entrywise\": {\"absolute\": 0.01}}"
    #expect(
      try problem(
        [both, both], "{\"rank\": 4, \"residual\": {\"absolute\": 0.201}, \"entrywise\": {\"absolute\": 0.0201}}")
        == nil)
    #expect(try problem([both, both], "{\"rank\": 4, \"residual\": {\"absolute\": 0.19}}") != nil)
    // Relative ones refer to the base's largest weight.
    #expect(
      try problem(
        [entries("0.001"), "{\"entrywise\": {\"relative\": 0.01}}"], "{\"entrywise\": {\"relative\": 0.0161}}") == nil)
  }

  // MARK: Links of files

  @Test func linksOfFiles() throws {
    let folder = try TemporaryFolder()
    var random = SeededGenerator(seed: 51)
    var model = TypedModel()
    model.add("w", .f32, [20, 20], random: &random)
    model.add("still", .f32, [3, 3], random: &random)
    var checkpoints = [try model.write("m0", in: folder)]
    for (index, reach) in [0.01, 0.02].enumerated() {
      for x in 0..<400 { model.tensors["w"]?.values[x] += reach * Double(random.signed()) }
      checkpoints.append(try model.write("m\(index + 1)", in: folder))
    }
    let identity = try BaseIdentity.compute(checkpoint: checkpoints[0])
    func policy(_ name: String, _ bound: String) -> [UInt8] {
      let rule = StatementFixture.rule("w", "{\"entrywise\": {\"absolute\": \(bound)}}")
      return Array(
        "{\"driftPolicy\": 1, \"name\": \"\(name)\", \"securityBits\": 128, \"rules\": [\(rule), \(StatementFixture.frozenRest)]}"
          .utf8)
    }
    func prove(_ index: Int, _ bound: String, parent: [UInt8]?) throws -> [UInt8] {
      var request = DriftProver.Request(
        base: checkpoints[index - 1], tuned: checkpoints[index], policy: try Policy.parse(policy("l", bound)),
        openingPath: folder.file("opening-\(index)"))
      request.identity = identity
      request.parent = try parent.map { try ParentCertificate($0, identity: identity) }
      return try DriftProver.prove(request).certificate
    }
    let first = try prove(1, "0.0103", parent: nil)
    let second = try prove(2, "0.0206", parent: first)
    #expect(try Certificate.parse(first).manifest[0] == 6 && Certificate.parse(second).manifest[0] == 7)
    func verify(_ bound: String) throws -> ChainReport {
      try ChainVerifier.verify(
        [.init(name: "first", certificate: first), .init(name: "second", certificate: second)],
        identityFile: identity.jsonBytes(), cumulativePolicyFile: policy("all", bound))
    }
    #expect(try verify("0.031").failure == nil)
    #expect(try verify("0.0308").links.last?.rejection != nil)
  }

  // MARK: Adapters

  @Test func unmergedAdapters() throws {
    let fixture = try AdapterFixture()
    // The product's rank satisfies the first clause, whatever is left.
    let (result, identity) = try fixture.prove(
      AdapterFixture.policy(#"{"rank": 4, "entrywise": {"absolute": 0.001}}"#))
    #expect(try Certificate.parse(result.certificate).manifest[0] == 6)
    _ = try CertificateVerifier.verify(
      certificate: result.certificate, identity: identity,
      policy: AdapterFixture.policy(#"{"rank": 4, "entrywise": {"absolute": 0.001}}"#))
    for allow in [
      #"{"entrywise": {"absolute": 9}}"#, #"[{"rank": 4}, {"entrywise": {"absolute": 9}}]"#,
      #"{"entries": 3, "entrywise": {"absolute": 9}}"#,
    ] {
      let refusal = fixture.refusal(try AdapterFixture.policy(allow))
      guard case .coverageGap(let gaps)? = refusal, case .entriesOfProduct? = gaps.first else {
        Issue.record("\(allow): \(String(describing: refusal))")
        continue
      }
      #expect(refusal?.exitCode == 13 && gaps.count == 2)
    }
  }
}
