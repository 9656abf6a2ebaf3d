// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
@testable import DriftProofCertificate
import DriftProofChain
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofCore
import DriftProofPolicy
@testable import DriftProofProving
import DriftProofStatement
@testable import DriftProofTransition
import DriftProofTranscript
import Foundation
import TestSupport
import Testing

/// Two published commitments and a certificate: what the tuned model's tableau holds is the base plus the drift.
@Suite struct TransitionTests {
  private let fixture: TransitionFixture
  private let certificate: [UInt8]
  private let transition: [UInt8]
  private let tableau: TunedTableau

  /// One proof for all tests: none changes it, and one alone spends its openings.
  private static let shared = Result {
    let fixture = try TransitionFixture()
    return (fixture, try fixture.prove())
  }

  init() throws {
    let made: (certificate: [UInt8], transition: [UInt8], tableau: TunedTableau)
    (fixture, made) = try Self.shared.get()
    (certificate, transition, tableau) = made
  }

  private func verify(
    _ transition: [UInt8], tableau: TunedTableau? = nil, certificate: [UInt8]? = nil, identity: BaseIdentity? = nil
  ) throws -> TransitionReport {
    let identity = identity ?? fixture.identity
    let checked = try CheckedCertificate(certificate ?? self.certificate, identity: identity, policy: fixture.policy)
    return try TransitionVerifier.verify(
      transition: transition, tableau: tableau ?? self.tableau, certificate: checked, identity: identity)
  }

  @Test func sumIsProvedFromFilesAlone() throws {
    let report = try TransitionVerifier.verify(
      transition: transition, tableauFile: tableau.bytes, certificate: certificate,
      identityFile: fixture.identity.jsonBytes(),
      policyFile: Array(
        """
        { "driftPolicy": 1, "name": "test", "securityBits": 128, "rules": [
          { "tensors": "a.weight", "allow": {"norm": {"relative": 0.1}} },
          { "tensors": "a.bias", "allow": {"norm": {"relative": 0.2}} },
          { "tensors": "b.bias", "allow": {"entrywise": {"absolute": 0.25}} }, { "tensors": "*", "allow": "frozen" } ] }
        """.utf8))
    #expect(report.securityBits >= 128)
    #expect(report.tableau == tableau.digest.hexadecimal)
    #expect(report.tensors == 5)
    #expect(report.byteCount == transition.count)
  }

  @Test func layoutAddsEveryTensorOnce() throws {
    let checked = try CheckedCertificate(certificate, identity: fixture.identity, policy: fixture.policy)
    let layout = try TransitionSum(tableau: tableau, certificate: checked, identity: fixture.identity).layout
    // Rows of the two matrices as wholes; the row of small tensors in runs: c.bias frozen, a.bias and b.bias of the drift's own
    // rows, whose clauses differ.
    #expect(layout.whole.count == layout.rowCount - 1)
    #expect(layout.whole.contains { $0.drift != nil })
    #expect(layout.whole.contains { $0.drift == nil })
    #expect(layout.shared.count == 3)
    #expect(layout.shared.filter { $0.drift == nil }.map(\.runs.count) == [1])
    #expect(Set(layout.whole.compactMap(\.drift) + layout.shared.compactMap(\.drift)).count == layout.driftRowCount)
    #expect(layout.claimCount == 4)
  }

  @Test func tableauIsAFunctionOfWeightsAndOpening() throws {
    // A copy: another test counts in the opening itself, and both may run at once.
    let copy = fixture.folder.file("copy.secret")
    try FileManager.default.copyItem(atPath: fixture.folder.file("tuned.secret"), toPath: copy)
    let again = try TunedModelCommitment.make(fixture.tuned, identity: fixture.identity, openingPath: copy)
    #expect(again.bytes == tableau.bytes)
    let other = try TunedModelCommitment.make(
      fixture.tuned, identity: fixture.identity, openingPath: fixture.folder.file("other.secret"))
    #expect(other.bytes != tableau.bytes)
    #expect(try TunedTableau.parse(tableau.bytes) == tableau)
  }

  /// Each transition takes a proof of both openings; a third needs new ones.
  @Test func openingsAreCounted() throws {
    #expect(try OpeningFile.load(path: fixture.folder.file("opening")).revealed == 2 * tableau.code.queries)
    #expect(try OpeningFile.load(path: fixture.folder.file("tuned.secret")).revealed == tableau.code.queries)
    let request = TransitionRequest(tableau: tableau, openingPath: fixture.folder.file("tuned.secret"))
    _ = try DriftProver.prove(fixture.request(request, opening: "second"))
    let third = try DriftProver.prove(fixture.request(request, opening: "third"))
    #expect(third.transition == nil)
    #expect("\(try #require(third.transitionFailure))".contains("code positions are revealed already"))
  }

