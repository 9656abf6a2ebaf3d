// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofCommitmentProver
import DriftProofCore
@testable import DriftProofDrift
@testable import DriftProofProving
import DriftProofStatement
@testable import DriftProofTransition
import DriftProofTranscript
import TestSupport
import Testing

/// A prover whose published tableau is not the base plus the drift.
@Suite struct TransitionCheatTests {
  /// The tuned model's tableau differs from base + drift in one tensor by a little: a large one that changes, one that is
  /// frozen, and small ones that share a row, frozen and changing. All else is honest, and the cheat names everything
  /// consistently.
  @Test(arguments: [("a.weight", 0), ("b.weight", 0), ("c.bias", 1), ("a.bias", 2), ("b.bias", 3)])
  func anotherModelIsNoSum(_ name: String, _ claim: Int) throws {
    var fixture = try TransitionFixture()
    var model = fixture.model
    try TransitionFixture.move(name, of: &model, by: 1.0 / 64, random: &fixture.random)
    let other = try model.write("other", in: fixture.folder)
    let committed = try fixture.commit(other, "other")
    let cheat = try Cheat(fixture, tableau: committed, model: other)
    // The sums are not zero, whatever is sent before them: the last message of the sumcheck does not fit.
    #expect(throws: DriftProofError.proofInvalid(.transition(.argument(.openingSumcheck(functional: Cheat.names))))) {
      _ = try cheat.verify(cheat.prove())
    }
    // Exactly the claim of that tensor is false: with its weights taken away all others hold.
    #expect(try cheat.holds(without: claim))
    #expect(try !cheat.holds(without: (claim + 1) % 4))
  }

  /// Rows that are opened are not those under the root.
  @Test func openedRowsMustBeTheTableaus() throws {
    var fixture = try TransitionFixture()
    var model = fixture.model
    try TransitionFixture.move("a.weight", of: &model, by: 1.0 / 64, random: &fixture.random)
    let other = try model.write("other", in: fixture.folder)
    let published = try fixture.commit(other, "other")
    // The sum is proved of the honest model, and shown as one of the published tableau.
    let honest = try fixture.commit(fixture.tuned)
    let cheat = try Cheat(fixture, tableau: published, model: fixture.tuned, opening: honest.openingPath)
    #expect(throws: DriftProofError.proofInvalid(.transition(.argument(.merklePath(tree: "tuned"))))) {
      _ = try cheat.verify(cheat.prove())
    }
    // The honest root with pins of other rows: one root would stand for two tableaus.
    let pins = TunedTableau(
      baseRoot: honest.tableau.baseRoot, code: honest.tableau.code, rowCount: honest.tableau.rowCount,
      root: honest.tableau.root, pins: published.tableau.pins)
    let mixed = try Cheat(
      fixture, tableau: TransitionRequest(tableau: pins, openingPath: honest.openingPath), model: fixture.tuned)
    #expect(throws: DriftProofError.proofInvalid(.transition(.argument(.openingSumcheck(functional: Cheat.names))))) {
      _ = try mixed.verify(mixed.prove())
    }
  }

  /// Junk of the drift's shared row at the places of other tensors is no part of any claim.
  @Test func placesOfOtherTensorsAreNotAddedUp() throws {
    let fixture = try TransitionFixture()
    let committed = try fixture.commit(fixture.tuned)
    let cheat = try Cheat(fixture, tableau: committed, model: fixture.tuned)
    let layout = cheat.sum.layout
    for shared in layout.shared {
      for run in shared.runs {
        let others = layout.shared.filter { $0 != shared && $0.row == shared.row }.flatMap(\.runs)
        #expect(others.allSatisfy { $0.offset != run.offset })
      }
    }
    _ = try cheat.verify(cheat.prove())
  }
}

/// The prover's side of a transition with parts of one's choice.
struct Cheat {
  static let names = "whole rows, row 6, row 6, row 6"
  let sum: TransitionSum
  let checked: CheckedCertificate
  let tableau: TunedTableau
  let identity: BaseIdentity
  let trees: TransitionProver.Trees

  init(
    _ fixture: TransitionFixture, tableau request: TransitionRequest, model: Checkpoint, opening: String? = nil
  ) throws {
    let honest = try fixture.commit(fixture.tuned, "honest")
    let file = "cheat of \(request.tableau.digest.hexadecimal)"
    let certificate = try DriftProver.prove(fixture.request(honest, opening: file)).certificate
    identity = fixture.identity
    tableau = request.tableau
    checked = try CheckedCertificate(certificate, identity: fixture.identity, policy: fixture.policy)
    sum = try TransitionSum(tableau: tableau, certificate: checked, identity: identity)
    let secret = try OpeningFile.load(path: fixture.folder.file(file)).secret
    let drift = try DriftCommitment(
      derived: checked.derived, code: sum.code,
      model: .checkpoints(CheckpointPair(base: fixture.base, tuned: fixture.tuned)), secret: secret)
    let own = try TunedTableauCommitter(
      model, identity: identity, secret: OpeningFile.load(path: opening ?? request.openingPath).secret, code: sum.code)
    let numbers = sum.layout.trees.map { BaseTree(number: $0.number, rows: $0.rows, root: $0.root) }
    trees = TransitionProver.Trees(
      drift: try #require(drift.tableau).committed, tuned: [own.committed],
      base: try LinkedTrees(numbers, identity: identity, base: fixture.base, code: sum.code).committed)
  }

  func prove() throws -> [UInt8] {
    try TransitionProver.prove(sum, trees: trees, secret: [UInt8](repeating: 3, count: 32)).bytes
  }

  func verify(_ transition: [UInt8]) throws -> TransitionReport {
    try TransitionVerifier.verify(transition: transition, tableau: tableau, certificate: checked, identity: identity)
  }

  /// Proves and verifies all claims but one.
  func holds(without claim: Int) throws -> Bool {
    let scheme = HashCommitment(sum.code)
    let shapes = TransitionProtocol.maskShapes(sum.layout, sum.code)
    func claims(_ transcript: inout Transcript) -> [OpeningClaim] {
      var claims = sum.claims(transcript: &transcript)
      claims.remove(at: claim)
      return claims
    }
    var channel = ProverChannel(transcript: sum.transcript)
    let secret = [UInt8](repeating: 5, count: 32)
    let masks = try scheme.send(
      scheme.commit(
        label: TransitionProtocol.maskTree,
        rows: TransitionProver.MaskRows(count: shapes.count, length: sum.code.length, secret: secret), shapes: shapes,
        secret: secret, archive: nil), isPinned: false, to: &channel)
    let proved = claims(&channel.transcript)
    try scheme.open([trees.drift, masks] + trees.tuned + trees.base, claims: proved, channel: &channel)
    var other = VerifierChannel(transcript: sum.transcript, proof: channel.proof)
    let received = try scheme.receive(
      label: TransitionProtocol.maskTree, shapes: shapes, isPinned: false, from: &other)
    let wanted = claims(&other.transcript)
    let base = zip(sum.layout.trees, trees.base).map { tree, committed in
      scheme.publicReference(
        label: committed.label, root: tree.root, shapes: TransitionProtocol.baseShapes(tree, sum.code))
    }
    do {
      try scheme.verify(
        [sum.drift, received, tableau.reference(sum.code)] + base, claims: wanted, channel: &other)
      return true
    } catch {
      return false
    }
  }
}
