// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofCertificate
@testable import DriftProofStatement
import DriftProofCheckpoint
import DriftProofPolicy
import Testing

/// A base tensor without encoding: no clause about it, on either side, and nothing of it in the base's norm.
@Suite struct UnencodableLeafTests {
  /// The fixture's base, where one tensor has a NaN.
  private static func identity(without name: String, of base: BaseIdentity) -> BaseIdentity {
    BaseIdentity(
      sorted: base.tensors.map { leaf in
        guard leaf.name == name else { return leaf }
        return BaseIdentity.Leaf(
          name: leaf.name, dtype: leaf.dtype, shape: leaf.shape,
          statistics: TensorStatistics(
            fractionBits: 0, sumOfSquares: 0, maxAbs: 0, sha256: leaf.statistics.sha256, unencodableEntry: 7))
      })
  }

  private func gaps(_ rule: String, total: String = "") throws -> [CoverageGap] {
    let fixture = try StatementFixture()
    let identity = Self.identity(without: "a.weight", of: fixture.identity)
    let policy = try StatementFixture.policy(
      [StatementFixture.rule("a.weight", rule), StatementFixture.rule("c.weight", #"{"norm": {"relative": 0.1}}"#)]
        .joined(separator: ",") + "," + StatementFixture.frozenRest, total: total)
    do throws(StatementError) {
      _ = try DerivedStatement.derive(identity: identity, tuned: fixture.tuned, policy: policy)
      return []
    } catch {
      guard case .coverageGap(let gaps) = error else { throw error }
      return gaps
    }
  }

  @Test(arguments: [
    #"{"norm": {"relative": 0.5}}"#, #"{"norm": {"absolute": 1}}"#, #"{"rank": 2}"#,
    #"{"entries": 3, "residual": {"absolute": 0}}"#, #"[{"norm": {"absolute": 1}}, {"rank": 1}]"#,
  ])
  func noClause(_ clause: String) throws {
    #expect(try gaps(clause) == [.notEncodable(tensor: "a.weight", of: .base, entry: 7, rule: 0)])
  }

  @Test(arguments: [#""frozen""#, #""any""#]) func wholeBytes(_ allowance: String) throws {
    #expect(try gaps(allowance, total: #", "total": {"norm": {"relative": 0.1}}"#).isEmpty)
  }

  /// Such a tensor counts nothing in the base's norm, so a relative total becomes tighter, never wider.
  @Test func totalsAreTighter() throws {
    let fixture = try StatementFixture()
    let policy = try StatementFixture.policy(
      StatementFixture.rule("c.weight", #"{"norm": {"relative": 0.9}}"#) + "," + StatementFixture.frozenRest,
      total: #", "total": {"norm": {"relative": 0.1}}"#)
    func total(_ identity: BaseIdentity) throws -> BigUInt {
      let derived = try DerivedStatement.derive(identity: identity, tuned: fixture.tuned, policy: policy)
      return try #require(derived.totalBound).reversed().reduce(BigUInt.zero) { ($0 << 15) + BigUInt(UInt($1)) }
    }
    let less = try total(Self.identity(without: "a.weight", of: fixture.identity))
    #expect(try less < total(fixture.identity) && !less.isZero)
  }

  /// A certificate with a clause on such a tensor, whoever made it: the verifier derives no statement.
  @Test func verifiersRefuseAClause() throws {
    let fixture = try CertificateFixture.shared.get()
    let identity = Self.identity(without: "a.weight", of: fixture.identity)
    let forged = Certificate(
      baseRoot: identity.root, policy: fixture.policy, manifest: fixture.manifest,
      driftRoot: fixture.certificate.driftRoot, driftPins: fixture.certificate.driftPins,
      proof: fixture.certificate.proof)
    #expect(
      throws: DriftProofError.coverageGap([.notEncodable(tensor: "a.weight", of: .base, entry: 7, rule: 0)])
    ) {
      try CertificateVerifier.verify(certificate: forged.bytes, identity: identity, policy: fixture.policy)
    }
  }
}