  // MARK: Parts of different origin

  @Test func plainCertificateIsNotAligned() throws {
    let plain = try DriftProver.prove(fixture.request(nil, opening: "plain"))
    #expect(throws: DriftProofError.identityMismatch(.transition(.notAligned))) {
      try verify(transition, certificate: plain.certificate)
    }
    // Also beside an identity that commits to no weights: the certificate is looked at first (specification/transition.md).
    let unlinked = try BaseIdentity.compute(checkpoint: fixture.base)
    #expect(throws: DriftProofError.identityMismatch(.transition(.notAligned))) {
      try verify(transition, certificate: plain.certificate, identity: unlinked)
    }
  }

  @Test func otherCertificateIsRefused() throws {
    // The same drift under another opening: another commitment.
    let request = try fixture.commit(fixture.tuned, "fresh")
    let other = try DriftProver.prove(fixture.request(request, opening: "fresh opening"))
    let stated = try Certificate.parse(certificate).tunedCommitment.hexadecimal
    let given = try Certificate.parse(other.certificate).tunedCommitment.hexadecimal
    #expect(
      throws: DriftProofError.identityMismatch(.transition(.certificate(transition: stated, given: given)))
    ) { try verify(transition, certificate: other.certificate) }
    #expect(
      throws: DriftProofError.identityMismatch(
        .transition(
          .tableau(transition: tableau.digest.hexadecimal, given: request.tableau.digest.hexadecimal)))
    ) { try verify(transition, tableau: request.tableau) }
    // Renamed to them, the proof is one of another transcript.
    let parsed = try Transition.parse(transition)
    for forged in [
      (
        Transition(
          baseRoot: parsed.baseRoot, tableau: parsed.tableau,
          tunedCommitment: try Certificate.parse(other.certificate).tunedCommitment, proof: parsed.proof),
        other.certificate, tableau
      ),
      (
        Transition(
          baseRoot: parsed.baseRoot, tableau: request.tableau.digest, tunedCommitment: parsed.tunedCommitment,
          proof: parsed.proof), certificate, request.tableau
      ),
    ] {
      #expect(throws: DriftProofError.proofInvalid(.transition(.argument(.proofOfWork)))) {
        try verify(forged.0.bytes, tableau: forged.2, certificate: forged.1)
      }
    }
  }

  @Test func tableauBesideAnotherBaseIsRefused() throws {
    let moved = TunedTableau(
      baseRoot: [UInt8](repeating: 7, count: 32), code: tableau.code, rowCount: tableau.rowCount, root: tableau.root,
      pins: tableau.pins)
    let root = try #require(fixture.identity.linkedRoot).hexadecimal
    #expect(
      throws: DriftProofError.identityMismatch(
        .transition(.tableauBase(tableau: String(repeating: "07", count: 32), given: root)))
    ) { try verify(transition, tableau: moved) }
    let parsed = try Transition.parse(transition)
    let forged = Transition(
      baseRoot: moved.baseRoot, tableau: parsed.tableau, tunedCommitment: parsed.tunedCommitment, proof: parsed.proof)
    #expect(
      throws: DriftProofError.identityMismatch(
        .transition(.base(transition: String(repeating: "07", count: 32), given: root)))
    ) { try verify(forged.bytes) }
  }

  @Test func tableauOfAnotherFormIsRefused() throws {
    func changed(rows: Int? = nil, pins: Int? = nil, tail: Int? = nil) throws -> TunedTableau {
      let code = try CodeParameters(
        logLength: tableau.code.logLength, logBlowup: tableau.code.logBlowup, queries: tableau.code.queries,
        grindingBits: tableau.code.grindingBits, driftTail: tail ?? tableau.code.driftTail)
      return TunedTableau(
        baseRoot: tableau.baseRoot, code: code, rowCount: rows ?? tableau.rowCount, root: tableau.root,
        pins: Array(tableau.pins.prefix(pins ?? tableau.pins.count)))
    }
    let rows = tableau.rowCount
    #expect(throws: DriftProofError.identityMismatch(.transition(.code))) {
      try verify(transition, tableau: changed(tail: tableau.code.driftTail + 1))
    }
    #expect(throws: DriftProofError.proofInvalid(.transition(.rowCount(stated: rows + 1, derived: rows)))) {
      try verify(transition, tableau: changed(rows: rows + 1))
    }
    #expect(throws: DriftProofError.proofInvalid(.transition(.pins(stated: rows - 1, rows: rows)))) {
      try verify(transition, tableau: changed(pins: rows - 1))
    }
  }

  // MARK: Aligned statements

  private var statement: DriftStatement {
    get throws {
      let checked = try CheckedCertificate(certificate, identity: fixture.identity, policy: fixture.policy)
      return try #require(checked.argument).verifier.statement
    }
  }

  @Test func alignedStatementsHavePlaces() throws {
    let statement = try statement
    try statement.validate()
    let units = statement.tensors.map { fixture.identity.linked?.tensor(named: $0.name)?.fractionBits }
    #expect(statement.tensors.map(\.fractionBits) == units)
    var other = statement
    other.tensors[0].base = nil
    #expect(throws: ProofRejection.unsupportedParameters("a tensor without a place in the base's tableau")) {
      try other.validate()
    }
    other = statement
    // Two small tensors in one place.
    let small = other.tensors.indices.filter { other.tensors[$0].base?.offset != nil }
    other.tensors[small[0]].base = other.tensors[small[1]].base
    #expect {
      try other.validate()
    } throws: { "\($0)".hasSuffix("is another's, too") }
    other = statement
    other.isAligned = false
    #expect(throws: ProofRejection.unsupportedParameters("a base that no claim speaks of")) { try other.validate() }
    #expect(other.layoutDigest != statement.layoutDigest)
    // Another place is another statement.
    other = statement
    other.tensors[small[0]].base?.row += 1
    #expect(other.canonicalBytes != statement.canonicalBytes)
    #expect(other.layoutDigest != statement.layoutDigest)
  }

  @Test func alignedManifests() throws {
    let parsed = try Certificate.parse(certificate)
    let manifest = try DriftManifest.parse(parsed.manifest)
    #expect(manifest.isAligned && manifest.bytes == parsed.manifest)
    let link = DriftManifest(
      rules: manifest.rules, isAligned: true, parent: [UInt8](repeating: 1, count: 32), code: manifest.code,
      rowCount: manifest.rowCount, layoutDigest: manifest.layoutDigest, entries: manifest.entries)
    #expect(throws: FormatError.alignedLink) { _ = try DriftManifest.parse(link.bytes) }
    let twice = Array(parsed.manifest[..<4]) + parsed.manifest
    #expect(throws: FormatError.unsupportedVersion(11)) { _ = try DriftManifest.parse(twice) }
    // Without the word the certificate is under another root; with the commitment computed again, too.
    let plain = Certificate(
      baseRoot: parsed.baseRoot, policy: fixture.policy,
      manifest: DriftManifest(
        rules: manifest.rules, code: manifest.code, rowCount: manifest.rowCount, layoutDigest: manifest.layoutDigest,
        entries: manifest.entries),
      driftRoot: parsed.driftRoot, driftPins: parsed.driftPins, proof: parsed.proof)
    #expect(
      throws: DriftProofError.identityMismatch(
        .base(certificate: parsed.baseRoot.hexadecimal, given: fixture.identity.rootHex))
    ) { _ = try CheckedCertificate(plain.bytes, identity: fixture.identity, policy: fixture.policy) }
  }

  // MARK: Refusals before the work

  @Test func identityWithoutTableauIsRefused() throws {
    var request = fixture.request(TransitionRequest(tableau: tableau, openingPath: fixture.folder.file("tuned.secret")))
    request.identity = try BaseIdentity.compute(checkpoint: fixture.base)
    #expect(throws: DriftProofError.coverageGap([.nothingToAlignWith])) { _ = try DriftProver.prove(request) }
    #expect(throws: DriftProofError.coverageGap([.nothingToAlignWith])) {
      _ = try TunedModelCommitment.make(
        fixture.tuned, identity: BaseIdentity.compute(checkpoint: fixture.base),
        openingPath: fixture.folder.file("no.secret"))
    }
  }

  @Test(arguments: [
    ("norm", #"{"norm": {"relative": 0.1}}"#, AlignmentObstacle.notInTableau("F32")),
    ("c.bias", #""any""#, .excluded),
    ("a.weight", #"{"heads": {"of": "rows", "size": 95}, "allow": {"norm": {"absolute": 90}}}"#, .heads),
  ])
  func tensorsOutsideTheTableauAreRefused(_ name: String, _ allow: String, _ obstacle: AlignmentObstacle) throws {
    let tableau = TransitionRequest(tableau: tableau, openingPath: fixture.folder.file("tuned.secret"))
    var request = fixture.request(tableau, opening: "refused")
    let rule = allow.contains("heads") ? "heads" : "plain"
    request.policy =
      rule == "heads"
      ? try Policy.parse(
        Array(
          """
          { "driftPolicy": 1, "name": "test", "securityBits": 128, "rules": [
            { "tensors": "a.weight", "heads": {"of": "rows", "size": 95}, "allow": {"norm": {"absolute": 90}} },
            { "tensors": "*", "allow": {"norm": {"absolute": 90}} } ] }
          """.utf8))
      : try testPolicy(
        [(name, allow), ("a.weight", #"{"norm": {"relative": 0.1}}"#), ("*.bias", #"{"norm": {"absolute": 90}}"#)],
        frozenRest: true)
    #expect {
      _ = try DriftProver.prove(request)
    } throws: { error in
      guard case .coverageGap(let gaps) = error as? DriftProofError else { return false }
      return gaps.contains(.notAlignable(tensor: name, obstacle: obstacle, rule: 0))
    }
    #expect(!FileManager.default.fileExists(atPath: fixture.folder.file("refused")))
  }

  /// A tensor with more rows has other tiles: what adds up would be anybody's choice.
  @Test func grownTensorsAreRefused() throws {
    let policy = try Policy.parse(
      Array(
        """
        { "driftPolicy": 1, "name": "test", "securityBits": 128, "rules": [
          { "tensors": "a.weight", "allow": {"norm": {"absolute": 90}}, "grow": {"rows": 70} },
          { "tensors": "*", "allow": "frozen" } ] }
        """.utf8))
    let tensors = fixture.tuned.manifestTensors.map { tensor in
      tensor.name == "a.weight" ? TunedTensor(name: tensor.name, dtype: tensor.dtype, shape: [260, 130]) : tensor
    }
    #expect(
      throws: StatementError.coverageGap([
        .notAlignable(
          tensor: "a.weight", obstacle: .grown(base: [190, 130], tuned: [260, 130]), rule: 0)
      ])
    ) {
      _ = try DerivedStatement.derive(
        identity: fixture.identity, tuned: tensors, policy: policy, rules: .revised, isAligned: true)
    }
    // Were it admitted, the layout would have refused it.
    var other = try statement
    let index = try #require(other.tensors.firstIndex { $0.name == "a.weight" })
    other.tensors[index].rows = 260
    let linked = try #require(fixture.identity.linked)
    #expect(throws: TransitionRejection.placement(tensor: "\"a.weight\"")) {
      _ = try TransitionLayout(fixture.identity, linked: linked, statement: other)
    }
  }

  @Test func openingsOfOtherTableausAreRefused() throws {
    let other = try fixture.commit(fixture.base, "base")
    let mixed = TransitionRequest(tableau: tableau, openingPath: other.openingPath)
    #expect {
      _ = try DriftProver.prove(fixture.request(mixed, opening: "mixed"))
    } throws: { "\($0)".contains("belongs to another commitment than the tuned model's tableau") }
    // A tableau of the base itself is not the tuned model's. The certificate, which counts in its opening, is not lost.
    let kept = try DriftProver.prove(fixture.request(other, opening: "of the base"))
    #expect(kept.transition == nil)
    #expect("\(try #require(kept.transitionFailure))".contains("is not the model of the tuned tableau"))
    _ = try CertificateVerifier.verify(
      certificate: kept.certificate, identity: fixture.identity, policy: fixture.policy)
    let none = TransitionRequest(tableau: tableau, openingPath: fixture.folder.file("nowhere"))
    #expect {
      _ = try DriftProver.prove(fixture.request(none, opening: "without"))
    } throws: { "\($0)".contains("there is no such opening") }
  }

  /// Where everything is frozen there is no drift that a tableau could be the sum of.
  @Test func frozenModelsAreRefused() throws {
    let tableau = TransitionRequest(tableau: tableau, openingPath: fixture.folder.file("tuned.secret"))
    var request = fixture.request(tableau, opening: "frozen")
    request.model = .checkpoint(fixture.base, base: fixture.base)
    request.policy = try testPolicy([], frozenRest: true)
    #expect(throws: DriftProofError.identityMismatch(.transition(.noDrift))) { _ = try DriftProver.prove(request) }
    #expect(!FileManager.default.fileExists(atPath: fixture.folder.file("frozen")))
  }

  @Test func linksAreRefused() throws {
    let parent = try DriftProver.prove(fixture.request(nil, opening: "parent"))
    let tableau = TransitionRequest(tableau: tableau, openingPath: fixture.folder.file("tuned.secret"))
    var request = fixture.request(tableau, opening: "link")
    request.parent = try ParentCertificate(parent.certificate, identity: fixture.identity)
    #expect {
      _ = try DriftProver.prove(request)
    } throws: { "\($0)".contains("a link of a chain starts from its parent's model") }
  }

  @Test func rowsInTooManyRunsAreRefused() throws {
    let linked = try #require(fixture.identity.linked)
    let found = try TransitionLayout(fixture.identity, linked: linked, statement: statement).shared.count
    #expect(found > 1)
    #expect(throws: TransitionRejection.tooManySharedRows(found: found, limit: found - 1)) {
      _ = try TransitionLayout(fixture.identity, linked: linked, statement: statement, limit: found - 1)
    }
  }

  @Test func transitionsAreForecast() throws {
    let model = TunedModel.checkpoint(fixture.tuned, base: fixture.base)
    let plain = try Forecast(model, policy: fixture.policy, identity: fixture.identity, speed: 1)
    #expect(plain.transitionBytes == 0 && !plain.phases.contains { $0.name == "transition" })
    let forecast = try Forecast(
      model, policy: fixture.policy, identity: fixture.identity, hasTransition: true, speed: 1)
    let share = Double(forecast.transitionBytes) / Double(transition.count)
    #expect(0.9 < share && share < 1.1, "\(forecast.transitionBytes) of \(transition.count)")
    let seconds = try #require(forecast.phases.first { $0.name == "transition" }).seconds
    #expect(seconds > 0 && forecast.peakMemoryBytes > plain.peakMemoryBytes)
    let kept = try Forecast(
      model, policy: fixture.policy, identity: fixture.identity, hasBaseCache: true, hasTransition: true, speed: 1)
    #expect(kept.seconds < forecast.seconds)
    #expect(throws: DriftProofError.coverageGap([.nothingToAlignWith])) {
      _ = try Forecast(
        model, policy: fixture.policy, identity: BaseIdentity.compute(checkpoint: fixture.base), hasTransition: true,
        speed: 1)
    }
    #expect(throws: DriftProofError.identityMismatch(.transition(.noDrift))) {
      _ = try Forecast(
        .checkpoint(fixture.base, base: fixture.base), policy: testPolicy([], frozenRest: true),
        identity: fixture.identity, hasTransition: true, speed: 1)
    }
  }

  /// For who holds the weights: which model a tableau holds.
  @Test func tableausOfOtherModelsAreSeen() throws {
    let own = try fixture.commit(fixture.tuned, "checked")
    func check(
      _ tableau: TunedTableau, _ model: Checkpoint, _ identity: BaseIdentity? = nil, opening: String? = nil
    ) throws {
      try TunedTableauChecker.check(
        tableau, model: model, identity: identity ?? fixture.identity, openingPath: opening ?? own.openingPath)
    }
    try check(own.tableau, fixture.tuned)
    #expect {
      try check(own.tableau, fixture.base)
    } throws: { "\($0)".contains("is not the model that the tuned model's tableau holds") }
    #expect {
      try check(own.tableau, fixture.tuned, opening: try fixture.commit(fixture.base, "another").openingPath)
    } throws: { "\($0)".contains("belongs to another commitment") }
    #expect(throws: DriftProofError.coverageGap([.nothingToAlignWith])) {
      try check(own.tableau, fixture.tuned, try BaseIdentity.compute(checkpoint: fixture.base))
    }
    let other = TunedTableau(
      baseRoot: [UInt8](repeating: 7, count: 32), code: own.tableau.code, rowCount: own.tableau.rowCount,
      root: own.tableau.root, pins: own.tableau.pins)
    #expect {
      try check(other, fixture.tuned)
    } throws: {
      guard case .identityMismatch(.transition(.tableauBase)) = $0 as? DriftProofError else { return false }
      return true
    }
    let code = own.tableau.code
    let longer = TunedTableau(
      baseRoot: own.tableau.baseRoot,
      code: CodeParameters(
        unchecked: code.logLength + 1, logBlowup: code.logBlowup, queries: code.queries,
        grindingBits: code.grindingBits, driftTail: code.driftTail),
      rowCount: own.tableau.rowCount, root: own.tableau.root, pins: own.tableau.pins)
    #expect(throws: DriftProofError.identityMismatch(.transition(.code))) { try check(longer, fixture.tuned) }
  }
}
