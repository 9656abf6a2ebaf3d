// SPDX-License-Identifier: Apache-2.0

import DriftProofChain
import DriftProofCheckpoint
import DriftProofCore
import DriftProofCurve
import DriftProofCurveCertificate
import DriftProofCurveChain
import DriftProofCurveCommitment
import DriftProofCurveProving
import DriftProofPolicy
import TestSupport
import Testing

/// Links that start from a parent's rows, honest and not.
@Suite struct CurveChainTests {
  /// Three releases: the first moves the matrices, the second the bias alone, the third the matrices again.
  private struct Line: Sendable {
    let fixture: CurveModelFixture
    let models: [Checkpoint]
    let policies: [Policy]
    let certificates: [[UInt8]]
    /// Behind each certificate.
    let states: [CurveCertificateVerifier.Model]
  }

  private static let line = Result { try makeLine() }

  private static let norm = #"{"norm": {"absolute": 0.5}}"#

  private static func makeLine() throws -> Line {
    let fixture = try CurveModelFixture.shared.get()
    func model(_ file: String, _ drift: Float, _ bias: Float) throws -> Checkpoint {
      try CurveModelFixture.model(fixture.folder, file, drift: drift, frozenDrift: bias)
    }
    let models = [
      try model("link1.safetensors", 0.001, 0), try model("link2.safetensors", 0.001, 0.01),
      try model("link3.safetensors", 0.002, 0.01),
    ]
    let matrices = try CurveModelFixture.policy(norm)
    let bias = try Policy.parse(
      Array(
        #"""
        {"driftPolicy": 1, "name": "p", "securityBits": 128, "rules": [
        {"tensors": "c.*", "allow": {"norm": {"absolute": 0.5}}}, {"tensors": "*", "allow": "frozen"}]}
        """#.utf8))
    let policies = [matrices, bias, matrices]
    var certificates: [[UInt8]] = []
    var states: [CurveCertificateVerifier.Model] = []
    for index in 0..<3 {
      var request = fixture.request(
        models[index], policies[index], secret: UInt8(index + 1), base: index == 0 ? nil : models[index - 1])
      request.parent = states.last
      let result = try CurveProver.prove(request)
      certificates.append(result.certificate)
      states.append(result.report.model)
    }
    return Line(fixture: fixture, models: models, policies: policies, certificates: certificates, states: states)
  }

  private func verify(
    _ line: Line, _ certificates: [[UInt8]]? = nil, policies: Bool = true, cumulative: Policy? = nil,
    revocations: RevocationList? = nil, permits: Bool = true
  ) -> CurveChainReport {
    let inputs = (certificates ?? line.certificates).enumerated().map {
      CurveChainVerifier.Input(
        name: "\($0 + 1).drift", certificate: $1, policy: policies && $0 < 3 ? line.policies[$0] : nil)
    }
    return CurveChainVerifier.verify(
      inputs, identity: line.fixture.identity,
      trust: .init(setups: [line.fixture.setup.id], permitsAssumption: permits),
      cumulative: cumulative, revocations: revocations)
  }

  @Test func linksHoldFromTheBaseOn() throws {
    let line = try Self.line.get()
    let report = verify(line)
    #expect(report.failure == nil && report.links.map(\.depth) == [1, 2, 3])
    #expect(report.links.map(\.parent) == [nil] + line.states.prefix(2).map(\.commitment.hexadecimal))
    // In any order, and with the policies inside.
    #expect(verify(line, line.certificates.reversed(), policies: false).failure == nil)
    // Bounds add up: 0.5·√2 of two matrices, then 0.5 of the bias, then the matrices again; and what units hide.
    let bounds = report.links.map { $0.driftFromBase ?? 0 }
    #expect(bounds[0] > 0.7071 && bounds[0] < 0.708)
    #expect(bounds[1] > 0.8660 && bounds[1] < 0.8662 && bounds[2] > 1.5 && bounds[2] < 1.5002)
    // One tensor alone: each link says what it always said.
    #expect(report.links.allSatisfy { $0.excluded.isEmpty && $0.report?.statisticalBits ?? 0 >= 128 })
  }

  @Test func aCumulativePolicyHoldsForTheSum() throws {
    let line = try Self.line.get()
    func failure(_ matrices: String) throws -> CurveChainRejection? {
      let policy = try Policy.parse(
        Array(
          #"""
          {"driftPolicy": 1, "name": "p", "securityBits": 128, "rules": [
          {"tensors": "*.weight", "allow": {"norm": {"absolute": \#(matrices)}}},
          {"tensors": "c.*", "allow": {"norm": {"absolute": 0.6}}}, {"tensors": "*", "allow": "frozen"}]}
          """#.utf8))
      return verify(line, cumulative: policy).failure?.rejection
    }
    #expect(try failure("1.001") == nil)
    // Precision is on top of twice 0.5.
    guard case .cumulative(let lines)? = try failure("1") else {
      Issue.record("it was admitted")
      return
    }
    #expect(lines.count == 2 && lines[0].contains("a.weight") && lines[0].contains("the links add up to"))
    let frozen = try CurveModelFixture.policy(#"{"norm": {"absolute": 2}}"#)
    guard case .cumulative(let moved)? = verify(line, cumulative: frozen).failure?.rejection else {
      Issue.record("it was admitted")
      return
    }
    #expect(moved.count == 1 && moved[0].contains("no change is allowed, but \"2.drift\" allows one"))
  }

  @Test func whatIsMissingOrWithdrawnTakesItsDescendantsAlong() throws {
    let line = try Self.line.get()
    let orphans = verify(line, Array(line.certificates.dropFirst()), policies: false)
    guard case .parentMissing(line.states[0].commitment.hexadecimal)? = orphans.links[0].rejection,
      case .ancestor("1.drift", .parentMissing)? = orphans.links[1].rejection
    else {
      Issue.record("\(orphans.links.map(\.rejection))")
      return
    }
    let twice = verify(line, line.certificates + [line.certificates[0]], policies: false)
    #expect(twice.failure?.rejection == .duplicate(of: "4.drift"))
    let list = try RevocationList(
      file: Array(
        #"""
        {"driftRevocations": 1, "revoked": [{"commitment": "\#(line.states[1].commitment.hexadecimal)", "reason": "r",
        "date": "2026-03-01T12:30:00Z"}]}
        """#.utf8))
    let revoked = verify(line, revocations: list)
    #expect(revoked.links[0].rejection == nil)
    guard case .revoked? = revoked.links[1].rejection, case .ancestor("2.drift", .revoked)? = revoked.links[2].rejection
    else {
      Issue.record("\(revoked.links.map(\.rejection))")
      return
    }
  }

  /// What a certificate's own policy permits is its maker's word.
  @Test func theMakersPolicyPermitsNothing() throws {
    let line = try Self.line.get()
    let assuming = try CurveModelFixture.policy(Self.norm, assumes: true)
    let certificate = try CurveProver.prove(line.fixture.request(line.models[0], assuming)).certificate
    func outcome(_ policy: Policy?) -> CurveChainRejection? {
      CurveChainVerifier.verify(
        [.init(name: "c", certificate: certificate, policy: policy)], identity: line.fixture.identity,
        trust: .init(setups: [line.fixture.setup.id])
      ).failure?.rejection
    }
    #expect(outcome(assuming) == nil)
    #expect(outcome(nil) == .certificate(.assumptionNotAllowed))
  }

  @Test func aLinkSaysNothingAlone() throws {
    let line = try Self.line.get()
    #expect(throws: CurveCertificateError.linkAlone(parent: line.states[0].commitment)) {
      _ = try line.fixture.verify(line.certificates[1], line.policies[1])
    }
    func verify(_ index: Int, _ parent: CurveCertificateVerifier.Model) throws(CurveCertificateError) {
      _ = try CurveCertificateVerifier.verify(
        line.certificates[index], identity: line.fixture.identity, policy: line.policies[index],
        trust: .init(setups: [line.fixture.setup.id], permitsAssumption: true), parent: parent)
    }
    try verify(2, line.states[1])
    #expect(throws: CurveCertificateError.otherParent) { try verify(2, line.states[0]) }
    #expect(throws: CurveCertificateError.otherParent) { try verify(0, line.states[0]) }
  }

  /// A link has its version whatever its clauses are; the policy says which argument its proof is.
  @Test func aLinkMayHaveARank() throws {
    let line = try Self.line.get()
    let policy = try CurveModelFixture.policy(#"{"rank": 2, "residual": {"absolute": 0.01}}"#)
    var request = line.fixture.request(line.models[2], policy, secret: 31, base: line.models[1])
    request.parent = line.states[1]
    let certificate = try CurveProver.prove(request).certificate
    #expect(try CurveCertificate(certificate).version == CurveCertificate.linkVersion)
    func verify(_ last: [UInt8], _ policy: Policy) -> CurveChainReport {
      let files = zip(line.certificates.prefix(2) + [last], line.policies.prefix(2) + [policy])
      return CurveChainVerifier.verify(
        files.enumerated().map { .init(name: "\($0 + 1)", certificate: $1.0, policy: $1.1) },
        identity: line.fixture.identity, trust: .init(setups: [line.fixture.setup.id], permitsAssumption: true))
    }
    let report = verify(certificate, policy)
    // A rank bounds no norm.
    #expect(report.failure == nil && report.links[2].driftFromBase == nil)
    // The same rows under norms: another policy, and with its bytes another argument.
    #expect(verify(certificate, line.policies[2]).failure?.rejection == .certificate(.otherPolicy))
    var other = try CurveCertificate(certificate)
    other.policy = line.policies[2].canonicalBytes()
    guard case .certificate(.proof)? = verify(other.bytes, line.policies[2]).failure?.rejection else {
      Issue.record("it was accepted")
      return
    }
  }

  // MARK: Cheats

  /// The certificate with another content, its commitment made to fit the given parent's rows.
  private func forged(
    _ line: Line, _ index: Int, base: [CurveBlock], _ change: (inout CurveCertificate) -> Void
  ) throws -> [UInt8] {
    let identity = line.fixture.identity
    var certificate = try CurveCertificate(line.certificates[index])
    change(&certificate)
    let plan = try CurvePlan(identity: identity, policy: line.policies[index])
    certificate.version = CurveCertificate.version(of: plan.statement, parent: certificate.parent)
    let blocks = try CurveCertificate.blocks(certificate.manifest, plan: plan, base: base, identity: identity)
    certificate.tunedCommitment = CurveCertificate.commitment(
      baseRoot: certificate.baseRoot, parent: certificate.parent, manifest: certificate.manifest, blocks: blocks,
      setupID: certificate.setupID, logLength: certificate.logLength)
    return certificate.bytes
  }

  private func expect(
    _ error: CurveCertificateError, _ line: Line, replacing index: Int, by certificate: [UInt8],
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    var certificates = line.certificates
    certificates[index] = certificate
    // Without what descends from it, which names another commitment.
    let report = verify(line, Array(certificates.prefix(index + 1)))
    #expect(report.failure?.rejection == .certificate(error), sourceLocation: sourceLocation)
    #expect(report.failure?.name == "\(index + 1).drift", sourceLocation: sourceLocation)
  }

  /// The third link leaves the bias alone, which the second moved: frozen means the second's rows, not the identity's.
  @Test func frozenIsTheNearestAncestors() throws {
    let line = try Self.line.get()
    let identity = line.fixture.identity
    // A whole proof from rows in which the bias is the base's again, as if the second link had never been.
    var start = line.states[1].blocks
    start[2] = identity.blocks[2]
    let back = try CurveModelFixture.model(line.fixture.folder, "back.safetensors", drift: 0.002)
    var request = line.fixture.request(back, line.policies[2], secret: 9, base: line.models[0])
    request.parent = .init(commitment: line.states[1].commitment, blocks: start)
    let cheat = try CurveProver.prove(request)
    #expect(cheat.report.model.blocks[2] == identity.blocks[2])
    expect(.otherCommitment, line, replacing: 2, by: cheat.certificate)
    // The stated commitment made right for the true rows: then the proof is about another one.
    let fitted = try forged(line, 2, base: line.states[1].blocks) { $0.proof = self.proof(of: cheat.certificate) }
    expect(.proof(.sumcheckFinal(stage: "A")), line, replacing: 2, by: fitted)
    // The same of rows that the first link moved, and that the second stores nothing of.
    let honest = try CurveCertificateVerifier.verify(
      line.certificates[1], identity: identity, policy: line.policies[1],
      trust: .init(setups: [line.fixture.setup.id], permitsAssumption: true), parent: line.states[0])
    #expect(honest.model.blocks[0] == line.states[0].blocks[0] && honest.model.blocks[0] != identity.blocks[0])
  }

  private func proof(of certificate: [UInt8]) -> [UInt8] { (try? CurveCertificate(certificate))?.proof ?? [] }

  @Test func aLinkIsBoundToItsParent() throws {
    let line = try Self.line.get()
    // The parent is another one, whose rows are those of no other: all of it stated anew.
    let stranger = try CurveProver.prove(line.fixture.request(line.models[0], line.policies[0], secret: 77))
    let adopted = try forged(line, 1, base: stranger.report.model.blocks) {
      $0.parent = stranger.report.tunedCommitment
    }
    let report = verify(line, [stranger.certificate, adopted])
    #expect(report.links[0].rejection == nil)
    #expect(report.failure?.rejection == .certificate(.proof(.sumcheckFinal(stage: "A"))))
    // A parent with the same rows and another commitment, by another policy's bytes, is another parent, too.
    let same = CurveCertificateVerifier.Model(
      commitment: [UInt8](repeating: 7, count: 32), blocks: line.states[0].blocks)
    let renamed = try forged(line, 1, base: same.blocks) { $0.parent = same.commitment }
    #expect(throws: CurveCertificateError.proof(.sumcheckFinal(stage: "A"))) {
      _ = try CurveCertificateVerifier.verify(
        renamed, identity: line.fixture.identity, policy: line.policies[1],
        trust: .init(setups: [line.fixture.setup.id], permitsAssumption: true), parent: same)
    }
    // A link shown as a certificate about the base, and the reverse.
    expect(
      .proof(.sumcheckFinal(stage: "A")), line, replacing: 0,
      by: try forged(line, 0, base: line.fixture.identity.blocks) { $0.proof = self.proof(of: line.certificates[2]) })
    let alone = try forged(line, 2, base: line.fixture.identity.blocks) { $0.parent = nil }
    #expect(throws: CurveCertificateError.proof(.sumcheckFinal(stage: "A"))) {
      _ = try line.fixture.verify(alone, line.policies[2])
    }
  }

  /// The drift of a link is counted from its parent: a second half that would be inside from the base is not a whole from there.
  @Test func aLinksDriftIsCountedFromItsParent() throws {
    let line = try Self.line.get()
    let far = try CurveModelFixture.model(line.fixture.folder, "far.safetensors", drift: 0.02, frozenDrift: 0.01)
    var request = line.fixture.request(far, line.policies[2], secret: 5, base: line.models[1])
    request.parent = line.states[1]
    do throws(CurveProvingError) {
      _ = try CurveProver.prove(request)
      Issue.record("it was proved")
    } catch {
      guard case .normExceeded("a.weight", _, _) = error else { throw error }
    }
  }

  // MARK: What rows show

  private func points(_ block: CurveBlock) throws -> [G1] {
    guard case .rows(let bytes) = block.content else { return [] }
    return try CurveVerifierChannel.points(bytes, section: block.name)
  }

  /// One secret, two drifts: no difference of rows is a commitment without blinding to the drifts' difference.
  @Test func noBlindingServesTwoDrifts() throws {
    let line = try Self.line.get()
    let fixture = line.fixture
    let one = try CurveProver.prove(fixture.request(line.models[0], line.policies[0], secret: 3)).report.model
    let other = try CurveModelFixture.model(fixture.folder, "twin.safetensors", drift: 0.0015)
    let two = try CurveProver.prove(fixture.request(other, line.policies[0], secret: 3)).report.model
    let committer = try fixture.setup.committer(log: CurveModelFixture.log)
    let name = "a.weight"
    let (before, after) = (line.models[0], other)
    guard let leaf = fixture.identity.base.tensor(named: name), let a = before.tensor(named: name),
      let b = after.tensor(named: name), let layout = CurveIdentity.layout(leaf, logLength: CurveModelFixture.log)
    else {
      Issue.record("no tensor")
      return
    }
    for row in 0..<layout.rowCount {
      var cells = [Int64](repeating: 0, count: 1 << CurveModelFixture.log)
      for run in layout.runs(row: row) {
        var values: [Int64] = []
        try Checkpoint.drift(
          base: before, a, tuned: after, b, range: run.entries, fractionBits: leaf.statistics.fractionBits,
          into: &values)
        cells.replaceSubrange(run.cell..<run.cell + values.count, with: values)
      }
      let difference = try points(two.blocks[0])[row] - points(one.blocks[0])[row]
      #expect(difference != committer.commit(cells, blinding: .zero))
      #expect(cells.contains { $0 != 0 })
    }
  }

  /// Rows that change in neither of two links, under one secret: their differences are not the same.
  @Test func unchangedRowsAreNotRecognised() throws {
    let line = try Self.line.get()
    let fixture = line.fixture
    let same = try CurveModelFixture.model(fixture.folder, "unmoved.safetensors")
    var request = fixture.request(same, line.policies[0], secret: 6)
    let first = try CurveProver.prove(request).report.model
    request.parent = first
    let second = try CurveProver.prove(request).report.model
    for index in 0..<2 {
      let rows = try (
        base: points(fixture.identity.blocks[index]), first: points(first.blocks[index]),
        second: points(second.blocks[index])
      )
      for row in rows.base.indices {
        #expect(rows.first[row] - rows.base[row] != rows.second[row] - rows.first[row])
        #expect(rows.second[row] != rows.first[row])
      }
    }
  }

  @Test func noBytesTrapTheVerifier() throws {
    let line = try Self.line.get()
    let bytes = line.certificates[1]
    var random = SeededGenerator(seed: 4)
    for _ in 0..<40 {
      var changed = bytes
      changed[random.below(bytes.count)] ^= UInt8(1 + random.below(255))
      #expect(verify(line, [line.certificates[0], changed]).failure != nil)
      #expect(verify(line, [line.certificates[0], Array(bytes.prefix(random.below(bytes.count)))]).failure != nil)
    }
  }
}
