// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCurveArgument
import DriftProofCurveCertificate
import DriftProofCurveProving
import DriftProofPolicy
import TestSupport
import Testing

/// Ranks and sparse parts from checkpoints to certificates over the curve.
@Suite struct CurveClauseTests {
  private func fixture() throws -> CurveModelFixture { try CurveModelFixture.shared.get() }

  /// A drift of rank 1 whose places are exact in binary, and two entries more.
  private func tuned(_ fixture: CurveModelFixture) throws -> Checkpoint {
    try CurveModelFixture.model(
      fixture.folder, "clauses.safetensors", drift: 1 / 1024, entries: [45: 0.25, 333: -0.5])
  }

  @Test(arguments: [
    #"{"rank": 1, "entries": 2}"#, #"{"columns": 18}"#,
    #"[{"norm": {"relative": 0.2}}, {"rank": 1, "residual": {"absolute": 0.6}}]"#,
    #"[{"rank": 3, "residual": {"relative": 0.001}}, {"rows": 24}]"#,
  ]) func aDriftInsideItsClausesIsProved(allowance: String) throws {
    let fixture = try fixture()
    let policy = try CurveModelFixture.policy(allowance)
    let result = try CurveProver.prove(fixture.request(try tuned(fixture), policy))
    let report = try fixture.verify(result.certificate, policy)
    #expect(result.hasDrift && report.statisticalBits >= 128)
    #expect(report.terms.map(\.name).contains("sumcheck B"))
    #expect(try CurveCertificate(result.certificate).version == 2)
    var other = result.certificate
    other[8] = 1
    #expect(throws: CurveCertificateError.otherVersion(expected: 2, found: 1)) {
      _ = try fixture.verify(other, policy)
    }
    guard allowance.hasPrefix("[{\"norm\"") else { return }
    // Nothing has changed: a proof of the same length.
    let same = try CurveProver.prove(fixture.request(fixture.base, policy))
    #expect(!same.hasDrift && same.certificate.count == result.certificate.count)
  }

  @Test(arguments: [
    (#"{"rank": 2}"#, "a higher rank"), (#"{"entries": 9}"#, "385 changed entries"),
    (#"{"columns": 15}"#, "17 changed columns"), (#"{"rank": 1, "residual": {"absolute": 0.2}}"#, "a residual of"),
    (#"{"rows": 23, "residual": {"absolute": 0.001}}"#, "a residual of"),
  ]) func whatIsOutsideAClauseIsNamed(allowance: String, found: String) throws {
    let fixture = try fixture()
    let (tuned, policy) = (try tuned(fixture), try CurveModelFixture.policy(allowance))
    do throws(CurveProvingError) {
      _ = try CurveProver.prove(fixture.request(tuned, policy))
      Issue.record("it was proved")
    } catch {
      guard case .clauseViolated("a.weight", let clause, let what) = error else { throw error }
      #expect(!clause.isEmpty && what.contains(found), "\(what)")
    }
  }

  /// Ranks and counts are held at what the matrix has; a residual below a unit is none.
  @Test func clausesAreHeldAtTheirMatrix() throws {
    let fixture = try fixture()
    let policy = try CurveModelFixture.policy(
      #"[{"rank": 30, "rows": 1000}, {"rank": 2, "residual": {"absolute": 1e-16}}, {"norm": {"absolute": 0.5}}]"#)
    let plan = try CurvePlan(identity: fixture.identity, policy: policy)
    let tensors = plan.statement.tensors
    // Rank 30 of both matrices, and no more: its rows say nothing either.
    #expect(plan.vacuous.map(\.form) == ["rank 30"] && plan.vacuous[0].tensors == 2)
    #expect(plan.vacuous[0].description.contains("restricts nothing in \"a.weight\" and 1 more"))
    let rows = try CurvePlan(identity: fixture.identity, policy: try CurveModelFixture.policy(#"{"rows": 9}"#))
    #expect(rows.vacuous.map(\.example) == ["b.weight"])
    #expect(tensors.map { $0.clauses.map(\.rank) } == [[20, 2], [9, 2]])
    #expect(tensors.map { $0.clauses[0].sparse?.count } == [24, 9])
    #expect(tensors.allSatisfy { $0.clauses.allSatisfy { $0.bound == .zero && $0.scale == 0 } && $0.isPlain })
  }
}
