// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAdapter
@testable import DriftProofCertificate
@testable import DriftProofProving
import DriftProofCheckpoint
import DriftProofPolicy
@testable import DriftProofStatement
import Foundation
import TestSupport
import Testing

/// Certificates of unmerged LoKr adapters.
@Suite struct LoKrProofTests {
  var fixture: AdapterFixture

  /// W1 and W2 as they are: 48 = 6·8, 40 = 5·8, 32 = 4·8, 64 = 8·8.
  init() throws {
    fixture = try AdapterFixture()
    fixture.adapter = .lokr()
    fixture.adapter.add(
      "model.layers.0.q", parts: [.w1: [6, 5], .w2: [8, 8]], random: &fixture.random)
    fixture.adapter.add(
      "model.layers.0.v", parts: [.w1: [4, 8], .w2: [8, 8]], random: &fixture.random)
  }

  private static let blocks = "{\"kronecker\": {\"terms\": 1, \"inner\": [8, 8]}}"

  /// Norm of a module's product: 2·‖W1‖·‖W2‖.
  private func norm(_ module: String) throws -> Double {
    func length(_ part: KroneckerPart) throws -> Double {
      let values = try #require(fixture.adapter.matrix(module, part)).values
      return values.reduce(0) { $0 + Double(Float($1)) * Double(Float($1)) }.squareRoot()
    }
    return 2 * (try length(.w1)) * (try length(.w2))
  }

  @Test func kroneckerClause() throws {
    let policy = try AdapterFixture.policy(Self.blocks)
    let (result, identity) = try fixture.prove(policy)
    let adapter = try #require(result.verification.adapter)
    #expect(adapter.modules == 2 && adapter.kroneckerModules == 2 && adapter.largestRank == 0)
    #expect(adapter.relativeError > 0 && adapter.absoluteError > 0)
    #expect(result.verification.tensors.kronecker == 2 && result.verification.securityBits >= 128)
    // What the adapter leaves alone may change by the policy and does not.
    #expect(result.verification.tensors.frozen == 7)
    let bytes = try Certificate.parse(result.certificate).manifest
    #expect(bytes.prefix(8) == [12, 0, 0, 0, 10, 0, 0, 0])
    let again = try CertificateVerifier.verify(certificate: result.certificate, identity: identity, policy: policy)
    #expect(again.adapter == adapter)
    let opened = try fixture.adapter.open("adapter", in: fixture.folder)
    func check(_ adapter: Adapter) throws -> VerificationReport {
      try CertificateChecker.check(
        certificate: result.certificate, base: nil, identity: identity, adapter: adapter,
        openingPath: fixture.folder.file("opening"))
    }
    #expect(try check(opened).tunedCommitment == again.tunedCommitment)
    // One weight in its last bit, and the other factor.
    var other = fixture.adapter
    let key = "base_model.model.model.layers.0.q.lokr_w1"
    let value = try #require(other.tensors[key]?.values[7])
    other.tensors[key]?.values[7] = Double(Float(value).nextUp)
    let error = #expect(throws: DriftProofError.self) { try check(try other.open("other", in: fixture.folder)) }
    #expect(error?.exitCode == 12)
  }

  /// ‖W1 ⊗ W2‖ is bounded as any product's norm is, alone, in a total and beside the form.
  @Test func norms() throws {
    let (q, v) = (try norm("model.layers.0.q"), try norm("model.layers.0.v"))
    let whole = (q * q + v * v).squareRoot()
    func policy(_ slack: Double) throws -> Policy {
      try testPolicy(
        [
          ("*.0.q.weight", "{\"norm\": {\"absolute\": \(q * slack)}}"),
          ("*.0.v.weight", "[\(Self.blocks), {\"norm\": {\"absolute\": \(v * slack)}}]"),
        ], frozenRest: true, total: "{\"norm\": {\"absolute\": \(whole * slack)}}")
    }
    // At 90 % of the bounds, and a little inside them.
    for slack in [1 / 0.9, 1.001] {
      let report = try fixture.prove(try policy(slack), opening: "opening-\(slack)").result.verification
      #expect(report.securityBits >= 128 && report.adapter?.kroneckerModules == 2)
      #expect(report.soundness.contains { $0.name.contains("orthonormal") })
    }
    guard case .policyViolated(let lines)? = fixture.refusal(try policy(0.999)) else {
      Issue.record("accepted")
      return
    }
    #expect(lines.count == 3 && lines.contains { $0.contains("[lokr w2 8x8]") })
  }

