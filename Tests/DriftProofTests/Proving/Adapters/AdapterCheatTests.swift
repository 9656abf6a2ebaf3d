// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAdapter
@testable import DriftProofCertificate
@testable import DriftProofDrift
@testable import DriftProofStatement
import DriftProofArgument
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofCore
import DriftProofPolicy
import Foundation
import Testing
import DriftProofTranscript

@testable import DriftProofArgumentProver
/// Provers who lie about an adapter, in the manifest or in the factors, each with everything else recomputed.
@Suite struct AdapterCheatTests: AdapterForging {
  let fixture: AdapterFixture
  let identity: BaseIdentity

  init() throws {
    fixture = try AdapterFixture()
    identity = try BaseIdentity.compute(checkpoint: fixture.base())
  }

  private static let q = "model.layers.0.q.weight"
  private static let v = "model.layers.0.v.weight"

  private let rank = "{\"rank\": 4}"

  @Test func honest() throws {
    for allow in [rank, "[{\"rank\": 4}, {\"norm\": {\"absolute\": 10}}]"] {
      let policy = try AdapterFixture.policy(allow)
      #expect(try verify(forge(policy, parts(policy)), policy).adapter?.modules == 2)
    }
  }

  // MARK: The manifest

  /// Another rank than that of the committed factors is another layout.
  @Test func otherRank() throws {
    let policy = try AdapterFixture.policy("{\"rank\": 8}")
    let honest = try forge(policy, parts(policy))
    for wrong in [3, 5, 8] {
      let forged = try certificate(honest, policy, changing(Self.q, to: .product(rank: wrong)))
      expectOtherLayout(forged, policy)
    }
    let large = try certificate(honest, policy, changing(Self.q, to: .product(rank: 9)))
    guard case .adapterOutsidePolicy(let lines)? = rejection(large, policy) else {
      Issue.record("accepted")
      return
    }
    #expect(lines == [PolicyViolation(tensor: Self.q, .productRank(found: 9, allowed: 8))])
  }

  /// Who states a larger rank than the factors have claims less: harmless, and the report says the larger one.
  @Test func honestlyLargerRank() throws {
    let policy = try AdapterFixture.policy("{\"rank\": 8}")
    var parts = try parts(policy)
    parts.tensors = parts.tensors.map { tensor in
      tensor.name == Self.q
        ? TunedTensor(name: tensor.name, dtype: tensor.dtype, shape: tensor.shape, change: .product(rank: 8)) : tensor
    }
    let (left, right) = (ProductFactor.left.name(of: Self.q), ProductFactor.right.name(of: Self.q))
    let (b, a) = (try #require(parts.factors[left]), try #require(parts.factors[right]))
    parts.factors[left] = FactorMatrix(
      rows: 48, columns: 8,
      values: (0..<48 * 8).map { $0 % 8 < 4 ? Int32(truncatingIfNeeded: b.entry($0 / 8, $0 % 8)) : 0 })
    parts.factors[right] = FactorMatrix(rows: 8, columns: 40, values: a.narrow + [Int32](repeating: 0, count: 160))
    #expect(try verify(forge(policy, parts), policy).adapter?.largestRank == 8)
  }

  @Test func recordsThatFitNothing() throws {
    let policy = try AdapterFixture.policy("{\"rank\": 1000}", more: [("model.steps", "\"any\"")])
    let honest = try forge(policy, parts(policy))
    func expect(_ name: String, _ problem: AdapterRecordProblem, _ change: (inout [DriftManifest.Entry]) -> Void) throws
    {
      #expect(
        rejection(try certificate(honest, policy, change), policy)
          == .adapterRecord(tensor: "\"\(name)\"", problem: problem))
    }
    try expect(Self.q, .rank(found: 0, limit: 40), changing(Self.q, to: .product(rank: 0)))
    try expect(Self.q, .rank(found: 41, limit: 40), changing(Self.q, to: .product(rank: 41)))
    try expect("model.steps", .notFloating, changing("model.steps", to: .product(rank: 1)))
    try expect(Self.q, .otherShape) { entries in
      entries = entries.map { entry in
        guard entry.tensor.name == Self.q else { return entry }
        return .init(
          tensor: TunedTensor(name: Self.q, dtype: .f32, shape: [40, 48], change: .product(rank: 4)),
          byteDigest: entry.byteDigest)
      }
    }
    for change in [TensorChange.none, .product(rank: 1)] {
      try expect("zzz.weight", .notInBase) { entries in
        entries.append(
          .init(
            tensor: TunedTensor(name: "zzz.weight", dtype: .f32, shape: [4, 4], change: change),
            byteDigest: change == .none ? nil : SHA256.hash([1])))
      }
    }
  }

