// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofCommitmentProver
import DriftProofField
import TestSupport
import DriftProofTranscript

@testable import DriftProofArgument
@testable import DriftProofArgumentProver
@testable import DriftProofKernels

/// A small drift tableau with its witness, for tests.
struct Fixture {
  var tensors: [TableauTensor]
  /// Row-major integer drifts.
  var drifts: [[Int64]]
  var factors: [ArgumentWitness.ClauseID: ArgumentWitness.Factors] = [:]
  var supports: [ArgumentWitness.ClauseID: [Int]] = [:]
  var diagonals: [ArgumentWitness.ClauseID: [Int64]] = [:]
  var totalBound: [UInt16]?
  var logLength = 14
  /// Integers of the base, by tensor; none of those that no rounding clause speaks of. They are one tree, number 3.
  var bases: [Int: [Int64]] = [:]
  /// What ``placeBase()`` has found.
  var baseTrees: [BaseTree] = []
  /// A code of 128 proven bits, where a test asks for it; ``placeBase()`` comes after it.
  var provenCode: CodeParameters?
  /// In which leaves are hashed.
  var bands = 1

  static func digits(_ value: Int) -> [UInt16] {
    (0..<Limits.boundLimbs).map { UInt16(truncatingIfNeeded: value >> min(63, 15 * $0) & 0x7fff) }
  }

  var code: CodeParameters {
    // Weak on purpose: tests of the argument do not need 128 bits from the code.
    let code =
      provenCode ?? CodeParameters(unchecked: logLength, logBlowup: 1, queries: 40, grindingBits: 4, driftTail: 80)
    return (try? code.inBands(bands)) ?? code
  }

  var statement: DriftStatement {
    DriftStatement(
      tensors: tensors, totalBound: totalBound, code: code, binding: Array("test".utf8), baseTrees: baseTrees)
  }

  struct Rows: TableauRows {
    let plan: TableauPlan
    let tensors: [TableauTensor]
    let drifts: [[Int64]]
    var rowCount: Int { plan.rowCount }
    func message(_ row: Int) -> RowMessage {
      var entries = [Int64](repeating: 0, count: plan.length)
      for region in plan.regions(ofRow: row) {
        let tensor = tensors[region.tensor]
        for x in region.positions {
          let offset = x - region.positions.lowerBound
          let (i, j) = (region.firstRow + offset / region.width, region.firstColumn + offset % region.width)
          if i < tensor.rows, j < tensor.columns { entries[x] = drifts[region.tensor][i * tensor.columns + j] }
        }
      }
      if entries.allSatisfy({ $0 == Int64(Int32(truncatingIfNeeded: $0)) }) {
        return .narrow(entries.map { Int32(truncatingIfNeeded: $0) })
      }
      return .field(entries.map { Goldilocks($0).value })
    }
  }

  var rows: Rows { Rows(plan: TableauPlan(tensors: tensors, logLength: logLength), tensors: tensors, drifts: drifts) }

  /// Proves and verifies; throws the verifier's rejection or the prover's refusal.
  @discardableResult
  func run(_ tampering: ArgumentTampering = ArgumentTampering(), secret: UInt8 = 7) throws -> ArgumentProof {
    let (proof, drift) = try prove(tampering, secret: secret)
    try verify(proof.bytes, drift: drift)
    return proof
  }

  /// A proof that others change before it is verified.
  func prove(_ tampering: ArgumentTampering = ArgumentTampering(), secret: UInt8 = 7) throws -> (ArgumentProof, Drift) {
    let scheme = HashCommitment(code)
    let prover = try ArgumentProver(statement: statement, scheme: scheme)
    let drift = try DriftCommitter(statement: statement, scheme: scheme).commit(
      rows: rows, secret: [UInt8](repeating: secret, count: 32))
    let base = try committedBase(scheme)
    let proof = try prover.prove(
      witness: ArgumentWitness(
        rows: rows, factors: factors, supports: supports, diagonals: diagonals, base: base.map(\.rows)), drift: drift,
      base: base.map(\.tree), secret: [UInt8](repeating: secret &+ 1, count: 32), deviation: tampering)
    return (proof, Drift(drift))
  }

  /// What a verifier has of the drift tableau.
  struct Drift {
    var root: [UInt8]
    var pins: [CubicExtension]

    init(root: [UInt8], pins: [CubicExtension]) {
      self.root = root
      self.pins = pins
    }

    init(_ committed: CommittedTableau) {
      root = committed.root
      pins = committed.pins?.values ?? []
    }

    func reference(_ verifier: ArgumentVerifier<HashCommitment>) -> TableauReference {
      TableauReference(
        label: ArgumentLabel.drift, root: root, shapes: verifier.driftShapes, pinValues: pins,
        parameters: verifier.statement.code)
    }
  }

  func verify(_ proof: [UInt8], drift: Drift) throws {
    let verifier = try ArgumentVerifier(
      statement: statement, scheme: HashCommitment(code), requiredSecurityBits: provenCode == nil ? 0 : 128)
    try verifier.verify(proof, drift: drift.reference(verifier))
  }
}

