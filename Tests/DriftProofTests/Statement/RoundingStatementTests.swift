// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofPolicy
@testable import DriftProofProving
@testable import DriftProofStatement
import TestSupport
import Testing

/// Statements about a base that is committed to: their units, places and code, and what is refused.
@Suite struct RoundingStatementTests {
  private let identity: BaseIdentity
  private let tuned: [TunedTensor]

  init() throws {
    let folder = try TemporaryFolder()
    var random = SeededGenerator(seed: 12)
    var model = TestModel()
    model.tensors["a.weight"] = TestTensor([128, 96], isHalf: true, random: &random)
    model.tensors["n.weight"] = TestTensor([70], isHalf: true, random: &random)
    model.tensors["s.weight"] = TestTensor([32, 32], random: &random)
    model.tensors["z.weight"] = TestTensor([8, 8], isHalf: true, random: &random)
    model.tensors["z.weight"]?.values = .init(repeating: 0, count: 64)
    let base = try model.write("base", in: folder)
    identity = try BaseTableau.link(BaseIdentity.compute(checkpoint: base), base: base)
    tuned = base.manifestTensors
  }

  private func derive(
    _ rules: [(String, String)], identity: BaseIdentity? = nil, tuned: [TunedTensor]? = nil,
    rules versions: StatementRules? = nil, total: String? = nil
  ) throws -> DerivedStatement {
    try DerivedStatement.derive(
      identity: identity ?? self.identity, tuned: tuned ?? self.tuned,
      policy: try testPolicy(rules, frozenRest: true, total: total), rules: versions)
  }

  private static let clause = #"{"rank": 2, "rounding": {"halfUlps": 1.01}}"#

  private func gap(_ rules: [(String, String)], tuned: [TunedTensor]? = nil) throws -> CoverageGap? {
    do {
      _ = try derive(rules, tuned: tuned)
      return nil
    } catch StatementError.coverageGap(let gaps) { return gaps.first }
  }

