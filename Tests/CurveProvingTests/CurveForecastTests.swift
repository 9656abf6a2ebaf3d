// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCurveCertificate
import DriftProofCurveProving
import DriftProofPolicy
import TestSupport
import Testing

/// Forecasts against certificates that were made.
@Suite struct CurveForecastTests {
  private func forecast(
    _ fixture: CurveModelFixture, _ policy: Policy, _ tuned: Checkpoint, rows: Bool = true, available: Int? = nil
  ) throws -> CurveForecast {
    try CurveForecast(
      outline: fixture.identity.base, identity: rows ? fixture.identity : nil, policy: policy, base: fixture.base,
      tuned: tuned, available: available, speed: 1)
  }

  @Test func sizesAreThoseOfTheCertificate() throws {
    let fixture = try CurveModelFixture.shared.get()
    let tuned = try CurveModelFixture.model(fixture.folder, "forecast.safetensors", drift: 0.001)
    for policy in [
      try CurveModelFixture.policy(assumes: true),
      try CurveModelFixture.policy(bias: #""any""#, total: #"{"norm": {"relative": 0.05}}"#),
      try CurveModelFixture.policy(#"{"rank": 2, "rows": 1, "residual": {"relative": 0.05}}"#),
    ] {
      let found = try forecast(fixture, policy, tuned)
      let made = try CurveProver.prove(fixture.request(tuned, policy))
      #expect(found.certificateBytes == made.certificate.count)
      #expect(found.proofBytes == made.report.proofBytes && found.logLength == made.report.logLength)
      #expect(found.hasRows && found.identifySeconds == 0 && found.proveSeconds > found.verifySeconds)
    }
    // The counter has no rows, the bias has.
    let open = try forecast(fixture, try CurveModelFixture.policy(bias: #""any""#), tuned)
    #expect(open.excluded == ["c.bias", "d.counter"] && open.certifiedParameters == 624)
    let closed = try forecast(fixture, try CurveModelFixture.policy(), tuned)
    #expect(closed.excluded.isEmpty && closed.frozenParameters == 41)
  }

  /// Without rows they are as long as `identify` would make them.
  @Test func rowsThatAreNotThereAreChosen() throws {
    let fixture = try CurveModelFixture.shared.get()
    let policy = try CurveModelFixture.policy()
    let found = try forecast(fixture, policy, fixture.base, rows: false)
    #expect(!found.hasRows && found.logLength == 8 && found.identifySeconds > 0)
    #expect(try found.proofBytes == forecast(fixture, policy, fixture.base).proofBytes)
  }

  @Test func whatProveRefusesIsRefused() throws {
    let fixture = try CurveModelFixture.shared.get()
    let heads = try Policy.parse(Array(Self.heads.utf8))
    do throws(CurveProvingError) {
      _ = try CurveForecast(
        outline: fixture.identity.base, identity: nil, policy: heads, base: fixture.base,
        tuned: fixture.base, speed: 1)
      Issue.record("it was forecast")
    } catch {
      guard case .certificate(.notYet(let what)) = error else { throw error }
      #expect(what.contains("heads"))
    }
  }

  private static let heads = #"""
    {"driftPolicy": 1, "name": "p", "securityBits": 128, "rules": [
    {"tensors": "a.*", "heads": {"of": "rows", "size": 3}, "allow": {"norm": {"absolute": 1}}},
    {"tensors": "*", "allow": "frozen"}]}
    """#
}