extension Fixture {
  static func random(_ count: Int, _ bound: Int64, _ generator: inout SeededGenerator) -> [Int64] {
    (0..<count).map { _ in Int64.random(in: -bound...bound, using: &generator) }
  }

  static func norm(rows: Int, columns: Int, bound: Int? = nil, name: String = "w", seed: UInt64 = 1) -> Fixture {
    var generator = SeededGenerator(seed: seed)
    let drift = random(rows * columns, 100, &generator)
    let square = drift.reduce(0) { $0 + Int($1 * $1) }
    return Fixture(
      tensors: [
        TableauTensor(
          name: name, rows: rows, columns: columns, fractionBits: 20, isPlain: true,
          plainBound: digits(bound ?? square), clauses: [])
      ], drifts: [drift])
  }

  /// Every kind of clause, small and large tensors, tensors that share a tile, a global ball over different f.
  static func everything() -> Fixture {
    var generator = SeededGenerator(seed: 5)
    var fixture = Fixture(tensors: [], drifts: [])
    func square(_ d: [Int64]) -> Int { d.reduce(0) { $0 + Int($1 * $1) } }
    func add(
      _ name: String, _ rows: Int, _ columns: Int, _ f: Int, drift: [Int64], plainBound: Int?,
      clauses: [StructuredClause]
    ) {
      fixture.tensors.append(
        TableauTensor(
          name: name, rows: rows, columns: columns, fractionBits: f, isPlain: true,
          plainBound: plainBound.map(digits), clauses: clauses))
      fixture.drifts.append(drift)
    }
    // 0: dense, larger than a tile, not a power of two.
    let a = random(150 * 200, 50, &generator)
    add("a", 150, 200, 20, drift: a, plainBound: square(a), clauses: [])
    // 1: a vector.
    let b = random(37, 1000, &generator)
    add("b", 1, 37, 17, drift: b, plainBound: square(b) + 5, clauses: [])
    // 2: rank 3 with s = 4 and a residual.
    let (rows, columns, rank) = (40, 24, 3)
    let left = random(rows * rank, 300, &generator).map(Int32.init)
    let right = random(columns * rank, 300, &generator).map(Int32.init)
    var c = [Int64](repeating: 0, count: rows * columns)
    var residual = 0
    for i in 0..<rows {
      for j in 0..<columns {
        let dot = (0..<rank).reduce(Int64(0)) { $0 + Int64(left[i * rank + $1]) * Int64(right[j * rank + $1]) }
        c[i * columns + j] = (dot + 8) >> 4
        let e = (c[i * columns + j] << 4) - dot
        residual += Int(e * e)
      }
    }
    fixture.factors[.init(tensor: 2, clause: 0)] = .init(left: left, right: right)
    add(
      "c", rows, columns, 20, drift: c, plainBound: nil,
      clauses: [StructuredClause(rank: rank, sparse: nil, scale: 4, bound: digits(residual))])
    // 3: five entries, exact.
    var d = [Int64](repeating: 0, count: 30 * 20)
    let support = [0, 17, 333, 500, 599]
    for (i, x) in support.enumerated() { d[x] = Int64(1_000_003 * (i + 1)) }
    fixture.supports[.init(tensor: 3, clause: 0)] = support
    add(
      "d", 30, 20, 18, drift: d, plainBound: nil,
      clauses: [StructuredClause(rank: nil, sparse: .entries(5), scale: 0, bound: nil)])
    // 4: two rows of a large tensor plus rank 1, with a residual; and 5: three columns, exact.
    var e = [Int64](repeating: 0, count: 130 * 140)
    let (u, v) = (random(130, 60, &generator), random(140, 60, &generator))
    residual = 0
    for i in 0..<130 {
      for j in 0..<140 {
        let noise = Int64.random(in: -3...3, using: &generator)
        e[i * 140 + j] = u[i] * v[j] + noise
        if i == 7 || i == 129 { e[i * 140 + j] += 5000 } else { residual += Int(noise * noise) }
      }
    }
    fixture.factors[.init(tensor: 4, clause: 0)] = .init(left: u.map(Int32.init), right: v.map(Int32.init))
    fixture.supports[.init(tensor: 4, clause: 0)] = [7, 129]
    add(
      "e", 130, 140, 20, drift: e, plainBound: square(e),
      clauses: [StructuredClause(rank: 1, sparse: .rows(2), scale: 0, bound: digits(residual))])
    var g = [Int64](repeating: 0, count: 64 * 64)
    for i in 0..<64 { for j in [3, 40, 63] { g[i * 64 + j] = Int64(i + j) } }
    fixture.supports[.init(tensor: 5, clause: 0)] = [3, 40, 63]
    add(
      "g", 64, 64, 20, drift: g, plainBound: nil,
      clauses: [StructuredClause(rank: nil, sparse: .columns(3), scale: 0, bound: nil)])
    // The global ball in units of 4^-20.
    var total = 0
    for (tensor, drift) in zip(fixture.tensors, fixture.drifts) {
      total += square(drift) << (2 * (20 - tensor.fractionBits))
    }
    fixture.totalBound = digits(total)
    return fixture
  }
}
