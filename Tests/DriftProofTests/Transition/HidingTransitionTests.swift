// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofDrift
import DriftProofPolicy
import Foundation
import TestSupport
import Testing

@testable import DriftProofProving
@testable import DriftProofTransition

/// Transitions over a base whose tableau hides its weights (docs/protocol.md, sections 3 and 13).
@Suite struct HidingTransitionTests {
  private let fixture: TransitionFixture

  init() throws { fixture = try TransitionFixture(hidingProofs: 1) }

  private func taken() throws -> Int { try OpeningFile.load(path: fixture.baseOpening).revealed }

  @Test func sumIsProvedOverAHidingBase() throws {
    // Its certificate speaks of no weight of the base: alone it takes nothing of what hides the base.
    let tableau = try fixture.commit(fixture.tuned)
    let result = try DriftProver.prove(fixture.request(tableau))
    let made = try #require(result.transition)
    let checked = try CheckedCertificate(result.certificate, identity: fixture.identity, policy: fixture.policy)
    let code = try #require(checked.argument).verifier.statement.code
    let hiding = try #require(fixture.identity.linked?.hidingBase)
    #expect(code.hidingBase == hiding && checked.derived.baseTrees.isEmpty)
    #expect(try taken() == code.queries + 6)
    #expect(result.report.baseProofsLeft == 0)
    #expect(made.report.securityBits >= 128)
    // From files alone.
    let report = try TransitionVerifier.verify(
      transition: made.bytes, tableauFile: tableau.tableau.bytes, certificate: result.certificate,
      identityFile: fixture.identity.jsonBytes(),
      policyFile: Array(
        """
        { "driftPolicy": 1, "name": "test", "securityBits": 128, "rules": [
          { "tensors": "a.weight", "allow": {"norm": {"relative": 0.1}} },
          { "tensors": "a.bias", "allow": {"norm": {"relative": 0.2}} },
          { "tensors": "b.bias", "allow": {"entrywise": {"absolute": 0.25}} }, { "tensors": "*", "allow": "frozen" } ] }
        """.utf8))
    #expect(report.tableau == made.report.tableau)
    // Rows of the drift and of the tuned model's tableau have the coefficients for the points of all trees.
    let sum = try TransitionSum(tableau: tableau.tableau, certificate: checked, identity: fixture.identity)
    let plain = try code.beside(nil)
    #expect(tableau.tableau.reference(sum.code).shapes[0].tailCount == plain.driftRowTail + 3 * hiding.trees)
    // Who holds model and opening checks the tableau; nothing of the base is opened for a certificate that speaks of none.
    try TunedTableauChecker.check(
      tableau.tableau, model: fixture.tuned, identity: fixture.identity, openingPath: tableau.openingPath)
    _ = try CertificateChecker.check(
      certificate: result.certificate, model: .checkpoint(fixture.tuned, base: fixture.base),
      openingPath: fixture.folder.file("opening"), identity: fixture.identity)
    // Another one is refused before a certificate is made.
    let spent = OpeningError.baseSpent(
      path: fixture.baseOpening, taken: code.queries + 6, wanted: code.queries + 6, budget: hiding.budget)
    #expect(throws: DriftProofError.operational(spent.description)) {
      try DriftProver.prove(fixture.request(tableau, opening: "another"))
    }
    #expect(!FileManager.default.fileExists(atPath: fixture.folder.file("another")))
  }

  /// The identity states other pins than the rows have: the transition's prover refuses, and one who does not is rejected.
  @Test func otherPinsOfTheBaseAreNoSum() throws {
    let linked = try #require(fixture.identity.linked)
    let trees = linked.trees.map {
      LinkedBase.Tree(rows: $0.rows, root: $0.root, pins: [$0.pins[0] ^ 1] + $0.pins.dropFirst())
    }
    let forged = fixture.identity.linking(
      LinkedBase(
        logLength: linked.logLength, logBlowup: linked.logBlowup, tail: linked.tail, trees: trees,
        tensors: linked.tensors, layoutDigest: linked.layoutDigest))
    let file = try OpeningFile.load(path: fixture.baseOpening)
    let own = OpeningFile(
      secret: file.secret, tunedCommitment: try #require(forged.linkedRoot), budget: file.budget)
    let path = fixture.folder.file("forged.secret")
    try Data(own.bytes).write(to: URL(fileURLWithPath: path))
    let opening = fixture.folder.file("tuned.secret")
    let committed = try TunedModelCommitment.make(fixture.tuned, identity: forged, openingPath: opening)
    let tableau = try TunedTableau.parse(committed.bytes)
    var request = fixture.request(TransitionRequest(tableau: tableau, openingPath: opening))
    (request.identity, request.baseOpeningPath) = (forged, path)
    let result = try DriftProver.prove(request)
    #expect(result.transition == nil && result.transitionFailure == .identityMismatch(.basePins(tree: 0)))

    let checked = try CheckedCertificate(result.certificate, identity: forged, policy: fixture.policy)
    let sum = try TransitionSum(tableau: tableau, certificate: checked, identity: forged)
    let drift = try DriftCommitment(
      derived: checked.derived, code: sum.code,
      model: .checkpoints(CheckpointPair(base: fixture.base, tuned: fixture.tuned)),
      secret: OpeningFile.load(path: fixture.folder.file("opening")).secret)
    let tuned = try TunedTableauCommitter(
      fixture.tuned, identity: forged, secret: OpeningFile.load(path: opening).secret, code: sum.code)
    let numbers = zip(sum.layout.trees, linked.trees).map {
      BaseTree(number: $0.number, rows: $0.rows, root: $0.root, pins: TreePins.values($1.pins) ?? [])
    }
    let base = try LinkedTrees(
      numbers, identity: fixture.identity, base: fixture.base, code: sum.code, opening: file.secret)
    let proof = try TransitionProver.prove(
      sum,
      trees: .init(
        drift: try #require(drift.tableau).committed, tuned: [tuned.committed], base: base.committed),
      secret: [UInt8](repeating: 3, count: 32)
    ).bytes
    #expect {
      try TransitionVerifier.verify(transition: proof, tableau: tableau, certificate: checked, identity: forged)
    } throws: { error in
      if case .proofInvalid(.transition(.argument(.openingSumcheck)))? = error as? DriftProofError {
        true
      } else {
        false
      }
    }
  }
}
