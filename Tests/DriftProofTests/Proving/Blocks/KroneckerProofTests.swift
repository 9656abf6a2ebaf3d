// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
@testable import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofPolicy
@testable import DriftProofProving
@testable import DriftProofStatement
import DriftProofTranscript
import Foundation
import TestSupport
import Testing

/// Sums of Kronecker products from files to verified certificates.
@Suite struct KroneckerProofTests {
  private let folder: TemporaryFolder
  private let base: Checkpoint
  private let identity: BaseIdentity
  private let model: TestModel

  /// Weights on the grid of bf16: k and v in 32 bits, h in 16.
  init() throws {
    folder = try TemporaryFolder()
    var random = SeededGenerator(seed: 81)
    var model = TestModel()
    for (name, shape) in [("h", [40, 64]), ("k", [96, 48]), ("v", [96])] {
      model.tensors[name] = TestTensor(shape, isHalf: true, random: &random)
      model.tensors[name]?.isHalf = name == "h"
    }
    self.model = model
    base = try model.write("base", in: folder)
    identity = try BaseIdentity.compute(checkpoint: base)
  }

  /// Adds products whose entries are multiples of 2^-12, so that sums of 32 bits are exact.
  private func added(
    _ name: String, _ rows: Int, _ columns: Int, terms: Int = 1, in model: TestModel? = nil, seed: UInt64 = 5
  ) -> TestModel {
    var (result, random) = (model ?? self.model, SeededGenerator(seed: seed))
    guard var tensor = result.tensors[name] else { return result }
    let width = tensor.shape.last ?? 1
    let count = tensor.values.count / (rows * columns)
    for _ in 0..<terms {
      let outer = (0..<count).map { _ in Float(Int.random(in: -15...15, using: &random)) / 64 }
      let inner = (0..<rows * columns).map { _ in Float(Int.random(in: -15...15, using: &random)) / 64 }
      for index in tensor.values.indices {
        let (row, column) = (tensor.shape.count == 1 ? 0 : index / width, index % width)
        tensor.values[index] +=
          outer[row / rows * (width / columns) + column / columns] * inner[row % rows * columns + column % columns]
      }
    }
    if tensor.isHalf { tensor.values = tensor.values.map(TestTensor.rounded) }
    result.tensors[name] = tensor
    return result
  }

  private func prove(_ tuned: TestModel, _ policy: Policy, identity: BaseIdentity? = nil) throws -> (
    result: DriftProver.Result, tuned: Checkpoint, opening: String
  ) {
    let checkpoint = try tuned.write("tuned \(UUID())", in: folder)
    var request = DriftProver.Request(
      .checkpoint(checkpoint, base: base), policy: policy, openingPath: folder.file("opening \(UUID())"))
    request.identity = identity
    return (try DriftProver.prove(request), checkpoint, request.openingPath)
  }

  private func violations(_ tuned: TestModel, _ allow: String, _ name: String = "k") throws -> [PolicyViolation] {
    do {
      _ = try prove(tuned, try testPolicy([(name, allow)], frozenRest: true))
      return []
    } catch DriftProofError.policyViolated(let violations) { return violations }
  }

  // MARK: Honest models