  @Test func unitsAndPlacesAreTheTableaus() throws {
    let derived = try derive([("a.weight", Self.clause), ("n.weight", #"{"norm": {"relative": 0.1}}"#)])
    #expect(derived.rules == .rounding)
    let linked = try #require(identity.linked)
    let tensor = try #require(derived.tensors.first)
    #expect(tensor.fractionBits == linked.tensor(named: "a.weight")?.fractionBits)
    #expect(tensor.isPlain && tensor.clauses.count == 1)
    let clause = tensor.clauses[0]
    #expect(clause.scale == 22 && clause.bound == nil && clause.entries?.rounding?.fineShift == 14)
    // One tree; a fills a row of its own, smaller tensors share the next.
    #expect(tensor.base == BasePlace(tree: 0, row: 0, offset: nil))
    let small = try derive([("n.weight", Self.clause)]).tensors[0].base
    #expect(small == BasePlace(tree: 0, row: 1, offset: 0))
    #expect(derived.baseTrees == [BaseTree(number: 0, rows: linked.trees[0].rows, root: linked.trees[0].root)])
    // Other tensors keep the identity's units and speak of no tree.
    #expect(derived.tensors[1].base == nil)
    #expect(derived.tensors[1].fractionBits <= identity.tensor(named: "n.weight")?.statistics.fractionBits ?? 0)

    let code = try CodeSelection.choose(derived)
    #expect(code.logLength == linked.logLength && code.logBlowup == linked.logBlowup)
    #expect(code.securityBits >= CodeParameters.requiredSecurityBits)
    let statement = derived.statement(code: code, binding: [])
    #expect(statement.baseTrees == derived.baseTrees)

    // Facts for people.
    let facts = RoundedTensor.list(derived, identity: identity)
    #expect(facts.map(\.name) == ["a.weight"])
    #expect(facts[0].halfUlps.count > 2 && facts[0].halfUlps[0] > 1.3 && facts[0].halfUlps[2] < 1.1)
    #expect((0..<0.3).contains(facts[0].shareBelowFloor))
    let smooth = try derive([("a.weight", #"{"rank": 2, "rounding": {"roundoffs": 1, "of": ["tuned", "base"]}}"#)])
    #expect(RoundedTensor.list(smooth, identity: identity).first?.roundoffs == 1)
  }

  /// Small tensors in one row of the base's tableau share chunks, and these one range of differences: what is printed of each is
  /// what is proved there.
  @Test func halfUlpsOfSharedChunks() throws {
    let folder = try TemporaryFolder()
    var random = SeededGenerator(seed: 14)
    var model = TestModel()
    // Rms of about 1/√3 and of half of that and a little more, so that σ is 2^17.2 and 2^17.9.
    for (name, factor) in [("h.0.weight", Float(1)), ("h.1.weight", 0.8)] {
      var tensor = TestTensor([16, 32], isHalf: true, random: &random)
      tensor.values = tensor.values.map { TestTensor.rounded($0 * factor) }
      model.tensors[name] = tensor
    }
    let base = try model.write("base", in: folder)
    let identity = try BaseTableau.link(BaseIdentity.compute(checkpoint: base), base: base)
    func facts(_ names: String) throws -> [RoundedTensor] {
      let policy = try testPolicy([(names, Self.clause)], frozenRest: names.count == 10)
      let derived = try DerivedStatement.derive(identity: identity, tuned: base.manifestTensors, policy: policy)
      return RoundedTensor.list(derived, identity: identity)
    }
    let (one, two) = (try #require(facts("h.0.weight").first), try #require(facts("h.1.weight").first))
    let both = try facts("h.{0,1}.weight")
    #expect(both.map(\.name) == ["h.0.weight", "h.1.weight"])
    #expect(one.halfUlps[0] != two.halfUlps[0])
    for tensor in both { #expect(tensor.halfUlps[0] == max(one.halfUlps[0], two.halfUlps[0])) }
  }

  /// A bound on ‖Δ‖ is the same number in finer units.
  @Test func normsAreInTheseUnits() throws {
    let derived = try derive([("a.weight", #"[{"norm": {"relative": 0.5}}, \#(Self.clause)]"#)])
    let leaf = try #require(identity.tensor(named: "a.weight"))
    let tensor = derived.tensors[0]
    let shift = 2 * (tensor.fractionBits - leaf.statistics.fractionBits) - 2
    let square = BigUInt(leaf.statistics.sumOfSquares)
    let expected = shift >= 0 ? square << shift : square >> -shift
    #expect(tensor.plainBound == BoundArithmetic.tensorDigits(expected))
  }

  @Test func refusesAResidualOfTheSameRest() throws {
    let one = #"{"rank": 2, "residual": {"absolute": 0.5}, "rounding": {"halfUlps": 1.01}}"#
    #expect(
      try gap([("a.weight", one)]) == .rounding(tensor: "a.weight", obstacle: .residualBeside, rule: 0))
    let two = #"[{"rank": 2, "residual": {"absolute": 0.5}}, {"rank": 2, "rounding": {"halfUlps": 1.01}}]"#
    let clauses = try derive([("a.weight", two)]).tensors[0].clauses
    #expect(clauses[0].bound != nil && clauses[0].entries == nil && clauses[1].bound == nil)
  }

  @Test func withoutACommittedBaseNothingIsDerived() throws {
    let plain = BaseIdentity(sorted: identity.tensors)
    #expect(throws: StatementError.coverageGap([.baseNotCommitted(rule: 0)])) {
      try derive([("a.weight", Self.clause)], identity: plain)
    }
    let policy = try testPolicy([("a.weight", Self.clause)], frozenRest: true)
    #expect(throws: StatementError.coverageGap([.baseNotCommitted(rule: 0)])) {
      try StatementRules.baseRoot(plain, for: policy)
    }
    #expect(try StatementRules.baseRoot(identity, for: policy) == identity.linkedRoot)
    let other = try testPolicy([("a.weight", #"{"entrywise": {"absolute": 0.1}}"#)], frozenRest: true)
    #expect(try StatementRules.baseRoot(identity, for: other) == identity.root)
    // Others are what they were, whatever the identity commits to.
    let tensors = try derive([("a.weight", #"{"rank": 2}"#)]).tensors
    #expect(try derive([("a.weight", #"{"rank": 2}"#)], identity: plain).tensors == tensors)
    #expect(tensors[0].base == nil)
  }

  @Test func refusesATableauOfAnotherBase() throws {
    let linked = try #require(identity.linked)
    let forged = identity.linking(
      LinkedBase(
        logLength: linked.logLength, logBlowup: linked.logBlowup, trees: linked.trees, tensors: linked.tensors,
        layoutDigest: [UInt8](repeating: 1, count: 32)))
    #expect(throws: StatementError.linkedBase(.layoutDigest)) {
      try derive([("a.weight", Self.clause)], identity: forged)
    }
  }

  /// Sizes of an identity that somebody made up overflow nothing.
  @Test func refusesSizesThatNoTableauHas() throws {
    for shape in [[1 << 31, 1 << 31], [1 << 21, 1 << 21]] {
      let leaf = BaseIdentity.Leaf(
        name: "huge", dtype: .bf16, shape: shape,
        statistics: TensorStatistics(
          fractionBits: 20, sumOfSquares: 1 << 50, maxAbs: 1 << 20, sha256: [UInt8](repeating: 0, count: 32)))
      let linked = try #require(identity.linked)
      let forged = BaseIdentity(sorted: [identity.tensors[0], leaf]).linking(linked)
      #expect(throws: LinkedBaseError.tooLarge(logLimit: 41)) { try LinkedBaseCheck.check(forged) }
    }
  }

  @Test func refusesTensorsThatHaveNoUnits() throws {
    #expect(
      try gap([("s.weight", Self.clause)]) == .rounding(tensor: "s.weight", obstacle: .type("F32"), rule: 0))
    #expect(try gap([("z.weight", Self.clause)]) == .rounding(tensor: "z.weight", obstacle: .nearlyZero, rule: 0))
    var retyped = tuned
    retyped[0] = TunedTensor(name: "a.weight", dtype: .f16, shape: [128, 96])
    #expect(
      try gap([("a.weight", Self.clause)], tuned: retyped)
        == .rounding(tensor: "a.weight", obstacle: .retyped(base: "BF16", tuned: "F16"), rule: 0))
    #expect(try gap([("n.weight", Self.clause)]) == nil)
  }

  @Test func refusesGrownTensors() throws {
    var grown = tuned
    grown[0] = TunedTensor(name: "a.weight", dtype: .bf16, shape: [130, 96])
    let rule =
      #"{"tensors": "a.weight", "grow": {"rows": 2}, "allow": \#(Self.clause)}, {"tensors": "*", "allow": "frozen"}"#
    let text = #"{"driftPolicy": 1, "name": "t", "securityBits": 128, "rules": [\#(rule)]}"#
    let policy = try Policy.parse(Array(text.utf8))
    #expect(
      throws: StatementError.coverageGap([
        .rounding(tensor: "a.weight", obstacle: .grown(base: [128, 96], tuned: [130, 96]), rule: 0)
      ])
    ) { try DerivedStatement.derive(identity: identity, tuned: grown, policy: policy) }
    // Of the base's shape it is an ordinary one.
    #expect(try DerivedStatement.derive(identity: identity, tuned: tuned, policy: policy).tensors[0].base != nil)
  }

  /// A norm clause of ten million times the base leaves factors no room.
  @Test func refusesFactorsThatAreCoarserThanTheRounding() throws {
    let found = try gap([("a.weight", #"[{"norm": {"relative": 10000000}}, \#(Self.clause)]"#)])
    guard case .rounding(tensor: "a.weight", obstacle: .largeFactors(_, least: 8), rule: 0) = found else {
      Issue.record("\(String(describing: found))")
      return
    }
  }

  @Test func everyPolicyHasOneVersion() throws {
    for rules in [StatementRules.original, .revised, .entrywise] {
      #expect(throws: StatementError.roundingUnderEarlierRules(rule: 0)) {
        try derive([("a.weight", Self.clause)], rules: rules)
      }
    }
    #expect(throws: StatementError.roundingRulesWithoutRounding) {
      try derive([("a.weight", #"{"rank": 2}"#)], rules: .rounding)
    }
    #expect(throws: StatementError.roundingRulesWithoutRounding) {
      try derive([("a.weight", #"{"entrywise": {"absolute": 0.1}}"#)], rules: .rounding)
    }
    // One form of bounds on entries in a proof: an entrywise one is the same inequality.
    let both = try derive([("n.weight", #"{"entrywise": {"absolute": 0.1}}"#), ("a.weight", Self.clause)]).tensors[1]
    let alone = try derive([("n.weight", #"{"entrywise": {"absolute": 0.1}}"#)]).tensors[0]
    #expect(both.base == nil && both.isPlain && both.clauses[0].scale == alone.clauses[0].scale)
    #expect(both.clauses[0].entries?.square == alone.clauses[0].entries?.square)
    #expect(both.clauses[0].entries?.rounding?.differenceRange == 1 << 29 && alone.clauses[0].entries?.rounding == nil)
    let residual = #"{"rank": 1, "residual": {"absolute": 1}, "entrywise": {"absolute": 0.1}}"#
    #expect(
      try gap([("n.weight", residual), ("a.weight", Self.clause)])
        == .residualBesideEntries(tensor: "n.weight", rule: 0))
    #expect(DriftManifest.version(.rounding, isLink: false) == 8)
    let manifest = DriftManifest(rules: .rounding, code: nil, rowCount: 0, entries: [])
    #expect(try DriftManifest.parse(manifest.bytes) == manifest)
    let link = DriftManifest(
      rules: .rounding, parent: [UInt8](repeating: 1, count: 32), code: nil, rowCount: 0, entries: [])
    // No version has room for a parent.
    #expect(throws: FormatError.self) { try DriftManifest.parse(link.bytes) }
  }

  /// Of a product of matrices the rank says everything, and the base's entries are not spoken of.
  @Test func productsNeedNoRounding() throws {
    let adapted = tuned.map {
      TunedTensor(
        name: $0.name, dtype: $0.dtype, shape: $0.shape,
        change: $0.name == "a.weight" ? .product(rank: 2) : TensorChange.none)
    }
    let derived = try derive([("a.weight", Self.clause)], tuned: adapted)
    #expect(derived.rules == .rounding && derived.baseTrees.isEmpty && derived.baseCode == nil)
    #expect(derived.tensors.allSatisfy { $0.base == nil && $0.clauses.isEmpty })
    #expect(throws: StatementError.coverageGap([.entriesOfProduct(tensor: "a.weight", rule: 0)])) {
      try derive([("a.weight", #"{"rounding": {"halfUlps": 1.01}}"#)], tuned: adapted)
    }
  }
}