  /// A frozen tensor with a product, or replaced, and a product turned into nothing.
  @Test func otherChanges() throws {
    let policy = try AdapterFixture.policy(rank)
    let honest = try forge(policy, parts(policy))
    let frozen = try certificate(honest, policy, changing("model.square.weight", to: .product(rank: 1)))
    guard case .adapterOutsidePolicy? = rejection(frozen, policy) else {
      Issue.record("accepted")
      return
    }
    let replaced = try certificate(honest, policy, changing("model.square.weight", to: .dense))
    #expect(rejection(replaced, policy) == .byteDigest(tensor: "\"model.square.weight\"", isMissing: false))
    let gone = try certificate(honest, policy, changing(Self.q, to: .none, digest: false))
    #expect(rejection(gone, policy) == .layoutDigest)
    // A tensor that the policy lets move and the adapter does not touch: a claim that it did is another layout.
    let more = try certificate(honest, policy, changing("model.layers.1.q.weight", to: .product(rank: 4)))
    expectOtherLayout(more, policy)
  }

  /// The adapter's records dropped: the same root as the drift of a whole model, which is another layout.
  @Test func modeDropped() throws {
    let policy = try AdapterFixture.policy(rank)
    let honest = try forge(policy, parts(policy))
    let dropped = try certificate(honest, policy) { entries in
      entries = entries.map { entry in
        let tensor = TunedTensor(name: entry.tensor.name, dtype: entry.tensor.dtype, shape: entry.tensor.shape)
        let isFree = tensor.name.hasSuffix(".q.weight") || tensor.name.hasSuffix(".v.weight")
        return .init(tensor: tensor, byteDigest: isFree ? SHA256.hash([1]) : nil)
      }
    }
    expectOtherLayout(dropped, policy)
    // And a manifest that is half an adapter's.
    let mixed = try certificate(honest, policy, changing("model.square.weight", to: .dense, digest: false))
    #expect(rejection(mixed, policy) == .manifest(.mixedRecords(tensor: "\"model.square.weight\"")))
  }

  @Test func manifestBytes() throws {
    let digest = SHA256.hash([1])
    let manifest = DriftManifest(
      code: nil, rowCount: 0,
      entries: [
        .init(
          tensor: TunedTensor(name: "a", dtype: .f32, shape: [2, 3], change: .product(rank: 2)), byteDigest: digest),
        .init(tensor: TunedTensor(name: "b", dtype: .bf16, shape: [], change: .none), byteDigest: nil),
        .init(tensor: TunedTensor(name: "c", dtype: .bf16, shape: [1]), byteDigest: digest),
      ])
    let bytes = manifest.bytes
    #expect(try DriftManifest.parse(bytes) == manifest && manifest.isAdapter)
    let link = DriftManifest(
      parent: digest, code: nil, rowCount: 0, entries: manifest.entries)
    #expect(throws: FormatError.adapterLink) { try DriftManifest.parse(link.bytes) }
    // Up to the first tensor's flag: 28 + 32 + 8, then name 8 + 1, dtype 8 + 3, rank 8, sizes 16.
    let flag = 68 + 9 + 11 + 24
    #expect(bytes[flag] == 3 && bytes[flag + 1] == 2)
    var other = bytes
    other[flag] = 4
    #expect(throws: FormatError.badFlag(section: "a byte digest's flag", found: 4)) { try DriftManifest.parse(other) }
    for end in flag + 1..<bytes.count {
      #expect(throws: FormatError.self) { try DriftManifest.parse(Array(bytes.prefix(end))) }
    }
  }

