// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofCertificate
@testable import DriftProofChain
import DriftProofCheckpoint
import DriftProofPolicy
@testable import DriftProofProving
@testable import DriftProofStatement
import Foundation
import TestSupport
import Testing

/// Patterns in links and in cumulative policies.
@Suite struct PatternChainTests {
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

  private static func pattern(_ n: Int, _ m: Int) -> String {
    "{\"pattern\": {\"of\": \"drift\", \"n\": \(n), \"m\": \(m)}}"
  }

  @Test func patternsAddUp() throws {
    let (one, two) = (Self.pattern(1, 4), Self.pattern(2, 4))
    #expect(try problem([one, one], two) == nil)
    #expect(try problem([one, two], two)?.contains("3 changed of every 4 neighbours, allowed are 2") == true)
    // Of other groups: 1:2 is 2:4, 1:8 is at most 1:4.
    #expect(try problem([Self.pattern(1, 2)], two) == nil)
    #expect(try problem([Self.pattern(1, 2), Self.pattern(1, 8)], two) != nil)
    #expect(try problem([one, Self.pattern(1, 8)], two) == nil)
    #expect(try problem([Self.pattern(3, 8), Self.pattern(5, 64)], Self.pattern(8, 16)) != nil)
    #expect(try problem([Self.pattern(3, 8), Self.pattern(5, 64)], Self.pattern(11, 16)) == nil)
    // Few entries are few in every group; other forms say nothing.
    #expect(try problem([one, "{\"entries\": 1}"], two) == nil)
    #expect(try problem([one, "{\"entries\": 2}"], two) != nil)
    #expect(try problem([one, "{\"rows\": 1}"], two)?.contains("has no clause") == true)
    #expect(try problem([one, "\"frozen\""], one) == nil)
    // 64 × 64 entries, 16 groups in a row.
    #expect(try problem([one, one], "{\"entries\": 2048}") == nil)
    #expect(try problem([one, one], "{\"entries\": 2047}") != nil)
    // A pattern bounds no norm.
    #expect(try problem([one], "{\"norm\": {\"absolute\": 9}}") != nil)
    #expect(
      try problem(["[\(one), {\"norm\": {\"absolute\": 1}}]"], "[\(one), {\"norm\": {\"absolute\": 1.1}}]") == nil)
    // A norm clause so wide that the link's units are coarser than the cumulative policy's.
    #expect(try problem(["[\(one), {\"norm\": {\"absolute\": 1e9}}]"], one)?.contains("in units of") == true)
  }

  @Test func linksOfFiles() throws {
    let folder = try TemporaryFolder()
    var random = SeededGenerator(seed: 71)
    var model = TestModel()
    model.tensors["w"] = TestTensor([16, 24], isHalf: true, random: &random)
    var checkpoints = [try model.write("m0", in: folder)]
    for step in 0..<2 {
      for index in 0..<16 * 24 where index % 4 == step { model.tensors["w"]?.values[index] = 0.5 }
      checkpoints.append(try model.write("m\(step + 1)", in: folder))
    }
    let linked = try BaseTableau.link(BaseIdentity.compute(checkpoint: checkpoints[0]), base: checkpoints[0])
    let identity = BaseIdentity(sorted: linked.tensors)
    func policy(_ allow: String) -> [UInt8] {
      Array(
        "{\"driftPolicy\": 1, \"name\": \"p\", \"securityBits\": 128, \"rules\": [\(StatementFixture.rule("w", allow))]}"
          .utf8)
    }
    func prove(_ index: Int, _ allow: String, _ identity: BaseIdentity, parent: [UInt8]?) throws -> [UInt8] {
      var request = DriftProver.Request(
        .checkpoint(checkpoints[index], base: checkpoints[index - 1]), policy: try Policy.parse(policy(allow)),
        openingPath: folder.file("opening-\(UUID())"))
      request.identity = identity
      request.parent = try parent.map { try ParentCertificate($0, identity: identity) }
      return try DriftProver.prove(request).certificate
    }
    let one = Self.pattern(1, 4)
    let first = try prove(1, one, identity, parent: nil)
    let second = try prove(2, one, identity, parent: first)
    #expect(try Array(Certificate.parse(second).manifest.prefix(5)) == [9, 0, 0, 0, 1])
    func verify(_ allow: String) throws -> ChainReport {
      try ChainVerifier.verify(
        [.init(name: "first", certificate: first), .init(name: "second", certificate: second)],
        identityFile: identity.jsonBytes(), cumulativePolicyFile: policy(allow))
    }
    #expect(try verify(Self.pattern(2, 4)).failure == nil)
    #expect(try verify(one).links.last?.rejection != nil)

    // A pattern of weights has no place in a link, whoever makes it.
    let weights = "{\"pattern\": {\"of\": \"tuned\", \"n\": 3, \"m\": 4}}"
    #expect(throws: DriftProofError.coverageGap([.patternInLink(rule: 0)])) {
      try prove(2, weights, linked, parent: first)
    }
    var pruned = model
    for index in 0..<16 * 24 where index % 4 == 0 { pruned.tensors["w"]?.values[index] = 0 }
    checkpoints[1] = try pruned.write("pruned", in: folder)
    let honest = try Certificate.parse(prove(1, weights, linked, parent: nil))
    let manifest = try DriftManifest.parse(honest.manifest)
    let own = try Policy.parse(policy(weights))
    let link = Certificate(
      baseRoot: honest.baseRoot, policy: own,
      manifest: DriftManifest(
        rules: manifest.rules, parent: [UInt8](repeating: 9, count: 32), code: manifest.code,
        rowCount: manifest.rowCount, layoutDigest: manifest.layoutDigest, entries: manifest.entries),
      driftRoot: honest.driftRoot, driftPins: honest.driftPins, proof: honest.proof)
    #expect(throws: DriftProofError.coverageGap([.patternInLink(rule: 0)])) {
      try CertificateVerifier.verify(
        certificate: link.bytes, identity: linked, policy: own, parent: .commitment([UInt8](repeating: 9, count: 32)))
    }
  }
}
