// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
@testable import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofInspection
import DriftProofPolicy
@testable import DriftProofProving
@testable import DriftProofStatement
import DriftProofTranscript
import Foundation
import TestSupport
import Testing

/// Circulant blocks from files to verified certificates.
@Suite struct CirculantProofTests {
  private let folder: TemporaryFolder
  private let base: Checkpoint
  private let identity: BaseIdentity
  private let model: TestModel

  /// Weights on the grid of bf16, stored in 32 bits.
  init() throws {
    folder = try TemporaryFolder()
    var random = SeededGenerator(seed: 91)
    var model = TestModel()
    for (name, shape) in [("h", [40, 64]), ("k", [96, 48]), ("w", [64, 128])] {
      model.tensors[name] = TestTensor(shape, isHalf: true, random: &random)
      model.tensors[name]?.isHalf = false
    }
    self.model = model
    base = try model.write("base", in: folder)
    identity = try BaseIdentity.compute(checkpoint: base)
  }

  /// Adds blocks of multiples of 2^-8, so that sums of 32 bits are exact.
  private func added(_ name: String, _ size: Int, in model: TestModel? = nil, seed: UInt64 = 5) -> TestModel {
    var (result, random) = (model ?? self.model, SeededGenerator(seed: seed))
    guard var tensor = result.tensors[name], let width = tensor.shape.last else { return result }
    let numbers = (0..<tensor.values.count / size).map { _ in Float(Int.random(in: -15...15, using: &random)) / 256 }
    for index in tensor.values.indices {
      let (row, column) = (index / width, index % width)
      let block = row / size * (width / size) + column / size
      tensor.values[index] += numbers[block * size + (column % size + size - row % size) % size]
    }
    result.tensors[name] = tensor
    return result
  }

  private func prove(_ tuned: TestModel, _ policy: Policy) throws -> (
    result: DriftProver.Result, tuned: Checkpoint, opening: String
  ) {
    let checkpoint = try tuned.write("tuned \(UUID())", in: folder)
    let request = DriftProver.Request(
      .checkpoint(checkpoint, base: base), policy: policy, openingPath: folder.file("opening \(UUID())"))
    return (try DriftProver.prove(request), checkpoint, request.openingPath)
  }

  private func violations(_ tuned: TestModel, _ allow: String, _ name: String = "k") throws -> [PolicyViolation] {
    do {
      _ = try prove(tuned, try testPolicy([(name, allow)], frozenRest: true))
      return []
    } catch DriftProofError.policyViolated(let violations) { return violations }
  }

  // MARK: Honest models

  @Test func exactBlocksOfThreeSizes() throws {
    let tuned = added("w", 64, in: added("h", 2, in: added("k", 8)))
    func policy(_ sizes: [Int]) throws -> Policy {
      try testPolicy(
        [
          ("k", "{\"circulant\": {\"block\": \(sizes[0])}}"),
          ("h", "[{\"circulant\": {\"block\": \(sizes[1])}}, {\"norm\": {\"absolute\": 9}}]"),
          ("w", "{\"circulant\": {\"block\": \(sizes[2])}}"),
        ], total: #"{"norm": {"absolute": 99}}"#)
    }
    let own = try policy([8, 2, 64])
    let (result, checkpoint, opening) = try prove(tuned, own)
    #expect(Array(try Certificate.parse(result.certificate).manifest.prefix(5)) == [13, 0, 0, 0, 0])
    let report = result.verification
    #expect(report.securityBits >= 128 && report.vacuousRanks.isEmpty)
    #expect(report.tensors.circulant == 2 && report.tensors.composed == 1)
    _ = try CertificateChecker.check(
      certificate: result.certificate, model: .checkpoint(checkpoint, base: base), openingPath: opening)

    // The same certificate under policies of other blocks: other statements.
    for sizes in [[4, 2, 64], [16, 2, 64], [8, 2, 32]] {
      let other = try policy(sizes)
      let parts = try Certificate.parse(result.certificate)
      let forged = Certificate(
        baseRoot: parts.baseRoot, policy: other, manifest: try DriftManifest.parse(parts.manifest),
        driftRoot: parts.driftRoot, driftPins: parts.driftPins, proof: parts.proof)
      #expect(throws: DriftProofError.self) {
        try CertificateVerifier.verify(certificate: forged.bytes, identity: identity, policy: other)
      }
    }
  }