  /// Each byte of a manifest changed, everything that hashes it recomputed: some check finds it, and nothing traps.
  @Test func everyByteOfTheManifest() throws {
    let policy = try testPolicy([("*.0.{q,v}.weight", rank)], frozenRest: true)
    let honest = try Certificate.parse(forge(policy, parts(policy)))
    for index in honest.manifest.indices {
      var manifest = honest.manifest
      manifest[index] ^= UInt8(1 << (index % 8))
      let commitment = TunedCommitment.commitment(
        baseRoot: honest.baseRoot, manifest: manifest, driftRoot: honest.driftRoot, driftPins: honest.driftPins)
      let forged = Certificate(
        baseRoot: honest.baseRoot, policyDigest: honest.policyDigest, tunedCommitment: commitment, manifest: manifest,
        policy: honest.policy, driftRoot: honest.driftRoot, driftPins: honest.driftPins, proof: honest.proof)
      #expect(throws: DriftProofError.self, "byte \(index)") { try verify(forged.bytes, policy) }
    }
  }

  // MARK: The factors

  private let bounded = "[{\"rank\": 4}, {\"norm\": {\"absolute\": 1}}]"

  /// Factors of which one is larger than the policy allows, with all sums and digits as they then are.
  private func expectStopped(
    _ policy: Policy, _ change: (inout ForgedParts) throws -> Void, _ isExpected: (ProofRejection) -> Bool,
    line: Int = #line
  ) throws {
    var parts = try parts(policy)
    try change(&parts)
    guard case .argument(let why)? = rejection(try forge(policy, parts), policy), isExpected(why) else {
      Issue.record("line \(line): not stopped by the expected check")
      return
    }
  }

  private func scaled(_ matrix: FactorMatrix?, by factor: Int32) throws -> FactorMatrix {
    let matrix = try #require(matrix)
    return FactorMatrix(rows: matrix.rows, columns: matrix.columns, values: matrix.narrow.map { $0 * factor })
  }

  @Test func largeLeftFactor() throws {
    let name = ProductFactor.left.name(of: Self.q)
    try expectStopped(
      try AdapterFixture.policy(bounded), { $0.factors[name] = try scaled($0.factors[name], by: 64) }
    ) { $0 == .sumcheckFinal(stage: "A") }
  }

  /// The size moved into the right factor, which the norm clause does not look at: its rows are no longer orthonormal.
  @Test func largeRightFactor() throws {
    let name = ProductFactor.right.name(of: Self.q)
    try expectStopped(
      try AdapterFixture.policy(bounded), { $0.factors[name] = try scaled($0.factors[name], by: 16) }
    ) { $0 == .sumcheckFinal(stage: "A") }
  }

  /// One entry of the right factor: rows of right length that are not orthogonal.
  @Test func dependentRows() throws {
    let name = ProductFactor.right.name(of: Self.q)
    try expectStopped(
      try AdapterFixture.policy(bounded),
      { parts in
        let matrix = try #require(parts.factors[name])
        var values = matrix.narrow
        for x in 0..<40 { values[40 + x] = values[x] }
        parts.factors[name] = FactorMatrix(rows: 4, columns: 40, values: values)
      }
    ) { $0 == .sumcheckFinal(stage: "A") }
  }

  @Test func totalExceeded() throws {
    let name = ProductFactor.left.name(of: Self.v)
    try expectStopped(
      try AdapterFixture.policy(rank, total: "{\"norm\": {\"absolute\": 1}}"),
      { $0.factors[name] = try scaled($0.factors[name], by: 64) }
    ) { $0 == .sumcheckFinal(stage: "A") }
  }