  @Test func exactSumsAndMergedOnes() throws {
    let tuned = added("v", 1, 32, in: added("h", 8, 16, in: added("k", 8, 16, terms: 2)))
    let merged = #"{"kronecker": {"terms": 1, "inner": [8, 16]}, "residual": {"relative": 0.003}}"#
    func policy(_ sizes: String) throws -> Policy {
      try testPolicy(
        [
          ("k", "{\"kronecker\": {\"terms\": 2, \"inner\": [\(sizes)]}}"),
          ("h", "[\(merged), {\"norm\": {\"absolute\": 9}}]"),
          ("v", #"{"kronecker": {"terms": 1, "inner": [1, 32]}}"#),
        ], total: #"{"norm": {"absolute": 99}}"#)
    }
    let (result, checkpoint, opening) = try prove(tuned, try policy("8, 16"))
    #expect(Array(try Certificate.parse(result.certificate).manifest.prefix(5)) == [10, 0, 0, 0, 0])
    let report = result.verification
    #expect(report.securityBits >= 128 && report.vacuousRanks.isEmpty)
    #expect(report.tensors.kronecker == 2 && report.tensors.composed == 1)
    _ = try CertificateChecker.check(
      certificate: result.certificate, model: .checkpoint(checkpoint, base: base), openingPath: opening)

    // The same certificate under a policy of other blocks, as many cells in all of them: another statement.
    let other = try policy("16, 8")
    let own = try Certificate.parse(result.certificate)
    let forged = Certificate(
      baseRoot: own.baseRoot, policy: other, manifest: try DriftManifest.parse(own.manifest),
      driftRoot: own.driftRoot, driftPins: own.driftPins, proof: own.proof)
    #expect(throws: DriftProofError.proofInvalid(.argument(.sumcheckFinal(stage: "A")))) {
      try CertificateVerifier.verify(certificate: forged.bytes, identity: identity, policy: other)
    }
  }

  @Test(arguments: [
    ("k", 8, 16, #"{"kronecker": {"terms": 1, "inner": [8, 16]}, "entries": 3}"#),
    ("k", 4, 8, #"{"kronecker": {"terms": 1, "inner": [4, 8]}, "rows": 2, "residual": {"absolute": 0.01}}"#),
    ("h", 8, 16, #"{"kronecker": {"terms": 1, "inner": [8, 16]}, "columns": 3, "residual": {"relative": 0.003}}"#),
    ("h", 8, 16, #"{"kronecker": {"terms": 1, "inner": [8, 16]}, "entries": 3, "entrywise": {"absolute": 0.01}}"#),
  ])
  func besideSparseParts(_ name: String, _ rows: Int, _ columns: Int, _ allow: String) throws {
    var tuned = added(name, rows, columns)
    let width = tuned.tensors[name]?.shape.last ?? 1
    var places = [5, 700, 2000]
    if allow.contains("\"rows\"") { places = Array(3 * width..<4 * width) + Array(17 * width..<18 * width) }
    if allow.contains("columns") {
      places = Array(stride(from: 9, to: 40 * width, by: width)) + Array(stride(from: 60, to: 40 * width, by: width))
    }
    for place in places { tuned.tensors[name]?.values[place] += place % 2 == 0 ? 3 : -2 }
    _ = try prove(tuned, try testPolicy([(name, allow)], frozenRest: true))
    // One more place is outside.
    tuned.tensors[name]?.values[1111] += 3
    tuned.tensors[name]?.values[1170] += 3
    #expect(try violations(tuned, allow, name).count == 1)
  }

  @Test func headsAndVacuousTerms() throws {
    // Blocks in heads of 32 rows: a product of each.
    let tuned = added("k", 8, 16)
    let text = """
      {"driftPolicy": 1, "name": "t", "securityBits": 128, "rules": [
        {"tensors": "k", "heads": {"of": "rows", "size": 32}, "allow": {"kronecker": {"terms": 1, "inner": [8, 16]}}},
        {"tensors": "h", "allow": {"kronecker": {"terms": 40, "inner": [8, 8]}, "residual": {"absolute": 1}}},
        {"tensors": "*", "allow": "frozen"}]}
      """
    let report = try prove(tuned, try Policy.parse(Array(text.utf8))).result.verification
    #expect(report.tensors.kronecker == 2)
    let words = "40 Kronecker products with blocks of 8 × 8"
    #expect(report.vacuousRanks.map(\.description).allSatisfy { $0.contains(words) })
    #expect(report.vacuousRanks.count == 1 && report.vacuousRanks[0].blocks?.rows == 8)
  }

  /// A merge that was rounded to 16 bits once, about a base that is committed to.
  @Test func besideRounding() throws {
    let linked = try BaseTableau.link(identity, base: base)
    // The best fit without the true factors leaves a few small weights outside.
    let allow = #"{"kronecker": {"terms": 1, "inner": [8, 16]}, "entries": 40, "rounding": {"roundoffs": 4}}"#
    let policy = try testPolicy([("h", allow)], frozenRest: true)
    let result = try prove(added("h", 8, 16), policy, identity: linked).result
    #expect(result.verification.tensors.composed == 1)
    #expect(result.verification.baseIdentity == linked.linkedRoot?.map { String(format: "%02x", $0) }.joined())
    #expect(try Certificate.parse(result.certificate).manifest[0] == 10)
    #expect(throws: DriftProofError.self) {
      try prove(added("h", 8, 16, terms: 2, seed: 9), policy, identity: linked)
    }
  }

  // MARK: Refusals

  @Test func violationsNameTheForm() throws {
    let two = added("k", 8, 16, terms: 2)
    let found = try violations(two, #"{"kronecker": {"terms": 1, "inner": [8, 16]}, "residual": {"absolute": 0.01}}"#)
    #expect(found.count == 1)
    #expect(found.first?.description.contains("allowed 1 Kronecker product with blocks of 8 × 16 + a residual") == true)
    let exact = try violations(two, #"{"kronecker": {"terms": 1, "inner": [8, 16]}}"#)
    #expect(exact.first?.description.contains("found no such sum") == true)
    // Of other blocks it is no product, and of low rank neither.
    #expect(try !violations(added("k", 8, 16), #"{"kronecker": {"terms": 1, "inner": [16, 8]}}"#).isEmpty)
    #expect(try !violations(added("k", 8, 16), #"{"rank": 3}"#).isEmpty)
  }

  /// Whoever goes on all the same, with the best factors, is stopped by the claim that nothing is left, or by the bound.
  @Test(arguments: ["", #", "residual": {"absolute": 0.01}"#]) func forcedProofs(_ more: String) throws {
    let allow = "{\"kronecker\": {\"terms\": 1, \"inner\": [8, 16]}\(more)}"
    let policy = try testPolicy([("k", allow)], frozenRest: true)
    let tuned = try added("k", 8, 16, terms: 2).write("forced", in: folder)
    let certificate = try ForcedDriftTests.forced(base: base, tuned: tuned, policy: policy, identity: identity)
    #expect(throws: DriftProofError.proofInvalid(.argument(.sumcheckFinal(stage: "A")))) {
      try CertificateVerifier.verify(certificate: certificate, identity: identity, policy: policy)
    }
  }

  private func gaps(_ rules: [(String, String)], tuned: [TunedTensor]? = nil) throws -> [CoverageGap] {
    do {
      _ = try DerivedStatement.derive(
        identity: identity, tuned: tuned ?? base.manifestTensors, policy: try testPolicy(rules, frozenRest: true))
      return []
    } catch StatementError.coverageGap(let gaps) { return gaps }
  }

  @Test func whereNoBlocksCanBe() throws {
    func gap(_ name: String, _ rows: Int, _ columns: Int, _ blockRows: Int, _ blockColumns: Int) -> CoverageGap {
      .blocks(
        tensor: name,
        obstacle: .sizes(rows: rows, columns: columns, blockRows: blockRows, blockColumns: blockColumns), rule: 0)
    }
    #expect(try gaps([("k", #"{"kronecker": {"terms": 1, "inner": [64, 16]}}"#)]) == [gap("k", 96, 48, 64, 16)])
    #expect(try gaps([("k", #"{"kronecker": {"terms": 1, "inner": [8, 32]}}"#)]) == [gap("k", 96, 48, 8, 32)])
    #expect(try gaps([("v", #"{"kronecker": {"terms": 1, "inner": [2, 16]}}"#)]) == [gap("v", 1, 96, 2, 16)])
    #expect(try gaps([("k", #"{"kronecker": {"terms": 1, "inner": [32, 16]}}"#)]).isEmpty)
    // Heads are filled for themselves.
    let text = """
      {"driftPolicy": 1, "name": "t", "securityBits": 128, "rules": [{"tensors": "k", "heads": {"of": "rows", "size": 12},
        "allow": {"kronecker": {"terms": 1, "inner": [8, 16]}}}, {"tensors": "*", "allow": "frozen"}]}
      """
    #expect(throws: StatementError.coverageGap([gap("k", 12, 48, 8, 16)])) {
      try DerivedStatement.derive(
        identity: identity, tuned: base.manifestTensors, policy: try Policy.parse(Array(text.utf8)))
    }
    // An unmerged adapter's product is of low rank; what it leaves alone is every sum.
    let tuned = base.manifestTensors.map {
      TunedTensor(name: $0.name, dtype: $0.dtype, shape: $0.shape, change: $0.name == "h" ? .product(rank: 2) : .none)
    }
    let own = #"{"kronecker": {"terms": 1, "inner": [8, 16]}}"#
    #expect(try gaps([("h", own)], tuned: tuned) == [.blocks(tensor: "h", obstacle: .product, rule: 0)])
    #expect(try gaps([("k", own), ("h", #"{"rank": 2}"#)], tuned: tuned).isEmpty)
  }

  @Test func everyPolicyHasOneVersion() throws {
    func derive(_ allow: String, _ rules: StatementRules) throws -> DerivedStatement {
      try DerivedStatement.derive(
        identity: identity, tuned: base.manifestTensors, policy: try testPolicy([("k", allow)], frozenRest: true),
        rules: rules)
    }
    let own = #"{"kronecker": {"terms": 1, "inner": [8, 16]}}"#
    for rules in [StatementRules.original, .revised, .entrywise, .rounding, .patterns] {
      #expect(throws: StatementError.blocksUnderEarlierRules(rule: 0)) { try derive(own, rules) }
    }
    let pattern = #"{"pattern": {"of": "drift", "n": 2, "m": 4}}"#
    for allow in [#"{"rank": 2}"#, #"{"entrywise": {"absolute": 0.1}}"#, pattern] {
      #expect(throws: StatementError.blockRulesWithoutBlocks) { try derive(allow, .blocks) }
    }
    let both = try derive("[\(own), \(pattern), {\"entrywise\": {\"absolute\": 0.1}}]", .blocks).tensors[0]
    #expect(both.patterns.count == 1 && both.clauses.count == 2)
    #expect(both.clauses[0].blocks == KroneckerBlock(logRows: 3, logColumns: 4) && both.clauses[1].blocks == nil)
    // Terms are held at what a matrix of these sizes needs: 18 blocks of 256 entries here.
    #expect(try derive(#"{"kronecker": {"terms": 900, "inner": [16, 16]}}"#, .blocks).tensors[0].clauses[0].rank == 18)
    for parent in [nil, [UInt8](repeating: 5, count: 32)] {
      let manifest = DriftManifest(rules: .blocks, parent: parent, code: nil, rowCount: 0, entries: [])
      #expect(manifest.bytes[0] == 10 && manifest.bytes[4] == (parent == nil ? 0 : 1))
      #expect(try DriftManifest.parse(manifest.bytes) == manifest)
      var bytes = manifest.bytes
      bytes[4] = 2
      #expect(throws: FormatError.badFlag(section: "the parent's flag", found: 2)) { try DriftManifest.parse(bytes) }
    }
  }
}