  @Test(arguments: [
    (8, #"{"circulant": {"block": 8}, "entries": 3}"#),
    (4, #"{"circulant": {"block": 4}, "rows": 2, "residual": {"absolute": 0.01}}"#),
    (2, #"{"circulant": {"block": 2}, "columns": 3}"#),
    (8, #"{"circulant": {"block": 8}, "entries": 3, "entrywise": {"absolute": 0.01}}"#),
  ])
  func besideSparseParts(_ size: Int, _ allow: String) throws {
    var tuned = added("k", size)
    var places = [5, 700, 2000]
    if allow.contains("\"rows\"") { places = Array(3 * 48..<4 * 48) + Array(17 * 48..<18 * 48) }
    if allow.contains("columns") {
      places = [9, 10, 31].flatMap { Array(stride(from: $0, to: 96 * 48, by: 48)) }
    }
    for place in places { tuned.tensors["k"]?.values[place] += place % 3 == 0 ? 3 : -2 }
    _ = try prove(tuned, try testPolicy([("k", allow)], frozenRest: true))
    // Two more places are outside.
    for place in [1111, 1170, 3333] { tuned.tensors["k"]?.values[place] += 3 }
    #expect(try violations(tuned, allow).count == 1)
  }

  /// 90 % of a bound on the norm, and on entries, is within it; 110 % is not.
  @Test func bounds() throws {
    func moved(by size: Float) -> TestModel {
      var tuned = added("k", 8)
      // Balanced along every diagonal: the mean stays what it is.
      for index in 0..<96 * 48 {
        let sign: Float = (index / 48) % 2 == 0 ? 1 : -1
        tuned.tensors["k"]?.values[index] += sign * size
      }
      return tuned
    }
    let residual = #"{"circulant": {"block": 8}, "residual": {"absolute": 1}}"#
    let entries = #"{"circulant": {"block": 8}, "entrywise": {"absolute": 0.02}}"#
    // √(96·48) = 67.9.
    #expect(try violations(moved(by: 0.9 / 67.9), residual).isEmpty)
    #expect(try violations(moved(by: 1.1 / 67.9), residual).count == 1)
    #expect(try violations(moved(by: 0.018), entries).isEmpty)
    #expect(try violations(moved(by: 0.022), entries).count == 1)
  }

  @Test func heads() throws {
    let text = """
      {"driftPolicy": 1, "name": "t", "securityBits": 128, "rules": [
        {"tensors": "k", "heads": {"of": "rows", "size": 32}, "allow": {"circulant": {"block": 8}}},
        {"tensors": "*", "allow": "frozen"}]}
      """
    let report = try prove(added("k", 8), try Policy.parse(Array(text.utf8))).result.verification
    #expect(report.tensors.circulant == 1)
  }

  /// What PEFT merges C3A adapters to (Tests/Interoperability/c3a_adapters.py).
  @Test func mergedAdapters() throws {
    func allow(_ more: String, _ sizes: [Int] = [2, 8, 64]) -> [(String, String)] {
      zip(["pairs", "eights", "whole"], sizes).map { name, size in
        ("\(name).weight", "{\"circulant\": {\"block\": \(size)}, \(more)}")
      }
    }
    for (type, more) in [
      ("f32", #""residual": {"relative": 0.00001}"#), ("bf16", #""residual": {"relative": 0.003}"#),
      ("bf16", #""rounding": {"halfUlps": 1.01}"#),
    ] {
      let place = Repository.fixture("c3a").appendingPathComponent(type)
      let first = try Checkpoint.open(place.appendingPathComponent("base.safetensors").path)
      let tuned = try Checkpoint.open(place.appendingPathComponent("merged.safetensors").path)
      var request = DriftProver.Request(
        .checkpoint(tuned, base: first), policy: try testPolicy(allow(more)),
        openingPath: folder.file("opening \(UUID())"))
      let own = try BaseIdentity.compute(checkpoint: first)
      request.identity = more.contains("rounding") ? try BaseTableau.link(own, base: first) : own
      #expect(try DriftProver.prove(request).verification.tensors.circulant == 3)
      if more.contains("0.003") {
        // Of half the size they are no blocks.
        request.policy = try testPolicy(allow(more, [2, 4, 32]))
        request.openingPath = folder.file("opening \(UUID())")
        #expect {
          try DriftProver.prove(request)
        } throws: { error in
          guard case DriftProofError.policyViolated(let found)? = error as? DriftProofError else { return false }
          return found.map(\.tensor) == ["eights.weight", "whole.weight"]
        }
        let inspection = try CheckpointInspection.inspect(base: first, tuned: tuned)
        #expect(inspection.tensors.map { $0.drift?.circulant?.size } == [8, 2, 64])
      }
    }
  }

  // MARK: Refusals

  @Test func violationsNameTheForm() throws {
    var tuned = added("k", 8)
    tuned.tensors["k"]?.values[100] += 1
    let exact = try violations(tuned, #"{"circulant": {"block": 8}}"#)
    #expect(exact.first?.description.contains("allowed circulant blocks of 8 × 8, exactly, found other blocks") == true)
    let ball = try violations(tuned, #"{"circulant": {"block": 8}, "residual": {"absolute": 0.01}}"#)
    #expect(ball.first?.description.contains("circulant blocks of 8 × 8 + a residual of at most 0.01") == true)
    // Of other blocks it is no such matrix, of low rank neither.
    for allow in [#"{"circulant": {"block": 4}}"#, #"{"circulant": {"block": 16}}"#, #"{"rank": 3}"#] {
      #expect(try !violations(added("k", 8), allow).isEmpty)
    }
  }

  /// Whoever goes on all the same, with the best numbers, is stopped by the claim that nothing is left, or by the bound.
  @Test(arguments: ["", #", "residual": {"absolute": 0.01}"#]) func forcedProofs(_ more: String) throws {
    let policy = try testPolicy([("k", "{\"circulant\": {\"block\": 8}\(more)}")], frozenRest: true)
    let tuned = try added("k", 16).write("forced", in: folder)
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
    func gap(_ name: String, _ rows: Int, _ columns: Int, _ size: Int) -> CoverageGap {
      .blocks(
        tensor: name, obstacle: .sizes(rows: rows, columns: columns, blockRows: size, blockColumns: size), rule: 0)
    }
    #expect(try gaps([("k", #"{"circulant": {"block": 32}}"#)]) == [gap("k", 96, 48, 32)])
    #expect(try gaps([("h", #"{"circulant": {"block": 16}}"#)]) == [gap("h", 40, 64, 16)])
    #expect(try gaps([("k", #"{"circulant": {"block": 16}}"#)]).isEmpty)
    // Nothing is proved of single entries of an unmerged adapter's product.
    for (change, obstacle) in [
      (TensorChange.product(rank: 2), BlockObstacle.product), (.kronecker(rows: 8, columns: 8), .productAsCirculant),
    ] {
      let tuned = base.manifestTensors.map {
        TunedTensor(name: $0.name, dtype: $0.dtype, shape: $0.shape, change: $0.name == "h" ? change : .none)
      }
      let own = #"{"circulant": {"block": 8}}"#
      #expect(try gaps([("h", own)], tuned: tuned) == [.blocks(tensor: "h", obstacle: obstacle, rule: 0)])
    }
  }

  @Test func everyPolicyHasOneVersion() throws {
    func derive(_ allow: String, _ rules: StatementRules) throws -> DerivedStatement {
      try DerivedStatement.derive(
        identity: identity, tuned: base.manifestTensors, policy: try testPolicy([("k", allow)], frozenRest: true),
        rules: rules)
    }
    let own = #"{"circulant": {"block": 8}}"#
    let kronecker = #"{"kronecker": {"terms": 1, "inner": [8, 16]}}"#
    for rules in StatementRules.allCases where rules != .circulants {
      #expect(throws: StatementError.circulantsUnderEarlierRules(rule: 0)) { try derive(own, rules) }
    }
    for allow in [#"{"rank": 2}"#, #"{"entrywise": {"absolute": 0.1}}"#, kronecker] {
      #expect(throws: StatementError.circulantRulesWithoutCirculants) { try derive(allow, .circulants) }
    }
    let both = try derive("[\(own), \(kronecker), {\"entrywise\": {\"absolute\": 0.1}}]", .circulants).tensors[0]
    #expect(both.clauses.map(\.circulant) == [CirculantBlock(logSize: 3), nil, nil] && both.clauses[1].blocks != nil)
    for parent in [nil, [UInt8](repeating: 5, count: 32)] {
      let manifest = DriftManifest(rules: .circulants, parent: parent, code: nil, rowCount: 0, entries: [])
      #expect(manifest.bytes[0] == 13 && manifest.bytes[4] == (parent == nil ? 0 : 1))
      #expect(try DriftManifest.parse(manifest.bytes) == manifest)
      var bytes = manifest.bytes
      bytes[4] = 2
      #expect(throws: FormatError.badFlag(section: "the parent's flag", found: 2)) { try DriftManifest.parse(bytes) }
    }
  }
}