  /// Where a policy speaks of ranks: factored matrices are products of few columns, and so is what they make.
  @Test mutating func ranks() throws {
    var adapter = TestAdapter.lokr(rank: 2, settings: ["decompose_factor": "2"])
    adapter.add(
      "model.layers.0.q", parts: [.w1: [2, 2], .w2A: [24, 2], .w2B: [2, 20]], random: &fixture.random)
    let (result, identity) = try fixture.prove(try AdapterFixture.policy("{\"rank\": 4}"), adapter: adapter)
    let summary = try #require(result.verification.adapter)
    #expect(summary.modules == 1 && summary.kroneckerModules == 0 && summary.largestRank == 4)
    _ = try CertificateChecker.check(
      certificate: result.certificate, base: nil, identity: identity, adapter: adapter.open("a", in: fixture.folder),
      openingPath: fixture.folder.file("opening"))
    guard
      case .policyViolated(let lines)? = fixture.refusal(try AdapterFixture.policy("{\"rank\": 3}"), adapter: adapter)
    else {
      Issue.record("accepted")
      return
    }
    #expect(lines.count == 1 && lines[0].contains("allowed rank 3, the adapter adds a product of rank 4"))
    // Both forms are written of the same adapter: no rank is asked for here.
    let other = try fixture.prove(
      try AdapterFixture.policy("{\"norm\": {\"absolute\": 5}}"), adapter: adapter, opening: "norm")
    #expect(other.result.verification.adapter?.kroneckerModules == 1)
  }