  /// A certificate of a rank shown under a policy that also bounds the norm: another statement.
  @Test func otherPolicy() throws {
    let loose = try AdapterFixture.policy(rank)
    let strict = try AdapterFixture.policy(bounded)
    let honest = try forge(loose, parts(loose))
    #expect(throws: DriftProofError.self) { try verify(honest, strict) }
    let dressed = try Certificate.parse(honest)
    let forged = Certificate(
      baseRoot: dressed.baseRoot, policy: strict, manifest: try DriftManifest.parse(dressed.manifest),
      driftRoot: dressed.driftRoot, driftPins: dressed.driftPins, proof: dressed.proof)
    #expect(rejection(forged.bytes, strict) != nil)
  }

  /// Units are part of the layout that the manifest binds: those of another bound are another reading.
  @Test func unitsAreBound() throws {
    let fine = try AdapterFixture.policy("{\"norm\": {\"absolute\": 0.5}}")
    let coarse = try AdapterFixture.policy("{\"norm\": {\"absolute\": 100000}}")
    let tensors = try parts(fine).tensors
    let code = try CodeSelection.choose(
      tensors: DerivedStatement.derive(identity: identity, tuned: tensors, policy: fine).tensors)
    let digests = try [fine, coarse].map { policy in
      try DerivedStatement.derive(identity: identity, tuned: tensors, policy: policy).statement(code: code, binding: [])
        .layoutDigest
    }
    #expect(digests[0] != digests[1])
  }

  /// Beyond 2^27 columns the errors of rounding could leave their range.
  @Test func tooManyColumns() throws {
    func derive(_ columns: Int) throws {
      let leaf = BaseIdentity.Leaf(
        name: "a.q.weight", dtype: .bf16, shape: [2, columns],
        statistics: TensorStatistics(
          fractionBits: 22, sumOfSquares: 1 << 44, maxAbs: 1 << 20, sha256: [UInt8](repeating: 0, count: 32)))
      let tensor = TunedTensor(name: leaf.name, dtype: .bf16, shape: leaf.shape, change: .product(rank: 1))
      let policy = try testPolicy([("*.q.weight", "{\"rank\": 1}")])
      _ = try DerivedStatement.derive(identity: BaseIdentity(sorted: [leaf]), tuned: [tensor], policy: policy)
    }
    try derive(1 << 27)
    let error = #expect(throws: StatementError.self) { try derive((1 << 27) + 1) }
    #expect(error?.exitCode == 14)
  }

  /// N_B and N_A of the statement, by another route: rationals as doubles.
  @Test func bounds() throws {
    let policy = try AdapterFixture.policy("[{\"rank\": 4}, {\"norm\": {\"relative\": 0.25}}]")
    let derived = try DerivedStatement.derive(identity: identity, tuned: parts(policy).tensors, policy: policy)
    #expect(derived.claims.map(\.factor) == [.right, .left, .right, .left])
    for (right, left) in zip(derived.claims, derived.claims.dropFirst()) where left.factor == .left {
      let leaf = identity.tensors[left.baseIndex]
      let (fa, fb) = (right.tensor.fractionBits, left.tensor.fractionBits)
      let square = Double(leaf.statistics.sumOfSquares) / pow(4, Double(leaf.statistics.fractionBits))
      let expected =
        0.0625 * square * pow(4, Double(fb)) * pow(2, Double(2 * fa)) / (pow(2, Double(2 * fa)) + 4 * 0x1p29)
      #expect(abs(BoundSum.approximation(left.tensor.plainBound) / expected - 1) < 1e-12)
      #expect(BoundSum.approximation(right.tensor.plainBound) == 4 * (pow(4, Double(fa)) + 0x1p29))
      #expect(right.tensor.isOrthonormal && !left.tensor.isOrthonormal && !right.tensor.countsInTotal)
    }
    // Without a bound nothing about lengths is claimed.
    let free = try DerivedStatement.derive(
      identity: identity, tuned: parts(try AdapterFixture.policy(rank)).tensors, policy: AdapterFixture.policy(rank))
    #expect(free.tensors.allSatisfy { !$0.isOrthonormal && $0.plainBound == nil && $0.isPlain })
  }
}
