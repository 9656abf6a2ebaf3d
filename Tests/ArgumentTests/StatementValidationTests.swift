// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofCommitmentProver
import Testing
import DriftProofTranscript

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

/// Statements that the argument would not be sound for are refused, each for its reason.
@Suite struct StatementValidationTests {
  private static func expectRefused(
    _ reason: String, _ change: (inout DriftStatement) -> Void, location: SourceLocation = #_sourceLocation
  ) {
    var statement = Fixture.norm(rows: 20, columns: 30).statement
    change(&statement)
    #expect(throws: ProofRejection.unsupportedParameters(reason), sourceLocation: location) {
      try ArgumentVerifier(statement: statement, scheme: HashCommitment(statement.code), requiredSecurityBits: 0)
    }
  }

  @Test func tensors() {
    Self.expectRefused("the drift tableau is empty") { $0.tensors = [] }
    Self.expectRefused("tensor w is empty") { $0.tensors[0].rows = 0 }
    Self.expectRefused("the tableau has too many chunks") {
      // Each of 2^41 cells, as large as one tensor may be; together 2^28 chunks.
      $0.tensors[0].rows = 1 << 36
      $0.tensors.append($0.tensors[0])
    }
    Self.expectRefused("the tableau has too many chunks") { $0.tensors[0].rows = 1 << 40 }
    Self.expectRefused("tensor w has no clause") {
      $0.tensors[0].isPlain = false
      $0.tensors[0].plainBound = nil
    }
    Self.expectRefused("the tensors' precisions are too far apart") {
      $0.tensors.append($0.tensors[0])
      $0.tensors[1].fractionBits = -100
    }
  }

  @Test func bounds() {
    Self.expectRefused("the bound of w has a wrong form") { $0.tensors[0].plainBound = [1 << 15] }
    Self.expectRefused("the bound of the total has a wrong form") {
      $0.totalBound = [UInt16](repeating: 1, count: Limits.boundLimbs + 2)
    }
    let sparse = StructuredClause(rank: nil, sparse: .entries(1), scale: 0, bound: nil)
    Self.expectRefused("tensor w has a bound without plain tiles") {
      $0.tensors[0].isPlain = false
      $0.tensors[0].clauses = [sparse]
    }
    Self.expectRefused("tensor w is missing from the total") {
      $0.tensors[0].isPlain = false
      $0.tensors[0].plainBound = nil
      $0.tensors[0].clauses = [sparse]
      $0.totalBound = [1]
    }
    Self.expectRefused("the total is of nothing") {
      $0.tensors[0].isOrthonormal = true
      $0.totalBound = [1]
    }
  }

  @Test func clauses() {
    func clause(_ rank: Int?, _ sparse: SparseForm?, scale: Int = 0, plain: Bool = true) -> (inout DriftStatement) ->
      Void
    {
      { statement in
        statement.tensors[0].isPlain = plain
        if !plain { statement.tensors[0].plainBound = nil }
        statement.tensors[0].clauses = [StructuredClause(rank: rank, sparse: sparse, scale: scale, bound: [1])]
      }
    }
    Self.expectRefused("a clause of w has neither rank nor support nor entries", clause(nil, nil))
    Self.expectRefused("the rank of w is out of range", clause(0, nil))
    Self.expectRefused("the rank of w is out of range", clause(Limits.maximumRank + 1, nil))
    Self.expectRefused("the support of w is out of range", clause(nil, .rows(0)))
    Self.expectRefused("the scale of w is out of range", clause(2, nil, scale: Limits.maximumScale + 1))
    Self.expectRefused("tensor w is scaled without a bounding clause", clause(2, nil, scale: 1, plain: false))
  }

  @Test func entrywiseBounds() {
    func clause(_ square: Int, scale: Int = 0, plain: Bool = true) -> (inout DriftStatement) -> Void {
      { statement in
        statement.tensors[0].isPlain = plain
        if !plain { statement.tensors[0].plainBound = nil }
        statement.tensors[0].clauses = [
          StructuredClause(rank: nil, sparse: nil, scale: scale, bound: nil, entries: EntryClaim(square: square))
        ]
      }
    }
    Self.expectRefused("the entrywise bound of w is out of range", clause(-1))
    Self.expectRefused("the entrywise bound of w is out of range", clause(1 << 37 - 1 << 30 + 1))
    // |E| < 2^30 mod p says nothing of E/2^s.
    Self.expectRefused("tensor w is scaled without a bounding clause", clause(1 << 33, scale: 1, plain: false))
  }

  @Test func orthonormalTensors() {
    func expectRefused(_ reason: String, _ change: @escaping (inout TableauTensor) -> Void) {
      Self.expectRefused("the orthonormal tensor w \(reason)") {
        $0.tensors[0].isOrthonormal = true
        change(&$0.tensors[0])
      }
    }
    let sparse = StructuredClause(rank: nil, sparse: .entries(1), scale: 0, bound: nil)
    expectRefused("is not plain") { $0.clauses = [sparse] }
    expectRefused("is not plain") {
      ($0.isPlain, $0.plainBound, $0.clauses) = (false, nil, [sparse])
    }
    expectRefused("has no bound") { $0.plainBound = nil }
    expectRefused("has too wide a bound") { $0.plainBound = Fixture.digits(1 << 60) }
    expectRefused("has too wide a bound") { $0.plainBound = [0, 0, 0, 0, 0, 1] }
    expectRefused("has too many rows") { $0.rows = Limits.maximumRank + 1 }
    expectRefused("has a precision out of range") { $0.fractionBits = 29 }
    expectRefused("has a precision out of range") { $0.fractionBits = -1 }
    // At every limit it is accepted.
    var statement = Fixture.norm(rows: 20, columns: 30).statement
    statement.tensors[0].isOrthonormal = true
    statement.tensors[0].plainBound = Fixture.digits(1 << 60 - 1)
    statement.tensors[0].rows = Limits.maximumRank
    for bits in [0, 28] {
      statement.tensors[0].fractionBits = bits
      #expect(throws: Never.self) { try statement.validate() }
    }
  }

  /// Without pins a root stands for one of several tableaux.
  @Test func unpinnedDrifts() throws {
    let statement = Fixture.norm(rows: 20, columns: 30).statement
    let verifier = try ArgumentVerifier(
      statement: statement, scheme: HashCommitment(statement.code), requiredSecurityBits: 0)
    let drift = TableauReference(
      label: ArgumentLabel.drift, root: [UInt8](repeating: 1, count: 32), shapes: verifier.driftShapes, bands: 1)
    #expect(throws: ProofRejection.unsupportedParameters("the drift tableau is not pinned")) {
      try verifier.verify([], drift: drift)
    }
  }

  @Test func codes() throws {
    let statement = Fixture.norm(rows: 20, columns: 30).statement
    let other = CodeParameters(unchecked: 14, logBlowup: 1, queries: 1, grindingBits: 0, driftTail: 80)
    #expect(
      throws: ProofRejection.unsupportedParameters("the statement names another code than the commitment scheme")
    ) { try ArgumentVerifier(statement: statement, scheme: HashCommitment(other), requiredSecurityBits: 0) }
    let error = #expect(throws: ProofRejection.self) {
      try ArgumentVerifier(statement: statement, scheme: HashCommitment(statement.code))
    }
    guard case .insufficientSecurity = error else {
      Issue.record("a weak code was accepted: \(String(describing: error))")
      return
    }
  }

  /// Every assumption of the argument about rounding claims, broken one at a time.
  @Test func roundingClaims() throws {
    let shared = Fixture.merged(rows: 40, columns: 24).statement
    let large = Fixture.merged(rows: 150, columns: 200).statement
    func expect(
      _ why: String, of statement: DriftStatement? = nil, location: SourceLocation = #_sourceLocation,
      _ change: (inout DriftStatement) -> Void
    ) {
      var statement = statement ?? shared
      change(&statement)
      #expect(throws: ProofRejection.unsupportedParameters(why), sourceLocation: location) { try statement.validate() }
    }
    func claim(_ change: @escaping (inout RoundingClaim) -> Void) -> (inout DriftStatement) -> Void {
      { statement in
        guard var own = statement.tensors[0].clauses[0].entries?.rounding else { return }
        change(&own)
        statement.tensors[0].clauses[0].entries?.rounding = own
      }
    }
    try shared.validate()
    try large.validate()
    for shift in [-1, 1, 6, 17] { expect("the fine shift of w is out of range", claim { $0.fineShift = shift }) }
    expect("the fine shift of w is above its scale") { $0.tensors[0].clauses[0].scale = 13 }
    expect("the scale of w is out of range") { $0.tensors[0].clauses[0].scale = 25 }
    for weight in [0, 2, 5] {
      expect("the weight of residuals of w is out of range", claim { $0.residualWeight = weight })
    }
    for bound in [-1, 1 << 16 + 1] {
      expect("the half-ulps of w are out of range", claim { $0.classBound = bound })
    }
    expect("the classes of w are out of range", claim { $0.logClasses = 15 })
    expect("the half-ulps of w have no classes", claim { $0.logClasses = 0 })
    for bad in [-1, 33] {
      expect("a coefficient of w is out of range", claim { $0.tuned = bad })
      expect("a coefficient of w is out of range", claim { $0.base = bad })
      expect("a coefficient of w is out of range", claim { $0.drift = bad })
    }
    for range in [40959, 1 << 30 + 1] {
      expect("the range of differences of w is out of range", claim { $0.differenceRange = range })
    }
    expect("the rounding clause of w has a norm bound") { $0.tensors[0].clauses[0].bound = [1] }
    expect("tensor w has a rounding clause without a bounding one") {
      $0.tensors[0].isPlain = false
      $0.tensors[0].clauses[0].scale = 0
      $0.tensors[0].clauses[0].entries?.rounding?.fineShift = 0
    }
    expect("the base of w is committed to nowhere") { $0.tensors[0].base = nil }
    expect("the entrywise bound of w has another form") {
      $0.tensors[0].clauses.append(
        StructuredClause(rank: nil, sparse: nil, scale: 0, bound: nil, entries: EntryClaim(square: 1 << 33)))
    }

    expect("a base that no claim speaks of") { $0.tensors[0].clauses = [] }
    expect("the base's trees are out of order") { $0.baseTrees.append($0.baseTrees[0]) }
    expect("a tree of the base has a wrong form") { $0.baseTrees[0].rows = 0 }
    expect("a tree of the base has a wrong form") { $0.baseTrees[0].root = [1] }
    expect("the base of w is in no tree") { $0.tensors[0].base?.tree = 2 }
    expect("the base of w lies outside its tree") { $0.tensors[0].base?.row = 1 }
    expect("the base of w lies outside its tree", of: large) { $0.tensors[0].base?.row = 1 }
    expect("the base of w lies across its row") { $0.tensors[0].base?.offset = 64 }
    expect("the base of w lies across its row") { $0.tensors[0].base?.offset = 1 << 14 }
    expect("the base of w lies across its row", of: large) { $0.tensors[0].base?.offset = 0 }
    expect("the base of w shares a row") { $0.tensors[0].base?.offset = nil }
    expect("the base of v is no factor's") {
      var factor = $0.tensors[0]
      (factor.name, factor.isOrthonormal, factor.clauses, factor.plainBound) = ("v", true, [], [1])
      factor.fractionBits = 14
      $0.tensors.append(factor)
    }
    expect("the base of v is another's, too") {
      var other = $0.tensors[0]
      other.name = "v"
      $0.tensors.append(other)
    }
  }
  /// Every assumption of the argument about patterns, broken one at a time.
  @Test func patternClaims() throws {
    let own = Fixture.patterned([.tuned(2, of: 4)]).statement
    try own.validate()
    func expect(
      _ why: String, location: SourceLocation = #_sourceLocation, _ change: (inout DriftStatement) -> Void
    ) {
      var statement = own
      change(&statement)
      #expect(throws: ProofRejection.unsupportedParameters(why), sourceLocation: location) { try statement.validate() }
    }
    expect("tensor w has a pattern without a bounding clause") {
      $0.tensors[0].isPlain = false
      $0.tensors[0].clauses = [StructuredClause(rank: 1, sparse: nil, scale: 0, bound: nil)]
    }
    expect("the pattern of w is no factor's") {
      ($0.tensors[0].isOrthonormal, $0.tensors[0].plainBound, $0.tensors[0].base) = (true, [1], nil)
      ($0.tensors[0].patterns, $0.baseTrees) = ([.drift(2, of: 4)], [])
    }
    expect("tensor w has too many patterns") { $0.tensors[0].patterns = Array(repeating: .tuned(1, of: 2), count: 17) }
    expect("the base of w is committed to nowhere") { $0.tensors[0].base = nil }
    expect("the base's pattern of w has groups") { $0.tensors[0].patterns.append(.init(form: .base, count: 1)) }
    expect("the base's pattern of w has groups") { $0.tensors[0].patterns.append(.init(form: .base, logGroup: 1)) }
    for log in [-1, 0, 7] { expect("the groups of w are out of range") { $0.tensors[0].patterns[0].logGroup = log } }
    for count in [-1, 0, 4] { expect("the pattern of w is out of range") { $0.tensors[0].patterns[0].count = count } }
    expect("the groups of w do not fit its columns") { $0.tensors[0].columns = 30 }
    expect("a base that no claim speaks of") { $0.tensors[0].patterns = [.drift(2, of: 4)] }
    expect("the base's trees are out of order") { $0.baseTrees.append($0.baseTrees[0]) }
    expect("the base of w is in no tree") { $0.tensors[0].base?.tree = 2 }
  }
}