  /// The matrices that stand for a rank are the Kronecker product, entry by entry.
  @Test mutating func productOfRank() throws {
    var adapter = TestAdapter.lokr(rank: 2, settings: ["decompose_both": "true"])
    fixture.model.tensors["model.conv.weight"] = TestTensor([12, 14, 3, 2], random: &fixture.random)
    fixture.model.tensors["model.square.weight"] = TestTensor([30, 45], random: &fixture.random)
    let shapes = [("model.conv", [12, 14, 3, 2]), ("model.square", [30, 45]), ("model.layers.0.q", [48, 40])]
    for (module, shape) in shapes {
      let made = try #require(
        KroneckerShapes(
          shape: shape, rank: 2, settings: .init(factorsBoth: true, factor: -1, hasKernelPart: false)))
      adapter.add(module, parts: made.parts, random: &fixture.random)
    }
    let opened = try adapter.open("products", in: fixture.folder)
    let policy = try testPolicy([("*", "\"any\"")])
    let model = try AdapterModel(
      opened, identity: .outline(of: try fixture.base()), policy: policy, comparesBytes: false)
    #expect(model.products.count == 3)
    for product in model.products {
      let kronecker = try #require(product.kronecker)
      let (left, right) = try kronecker.matrices(of: opened)
      let (outer, inner) = (try kronecker.outer(of: opened), try kronecker.inner(of: opened))
      let (rank, size) = (kronecker.rank, kronecker.shapes.inner)
      #expect(left.count == product.rows * rank && right.count == rank * product.columns)
      for row in 0..<product.rows {
        for column in 0..<product.columns {
          let sum = (0..<rank).reduce(0.0) { $0 + left[row * rank + $1] * right[$1 * product.columns + column] }
          let block = row / size.rows * kronecker.shapes.outer.columns + column / size.columns
          let entry = outer[block] * inner[row % size.rows * size.columns + column % size.columns]
          #expect(abs(sum - entry) < 1e-15)
        }
      }
    }
  }

  /// A clause is about this very form; more than a rank or a norm is not proved of another.
  @Test func otherClauses() throws {
    func expect(_ allow: String, _ words: String, line: Int = #line) throws {
      guard case .coverageGap(let gaps)? = fixture.refusal(try AdapterFixture.policy(allow)) else {
        Issue.record("line \(line): accepted")
        return
      }
      #expect(gaps.allSatisfy { "\($0)".contains(words) }, "line \(line): \(gaps)")
    }
    try expect(
      "{\"kronecker\": {\"terms\": 3, \"inner\": [8, 4]}}", "a Kronecker product with blocks of 8 × 8")
    try expect(
      "[\(Self.blocks), {\"kronecker\": {\"terms\": 1, \"inner\": [2, 8]}}]", "the clause has blocks of 2 × 8")
    try expect("[\(Self.blocks), {\"pattern\": {\"of\": \"drift\", \"n\": 2, \"m\": 4}}]", "adapter")
    try expect("{\"entrywise\": {\"absolute\": 0.5}}", "entries")
    // What stands beside it leaves nothing to bound, and 32 terms of 8 × 4 are every matrix of 48 × 40 or 32 × 64.
    for allow in [
      "{\"kronecker\": {\"terms\": 2, \"inner\": [8, 8]}, \"entrywise\": {\"absolute\": 0.5}}",
      "{\"kronecker\": {\"terms\": 32, \"inner\": [8, 4]}}",
    ] {
      #expect(fixture.refusal(try AdapterFixture.policy(allow)) == nil, "\(allow)")
    }
    guard case .policyViolated(let lines)? = fixture.refusal(try AdapterFixture.policy("{\"rows\": 3}")) else {
      Issue.record("accepted")
      return
    }
    #expect(lines.count == 2 && lines[0].contains("allowed changes at few places"))
    let half = try testPolicy([("*.0.v.weight", Self.blocks)], frozenRest: true)
    guard case .policyViolated? = fixture.refusal(half) else {
      Issue.record("a product on a frozen tensor")
      return
    }
  }

  @Test func heads() throws {
    let text = """
      {"driftPolicy": 1, "name": "heads", "securityBits": 128, "rules": [
        {"tensors": "*.0.{q,v}.weight", "heads": {"of": "rows", "size": 16}, "allow": ALLOW},
        {"tensors": "*", "allow": "frozen"}]}
      """
    func policy(_ allow: String) throws -> Policy {
      try Policy.parse(Array(text.replacingOccurrences(of: "ALLOW", with: allow).utf8))
    }
    guard case .coverageGap(let gaps)? = fixture.refusal(try policy(Self.blocks)) else {
      Issue.record("accepted")
      return
    }
    #expect(gaps.count == 2 && gaps.allSatisfy { "\($0)".contains("head by head") })
    // 16 rows have no higher rank.
    #expect(fixture.refusal(try policy("{\"rank\": 16}")) == nil)
  }

  /// What PEFT would not load, by settings, tensors and base.
  @Test func whatPEFTPassesOver() throws {
    let base = fixture.adapter
    func refusal(_ change: (inout TestAdapter) -> Void) throws -> String {
      var adapter = base
      change(&adapter)
      return fixture.refusal(try AdapterFixture.policy(Self.blocks), adapter: adapter).map { "\($0)" } ?? "accepted"
    }
    let prefix = "base_model.model.model.layers.0.q."
    for (words, change) in [
      ("passes over others", { $0.config["decompose_factor"] = "4" }),
      (
        "passes over others",
        {
          $0.config["decompose_both"] = "true"; $0.config["r"] = "2"
        }
      ),
      ("passes over others", { $0.tensors[prefix + "lokr_w1"] = nil }),
      ("passes over others", { $0.tensors[prefix + "lokr_w2_a"] = $0.tensors[prefix + "lokr_w2"] }),
      ("passes over others", { $0.tensors[prefix + "lokr_w1"]?.shape = [5, 6] }),
      ("does not select", { $0.config["target_modules"] = "[\"v\"]" }),
      (
        "is no part of a LoRA or LoKr adapter",
        { $0.tensors[prefix + "lora_A.weight"] = $0.tensors[prefix + "lokr_w2"] }
      ),
      ("is set and not known here", { $0.config["use_dora"] = "true" }),
      ("save the adapter as F32", { $0.tensors[prefix + "lokr_w1"]?.dtype = .i32 }),
      ("$.decompose_factor", { $0.config["decompose_factor"] = "-2" }),
    ] as [(String, (inout TestAdapter) -> Void)] {
      let found = try refusal(change)
      #expect(found.contains(words), "\(found)")
    }
    // LoRA's own settings are none of LoKr's, and the reverse.
    #expect(try refusal { $0.config["peft_type"] = "\"LORA\"" } != "accepted")
    #expect(try refusal { $0.config["peft_type"] = "\"LOHA\"" }.contains("only LORA and LOKR"))
  }

  /// A state dict has the adapter's name behind the tensor's.
  @Test func stateDict() throws {
    var adapter = fixture.adapter
    adapter.tensors = Dictionary(
      uniqueKeysWithValues: fixture.adapter.tensors.map { ($0.key + ".default", $0.value) })
    let opened = try adapter.open("state", in: fixture.folder)
    #expect(opened.scheme == .peft(isPrefixed: true, adapterName: "default") && opened.modules.count == 2)
    #expect(opened.modules.map(\.name) == ["model.layers.0.q", "model.layers.0.v"])
  }

  /// A model into which the adapter was merged, in BF16 with one rounding: with W1 and W2 as a hint nothing is outside, by their
  /// Kronecker product and by the rank of it; without them the best fit leaves entries outside.
  @Test mutating func mergedOnce() throws {
    for (name, tensor) in fixture.model.tensors {
      fixture.model.tensors[name]?.isHalf = true
      fixture.model.tensors[name]?.values = tensor.values.map(TestTensor.rounded)
    }
    fixture.model.tensors["model.layers.0.v.weight"] = TestTensor([96, 128], isHalf: true, random: &fixture.random)
    fixture.adapter = .lokr(rank: 2, settings: ["decompose_factor": "8"])
    fixture.adapter.add(
      "model.layers.0.q", parts: [.w1: [8, 8], .w2: [6, 5]], random: &fixture.random)
    fixture.adapter.add(
      "model.layers.0.v", parts: [.w1: [8, 8], .w2A: [12, 2], .w2B: [2, 16]], random: &fixture.random)
    fixture.adapter.config["r"] = "4"
    fixture.adapter.config["rank_pattern"] = "{\"v\": 2}"
    let base = try fixture.base()
    let adapter = try fixture.adapter.open("adapter", in: fixture.folder)
    _ = try ModelMerge.merge(base: base, adapter: adapter, to: fixture.folder.file("merged.safetensors"))
    let merged = try Checkpoint.open(fixture.folder.file("merged.safetensors"))
    let identity = try BaseTableau.link(BaseIdentity.compute(checkpoint: base), base: base)
    func prove(_ rules: [(String, String)], hint: Adapter?, opening: String) throws -> VerificationReport {
      var request = DriftProver.Request(
        .checkpoint(merged, base: base), policy: try testPolicy(rules, frozenRest: true),
        openingPath: fixture.folder.file(opening))
      (request.identity, request.hint) = (identity, hint)
      return try DriftProver.prove(request).verification
    }
    // Of v the rank of 8·2; of q, whose blocks of 6 × 5 have no clause, that of 8·5.
    let ranks = [
      ("*.0.q.weight", "{\"rank\": 40}"),
      ("*.0.v.weight", "[{\"norm\": {\"relative\": 1}}, {\"rank\": 16, \"rounding\": {\"halfUlps\": 1.01}}]"),
    ]
    #expect(try prove(ranks, hint: adapter, opening: "ranks").securityBits >= 128)
    let error = #expect(throws: DriftProofError.self) { try prove(ranks, hint: nil, opening: "none") }
    #expect(error?.exitCode == 10)
  }

  /// The same with blocks of a power of two, of which a clause speaks.
  @Test mutating func mergedOnceAsAProduct() throws {
    var model = TestModel()
    model.tensors["model.layers.0.v.weight"] = TestTensor([96, 128], isHalf: true, random: &fixture.random)
    fixture.model = model
    fixture.adapter = .lokr(rank: 64, settings: ["decompose_factor": "3"])
    // 96 = 3·32, and 3 does not divide 128: 2·64.
    fixture.adapter.add("model.layers.0.v", parts: [.w1: [3, 2], .w2: [32, 64]], random: &fixture.random)
    let base = try fixture.base()
    let adapter = try fixture.adapter.open("adapter", in: fixture.folder)
    _ = try ModelMerge.merge(base: base, adapter: adapter, to: fixture.folder.file("merged.safetensors"))
    let merged = try Checkpoint.open(fixture.folder.file("merged.safetensors"))
    let clause = "{\"kronecker\": {\"terms\": 1, \"inner\": [32, 64]}, \"rounding\": {\"halfUlps\": 1.01}}"
    var request = DriftProver.Request(
      .checkpoint(merged, base: base),
      policy: try testPolicy([("*.v.weight", "[{\"norm\": {\"relative\": 1}}, \(clause)]")]),
      openingPath: fixture.folder.file("product"))
    request.identity = try BaseTableau.link(BaseIdentity.compute(checkpoint: base), base: base)
    request.hint = adapter
    #expect(try DriftProver.prove(request).verification.tensors.composed == 1)
    request.hint = nil
    request.openingPath = fixture.folder.file("no hint")
    guard
      case .policyViolated(let lines)? = #expect(
        throws: DriftProofError.self, performing: { try DriftProver.prove(request) })
    else { return }
    #expect(lines.count == 1 && lines[0].contains("half-ulps"))
  }

  /// Many small tensors, of sizes that are no powers of two, one of them of rank 1 in every order.
  @Test mutating func manySmallTensors() throws {
    var adapter = TestAdapter.lokr(rank: 64)
    fixture.model.tensors = [:]
    let sizes = [(6, 4), (9, 7), (1, 12), (15, 1), (1, 1), (35, 22)]
    for index in 0..<30 {
      let (rows, columns) = sizes[index % sizes.count]
      fixture.model.tensors["model.layers.\(index).q.weight"] = TestTensor([rows, columns], random: &fixture.random)
      let made = try #require(
        KroneckerShapes(
          shape: [rows, columns], rank: 64, settings: .init(factorsBoth: false, factor: -1, hasKernelPart: false)))
      adapter.add("model.layers.\(index).q", parts: made.parts, random: &fixture.random)
    }
    let policy = try AdapterFixture.policy(
      "[{\"rank\": 1000}, {\"norm\": {\"absolute\": 1}}]", total: "{\"norm\": {\"absolute\": 4}}")
    let ranks = try fixture.prove(policy, adapter: adapter)
    #expect(ranks.result.verification.adapter?.modules == 30)
    let forms = try fixture.prove(
      try AdapterFixture.policy("{\"norm\": {\"absolute\": 1}}", total: "{\"norm\": {\"absolute\": 4}}"),
      adapter: adapter, opening: "forms")
    #expect(forms.result.verification.adapter?.kroneckerModules == 30)
    #expect(forms.result.verification.securityBits >= 128)
  }
}
